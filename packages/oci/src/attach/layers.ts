/**
 * Signatures and attestations as layers of one image under the tag `sha256-HEX.sig` or `.att` (cosign.md section 2.1): read, changed, written back.
 *
 * Registries offer no compare-and-swap. Whether the tag still is what was read is asked right before it is written, and what was written is read again:
 * when somebody else's writing has come between, all is done once more. What can still be lost is a writing that begins and ends between that question and
 * the writing of another.
 */
import { encodeGoJson, isJsonObject, type Json, TrustError, tryParseJsonObject, utf8 } from '@assay/core';
import type { Digest } from '../digest.ts';
import { encodeImage } from '../encode.ts';
import type { Descriptor, ImageManifest } from '../manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts';
import type { ContentReader, ContentWriter } from '../store.ts';
import { descriptorOf, putOnce } from './bundle.ts';

export interface LayerToAppend {
  readonly content: Uint8Array;
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AppendOptions {
  readonly tag: string;
  readonly layer: LayerToAppend;
  /** Layers that the new one takes the place of. */
  readonly replaces?: (layer: Descriptor) => Promise<boolean>;
  /** Whether a layer that is there already says the same: then nothing is written. */
  readonly isSame?: (layer: Descriptor) => Promise<boolean>;
  /** Default: the beginning of time, so that equal signatures give equal manifests. */
  readonly created?: Date | undefined;
  /** Docker's media types instead of OCI's, for new manifests. */
  readonly dockerMediaTypes?: boolean;
}

export type Appended = { readonly outcome: 'appended' | 'present'; readonly digest: Digest; readonly replaced: number };

/** Errors: `OCI_LIMIT` beyond 1000 layers, `OCI_UPLOAD` when others keep overwriting. */
export async function appendLayer(to: ContentReader & ContentWriter, options: AppendOptions): Promise<Appended> {
  const { layer, tag } = options;
  const added: Descriptor = { ...descriptorOf(layer.content, layer.mediaType), annotations: layer.annotations };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await existing(to, tag);
    const present = await first(before.layers, options.isSame);
    if (present) return { outcome: 'present', digest: before.digest as Digest, replaced: 0 };
    const kept = await without(before.layers, options.replaces);
    if (kept.length >= MAX_LAYERS) throw new TrustError('OCI_LIMIT', `${to.name}:${tag}: holds ${kept.length} layers, the cap is ${MAX_LAYERS}`);
    const layers = [...kept, added];
    await putOnce(to, added, layer.content);
    const digest = await write(to, { ...options, layers, before });
    if (digest === undefined) continue;
    const after = await imageAt(to, tag);
    if (after?.manifest.layers.some((one) => isEqual(one, added)) === true) {
      return { outcome: 'appended', digest, replaced: before.layers.length - kept.length };
    }
  }
  throw new TrustError('OCI_UPLOAD', `${to.name}:${tag}: others keep writing to the same tag`, { hint: 'try again when nobody else signs this image' });
}

interface Existing {
  readonly layers: readonly Descriptor[];
  readonly digest: Digest | undefined;
  readonly manifest: ImageManifest | undefined;
  readonly created: readonly string[];
}

async function existing(to: ContentReader, tag: string): Promise<Existing> {
  const stored = await imageAt(to, tag);
  if (stored === undefined) return { layers: [], digest: undefined, manifest: undefined, created: [] };
  const { manifest, digest } = stored;
  return { layers: manifest.layers, digest, manifest, created: await creationTimes(to, manifest) };
}

async function imageAt(to: ContentReader, tag: string): Promise<{ readonly manifest: ImageManifest; readonly digest: Digest } | undefined> {
  const stored = await to.manifest(tag);
  if (stored === undefined) return undefined;
  const { manifest, descriptor } = stored;
  if (manifest.kind !== 'image') throw new TrustError('OCI_MANIFEST', `${to.name}:${tag}: is an index, an image was expected`);
  return { manifest, digest: descriptor.digest };
}

/** One for each layer; what the configuration does not tell counts as the beginning of time. */
async function creationTimes(to: ContentReader, { config, layers }: ImageManifest): Promise<string[]> {
  const bytes = config.size <= MAX_CONFIG_BYTES ? await to.readBlob(config, MAX_CONFIG_BYTES) : undefined;
  const history = bytes === undefined ? [] : historyOf(bytes);
  return layers.map((_, i) => {
    const entry = history[i];
    const created = isJsonObject(entry) ? entry['created'] : undefined;
    return typeof created === 'string' ? created : BEGINNING;
  });
}

function historyOf(config: Uint8Array): readonly Json[] {
  const history = tryParseJsonObject(config)?.['history'];
  return Array.isArray(history) ? history : [];
}

interface ToWrite extends AppendOptions {
  readonly layers: readonly Descriptor[];
  readonly before: Existing;
}

/** Undefined when somebody else has written in the meantime: then nothing was. */
async function write(to: ContentReader & ContentWriter, { layers, before, tag, created, dockerMediaTypes }: ToWrite): Promise<Digest | undefined> {
  const docker = before.manifest === undefined ? dockerMediaTypes === true : before.manifest.mediaType === DOCKER_MANIFEST;
  const times = layers.map((layer) => before.created[before.layers.indexOf(layer)] ?? created?.toISOString().replace(/\.\d+Z$/, 'Z') ?? BEGINNING);
  const config = configOf(layers, times);
  const descriptor = descriptorOf(config, docker ? DOCKER_CONFIG : OCI_CONFIG);
  await putOnce(to, descriptor, config);
  const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST;
  if ((await to.resolve(tag))?.digest !== before.digest) return undefined;
  return to.putManifest({ bytes: encodeImage({ mediaType, config: descriptor, layers, annotations: before.manifest?.annotations ?? {} }), mediaType, tag });
}

/** One history entry and one diff id for each layer. */
export function configOf(layers: readonly Descriptor[], times: readonly string[]): Uint8Array {
  const latest = times.toSorted().at(-1) ?? BEGINNING;
  return utf8(
    encodeGoJson({
      architecture: '',
      created: latest,
      history: times.map((created) => ({ created })),
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  );
}

async function without(layers: readonly Descriptor[], replaces: AppendOptions['replaces']): Promise<Descriptor[]> {
  if (replaces === undefined) return [...layers];
  const kept: Descriptor[] = [];
  for (const layer of layers) if (!(await replaces(layer))) kept.push(layer);
  return kept;
}

async function first(layers: readonly Descriptor[], isSame: AppendOptions['isSame']): Promise<boolean> {
  if (isSame === undefined) return false;
  for (const layer of layers) if (await isSame(layer)) return true;
  return false;
}

function isEqual(a: Descriptor, b: Descriptor): boolean {
  const keys = Object.keys({ ...a.annotations, ...b.annotations });
  return a.digest === b.digest && a.mediaType === b.mediaType && keys.every((key) => a.annotations?.[key] === b.annotations?.[key]);
}

const BEGINNING = '0001-01-01T00:00:00Z';
const MAX_LAYERS = 1000;
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const ATTEMPTS = 5;
