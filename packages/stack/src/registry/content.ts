/**
 * What the registry holds, as plain files:
 *
 *   blobs/sha256/ab/<hex>                               content, once for all repositories
 *   repositories/team/app/_blobs/sha256/<hex>           empty: the repository has that blob
 *   repositories/team/app/_manifests/sha256/<hex>       the manifest, byte for byte
 *   repositories/team/app/_tags/v1                      `sha256:<hex>`
 *   repositories/team/app/_referrers/sha256/<subject>/sha256-<hex>.json    the descriptor of a manifest whose subject that is
 *   uploads/<id>                                        what is arriving; nothing of it survives a start
 *
 * Part names of repositories begin with a letter or digit, so nothing with an underscore is one of them.
 *
 * A crash may come between any two writes. So what is found first is written last: content, then the blob of the repository; the entry of a
 * referrer, then the manifest, then the tag. What is left over was acknowledged to nobody, and is the same when it is written again.
 */
import { decodeUtf8, utf8 } from '@assay/core';
import type { Disk } from '../store/disk.ts';
import { type Digest, isDigest, splitDigest } from './digest.ts';
import { Locks } from './locks.ts';
import { type Descriptor, describeManifest, type ManifestContent, parseManifest } from './manifest.ts';
import type { Reference } from './route.ts';
import type { Streams } from './streams.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface NewManifest extends StoredManifest {
  readonly content: ManifestContent;
  readonly tag: string | undefined;
}

/** Names are those that `parseRoute` let through. */
export class Content {
  readonly #disk: Disk;
  readonly #streams: Streams;
  /** `blob DIGEST` for the content and who has it, `repository NAME` for manifests and tags; the second before the first. */
  readonly #locks = new Locks();

  constructor(disk: Disk, streams: Streams) {
    this.#disk = disk;
    this.#streams = streams;
  }

  // ----------------------------------------------------------------------------------------------------------- blobs

