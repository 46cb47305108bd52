/**
 * Databases that a package manager writes again as a whole whenever it installs something: each layer that installs holds all packages of those below.
 * What is installed is what the top one says. A package came with the lowest layer whose database lists it, going down from the top without a gap:
 * one that was removed and installed again came with the later layer.
 */
import type { FoundFile } from '../cataloger.ts';
import type { Report } from './broken-parts.ts';
import { hasTooManyDependencies } from './dependencies.ts';
import type { Listed, SystemPackage } from './system-package.ts';

export class LayeredDatabases<T extends SystemPackage> {
  readonly #byPath = new Map<string, Database<T>>();

  /** Hidden ones count only below one that is visible and could be read. */
  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden || this.#byPath.has(path);
  }

  /** Files from the top layer down. */
  add({ path, layer, isHidden }: FoundFile, packages: readonly T[], report: Report): void {
    if (isHidden) {
      this.#byPath.get(path)?.foundBelow(layer, packages);
      return;
    }
    if (hasTooManyDependencies(packages)) report('has more dependencies than any system: none of them are in the inventory');
    this.#byPath.set(path, new Database(path, layer, packages));
  }

  /** Each database's packages, by its path. */
  *databases(): Generator<[path: string, Listed<T>[]]> {
    for (const [path, database] of this.#byPath) yield [path, database.listed()];
  }
}

class Database<T extends SystemPackage> {
  readonly #path: string;
  readonly #packages: readonly Origin<T>[];
  /** Those that every database so far has listed. */
  #everywhere: readonly Origin<T>[];

  constructor(path: string, layer: string | undefined, packages: readonly T[]) {
    this.#path = path;
    this.#packages = packages.map((one) => ({ package: one, layer }));
    this.#everywhere = this.#packages;
  }

  foundBelow(layer: string | undefined, packages: readonly T[]): void {
    const below = new Set(packages.map(identity));
    this.#everywhere = this.#everywhere.filter((one) => below.has(identity(one.package)));
    for (const one of this.#everywhere) one.layer = layer;
  }

  listed(): Listed<T>[] {
    return this.#packages.map(({ package: one, layer }) => ({ package: one, location: { path: this.#path, ...(layer !== undefined && { layer }) } }));
  }
}

interface Origin<T> {
  readonly package: T;
  layer: string | undefined;
}

function identity({ name, version, architecture }: SystemPackage): string {
  return `${name}\0${version}\0${architecture}`;
}
