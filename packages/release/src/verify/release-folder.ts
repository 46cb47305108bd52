/** The folder of a release: its files by name, never by path, with what is wrong told as checks. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, fail, failFrom, isTrustError, MAX_BUNDLE_BYTES, pass, quote, skip } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { digestOfFile, hexOf } from '@assay/oci';

export interface ReleaseFolderOptions {
  /** Files that are absent are told, and decide nothing. */
  readonly absent: 'refused' | 'ignored';
}

export class ReleaseFolder {
  readonly path: string;
  readonly #absent: ReleaseFolderOptions['absent'];
  readonly #present: ReadonlyMap<string, 'file' | 'other'>;

  constructor(path: string, { absent }: ReleaseFolderOptions) {
    this.path = path;
    this.#absent = absent;
    this.#present = new Map(readdirSync(path).map((name) => [name, lstatSync(join(path, name)).isFile() ? 'file' : 'other']));
  }

  get names(): readonly string[] {
    return [...this.#present.keys()].sort();
  }

  /** Whether it is not here, and need not be. */
  isLeftOut(name: string): boolean {
    return this.#absent === 'ignored' && !this.#present.has(name);
  }

  /** Whether the file has this digest (hex). */
  digestCheck(name: string, sha256: string): Check {
    if (this.isLeftOut(name)) return skip('release.digest', `${quote(name)} is not here`, { optional: true });
    const missing = this.#missing(name);
    if (missing !== undefined) return missing;
    const found = hexOf(digestOfFile(join(this.path, name)));
    if (found === sha256) return pass('release.digest', `${quote(name)} is sha256:${sha256}`);
    return fail('release.digest', 'RELEASE_MISMATCH', `${quote(name)} is not the file that was released`, {
      expected: `sha256:${sha256}`,
      found: `sha256:${found}`,
    });
  }

  /** The content of a bundle; absent evidence is never ignored where its file is there. */
  evidence(name: string): Uint8Array | Check {
    return this.content(name, MAX_BUNDLE_BYTES);
  }

  content(name: string, maxBytes: number): Uint8Array | Check {
    const missing = this.#missing(name);
    if (missing !== undefined) return missing;
    try {
      return readFileCapped(join(this.path, name), maxBytes);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return failFrom('release.file', error);
    }
  }

  #missing(name: string): Check | undefined {
    const present = this.#present.get(name);
    if (present === 'file') return undefined;
    const id = 'release.digest';
    if (present === 'other') return fail(id, 'RELEASE_MISMATCH', `${quote(name)} is a folder or a link, and no file`);
    return fail(id, 'RELEASE_MISSING', `${quote(name)} is missing`, { expected: `a file in ${this.path}`, found: 'none' });
  }
}
