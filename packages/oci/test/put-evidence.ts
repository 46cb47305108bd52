/** Evidence in a registry of the testkit, as cosign stores it: bundles as referrers, and layers under tags. */
import { utf8 } from '@assay/core';
import { OCI_MANIFEST, putImage, type RegistryContent } from '@assay/testkit';
import type { Digest } from '../src/digest.ts';
import { attachmentTag } from '../src/evidence/find.ts';
import type { Descriptor } from '../src/manifest.ts';
import { DSSE_ENVELOPE, OCI_CONFIG, OCI_EMPTY, SIGSTORE_BUNDLE, SIMPLE_SIGNING } from '../src/media-types.ts';

/** A referrer with `content` as its bundle. */
export function putBundle(content: RegistryContent, subject: Descriptor, bundle: string | Uint8Array, repository = 'app'): Descriptor {
  return putImage(content, repository, {
    subject,
    artifactType: SIGSTORE_BUNDLE,
    config: { mediaType: OCI_EMPTY, bytes: utf8('{}') },
    layers: [{ mediaType: SIGSTORE_BUNDLE, bytes: typeof bundle === 'string' ? utf8(bundle) : bundle }],
  }) as Descriptor;
}

export interface StoredLayer {
  readonly content: string | Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: that of signatures under `.sig`, of attestations under `.att`. */
  readonly mediaType?: string;
}

export interface PutLayersOptions {
  readonly repository?: string;
  readonly tagPrefix?: string;
  readonly mediaType?: string;
}

/** Layers under `sha256-HEX.sig` or `.att`. */
export function putLayers(
  content: RegistryContent,
  subject: Digest,
  suffix: 'sig' | 'att',
  layers: readonly StoredLayer[],
  options: PutLayersOptions = {},
): Descriptor {
  const { repository = 'app', tagPrefix = '', mediaType = OCI_MANIFEST } = options;
  const stored = layers.map((layer) => {
    const type = layer.mediaType ?? { sig: SIMPLE_SIGNING, att: DSSE_ENVELOPE }[suffix];
    const descriptor = content.putBlob(repository, typeof layer.content === 'string' ? utf8(layer.content) : layer.content, type);
    return { ...descriptor, ...(layer.annotations !== undefined && { annotations: layer.annotations }) };
  });
  const config = content.putBlob(repository, utf8('{}'), OCI_CONFIG);
  const manifest = { schemaVersion: 2, mediaType, config, layers: stored };
  return content.putManifest(repository, manifest, { tag: tagPrefix + attachmentTag(subject, suffix), mediaType }) as Descriptor;
}
