/** The texts that a command line names: files, folders, standard input. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isTrustError, quote, TrustError } from '@assay/core';
import { decodeText } from '@assay/lint';
import { readFileCapped } from '@assay/net/file';
import type { Io } from '../../io.ts';

/** Read, or why not. */
export type TextFile = { readonly file: string; readonly text: string } | { readonly file: string; readonly skipped: string };

/** Of folders, what cannot be read is told and passed over; what is named itself must be there. Errors: `FILE_…`. */
export async function* textFiles(names: readonly string[], io: Io): AsyncGenerator<TextFile> {
  for (const name of names) {
    if (name === '-') yield decoded(STANDARD_INPUT, await standardInput(io));
    else if (isFolder(name)) yield* walk(name);
    else yield decoded(name, readFileCapped(name, MAX_BYTES));
  }
}

function decoded(file: string, bytes: Uint8Array): TextFile {
  const text = decodeText(bytes);
  return text === undefined ? { file, skipped: 'not text' } : { file, text };
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** In the order of names. Links are not followed: what they lead to is named, or not meant. */
function* walk(folder: string): Generator<TextFile> {
  const entries = entriesOf(folder);
  if (typeof entries === 'string') {
    yield { file: folder, skipped: entries };
    return;
  }
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '.' ? entry.name : join(folder, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* walk(path);
    else if (entry.isFile()) yield* fileIn(path);
  }
}

function entriesOf(folder: string): readonly Dirent[] | string {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** Pictures and programs are what folders are full of: nothing is said of them. */
function* fileIn(path: string): Generator<TextFile> {
  try {
    const found = decoded(path, readFileCapped(path, MAX_BYTES));
    if ('text' in found) yield found;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    yield { file: path, skipped: error.code === 'FILE_TOO_LARGE' ? `larger than the cap of ${MAX_BYTES} bytes` : 'cannot be read' };
  }
}

async function standardInput(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of io.stdin()) {
    total += chunk.length;
    if (total > MAX_BYTES) throw new TrustError('FILE_TOO_LARGE', `${quote(STANDARD_INPUT)}: larger than the cap of ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const STANDARD_INPUT = '<stdin>';
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules']);
/** Pages and policies are small; what is larger is data. */
const MAX_BYTES = 8 * 1024 * 1024;
