/**
 * The files of an image as one tar: its layers laid over each other (OCI image specification, "Image Layer Filesystem Changeset").
 *
 *   .wh.NAME       in a layer hides NAME of the layers below
 *   .wh..wh..opq   hides all that the layers below have in this folder
 *
 * Layers are read from the top down, so that each file is written once and nothing is held but names. An archive is unpacked somewhere by somebody, who
 * should find nothing of it elsewhere: names that lead outside are an error, links that do are left out, and nothing lies below what is not a folder.
 */
import { posix } from 'node:path';
import { isTrustError, quote, TrustError } from '@assay/core';
import type { Descriptor } from '../manifest.ts';
import type { ContentReader } from '../store.ts';
import { decompressed } from './compression.ts';
import { isLayerType } from './layer-types.ts';
import { type NewEntry, readTar, type TarEntry, type TarHeader, writeTar } from './tar.ts';

/** @param layers from the bottom to the top. Errors: `OCI_LAYER`, `OCI_LIMIT`, those of reading. */
export async function* exportFilesystem(layers: readonly Descriptor[], from: Pick<ContentReader, 'blob'>): AsyncGenerator<Uint8Array, void, void> {
  const [only] = layers;
  // Artifacts wrap a single file that is no archive: that is what is wanted of them.
  if (only !== undefined && layers.length === 1 && !isLayerType(only.mediaType)) yield* decompressed(from.blob(only), only.digest);
  else yield* writeTar(flatten(layers, from));
}

async function* flatten(layers: readonly Descriptor[], from: Pick<ContentReader, 'blob'>): AsyncGenerator<NewEntry, void, void> {
  for await (const { header, content, isHidden } of layeredEntries(layers, from)) if (!isHidden) yield content === undefined ? { header } : { header, content };
}

export interface LayeredEntry {
  /** Its name starts at the root of the image, without `./` and `/` in front; size is 0 for what has no content. */
  readonly header: TarHeader;
  /** Of files: to be read before the next entry is asked for, or not at all. */
  readonly content: AsyncIterable<Uint8Array> | undefined;
  readonly layer: Descriptor;
  /** By a layer above: it is not in the image's file system. */
  readonly isHidden: boolean;
}

export interface LayeredOptions {
  /** Told of what is left out: without it, an entry whose name leads outside is an error, and so is a layer that cannot be read to its end. */
  readonly onUnreadable?: (problem: TrustError, layer: Descriptor) => void;
  /**
   * How many times as large a layer may become when it is decompressed, and all layers together: real ones become three times as large, bombs a
   * thousand times. Below 1 GiB, and 4 GiB for all, it does not matter. Default: any number.
   */
  readonly maxExpansion?: number;
}

/**
 * Every entry of every layer, from the top down; whiteouts and links that lead outside are left out. @param layers from the bottom to the top. Errors:
 * `OCI_LAYER`, `OCI_LIMIT`, those of reading.
 */
export async function* layeredEntries(
  layers: readonly Descriptor[],
  from: Pick<ContentReader, 'blob'>,
  { onUnreadable, maxExpansion = Number.MAX_VALUE }: LayeredOptions = {},
): AsyncGenerator<LayeredEntry, void, void> {
  const seen = new Seen();
  const expansion = new Expansion(maxExpansion);
  for (const layer of topmostOfEach(layers)) {
    try {
      for await (const entry of readTar(expansion.decompressed(from.blob(layer), layer.digest), layer.digest)) {
        const placed = placedIn(layer, entry, seen, onUnreadable);
        if (placed !== undefined) yield placed;
      }
    } catch (error) {
      if (onUnreadable === undefined || !isTrustError(error) || !OF_LAYER.has(error.code)) throw error;
      // Some of its entries are out, and its digest is known to be right only at its end.
      await drain(from.blob(layer));
      onUnreadable(error, layer);
    }
    seen.endLayer();
  }
}

/** From the top down. All that a layer has is hidden where it comes again, so once is enough. */
function topmostOfEach(layers: readonly Descriptor[]): Descriptor[] {
  return [...new Map(layers.toReversed().map((layer) => [layer.digest, layer])).values()];
}

/** What layers become when they are decompressed, against what has come of them: sizes that a manifest states are known to be right only in the end. */
class Expansion {
  readonly #max: number;
  readonly #image = { sent: 0, made: 0 };

  constructor(max: number) {
    this.#max = max;
  }

