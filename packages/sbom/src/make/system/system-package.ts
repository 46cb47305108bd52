/** What the databases of systems list, before it is an inventory's. */
import type { Hash, Location, Package, PackageType } from '../../inventory.ts';
import { resolveDependencies } from './dependencies.ts';

export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  /** Empty when the package is for none: keys in the rpm database. */
  readonly architecture: string;
  readonly licenses: readonly string[];
  readonly hashes: readonly Hash[];
  readonly supplier: string | undefined;
  /** What others may require, besides its name. */
  readonly provides: readonly string[];
  readonly requires: readonly string[];
}

export interface Listed<T> {
  readonly package: T;
  readonly location: Location;
}

interface Kind<T> {
  readonly type: PackageType;
  readonly foundBy: string;
  readonly purl: (one: T) => string;
}

/** @param listed all packages of one system: dependencies are looked for among them */
export function inventoried<T extends SystemPackage>(listed: readonly Listed<T>[], { type, foundBy, purl }: Kind<T>): Package[] {
  const purls = listed.map((one) => purl(one.package));
  const dependencies = resolveDependencies(listed.map((one) => one.package));
  return listed.map(({ package: { name, version, licenses, hashes, supplier }, location }, i) => ({
    purl: purls[i] as string,
    type,
    name,
    version,
    licenses,
    hashes,
    locations: [location],
    dependsOn: (dependencies[i] ?? []).map((j) => purls[j] as string),
    ...(supplier !== undefined && supplier !== '' && { supplier }),
    foundBy,
  }));
}

/** Names and versions are words: anything else is a database that was damaged, or a line that wants to be two. */
export function isWord(text: string): boolean {
  return WORD.test(text);
}

const WORD = /^[^\s\p{C}\uFFFD]+$/u;
