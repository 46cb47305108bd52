/** What a document says, before and after it is an inventory. */
import { TrustError } from '@assay/core';
import type { Distro, Hash, HashAlgorithm, Inventory, Package, Subject } from '../inventory.ts';

export type SbomKind = 'cyclonedx' | 'spdx' | 'syft';

export interface SbomDocument {
  readonly kind: SbomKind;
  /** Of the format: `1.6`, `2.3`. */
  readonly version: string;
  /** All that is listed, as it is listed: also files and systems, and what stands there twice. */
  readonly listed: readonly Package[];
  readonly inventory: Inventory;
}

/** What was read of a document of any format. */
export interface Read {
  readonly version: string;
  readonly subject: Subject;
  readonly distro: Distro | undefined;
  readonly listed: readonly Listed[];
  readonly unreadable: Inventory['unreadable'];
}

export interface Listed {
  /** How the document refers to it. */
  readonly ref: string | undefined;
  readonly package: Package;
  /** Whether it is one, and not a file or a system. */
  readonly isPackage: boolean;
  /** References to what it depends on. */
  readonly dependsOn: readonly string[];
}

/** Counts while a document is read. Errors: `SBOM_LIMIT`. */
export function countListed(count: number): void {
  if (count > MAX_LISTED) throw new TrustError('SBOM_LIMIT', `more than ${MAX_LISTED} components, the cap`);
}

function isHashValue(algorithm: HashAlgorithm, value: string): boolean {
  return value.length === HASH_LENGTHS[algorithm] && /^[0-9a-f]+$/.test(value);
}

/** `undefined` for kinds and values that are not of ours. */
export function hashOf(algorithm: HashAlgorithm | undefined, text: string | undefined): Hash[] {
  const value = text?.toLowerCase();
  return algorithm !== undefined && value !== undefined && isHashValue(algorithm, value) ? [{ algorithm, value }] : [];
}

const HASH_LENGTHS: Readonly<Record<HashAlgorithm, number>> = { MD5: 32, 'SHA-1': 40, 'SHA-256': 64, 'SHA-512': 128 };
const MAX_LISTED = 1_000_000;
