/** What `assay sbom` is asked about: as elsewhere, and folders. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Thing, thingOf } from '../thing.ts';

export type SbomThing = Thing | { readonly kind: 'folder'; readonly name: string };

/** Errors: `FILE_NOT_FOUND`, `USAGE`. */
export function sbomThingOf(argument: string): SbomThing {
  const path = argument.startsWith('file:') ? argument.slice('file:'.length) : argument;
  if (!argument.startsWith('oci://') && isFolder(path) && !existsSync(join(path, 'oci-layout'))) return { kind: 'folder', name: path };
  return thingOf(argument);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
