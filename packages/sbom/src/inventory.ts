/**
 * What is in an image, a folder or a file. Every document is written from an `Inventory`, and read into one: asking and comparing know nothing of formats.
 *
 *   purl         says what a package is, and is its identity: what is found in two places is one package with two locations
 *   dependsOn    purls of the same inventory, as far as the ecosystem says them
 *   unreadable   what could not be read, and why: an inventory that is silent about it would claim to be whole
 */
import type { ErrorCode } from '@assay/core';

export interface Inventory {
  readonly subject: Subject;
  /** Of images and of folders that hold the root of a system. */
  readonly distro: Distro | undefined;
  /** Sorted by purl, each once. */
  readonly packages: readonly Package[];
  readonly unreadable: readonly Unreadable[];
}

export interface Subject {
  readonly kind: 'image' | 'folder' | 'file';
  /** `HOST/REPOSITORY` of images, else the base name. */
  readonly name: string;
  /** As tags or versions say it; empty when nothing does. */
  readonly version: string;
  /** `sha256:HEX` of the image's manifest, or of the file. */
  readonly digest: string | undefined;
  /** ISO 8601: when an image says that it was made. */
  readonly created: string | undefined;
}

/** Of /etc/os-release (os-release(5)). */
export interface Distro {
  /** ID: `debian`, `alpine`. */
  readonly id: string;
  /** VERSION_ID; empty on rolling ones. */
  readonly versionId: string;
  readonly prettyName: string;
}

/** What syft, whose counts people compare with, calls the kinds of packages. */
export type PackageType =
  | 'apk'
  | 'binary'
  | 'deb'
  | 'github-action'
  | 'github-action-workflow'
  | 'go-module'
  | 'java-archive'
  | 'jenkins-plugin'
  | 'npm'
  | 'python'
  | 'rpm'
  | 'rust-crate'
  | 'other';

export interface Package {
  /** Package URL in its canonical form (purl specification). */
  readonly purl: string;
  readonly type: PackageType;
  /** As the ecosystem writes it: `@scope/name`, `org.example:name` is only `name`. */
  readonly name: string;
  /** Empty when nothing says it. */
  readonly version: string;
  /** SPDX expressions where the package has them, else its own words. */
  readonly licenses: readonly string[];
  readonly hashes: readonly Hash[];
  /** At least one, the first found first. */
  readonly locations: readonly Location[];
  readonly dependsOn: readonly string[];
  /** Who maintains or publishes it, as the package says. */
  readonly supplier?: string;
  /** The name of the cataloger. */
  readonly foundBy: string;
}

export type HashAlgorithm = 'MD5' | 'SHA-1' | 'SHA-256' | 'SHA-512';

export interface Hash {
  readonly algorithm: HashAlgorithm;
  /** Lower-case hex. */
  readonly value: string;
}

export interface Location {
  /** From the root of the subject, `/` in front. */
  readonly path: string;
  /** Of images: the digest of the layer that brought it, as the manifest names it. */
  readonly layer?: string;
}

export interface Unreadable {
  readonly path: string;
  readonly layer?: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Packages of several catalogers as one list: sorted, each purl once, dependencies on what is there alone. */
export function mergePackages(found: Iterable<Package>): Package[] {
  const byPurl = new Map<string, Package>();
  for (const one of found) {
    const before = byPurl.get(one.purl);
    byPurl.set(one.purl, before === undefined ? one : joined(before, one));
  }
  const isThere = (purl: string): boolean => byPurl.has(purl);
  return [...byPurl.values()]
    .sort((a, b) => compare(a.purl, b.purl))
    .map((one) => ({ ...one, dependsOn: [...new Set(one.dependsOn)].filter((purl) => purl !== one.purl && isThere(purl)).sort(compare) }));
}

function joined(a: Package, b: Package): Package {
  const supplier = a.supplier ?? b.supplier;
  return {
    ...a,
    licenses: distinct([...a.licenses, ...b.licenses], (license) => license),
    hashes: distinct([...a.hashes, ...b.hashes], ({ algorithm, value }) => `${algorithm}:${value}`),
    locations: distinct([...a.locations, ...b.locations], ({ path, layer }) => `${path}\0${layer ?? ''}`),
    dependsOn: [...a.dependsOn, ...b.dependsOn],
    ...(supplier !== undefined && { supplier }),
  };
}

function distinct<T>(values: readonly T[], key: (value: T) => string): T[] {
  return [...new Map(values.toReversed().map((value) => [key(value), value])).values()].reverse();
}

/** By code units: the same on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
