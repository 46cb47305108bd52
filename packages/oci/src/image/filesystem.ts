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
import { quote, TrustError } from '@assay/core';
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
  const seen = new Seen();
  for (const layer of layers.toReversed()) {
    for await (const entry of readTar(decompressed(from.blob(layer), layer.digest), layer.digest)) {
      const kept = keep(entry, seen, layer.digest);
      if (kept !== undefined) yield kept;
    }
    seen.endLayer();
  }
}

function keep({ header, content }: TarEntry, seen: Seen, what: string): NewEntry | undefined {
  const name = cleanName(header.name, what);
  const linkname = cleanLink(name, header);
  if (linkname === undefined) return undefined;
  const [folder, base] = [posix.dirname(name), posix.basename(name)];
  if (base === OPAQUE) return seen.hideBelow(folder);
  if (base.startsWith(WHITEOUT)) return seen.hide(posix.join(folder, base.slice(WHITEOUT.length)));
  if (!seen.add(name, header.type === 'directory' ? 'folder' : 'file')) return undefined;
  const plain = { ...header, name, linkname };
  return HAS_CONTENT.has(header.type) ? { header: plain, content } : { header: { ...plain, size: 0 } };
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

  hide(name: string): undefined {
    this.#whiteouts.push(() => this.#set(name, true));
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

/** From the root of the image, without `./` and `/` in front: one spelling for each file. */
function cleanName(raw: string, what: string): string {
  const name = relative(raw);
  if (isOutside(name) || raw.startsWith('\\') || DRIVE.test(name)) throw new TrustError('OCI_LAYER', `${what}: unsafe tar path "${quote(raw)}"`);
  return name;
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

const ROOT = '.';
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const DRIVE = /^[A-Za-z]:/;
const HAS_CONTENT: ReadonlySet<TarHeader['type']> = new Set(['file', 'contiguous-file']);
/** Names are all that is held; the largest images have some hundred thousand. */
const MAX_NAMES = 10_000_000;
