/** Images as one file that `docker load` reads (docker-archive.ts has the format): configurations, layers as the registry has them, manifest.json last. */
import { encodeGoJson, utf8 } from '@assay/core';
import type { Digest } from '../digest.ts';
import { hexOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { OCI_LAYER_ZSTD } from '../media-types.ts';
import { type ContentReader, sourceOf } from '../store.ts';
import { isImageConfig, MAX_CONFIG_BYTES, parseConfig } from './image.ts';
import { DESCRIPTOR } from './image-shapes.ts';
import { isForeignType, isUncompressedType } from './layer-types.ts';
import type { StoredImage } from './platform.ts';
import { type NewEntry, writeTar } from './tar.ts';

export interface ImageToSave {
  readonly stored: StoredImage;
  readonly from: Pick<ContentReader, 'blob' | 'readBlob'>;
  /** Under which it is loaded, `HOST/REPOSITORY:TAG`. */
  readonly repoTags: readonly string[];
}

/** Errors: those of reading, `OCI_CONFIG`. */
export function writeDockerArchive(images: readonly ImageToSave[]): AsyncGenerator<Uint8Array, void, void> {
  return writeTar(entriesOf(images));
}

async function* entriesOf(images: readonly ImageToSave[]): AsyncGenerator<NewEntry, void, void> {
  const written = new Set<Digest>();
  const listed: { readonly tags: string; readonly json: string }[] = [];
  for (const { stored, from, repoTags } of images) {
    const { config, layers } = stored.manifest;
    const rawConfig = await from.readBlob(config, MAX_CONFIG_BYTES);
    yield fileEntry(config.digest, rawConfig);
    for (const layer of layers) {
      if (written.has(layer.digest)) continue;
      written.add(layer.digest);
      yield { header: { name: nameOf(layer), size: layer.size }, content: from.blob(layer) };
    }
    const sources = sourcesOf(layers, isImageConfig(config.mediaType) ? rawConfig : undefined);
    const members = { Config: config.digest, RepoTags: [...repoTags], Layers: layers.map(nameOf) };
    listed.push({ tags: repoTags.join(','), json: withSources(encodeGoJson(members), sources) });
  }
  const sorted = listed.toSorted((a, b) => (a.tags < b.tags ? -1 : 1)).map(({ json }) => json);
  yield fileEntry('manifest.json', utf8(`[${sorted.join(',')}]`));
}

export function fileEntry(name: string, bytes: Uint8Array): NewEntry {
  return { header: { name, size: bytes.length }, content: sourceOf(bytes).open() };
}

/** Descriptors of layers that are fetched from elsewhere, by diff ID, as JSON. */
export function sourcesOf(layers: readonly Descriptor[], rawConfig: Uint8Array | undefined): string[] {
  if (rawConfig === undefined || !layers.some(({ mediaType }) => isForeignType(mediaType))) return [];
  const diffIds = parseConfig(rawConfig, 'configuration').rootfs.diff_ids ?? [];
  return layers.flatMap((layer, i) => {
    const diffId = diffIds[i];
    if (!isForeignType(layer.mediaType) || diffId === undefined) return [];
    const { mediaType, size, digest, urls } = layer;
    const descriptor = DESCRIPTOR.read({ mediaType, size, digest, urls: [...(urls ?? [])] }, 'layer');
    return [`${encodeGoJson(diffId)}:${DESCRIPTOR.write(descriptor)}`];
  });
}

export function withSources(image: string, sources: readonly string[]): string {
  return sources.length === 0 ? image : `${image.slice(0, -1)},"LayerSources":{${sources.toSorted().join(',')}}}`;
}

/** Without the algorithm, whose colon tar takes for a remote machine, and with the ending that unpackers expect. */
function nameOf({ digest, mediaType }: Descriptor): string {
  const ending = mediaType === OCI_LAYER_ZSTD ? '.tar.zst' : isUncompressedType(mediaType) ? '.tar' : '.tar.gz';
  return `${hexOf(digest)}${ending}`;
}
