/** An image or artifact for a scene: blobs, manifest and tag in one call. */
import { BUNDLE_V03, utf8 } from '@assay/core';
import { type Descriptor, OCI_MANIFEST, type RegistryContent } from './content.ts';

export interface ImageOptions {
  readonly tag?: string;
  /** Default: one, of a few bytes. */
  readonly layers?: readonly { readonly mediaType: string; readonly bytes: Uint8Array }[];
  /** Default: an image config for linux/amd64. */
  readonly config?: { readonly mediaType: string; readonly bytes: Uint8Array };
  readonly artifactType?: string;
  /** Makes it a referrer. */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The descriptor of the manifest. */
export function putImage(content: RegistryContent, repository: string, options: ImageOptions = {}): Descriptor {
  const { tag, layers = [LAYER], config = CONFIG, artifactType, subject, annotations } = options;
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...(artifactType !== undefined && { artifactType }),
    config: content.putBlob(repository, config.bytes, config.mediaType),
    layers: layers.map(({ bytes, mediaType }) => content.putBlob(repository, bytes, mediaType)),
    ...(subject && { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } }),
    ...(annotations && { annotations }),
  };
  return content.putManifest(repository, manifest, tag === undefined ? {} : { tag });
}

/** A Sigstore bundle as a referrer of `subject`; the descriptor of its manifest. */
export function putBundle(content: RegistryContent, repository: string, subject: Descriptor, bundle: Uint8Array): Descriptor {
  return putImage(content, repository, { artifactType: BUNDLE_V03, config: EMPTY, layers: [{ mediaType: BUNDLE_V03, bytes: bundle }], subject });
}

const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8('a layer') };
const CONFIG = {
  mediaType: 'application/vnd.oci.image.config.v1+json',
  bytes: utf8(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config: {} })),
};
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: utf8('{}') };
