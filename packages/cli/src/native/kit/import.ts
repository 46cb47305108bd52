/** `assay kit import FILE TARGET`: verified first, then into a registry or a folder; what is written is held against what was verified while it passes. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quote, TrustError, warnings } from '@assay/core';
import { importToFolder, importToRegistry, KitFile, writeEntries } from '@assay/kit';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import { transferProgress } from '../../transfer-progress.ts';
import { openAccess, type RegistryFlags } from '../registry-flags.ts';
import { kindOf } from '../report.ts';
import type { DemandFlags, PinFlags } from './demands.ts';
import { kitText, verifyKit } from './verify.ts';

export interface ImportFlags extends DemandFlags, PinFlags, Omit<RegistryFlags, 'sideRepository'> {
  readonly force?: boolean;
  readonly files?: string;
  /** `true` without a folder: that of the target. */
  readonly trust?: string | true;
}

/** Returns the exit status. Errors: those of `kit verify`; `USAGE`, `OCI_…`, `NET_…`. */
export async function runKitImport(path: string, target: string, flags: ImportFlags, io: Io): Promise<number> {
  const isFolder = isFolderName(target);
  const folders = foldersOf(target, isFolder, flags);
  const kit = KitFile.open(path);
  try {
    const root = await verifyKit(kit, flags, io);
    if (root.status !== 'pass') {
      io.stderr(kitText(kit, root, 'brief', { ...io, terminal: false }));
      return exitOf(kindOf(root));
    }
    for (const { warning } of warnings(root)) io.stderr(`warning: ${warning}\n`);
    const existing = flags.force === true ? 'replace' : 'refuse';
    const files = kit.manifest.things.filter(({ kind }) => kind === 'file');
    if (folders.files !== undefined && !isFolder) await writeEntries(kit, folders.files, 'files/', { existing });
    if (folders.trust !== undefined) for (const prefix of ['trust/', 'policy/']) await writeEntries(kit, folders.trust, prefix, { existing });
    const imported = isFolder ? await intoFolder(kit, target, existing, io) : await intoRegistry(kit, target, existing, flags, io);
    for (const name of imported) io.stdout(`${name}\n`);
    if (folders.files === undefined) for (const { name } of files) io.stderr(`left in the kit: the file ${quote(name)}: add --files FOLDER\n`);
    else for (const { name } of files) io.stdout(`${join(folders.files, 'files', name)}\n`);
    return EXIT.accepted;
  } finally {
    kit.close();
  }
}

/** A path (with a slash at the beginning, or `./`), or a folder that is there; anything else is a registry. */
function isFolderName(target: string): boolean {
  return /^\.{0,2}\//.test(target) || target === '.' || (existsSync(target) && statSync(target).isDirectory());
}

function foldersOf(
  target: string,
  isFolder: boolean,
  { files, trust }: ImportFlags,
): { readonly files: string | undefined; readonly trust: string | undefined } {
  if (isFolder && files !== undefined) throw new TrustError('USAGE', '--files is for registries: a folder gets the files anyway', { hint: 'leave it out' });
  if (!isFolder && trust === true) throw new TrustError('USAGE', '--trust needs a folder when the target is a registry', { hint: 'write --trust FOLDER' });
  return { files: isFolder ? target : files, trust: trust === true ? target : trust };
}

async function intoFolder(kit: KitFile, folder: string, existing: 'refuse' | 'replace', io: Io): Promise<readonly string[]> {
  const line = progressLine(io);
  let done = 0;
  try {
    await importToFolder(kit, folder, {
      existing,
      onBytes: () => {
        done += 1;
        line.tell(() => `${done} of ${kit.manifest.entries.length} entries`);
      },
    });
  } finally {
    line.end();
  }
  return kit.manifest.things.flatMap((thing) => (thing.kind === 'file' ? [] : [`${folder}@${thing.digest}`]));
}

async function intoRegistry(kit: KitFile, target: string, existing: 'refuse' | 'replace', flags: ImportFlags, io: Io): Promise<readonly string[]> {
  const access = openAccess(flags, io);
  const progress = transferProgress(io);
  try {
    return await importToRegistry(kit, target, { open: (repository) => access.registries.repository(repository), existing, onBlob: progress.onBlob });
  } finally {
    progress.end();
    access.close();
  }
}
