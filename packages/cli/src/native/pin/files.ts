/** The files to pin: those that are named, and in folders all whose names promise references. */
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { decodeUtf8, isTrustError, quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { findReferences, isCandidate, type Reading } from '@assay/pin';

export interface PinFile {
  /** As it is told to people: the way it was named, with slashes. */
  readonly path: string;
  /** Where it lies. */
  readonly real: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly reading: Reading;
}

/** A file or folder that was passed over. */
export interface Unread {
  readonly path: string;
  readonly line?: number;
  readonly reason: string;
}

export interface PinFiles {
  readonly files: readonly PinFile[];
  readonly unread: readonly Unread[];
}

/** Each file once, in the order of the arguments, folders in the order of names. Errors: `FILE_…`, `PIN_PARSE` for files that are named themselves. */
export function readFiles(paths: readonly string[]): PinFiles {
  const search = new Search();
  for (const path of paths) search.add(path);
  return search;
}

class Search implements PinFiles {
  readonly files: PinFile[] = [];
  readonly unread: Unread[] = [];
  readonly #seen = new Set<string>();

  add(path: string): void {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new TrustError('FILE_NOT_FOUND', `${quote(path)}: no such file or folder`);
    if (stats.isDirectory()) {
      this.#searchFolder(path, realpathSync(path));
      return;
    }
    const unread = this.#read(path, realpathSync(path));
    if (unread === undefined) return;
    throw new TrustError('PIN_PARSE', `${quote(unread.path)}${unread.line === undefined ? '' : `:${unread.line}`}: ${unread.reason}`);
  }

  /** Links to folders are not followed: what lies within is found anyway. */
  #searchFolder(folder: string, root: string): void {
    for (const entry of this.#entries(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) this.#searchFolder(path, root);
      if (!isCandidate(entry.name) || !(entry.isFile() || entry.isSymbolicLink())) continue;
      const real = fileWithin(root, path);
      const unread = real === undefined ? undefined : this.#read(path, real);
      if (unread !== undefined) this.unread.push(unread);
    }
  }

  #entries(folder: string): readonly Dirent[] {
    try {
      return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      this.unread.push({ path: folder, reason: `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}` });
      return [];
    }
  }

  /** Returns why nothing was found in it. */
  #read(path: string, real: string): Unread | undefined {
    if (this.#seen.has(real)) return undefined;
    this.#seen.add(real);
    const shown = path.replaceAll(sep, '/');
    try {
      const bytes = readFileCapped(real, MAX_BYTES);
      const text = decodeUtf8(bytes);
      if (text === undefined) return { path: shown, reason: 'it is not UTF-8' };
      const reading = findReferences(text, shown);
      if (reading.problem !== undefined) return { path: shown, ...reading.problem };
      this.files.push({ path: shown, real, bytes, text, reading });
      return undefined;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return { path: shown, reason: error.message };
    }
  }
}

/** Where a file of a folder really lies. Undefined when a link leads out of the folder, to a folder, or nowhere. */
function fileWithin(root: string, path: string): string | undefined {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const real = isFile ? realpathSync(path) : undefined;
  return real?.startsWith(root.endsWith(sep) ? root : root + sep) === true ? real : undefined;
}

const PASSED_OVER: ReadonlySet<string> = new Set(['.git', 'node_modules']);
/** Larger than any file that people write. */
const MAX_BYTES = 8 * 1024 * 1024;
