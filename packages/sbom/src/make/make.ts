/** An inventory of whatever a source holds: every file passes once, and each cataloger reads what it wants. */
import { isTrustError, TrustError } from '@assay/core';
import { type Inventory, mergePackages, type Unreadable } from '../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from './cataloger.ts';
import { CATALOGERS } from './catalogers.ts';
import { DistroReader } from './distro.ts';
import type { Source, SourceFile } from './source.ts';

export interface MakeOptions {
  readonly catalogers?: readonly Cataloger[];
  /** Told after each file, for those who wait. */
  readonly onFile?: (file: FoundFile) => void;
}

/**
 * What cannot be read is in the inventory's `unreadable`, and the rest is still found.
 * Errors: those of the source: a digest that differs, a registry that does not answer.
 */
export async function makeInventory(source: Source, { catalogers = CATALOGERS, onFile }: MakeOptions = {}): Promise<Inventory> {
  const unreadable: Unreadable[] = [];
  const report = (one: Unreadable): void => {
    if (unreadable.length < MAX_UNREADABLE) unreadable.push(one);
  };
  const distro = new DistroReader();
  const running = catalogers
    .filter(({ finds }) => finds !== 'declared' || source.subject.kind !== 'image')
    .map((cataloger) => ({ yields: cataloger.yieldsToOwners === true, catalog: cataloger.open() }));
  const open = running.map(({ catalog }) => catalog);
  for await (const file of source.files(report)) {
    const wanting = [distro, ...open].filter((catalog) => catalog.wants(file));
    if (wanting.length > 0) await readFor(wanting, file, report);
    onFile?.(file);
  }
  const owned = ownedFiles(open);
  const found = running.flatMap(({ catalog, yields }) =>
    [...catalog.packages(distro.found)].filter(({ locations }) => !yields || !locations.some(({ path }) => owned.has(withoutUsr(path)))),
  );
  return { subject: source.subject, distro: distro.found, packages: mergePackages(found), unreadable };
}

function ownedFiles(catalogs: readonly Catalog[]): ReadonlySet<string> {
  const owned = new Set<string>();
  for (const catalog of catalogs) for (const path of catalog.files?.() ?? []) owned.add(withoutUsr(path));
  return owned;
}

/** Packages list `/bin/sh` where `/bin` is a link to `/usr/bin`, and the other way round. */
function withoutUsr(path: string): string {
  return path.replace(/^\/usr(?=\/(?:bin|sbin|lib[0-9x]*)\/)/, '');
}

type Reading = Pick<Catalog, 'read'>;

async function readFor(catalogs: readonly Reading[], file: SourceFile, report: (one: Unreadable) => void): Promise<void> {
  const { path, layer } = file;
  const say = (error: Pick<TrustError, 'code' | 'message'>): void =>
    report({ path, ...(layer !== undefined && { layer }), code: error.code, message: error.message });
  let content: Uint8Array;
  try {
    content = await file.read(MAX_FILE_BYTES);
  } catch (error) {
    if (!isTrustError(error) || error.code !== 'SBOM_LIMIT') throw error;
    return say(error);
  }
  for (const catalog of catalogs) {
    try {
      await catalog.read(file, content, (message) => say(new TrustError('SBOM_UNREADABLE', message)));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      say(error);
    }
  }
}

/** It lies in memory as a whole. The largest executables have some hundred megabytes. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
/** A hostile image can have any number of broken files. */
const MAX_UNREADABLE = 10_000;
