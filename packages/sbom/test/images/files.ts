/** Files of this machine as entries of a layer. Links are left out. */
import { createReadStream, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NewEntry } from '@assay/oci/image';

/** The file or folder, with all below it, as `to`. @param isKept asked with paths below `from` */
export function* copied(from: string, to: string, isKept: (path: string) => boolean = () => true): Generator<NewEntry, void, void> {
  const stats = lstatSync(from);
  if (stats.isFile()) yield fileEntry(from, to);
  if (!stats.isDirectory()) return;
  yield { header: { name: `${to}/`, type: 'directory', size: 0, mode: 0o755 } };
  for (const name of readdirSync(from).toSorted()) {
    if (isKept(name)) yield* copied(join(from, name), `${to}/${name}`, (below) => isKept(`${name}/${below}`));
  }
}

function fileEntry(from: string, to: string): NewEntry {
  const { size, mode } = lstatSync(from);
  const header = { name: to, size, mode: mode & 0o777 };
  return size === 0 ? { header } : { header, content: opened(from) };
}

/** Opened when its turn has come: there are more files than may be open at once. */
async function* opened(path: string): AsyncGenerator<Uint8Array, void, void> {
  yield* createReadStream(path);
}
