/** The files of a folder, or a single one. Links are not followed: what they lead to is found where it lies, or is none of the folder's. */
import { closeSync, type Dirent, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { TrustError } from '@assay/core';
import { digestOfFile } from '@assay/oci';
import type { Unreadable } from '../inventory.ts';
import { HEAD_BYTES } from './cataloger.ts';
import type { Source, SourceFile } from './source.ts';

/** Errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`. */
export function folderSource(path: string): Source {
  const name = basename(resolve(path));
  return {
    subject: { kind: 'folder', name: name === '' ? '/' : name, version: '', digest: undefined, created: undefined },
    files: (report) => walk(path, '', report),
  };
}

/** Errors: `FILE_…`. */
export function fileSource(path: string): Source {
  const name = basename(path);
  requireFile(path);
  return {
    subject: { kind: 'file', name, version: '', digest: digestOfFile(path), created: undefined },
    files: async function* files(report) {
      yield* opened(path, `/${name}`, report);
    },
  };
}

/** Errors: `FILE_NOT_FOUND`. */
export function requireFile(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new TrustError('FILE_NOT_FOUND', `${path}: no such file`);
}

async function* walk(root: string, below: string, report: (unreadable: Unreadable) => void): AsyncGenerator<SourceFile, void, void> {
  for (const entry of entriesOf(root, below, report)) {
    const path = `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path, report);
    else if (entry.isFile()) yield* opened(join(root, path), path, report);
  }
}

/** In one order on every machine. */
function entriesOf(root: string, below: string, report: (unreadable: Unreadable) => void): Dirent[] {
  try {
    return readdirSync(join(root, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    report(unreadable(below === '' ? '/' : below, error));
    return [];
  }
}

function* opened(file: string, path: string, report: (unreadable: Unreadable) => void): Generator<SourceFile, void, void> {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    report(unreadable(path, error));
    return;
  }
  try {
    const { size, mode } = fstatSync(descriptor);
    const head = readAt(descriptor, Math.min(size, HEAD_BYTES));
    yield { path, size, mode: mode & 0o7777, isHidden: false, head, read: async (maxBytes) => readWhole(descriptor, size, maxBytes) };
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(descriptor: number, size: number, maxBytes: number): Uint8Array {
  if (size > maxBytes) throw new TrustError('SBOM_LIMIT', `${size} bytes are more than ${maxBytes}, the cap`);
  return readAt(descriptor, size);
}

function readAt(descriptor: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const more = readSync(descriptor, bytes, read, length - read, read);
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}

function unreadable(path: string, error: unknown): Unreadable {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return { path, code: 'FILE_UNREADABLE', message: `cannot be read: ${code}` };
}