  /** Bytes; undefined when the repository has no such blob. */
  async blobSize(repository: string, digest: Digest): Promise<number | undefined> {
    if ((await this.#disk.size(markerPath(repository, digest))) === undefined) return undefined;
    return this.#disk.size(blobPath(digest));
  }

  /** From `start` up to, without, `end`; undefined when it has just been removed. */
  readBlob(digest: Digest, start: number, end: number): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#streams.read(blobPath(digest), start, end);
  }

  /** Takes over the synced file at `path`, which is known to be what `digest` says. */
  addBlob(repository: string, digest: Digest, path: string): Promise<void> {
    return this.#locks.run(`blob ${digest}`, async () => {
      await this.#streams.move(path, blobPath(digest));
      await this.#disk.write(markerPath(repository, digest), NOTHING);
    });
  }

  /** Whether `from`, or without it any repository, has the blob; then `repository` has it too. */
  mountBlob(repository: string, digest: Digest, from: string | undefined): Promise<boolean> {
    return this.#locks.run(`blob ${digest}`, async () => {
      const size = from === undefined ? await this.#disk.size(blobPath(digest)) : await this.blobSize(from, digest);
      if (size === undefined) return false;
      await this.#disk.write(markerPath(repository, digest), NOTHING);
      return true;
    });
  }

  /** Whether it was there. The content goes with the last repository that has it. */
  removeBlob(repository: string, digest: Digest): Promise<boolean> {
    return this.#locks.run(`repository ${repository}`, () =>
      this.#locks.run(`blob ${digest}`, async () => {
        if ((await this.blobSize(repository, digest)) === undefined) return false;
        await this.#disk.remove(markerPath(repository, digest));
        for await (const other of repositoriesBelow(this.#disk)) if ((await this.#disk.size(markerPath(other, digest))) !== undefined) return true;
        await this.#disk.remove(blobPath(digest));
        return true;
      }),
    );
  }

  // ------------------------------------------------------------------------------------------------------- manifests

  async manifest(repository: string, reference: Reference): Promise<StoredManifest | undefined> {
    const digest = reference.digest ?? (await this.#tagged(repository, reference.tag));
    const bytes = digest && (await this.#disk.read(manifestPath(repository, digest)));
    return bytes && { digest, bytes };
  }

  /** What was missing, and then nothing has changed; undefined when it is stored. */
  putManifest(repository: string, { digest, bytes, content, tag }: NewManifest): Promise<Digest | undefined> {
    return this.#locks.run(`repository ${repository}`, async () => {
      for (const needed of content.references) if (!(await this.#has(repository, needed))) return needed;
      const { subject } = content;
      if (subject !== undefined) {
        await this.#disk.write(referrerPath(repository, subject, digest), utf8(JSON.stringify(describeManifest(content, digest, bytes.length))));
      }
      await this.#disk.write(manifestPath(repository, digest), bytes);
      if (tag !== undefined) await this.#disk.write(tagPath(repository, tag), utf8(`${digest}\n`));
      return undefined;
    });
  }

  /** Children of an index are manifests; those of a build cache are blobs. */
  async #has(repository: string, digest: Digest): Promise<boolean> {
    return ((await this.blobSize(repository, digest)) ?? (await this.#disk.size(manifestPath(repository, digest)))) !== undefined;
  }

  /** Whether it was there. A tag goes alone; a manifest takes its tags with it ("Deleting Manifests"). */
  removeManifest(repository: string, reference: Reference): Promise<boolean> {
    return this.#locks.run(`repository ${repository}`, async () => {
      const stored = await this.manifest(repository, reference);
      if (stored === undefined) return false;
      if (reference.tag !== undefined) {
        await this.#disk.remove(tagPath(repository, reference.tag));
        return true;
      }
      const { digest, bytes } = stored;
      for (const tag of await this.tags(repository)) {
        if ((await this.#tagged(repository, tag)) === digest) await this.#disk.remove(tagPath(repository, tag));
      }
      const { subject } = parseManifest(bytes);
      await this.#disk.remove(manifestPath(repository, digest));
      if (subject !== undefined) await this.#disk.remove(referrerPath(repository, subject, digest));
      return true;
    });
  }

  async #tagged(repository: string, tag: string): Promise<Digest | undefined> {
    const bytes = await this.#disk.read(tagPath(repository, tag));
    if (bytes === undefined) return undefined;
    const digest = decodeUtf8(bytes)?.trim() ?? '';
    if (isDigest(digest)) return digest;
    throw new Error(`${this.#disk.root}/${tagPath(repository, tag)}: damaged, it holds no digest`);
  }

  // ----------------------------------------------------------------------------------------------------------- lists

  /** Whether anything was ever put into it. */
  async hasRepository(repository: string): Promise<boolean> {
    return (await this.#disk.list(`repositories/${repository}`)).some((name) => name.startsWith('_'));
  }

  /** Those that hold manifests, sorted by code unit. */
  async repositories(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of repositoriesBelow(this.#disk)) {
      const lists = await Promise.all(['sha256', 'sha512'].map((algorithm) => this.#disk.list(`repositories/${name}/_manifests/${algorithm}`)));
      if (lists.some((list) => list.length > 0)) names.push(name);
    }
    return names.sort();
  }

  /** Sorted by code unit. */
  tags(repository: string): Promise<string[]> {
    return this.#disk.list(`repositories/${repository}/_tags`);
  }

  /** Sorted by digest, those after `last`. */
  async *referrers(repository: string, subject: Digest, last: string): AsyncGenerator<Descriptor, void, void> {
    const folder = referrersPath(repository, subject);
    for (const name of await this.#disk.list(folder)) {
      const digest = name.replace('-', ':').replace('.json', '');
      if (digest <= last || !isDigest(digest)) continue;
      // The entry is older than the manifest, and outlives it when the machine stops at that moment.
      if ((await this.#disk.size(manifestPath(repository, digest))) === undefined) continue;
      const bytes = await this.#disk.read(`${folder}/${name}`);
      if (bytes !== undefined) yield JSON.parse(decodeUtf8(bytes) ?? '') as Descriptor;
    }
  }

  /** When everything that was begun is done. */
  settled(): Promise<void> {
    return this.#locks.idle();
  }
}

/** Every one into which anything was ever put. */
export async function* repositoriesBelow(disk: Disk, folder = ''): AsyncGenerator<string, void, void> {
  const names = await disk.list(`repositories/${folder}`);
  if (folder !== '' && names.some((name) => name.startsWith('_'))) yield folder;
  for (const name of names) if (!name.startsWith('_')) yield* repositoriesBelow(disk, folder === '' ? name : `${folder}/${name}`);
}

export function blobPath(digest: Digest): string {
  const [algorithm, hex] = splitDigest(digest);
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
}

export function markerPath(repository: string, digest: Digest): string {
  return `repositories/${repository}/_blobs/${splitDigest(digest).join('/')}`;
}

export function manifestPath(repository: string, digest: Digest): string {
  return `repositories/${repository}/_manifests/${splitDigest(digest).join('/')}`;
}

export function tagPath(repository: string, tag: string): string {
  return `repositories/${repository}/_tags/${tag}`;
}

function referrersPath(repository: string, subject: Digest): string {
  return `repositories/${repository}/_referrers/${splitDigest(subject).join('/')}`;
}

export function referrerPath(repository: string, subject: Digest, digest: Digest): string {
  return `${referrersPath(repository, subject)}/${splitDigest(digest).join('-')}.json`;
}

const NOTHING = new Uint8Array(0);
