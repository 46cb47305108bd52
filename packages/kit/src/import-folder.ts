/** A kit into a folder: an OCI layout of its images, and its files. The layout's index comes last. */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quote, TrustError } from '@assay/core';
import { type Descriptor, Layout, REF_NAME } from '@assay/oci';
import type { KitFile } from './kit-file.ts';
import { blobPath } from './manifest.ts';
import { writeWhole } from './whole-file.ts';

export interface FolderOptions {
  /** What becomes of files and names that are there already and are something else. Default `refuse`. */
  readonly existing?: 'refuse' | 'replace';
  /** Bytes of each piece that is there. */
  readonly onBytes?: (bytes: number) => void;
}

/** Errors: `OCI_EXISTS`, `FILE_UNREADABLE` for a link where a folder should be, those of the kit. */
export async function importToFolder(kit: KitFile, folder: string, options: FolderOptions = {}): Promise<void> {
  await writeEntries(kit, folder, 'files/', options);
  const { entries } = await kit.content();
  if (entries.length === 0) return;
  const layout = Layout.openOrCreate(folder);
  const names = new Set(entries.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []));
  const present = layout.entries();
  if (options.existing !== 'replace') refuseRenaming(entries, present, folder);
  for (const { path, digest, size } of kit.manifest.entries) {
    if (path !== blobPath(digest)) continue;
    requireFolders(folder, path);
    await layout.putBlob({ mediaType: '', digest, size }, { size, open: () => kit.open(digest) });
    options.onBytes?.(size);
  }
  const digests = new Set(entries.map(({ digest }) => digest));
  const others = present.filter(({ digest, annotations }) => !names.has(annotations?.[REF_NAME] ?? '') && !digests.has(digest));
  layout.replaceEntries([...others, ...entries]);
}

/** The entries below `prefix` under the same paths. Errors: as above. */
export async function writeEntries(kit: KitFile, folder: string, prefix: string, options: FolderOptions = {}): Promise<void> {
  const wanted = kit.manifest.entries.filter(({ path }) => path.startsWith(prefix));
  if (options.existing !== 'replace') for (const { path } of wanted) refuseFile(join(folder, path));
  for (const { path, size } of wanted) {
    requireFolders(folder, path);
    await writeWhole(join(folder, path), kit.stream(path));
    options.onBytes?.(size);
  }
}

function refuseFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new TrustError('OCI_EXISTS', `${quote(path)}: is there already`, { hint: 'import into another folder, or overwrite it with --force' });
}

function refuseRenaming(entries: readonly Descriptor[], present: readonly Descriptor[], folder: string): void {
  for (const { digest, annotations } of entries) {
    const name = annotations?.[REF_NAME];
    const other = name === undefined ? undefined : present.find((one) => one.annotations?.[REF_NAME] === name);
    if (name === undefined || other === undefined || other.digest === digest) continue;
    throw new TrustError('OCI_EXISTS', `${quote(folder)}: ${name} names another image already`, {
      expected: digest,
      found: other.digest,
      hint: 'overwrite it with --force',
    });
  }
}

/** Real folders all the way down: a link that somebody has put there would lead the file elsewhere. */
function requireFolders(folder: string, path: string): void {
  mkdirSync(folder, { recursive: true });
  const parts = dirname(path).split('/');
  for (const [i] of parts.entries()) {
    const one = join(folder, ...parts.slice(0, i + 1));
    const status = lstatSync(one, { throwIfNoEntry: false });
    if (status === undefined) mkdirSync(one);
    else if (!status.isDirectory()) throw new TrustError('FILE_UNREADABLE', `${quote(one)}: is no folder`, { hint: 'import into another folder' });
  }
}
