/** Packages of rpm: its database, wherever distributions have kept it, and the manifest that images without rpm have. */
import type { Distro, Package } from '../../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../../cataloger.ts';
import { attempt, collect, type Report } from '../broken-parts.ts';
import { LayeredDatabases } from '../layered-database.ts';
import { PathBudget } from '../path-budget.ts';
import { inventoried } from '../system-package.ts';
import { RpmHeader } from './header.ts';
import { manifestPackages } from './manifest.ts';
import { rpmRecords } from './records.ts';
import { filesOf, type RpmContents, type RpmPackage, requirementsOf, rpmPackage, rpmPurl } from './rpm-package.ts';

export const rpm: Cataloger = { name: 'rpm-db', finds: 'installed', open: () => new RpmCatalog() };

class RpmCatalog implements Catalog {
  readonly #databases = new LayeredDatabases<RpmPackage>();

  wants(file: FoundFile): boolean {
    return (DATABASE.test(file.path) || MANIFEST.test(file.path)) && this.#databases.wants(file);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const packages = MANIFEST.test(file.path) ? collect(report, (say) => manifestPackages(content, say)) : databasePackages(content, report);
    this.#databases.add(file, packages, report);
  }

  *files(): Generator<string> {
    for (const [path, listed] of this.#databases.databases()) {
      const root = path.replace(DATABASE, '');
      for (const { package: one } of listed) for (const file of one.files) yield `${root}${file}`;
    }
  }

  *packages(distro: Distro | undefined): Generator<Package> {
    for (const [, listed] of this.#databases.databases()) yield* inventoried(listed, { type: 'rpm', foundBy: rpm.name, purl: (one) => rpmPurl(one, distro) });
  }
}

/** All headers before the first package: which of its files a package provides depends on what others require. */
function databasePackages(content: Uint8Array, report: Report): RpmPackage[] {
  const headers = collect(report, (say) => headersOf(content, say));
  const requiredPaths = new Set(headers.flatMap(({ requires }) => requires.filter((name) => name.startsWith('/'))));
  return collect(report, (say) => packagesOf(headers, requiredPaths, say));
}

interface Header extends RpmContents {
  readonly header: RpmHeader;
}

function* headersOf(content: Uint8Array, report: Report): Generator<Header, void, void> {
  const budget = new PathBudget();
  for (const record of rpmRecords(content, report)) {
    const one = attempt(report, () => {
      const header = new RpmHeader(record);
      return { header, requires: requirementsOf(header), files: [...budget.keep(filesOf(header))] };
    });
    if (one !== undefined) yield one;
  }
}

function* packagesOf(headers: readonly Header[], requiredPaths: ReadonlySet<string>, report: Report): Generator<RpmPackage, void, void> {
  for (const { header, ...contents } of headers) {
    const one = attempt(report, () => rpmPackage(header, contents, requiredPaths));
    if (one !== undefined) yield one;
  }
}

const DATABASE = /\/(var\/lib|usr\/share|usr\/lib\/sysimage)\/rpm\/(Packages|Packages\.db|rpmdb\.sqlite)$/;
const MANIFEST = /\/var\/lib\/rpmmanifest\/container-manifest-2$/;
