/** An image that is being made: its manifest and configuration in parts, and where its layers are. Values; every change makes another one. */
import { parseFields, utf8 } from '@assay/core';
import type { BodySource } from '@assay/net';
import { type Digest, digestOf } from '../digest.ts';
import { readManifest, type StoredManifest } from '../manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts';
import { type ContentReader, sourceOf } from '../store.ts';
import { BlobContent } from './blob-content.ts';
import { IMAGE_CONFIG, type ImageConfig, MANIFEST, type ManifestContent } from './image-shapes.ts';
import type { StoredImage } from './platform.ts';

export interface Image {
  readonly mediaType: string;
  readonly manifest: ManifestContent;
  /** Undefined for artifacts whose configuration is of another kind: it is then kept as it is. */
  readonly config: ImageConfig | undefined;
  /** Its layers, and the configuration it came with. */
  readonly content: ContentReader;
}

/** What can be copied: a manifest as bytes, and where everything is that it names. */
export interface BuiltImage {
  readonly stored: StoredManifest;
  readonly content: BlobContent;
}

/** An image without layers. */
export function emptyImage(types: 'docker' | 'oci'): Image {
  const [mediaType, configType] = types === 'oci' ? [OCI_MANIFEST, OCI_CONFIG] : [DOCKER_MANIFEST, DOCKER_CONFIG];
  const unknown = { digest: digestOf(new Uint8Array(0)), size: 0 };
  return {
    mediaType,
    manifest: MANIFEST.read({ schemaVersion: 2, mediaType, config: { mediaType: configType, ...unknown }, layers: [] }, 'manifest'),
    config: IMAGE_CONFIG.read({ rootfs: { type: 'layers' } }, 'config'),
    content: new BlobContent('empty image', {}),
  };
}

/** An image that is there. Errors: `OCI_CONFIG`, `OCI_LIMIT`, and those of reading. */
export async function openImage({ descriptor, bytes, manifest }: StoredImage, content: ContentReader): Promise<Image> {
  const where = `${content.name}@${descriptor.digest}`;
  return {
    mediaType: descriptor.mediaType,
    manifest: MANIFEST.read(parseFields(bytes, codes(where)).json, where),
    config: isImageConfig(manifest.config.mediaType) ? await readConfig({ manifest }, content) : undefined,
    content,
  };
}

/** Errors: `OCI_CONFIG`, `OCI_LIMIT`, and those of reading. */
export async function readConfig({ manifest }: Pick<StoredImage, 'manifest'>, content: Pick<ContentReader, 'readBlob'>): Promise<ImageConfig> {
  return parseConfig(await content.readBlob(manifest.config, MAX_CONFIG_BYTES), `configuration ${manifest.config.digest}`);
}

/** Errors: `OCI_CONFIG`. */
export function parseConfig(bytes: Uint8Array, where: string): ImageConfig {
  return IMAGE_CONFIG.read(parseFields(bytes, codes(where)).json, where);
}

/** Whether a configuration is one of a container image. */
export function isImageConfig(mediaType: string): boolean {
  return mediaType === DOCKER_CONFIG || mediaType === OCI_CONFIG;
}

/**
 * The bytes. What was changed is no longer attached to what the original was attached to, so a subject is dropped.
 * Errors: `OCI_MANIFEST` when the parts do not make a manifest.
 */
export function buildImage({ mediaType, manifest, config, content }: Image): BuiltImage {
  const rawConfig = config && utf8(IMAGE_CONFIG.write(config));
  const descriptor = rawConfig === undefined ? manifest.config : configDescriptor(manifest.config, rawConfig);
  const bytes = utf8(MANIFEST.write({ ...manifest, config: descriptor, subject: null }));
  const stored = readManifest(bytes, mediaType, 'changed image');
  const blobs = rawConfig && new Map([[digestOf(rawConfig), sourceOf(rawConfig)]]);
  return { stored, content: new BlobContent(content.name, { ...(blobs && { blobs }) }, content) };
}

function configDescriptor(before: ManifestContent['config'], bytes: Uint8Array): ManifestContent['config'] {
  const data = before.data === '' ? '' : Buffer.from(bytes).toString('base64');
  return { ...before, digest: digestOf(bytes), size: bytes.length, data };
}

/** The image with more content at hand. */
export function withBlobs(image: Image, blobs: ReadonlyMap<Digest, BodySource>): Image {
  return { ...image, content: new BlobContent(image.content.name, { blobs }, image.content) };
}

function codes(what: string) {
  return { what, parse: 'OCI_CONFIG', shape: 'OCI_CONFIG' } as const;
}

/** Configurations hold labels and history; the largest known are a few hundred kilobytes. */
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
