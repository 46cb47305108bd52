/** One file as an image of one layer, as cosign stores SBOMs and uploads blobs (cosign.md section 2.1, `.sbom`). */
import { encodeGoJson, utf8 } from '@assay/core';
import type { BodySource } from '@assay/net';
import { encodeImage } from '../encode.ts';
import type { Descriptor, StoredManifest } from '../manifest.ts';
import { readManifest } from '../manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts';
import type { ContentWriter } from '../store.ts';
import { descriptorOf, putOnce } from './bundle.ts';
import { configOf } from './layers.ts';

export interface FileToPut {
  readonly descriptor: Descriptor;
  readonly content: BodySource;
  /** Default: an image's configuration. Another type stands over an empty one. */
  readonly configType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor | undefined;
  /** Default: none, the digest alone. */
  readonly tag?: string | undefined;
}

/** Errors: `OCI_UPLOAD`, the registry's refusals. */
export async function putFile(to: ContentWriter, file: FileToPut): Promise<StoredManifest> {
  const { descriptor, content, configType, annotations = {}, subject, tag } = file;
  if (!(await to.hasBlob(descriptor))) await to.putBlob(descriptor, content);
  const configBytes = configType === undefined ? configOf([descriptor], [BEGINNING]) : utf8(EMPTY_CONFIG);
  const config = descriptorOf(configBytes, configType ?? OCI_CONFIG);
  await putOnce(to, config, configBytes);
  const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [descriptor], annotations, ...(subject !== undefined && { subject }) });
  await to.putManifest({ bytes, mediaType: OCI_MANIFEST, tag });
  return readManifest(bytes, OCI_MANIFEST, to.name);
}

const BEGINNING = '0001-01-01T00:00:00Z';
/** What go-containerregistry gives an image whose configuration is of another type. */
const EMPTY_CONFIG = encodeGoJson({ architecture: '', created: BEGINNING, os: '', rootfs: { type: 'layers', diff_ids: null }, config: {} });
