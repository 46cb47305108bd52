/** Inventories of things: made of what they hold. */
import { isTrustError, TrustError } from '@assay/core';
import { readFileHead } from '@assay/net/file';
import {
  type ContentReader,
  DEFAULT_PLATFORM,
  imageForPlatform,
  Layout,
  parsePlatform,
  parseReference,
  repositoryText,
  type StoredManifest,
  savedManifest,
  targetOf,
} from '@assay/oci';
import { type BuiltImage, DockerArchive } from '@assay/oci/image';
import type { Inventory } from '@assay/sbom';
import { archiveSource, fileSource, folderSource, imageSource, makeInventory, type Source } from '@assay/sbom/make';
import type { Io } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import { openAccess, type RegistryFlags } from '../registry-flags.ts';
import type { SbomThing } from './thing.ts';

export interface InventoryFlags extends RegistryFlags {
  /** Of an index; default linux/amd64. */
  readonly platform?: string;
  readonly offline?: boolean;
}

/** Errors: `OCI_…`, `NET_…`, `FILE_…`, `USAGE`. */
export async function inventoryOf(thing: SbomThing, flags: InventoryFlags, io: Io): Promise<Inventory> {
  if (thing.kind === 'folder') return inventoryIn(folderSource(thing.name), io);
  if (thing.kind === 'layout') {
    const layout = Layout.open(thing.name);
    return inventoryIn(await sourceIn(await savedManifest(layout), layout, { name: thing.name }, flags), io);
  }
  if (thing.kind === 'file') return inventoryIn(await fileOrArchive(thing.name, flags), io);
  const access = openAccess(flags, io);
  try {
    const reference = parseReference(thing.name);
    const reader = access.registries.repository(reference);
    const stored = await reader.requireManifest(targetOf(reference));
    return await inventoryIn(await sourceIn(stored, reader, { name: repositoryText(reference), version: versionOf(reference) }, flags), io);
  } finally {
    access.close();
  }
}

function versionOf({ tag, digest }: { readonly tag: string | undefined; readonly digest: string | undefined }): string {
  return tag ?? (digest === undefined ? 'latest' : '');
}

/** The image, or that of an index for the platform. */
export async function sourceIn(
  stored: StoredManifest,
  reader: Pick<ContentReader, 'name' | 'manifest' | 'blob' | 'readBlob'>,
  named: { readonly name: string; readonly version?: string },
  { platform }: Pick<InventoryFlags, 'platform'>,
): Promise<Source> {
  const wanted = platform === undefined ? DEFAULT_PLATFORM : parsePlatform(platform);
  return imageSource(await imageForPlatform(stored, reader, wanted, named.name), reader, named);
}

/** Says what it does when that takes longer than a second. */
export async function inventoryIn(source: Source, io: Io): Promise<Inventory> {
  const line = progressLine(io);
  let files = 0;
  try {
    return await makeInventory(source, {
      onFile: ({ path }) => {
        files += 1;
        line.tell(() => `${source.subject.name}: ${files} files, ${path.slice(0, 60)}`);
      },
    });
  } finally {
    line.end();
  }
}

async function fileOrArchive(path: string, flags: InventoryFlags): Promise<Source> {
  if (path === '-') throw new TrustError('USAGE', 'an inventory is made of a file, not of standard input', { hint: 'name the file' });
  const built = isTar(path) ? await archivedImage(path) : undefined;
  if (built === undefined) return (await archiveSource(path)) ?? fileSource(path);
  return sourceIn(built.stored, built.content, { name: path }, flags);
}

/** As `docker save` writes it; undefined for archives of other things. */
async function archivedImage(path: string): Promise<BuiltImage | undefined> {
  try {
    return await (await DockerArchive.open(path)).image(undefined);
  } catch (error) {
    if (isTrustError(error) && (error.code === 'OCI_ARCHIVE' || error.code === 'OCI_LAYER')) return undefined;
    throw error;
  }
}

function isTar(path: string): boolean {
  return headOf(path, TAR_MAGIC.at + TAR_MAGIC.text.length).endsWith(TAR_MAGIC.text);
}

/** The first bytes of a file, as Latin-1. Errors: `FILE_…`. */
export function headOf(path: string, bytes: number): string {
  return Buffer.from(readFileHead(path, bytes)).toString('latin1');
}

/** POSIX.1-1988. */
const TAR_MAGIC = { at: 257, text: 'ustar' };
