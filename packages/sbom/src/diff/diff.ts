/** What differs between two inventories: packages by kind and name, their versions, their licences. */
import { conjuncts } from '../documents/licenses.ts';
import type { Inventory, Package } from '../inventory.ts';
import { compareVersions } from '../versions/compare.ts';

export interface InventoryDiff {
  readonly added: readonly Package[];
  readonly removed: readonly Package[];
  /** Of which there was one version before and is one after. */
  readonly changed: readonly ChangedPackage[];
  /** The same version under other licences. */
  readonly relicensed: readonly RelicensedPackage[];
}

export interface ChangedPackage {
  readonly before: Package;
  readonly after: Package;
  /** `older` also when somebody has put back what was fixed. */
  readonly to: 'newer' | 'older';
  /** Where they differ, too. */
  readonly licenses?: Relicensing;
}

export interface RelicensedPackage {
  readonly package: Package;
  readonly licenses: Relicensing;
}

export interface Relicensing {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Sorted by kind, name and version. Of several versions of a package those that both have cancel out. */
export function diffInventories(before: Inventory, after: Inventory): InventoryDiff {
  const [old, young] = [versionsByName(before.packages), versionsByName(after.packages)];
  const added: Package[] = [];
  const removed: Package[] = [];
  const changed: ChangedPackage[] = [];
  const relicensed: RelicensedPackage[] = [];
  for (const key of [...new Set([...old.keys(), ...young.keys()])].sort()) {
    const [was, is] = [old.get(key) ?? NONE, young.get(key) ?? NONE];
    const gone = [...was.values()].filter(({ version }) => !is.has(version));
    const come = [...is.values()].filter(({ version }) => !was.has(version));
    const [from, to] = [gone[0], come[0]];
    if (from !== undefined && to !== undefined && gone.length === 1 && come.length === 1) changed.push(changeOf(from, to));
    else {
      removed.push(...gone);
      added.push(...come);
    }
    for (const one of was.values()) {
      const licenses = relicensing(one, is.get(one.version) ?? one);
      if (licenses !== undefined) relicensed.push({ package: one, licenses });
    }
  }
  return { added, removed, changed, relicensed };
}

export function isSame({ added, removed, changed, relicensed }: InventoryDiff): boolean {
  return added.length + removed.length + changed.length + relicensed.length === 0;
}

type Versions = ReadonlyMap<string, Package>;

function versionsByName(packages: readonly Package[]): ReadonlyMap<string, Versions> {
  const found = new Map<string, Map<string, Package>>();
  for (const one of packages) {
    const versions = found.get(keyOf(one)) ?? new Map<string, Package>();
    found.set(keyOf(one), versions);
    if (!versions.has(one.version)) versions.set(one.version, one);
  }
  for (const [key, versions] of found) {
    found.set(key, new Map([...versions].sort(([, a], [, b]) => compareVersions(a.type, a.version, b.version) || (a.version < b.version ? -1 : 1))));
  }
  return found;
}

/** Names of Java archives are told apart by their groups. */
function keyOf({ type, name, purl }: Package): string {
  const group = type === 'java-archive' ? purl.slice(0, purl.lastIndexOf('/')) : '';
  return [type, name, group].join('\0');
}

function changeOf(before: Package, after: Package): ChangedPackage {
  const licenses = relicensing(before, after);
  const to = compareVersions(after.type, before.version, after.version) > 0 ? 'older' : 'newer';
  return { before, after, to, ...(licenses !== undefined && { licenses }) };
}

/** `MIT AND ISC` is the same as both of them in a list. */
function relicensing(before: Package, after: Package): Relicensing | undefined {
  const [was, is] = [before, after].map(({ licenses }) => [...new Set(licenses.flatMap(conjuncts))].sort()) as [string[], string[]];
  return was.join('\0') === is.join('\0') ? undefined : { before: was, after: is };
}

const NONE: Versions = new Map();