  /** The tar. Errors: `OCI_LIMIT`, `OCI_LAYER`, those of `chunks`. */
  async *decompressed(chunks: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void, void> {
    const layer = { sent: 0, made: 0 };
    for await (const chunk of decompressed(this.#counted(chunks, layer), what)) {
      for (const { counts, harmless } of [
        { counts: layer, harmless: HARMLESS_LAYER_BYTES },
        { counts: this.#image, harmless: HARMLESS_IMAGE_BYTES },
      ]) {
        counts.made += chunk.length;
        if (counts.made <= harmless || counts.made <= this.#max * counts.sent) continue;
        throw new TrustError('OCI_LIMIT', `${what}: ${counts.sent} bytes decompress to ${counts.made} and more, the cap is ${this.#max} times as many`);
      }
      yield chunk;
    }
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>, layer: { sent: number }): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of chunks) {
      layer.sent += chunk.length;
      this.#image.sent += chunk.length;
      yield chunk;
    }
  }
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

function placedIn(layer: Descriptor, { header, content }: TarEntry, seen: Seen, onUnreadable: LayeredOptions['onUnreadable']): LayeredEntry | undefined {
  const name = cleanName(header.name);
  if (name === undefined) {
    const problem = new TrustError('OCI_LAYER', `${layer.digest}: unsafe tar path "${quote(header.name)}"`);
    if (onUnreadable === undefined) throw problem;
    onUnreadable(problem, layer);
    return undefined;
  }
  const linkname = cleanLink(name, header);
  if (linkname === undefined) return undefined;
  const [folder, base] = [posix.dirname(name), posix.basename(name)];
  if (base === OPAQUE) return seen.hideBelow(folder);
  if (base.startsWith(WHITEOUT)) return seen.hide(folder, base.slice(WHITEOUT.length));
  const isHidden = !seen.add(name, header.type === 'directory' ? 'folder' : 'file');
  const plain = { ...header, name, linkname };
  return HAS_CONTENT.has(header.type) ? { header: plain, content, layer, isHidden } : { header: { ...plain, size: 0 }, content: undefined, layer, isHidden };
}

/** Which names are taken, and what is hidden: by files what would lie below them, by whiteouts what the layers below have. */
class Seen {
  /** True for what hides everything below it. */
  readonly #names = new Map<string, boolean>();
  readonly #opaque = new Set<string>();
  #whiteouts: (() => void)[] = [];

  add(name: string, kind: 'folder' | 'file'): boolean {
    if (this.#names.has(name) || this.#isHidden(name)) return false;
    this.#set(name, kind === 'file');
    return true;
  }

  /** `.wh.` and `.wh...` name nothing in their folder: taken for paths, they would hide what is around it. */
  hide(folder: string, base: string): undefined {
    if (!NO_NAMES.has(base)) this.#whiteouts.push(() => this.#set(posix.join(folder, base), true));
  }

  hideBelow(folder: string): undefined {
    this.#whiteouts.push(() => this.#opaque.add(folder));
  }

  /** Whiteouts mean the layers below; what their own layer has stays ("Whiteouts"). */
  endLayer(): void {
    for (const apply of this.#whiteouts) apply();
    this.#whiteouts = [];
  }

  #set(name: string, hidesBelow: boolean): void {
    this.#names.set(name, hidesBelow);
    if (this.#names.size > MAX_NAMES) throw new TrustError('OCI_LIMIT', `the image has more than ${MAX_NAMES} files, the cap`);
  }

  #isHidden(name: string): boolean {
    for (let path = name; path !== ROOT; ) {
      path = posix.dirname(path);
      if (this.#names.get(path) === true || this.#opaque.has(path)) return true;
    }
    return false;
  }
}

/** From the root of the image, without `./` and `/` in front: one spelling for each file. Undefined for what leads outside. */
function cleanName(raw: string): string | undefined {
  const name = relative(raw);
  return isOutside(name) || raw.startsWith('\\') || DRIVE.test(name) ? undefined : name;
}

/**
 * Where a link leads, undefined when that is outside. An absolute symbolic link is one within the image's own root, and is kept; a hard link is one to
 * another entry, so it gets the spelling that the entry has.
 */
function cleanLink(name: string, { type, linkname }: TarHeader): string | undefined {
  if (type !== 'symlink' && type !== 'link') return linkname;
  const target = linkname.replaceAll('\\', '/');
  if (DRIVE.test(target)) return undefined;
  if (type === 'link') return isOutside(relative(target)) ? undefined : relative(linkname);
  if (target.startsWith('/')) return linkname;
  return isOutside(posix.join(posix.dirname(name), target)) ? undefined : linkname;
}

function relative(path: string): string {
  return posix.normalize(path).replace(/^\/+/, '').replace(/\/$/, '') || ROOT;
}

function isOutside(path: string): boolean {
  const clean = posix.normalize(path.replaceAll('\\', '/'));
  return clean === '..' || clean.startsWith('../');
}

/** What is wrong with one layer, and leaves the others as they are. */
const OF_LAYER: ReadonlySet<string> = new Set(['OCI_LAYER', 'OCI_LIMIT']);
const HARMLESS_LAYER_BYTES = 2 ** 30;
const HARMLESS_IMAGE_BYTES = 4 * 2 ** 30;
const ROOT = '.';
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const NO_NAMES: ReadonlySet<string> = new Set(['', '.', '..']);
const DRIVE = /^[A-Za-z]:/;
const HAS_CONTENT: ReadonlySet<TarHeader['type']> = new Set(['file', 'contiguous-file']);
/** Names are all that is held; the largest images have some hundred thousand. */
const MAX_NAMES = 10_000_000;
