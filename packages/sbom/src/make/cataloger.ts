/** What finds packages of one kind in files that pass by. */
import type { Distro, Package } from '../inventory.ts';

/** A regular file. */
export interface FoundFile {
  /** From the root of the subject, `/` in front, `/` between. */
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  readonly mode: number;
  /** Of images: the digest of its layer. */
  readonly layer?: string;
  /** By a layer above: not in the image's file system, but it tells which layer brought what a database lists. */
  readonly isHidden: boolean;
  /** The first bytes, at most `HEAD_BYTES`: what kind of file it is. */
  readonly head: Uint8Array;
}

export const HEAD_BYTES = 512;

export interface Cataloger {
  /** As documents name it: `dpkg-db`. */
  readonly name: string;
  /**
   * `installed` finds what lies there and can run; `declared` what a lock file would install. Images hold the lock files of others, so what is declared
   * counts in folders alone.
   */
  readonly finds: 'installed' | 'declared' | 'both';
  /** It guesses from single files: a package is left out when a package of the system owns one of its files, and says more of it. */
  readonly yieldsToOwners?: true;
  open(): Catalog;
}

/** One run. Files come once each: those of an image layer by layer, from the top down; in a layer, and in a folder, in any order. */
export interface Catalog {
  wants(file: FoundFile): boolean;
  /**
   * The content of a file that was wanted, whole. What is thrown is reported as unreadable, and the rest goes on; what can be told before that is kept.
   * `report` is for a part of the file that cannot be read. Errors: `SBOM_UNREADABLE`.
   */
  read(file: FoundFile, content: Uint8Array, report: (message: string) => void): void | Promise<void>;
  /** After the last file. Purls may repeat. */
  packages(distro: Distro | undefined): Iterable<Package>;
  /** Paths of files that packages of the system own, after the last file. */
  files?(): Iterable<string>;
}
