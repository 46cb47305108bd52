/** What a package is, of what a document says of it: its package URL, its kind, its name. */
import type { PackageType } from '../inventory.ts';
import { packageUrl, parsePurl } from '../package-url.ts';

export interface Described {
  readonly purl?: string | undefined;
  /** As the document calls its kind: `library`, `deb`. */
  readonly kind: string;
  readonly group?: string | undefined;
  readonly name: string;
  readonly version: string;
}

export interface Identity {
  readonly purl: string;
  readonly type: PackageType;
  readonly name: string;
}

/** @param type as the document's maker named it, if it is one of ours. */
export function identityOf(described: Described, type: string | undefined): Identity {
  const parsed = described.purl === undefined ? undefined : parsePurl(described.purl);
  const name = nameOf(described);
  if (parsed === undefined) return { purl: genericPurl(described), type: isPackageType(type) ? type : 'other', name };
  return { purl: parsed.purl, type: isPackageType(type) ? type : (TYPES.get(parsed.type) ?? 'other'), name };
}

/** What has no package URL is told apart by what the document says: `pkg:generic/library/name@version`. */
function genericPurl({ kind, group, name, version }: Described): string {
  return packageUrl({ type: 'generic', namespace: [kind, group ?? ''].join('/'), name, version });
}

/** Some documents have the scope of a name apart; for Java it is no part of the name. */
function nameOf({ purl, group, name }: Described): string {
  if (!group || name.includes('/') || purl === undefined) return name;
  return /^pkg:(?:npm|golang)\//i.test(purl) ? `${group}/${name}` : name;
}

/** `pypi` of `pkg:pypi/…` is our `python`; undefined for kinds that have no name of their own here. */
export function typeOfPurlType(purlType: string): PackageType | undefined {
  return TYPES.get(purlType);
}

export function isPackageType(text: string | undefined): text is PackageType {
  return PACKAGE_TYPES.has(text as PackageType);
}

const TYPES: ReadonlyMap<string, PackageType> = new Map([
  ['apk', 'apk'],
  ['deb', 'deb'],
  ['golang', 'go-module'],
  ['maven', 'java-archive'],
  ['npm', 'npm'],
  ['pypi', 'python'],
  ['rpm', 'rpm'],
  ['cargo', 'rust-crate'],
]);
const PACKAGE_TYPES: ReadonlySet<PackageType> = new Set([...TYPES.values(), 'binary', 'github-action', 'other']);
