/**
 * A Sigstore bundle stored beside an image: a manifest whose `subject` is the image, pushed by digest alone (cosign.md section 2.2).
 *
 *   { mediaType, artifactType BUNDLE, config { oci.empty, artifactType BUNDLE }, layers [ BUNDLE ], subject,
 *     annotations { dev.sigstore.bundle.content, dev.sigstore.bundle.predicateType, org.opencontainers.image.created } }
 */
import { utf8 } from '@assay/core';
import { type Digest, digestOf } from '../digest.ts';
import { encodeImage } from '../encode.ts';
import type { Descriptor } from '../manifest.ts';
import { OCI_EMPTY, OCI_MANIFEST, SIGSTORE_BUNDLE } from '../media-types.ts';
import { type ContentWriter, sourceOf } from '../store.ts';

export interface BundleAttachment {
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  /** JSON. */
  readonly bundle: Uint8Array;
  readonly content: 'dsse-envelope' | 'message-signature';
  /** Of the statement in an envelope. */
  readonly predicateType: string | undefined;
  readonly created: Date;
}

/** The digest of the manifest that carries it. Three uploads and, without referrers API, the list under the fallback tag. */
export async function attachBundle(to: ContentWriter, attachment: BundleAttachment): Promise<Digest> {
  const { subject, bundle, content, predicateType, created } = attachment;
  const layer = descriptorOf(bundle, SIGSTORE_BUNDLE);
  const config = { ...descriptorOf(EMPTY, OCI_EMPTY), artifactType: SIGSTORE_BUNDLE };
  await Promise.all([putOnce(to, config, EMPTY), putOnce(to, layer, bundle)]);
  const bytes = encodeImage({
    mediaType: OCI_MANIFEST,
    artifactType: SIGSTORE_BUNDLE,
    config,
    layers: [layer],
    subject: { mediaType: subject.mediaType, size: subject.size, digest: subject.digest },
    annotations: {
      'dev.sigstore.bundle.content': content,
      ...(predicateType !== undefined && { 'dev.sigstore.bundle.predicateType': predicateType }),
      'org.opencontainers.image.created': created.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  });
  return to.putManifest({ bytes, mediaType: OCI_MANIFEST });
}

export function descriptorOf(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export async function putOnce(to: ContentWriter, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
  if (!(await to.hasBlob(descriptor))) await to.putBlob(descriptor, sourceOf(bytes));
}

const EMPTY = utf8('{}');
