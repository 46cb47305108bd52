/** A cataloger over files that tests make up. */
import { isTrustError } from '@assay/core';
import type { Distro, Package } from '../../../inventory.ts';
import type { Cataloger } from '../../cataloger.ts';

export interface TestFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly layer?: string;
  readonly isHidden?: true;
}

export interface Run {
  readonly packages: readonly Package[];
  /** Of broken parts, and of whole files as `CODE: message`. */
  readonly reports: readonly string[];
  readonly files: readonly string[];
}

/** @param files from the top layer down. Errors: all that are no `TrustError`. */
export function runCataloger(cataloger: Cataloger, files: readonly TestFile[], distro?: Distro): Run {
  const catalog = cataloger.open();
  const reports: string[] = [];
  for (const { path, content, layer, isHidden } of files) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const file = { path, size: bytes.length, mode: 0o644, isHidden: isHidden === true, head: bytes.subarray(0, 512), ...(layer !== undefined && { layer }) };
    if (!catalog.wants(file)) continue;
    try {
      catalog.read(file, bytes, (message) => reports.push(message));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      reports.push(`${error.code}: ${error.message}`);
    }
  }
  return { packages: [...catalog.packages(distro)], reports, files: [...(catalog.files?.() ?? [])] };
}

export function idsOf({ packages }: Run): string[] {
  return packages.map(({ name, version }) => `${name} ${version}`);
}

export const DEBIAN: Distro = { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)' };
export const ALPINE: Distro = { id: 'alpine', versionId: '3.20.3', prettyName: 'Alpine Linux v3.20' };
export const FEDORA: Distro = { id: 'fedora', versionId: '40', prettyName: 'Fedora Linux 40' };
