/** The folder that a release is made in: names without paths, each file there whole or not at all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import { digestOfFile, hexOf } from '@assay/oci';
import { writeSynced } from '../journal.ts';
import type { Work } from './step.ts';

type Folder = Pick<Work, 'folder'>;

export function write({ folder }: Folder, name: string, content: string | Uint8Array): void {
  writeSynced(join(folder, name), content);
}

export function read({ folder }: Folder, name: string): Uint8Array {
  return readFileCapped(join(folder, name), MAX_BYTES);
}

/** Hex. */
export function sha256Of({ folder }: Folder, name: string): string {
  return hexOf(digestOfFile(join(folder, name)));
}

export function isThere({ folder }: Folder, name: string): boolean {
  return existsSync(join(folder, name));
}

const MAX_BYTES = 512 * 1024 * 1024;
