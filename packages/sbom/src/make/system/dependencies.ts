/**
 * Who depends on whom: what a package requires is a package's name, or something that packages provide. All that provide it count, of alternatives too;
 * constraints on versions held when the package was installed.
 */
import type { SystemPackage } from './system-package.ts';

type Claims = Pick<SystemPackage, 'name' | 'architecture' | 'provides' | 'requires'>;

/** For each package the places of those it depends on; none at all when there are too many. */
export function resolveDependencies(packages: readonly Claims[]): number[][] {
  const providers = providersOf(packages);
  if (count(packages, providers) > MAX_DEPENDENCIES) return [];
  return packages.map((one, i) => {
    const found = new Set<number>();
    for (const name of one.requires) {
      const all = providers.get(name) ?? [];
      const fitting = all.filter((j) => fits(one, packages[j] as Claims));
      for (const j of fitting.length > 0 ? fitting : all) found.add(j);
    }
    found.delete(i);
    return [...found];
  });
}

/** Every package that requires what every package provides makes a square of them, which no memory holds. Real systems have some thousands. */
export function hasTooManyDependencies(packages: readonly Claims[]): boolean {
  return count(packages, providersOf(packages)) > MAX_DEPENDENCIES;
}

function count(packages: readonly Claims[], providers: ReadonlyMap<string, readonly number[]>): number {
  let sum = 0;
  for (const { requires } of packages) for (const name of requires) sum += providers.get(name)?.length ?? 0;
  return sum;
}

function providersOf(packages: readonly Claims[]): Map<string, number[]> {
  const providers = new Map<string, number[]>();
  packages.forEach(({ name, provides }, i) => {
    for (const provided of new Set([name, ...provides])) {
      const before = providers.get(provided);
      if (before === undefined) providers.set(provided, [i]);
      else before.push(i);
    }
  });
  return providers;
}

/** On systems of two architectures, each package depends on those of its own. */
function fits(a: Claims, b: Claims): boolean {
  return a.architecture === b.architecture || NEUTRAL.has(a.architecture) || NEUTRAL.has(b.architecture);
}

const NEUTRAL: ReadonlySet<string> = new Set(['all', 'noarch', '']);
const MAX_DEPENDENCIES = 1_000_000;
