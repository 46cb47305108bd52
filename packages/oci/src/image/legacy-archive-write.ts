/**
 * Images as `docker save` wrote them before layers had digests, for tools that read nothing newer (Docker image specification v1):
 *
 *   ID/layer.tar, ID/json, ID/VERSION   for each layer, without compression; an ID is a hash over the layer and those below it
 *   HEX.json                            configurations
 *   manifest.json, repositories         which layers make an image, and the ID of its topmost layer by repository and tag
 */
import { createHash } from 'node:crypto';
import { encodeGoJson, TrustError, utf8 } from '@assay/core';
import { hexOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { decompressed } from './compression.ts';
import { fileEntry, type ImageToSave, sourcesOf, withSources } from './docker-archive-write.ts';
import { isImageConfig, MAX_CONFIG_BYTES, parseConfig } from './image.ts';
import { HISTORY, type ImageConfig, LEGACY_LAYER } from './image-shapes.ts';
import { measure } from './layer.ts';
import { type NewEntry, writeTar } from './tar.ts';

/** Layers are read twice: a tar states sizes before contents. Errors: those of reading, `OCI_CONFIG`, `OCI_LAYER`. */
export function writeLegacyArchive(images: readonly ImageToSave[]): AsyncGenerator<Uint8Array, void, void> {
  return writeTar(entriesOf(images));
}

async function* entriesOf(images: readonly ImageToSave[]): AsyncGenerator<NewEntry, void, void> {
  const written = new Set<string>();
  const listed: string[] = [];
  const repositories = new Map<string, Map<string, string>>();
  const sorted = images.toSorted((a, b) => (a.stored.manifest.config.digest < b.stored.manifest.config.digest ? -1 : 1));
  for (const { stored, from, repoTags } of sorted) {
    const { config, layers } = stored.manifest;
    const rawConfig = await from.readBlob(config, MAX_CONFIG_BYTES);
    yield fileEntry(`${hexOf(config.digest)}.json`, rawConfig);
    const legacy = legacyLayers(layers, rawConfig, isImageConfig(config.mediaType));
    for (const { id, json, descriptor } of legacy) {
      if (written.has(id)) continue;
      written.add(id);
      const open = () => decompressed(from.blob(descriptor), descriptor.digest);
      const { size } = await measure(open());
      yield { header: { name: `${id}/layer.tar`, size }, content: open() };
      yield fileEntry(`${id}/json`, utf8(json));
      yield fileEntry(`${id}/VERSION`, utf8('1.0'));
    }
    const members = { Config: `${hexOf(config.digest)}.json`, RepoTags: [...repoTags], Layers: legacy.map(({ id }) => `${id}/layer.tar`) };
    listed.push(withSources(encodeGoJson(members), sourcesOf(layers, isImageConfig(config.mediaType) ? rawConfig : undefined)));
    for (const tag of repoTags) addTag(repositories, tag, legacy.at(-1)?.id ?? '');
  }
  yield fileEntry('manifest.json', utf8(`[${listed.join(',')}]`));
  yield fileEntry('repositories', utf8(repositoriesJson(repositories)));
}

interface LegacyLayer {
  readonly id: string;
  readonly json: string;
  readonly descriptor: Descriptor;
}

function legacyLayers(layers: readonly Descriptor[], rawConfig: Uint8Array, hasConfig: boolean): LegacyLayer[] {
  const image = hasConfig ? parseConfig(rawConfig, 'configuration') : undefined;
  const histories = historiesOf(image, layers.length);
  const made: LegacyLayer[] = [];
  for (const [i, descriptor] of layers.entries()) {
    const isTop = i === layers.length - 1;
    const parent = made.at(-1)?.id ?? '';
    const id = layerId(descriptor, parent, isTop ? rawConfig : undefined);
    const json = LEGACY_LAYER.write({ ...plainLayer(histories[i] ?? NO_HISTORY, id, parent), ...(isTop && image && topMembers(image)) });
    made.push({ id, json, descriptor });
  }
  return made;
}

/** One for each layer; none at all is taken for unknown. */
function historiesOf(image: ImageConfig | undefined, count: number) {
  const histories = (image?.history ?? []).filter(({ empty_layer }) => !empty_layer);
  if (histories.length === 0 || histories.length === count) return histories;
  throw new TrustError('OCI_CONFIG', 'image config had layer history which did not match the number of layers', {
    expected: `${count} entries of layers`,
    found: String(histories.length),
  });
}

function plainLayer({ created, author, created_by, empty_layer, comment }: typeof NO_HISTORY, id: string, parent: string) {
  const empty = LEGACY_LAYER.read({}, 'layer');
  return { ...empty, created, author, container_config: { ...empty.container_config, Cmd: [created_by] }, id, parent, throwaway: empty_layer, comment };
}

function topMembers({ architecture, container, docker_version, os, config, created }: ImageConfig) {
  return { architecture, container, docker_version, os, config, created };
}

function layerId({ digest }: Descriptor, parent: string, rawConfig: Uint8Array | undefined): string {
  const hash = createHash('sha256').update(`${hexOf(digest)} ${parent}`);
  if (rawConfig !== undefined) hash.update(' ').update(rawConfig);
  return hash.digest('hex');
}

function addTag(repositories: Map<string, Map<string, string>>, repoTag: string, id: string): void {
  const colon = repoTag.lastIndexOf(':');
  const hasTag = colon > repoTag.lastIndexOf('/');
  const name = hasTag ? repoTag.slice(0, colon) : repoTag;
  const tags = repositories.get(name) ?? new Map<string, string>();
  repositories.set(name, tags.set(hasTag ? repoTag.slice(colon + 1) : '', id));
}

function repositoriesJson(repositories: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
  const object = (members: readonly string[]) => `{${members.toSorted().join(',')}}`;
  return object([...repositories].map(([name, tags]) => `${encodeGoJson(name)}:${object([...tags].map(([tag, id]) => `${encodeGoJson(tag)}:"${id}"`))}`));
}

const NO_HISTORY = HISTORY.read({}, 'history');
