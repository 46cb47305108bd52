/**
 * Packages of dpkg: `/var/lib/dpkg/status`, in images without dpkg one file for each under `status.d`, and opkg's, which has the same format.
 * Below any folder, since a root may lie in another.
 */
import type { Distro, Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { collect, type Report } from './broken-parts.ts';
import { licensesOfCopyright } from './copyright.ts';
import { type Stanza, stanzasOf } from './deb822.ts';
import { LayeredDatabases } from './layered-database.ts';
import { linesOf, reportCutLine } from './lines.ts';
import { PathBudget } from './path-budget.ts';
import { inventoried, isWord, type Listed, type SystemPackage } from './system-package.ts';
import { systemUrl } from './system-url.ts';

export const dpkg: Cataloger = { name: 'dpkg-db', finds: 'installed', open: () => new DpkgCatalog() };

interface DebPackage extends SystemPackage {
  /** Of its source package, where they differ from its own. */
  readonly source: string | undefined;
  readonly sourceVersion: string | undefined;
}

class DpkgCatalog implements Catalog {
  readonly #databases = new LayeredDatabases<DebPackage>();
  /** By file. */
  readonly #alone = new Map<string, Listed<DebPackage>[]>();
  /** By path of the copyright file. */
  readonly #licenses = new Map<string, readonly string[]>();
  readonly #files: string[] = [];
  readonly #budget = new PathBudget();

  wants(file: FoundFile): boolean {
    if (DATABASE.test(file.path)) return this.#databases.wants(file);
    return !file.isHidden && (ALONE.test(file.path) || FILE_LIST.test(file.path) || COPYRIGHT.test(file.path));
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    if (COPYRIGHT.test(file.path)) this.#licenses.set(file.path, licensesOfCopyright(content));
    else if (FILE_LIST.test(file.path)) this.#readFiles(file, content, report);
    else this.#readPackages(file, content, report);
  }

  *packages(distro: Distro | undefined): Generator<Package> {
    const roots = new Map<string, Listed<DebPackage>[]>();
    for (const [path, listed] of [...this.#databases.databases(), ...this.#alone]) {
      const [, root = '', manager = ''] = ROOT.exec(path) ?? [];
      const key = `${manager}:${root}`;
      const before = roots.get(key);
      if (before === undefined) roots.set(key, [...listed]);
      else for (const one of listed) before.push(one);
    }
    for (const [key, listed] of roots) {
      const type = key.startsWith('opkg:') ? 'opkg' : 'deb';
      const root = key.slice(key.indexOf(':') + 1);
      yield* inventoried(this.#withLicenses(listed, root), { type: 'deb', foundBy: dpkg.name, purl: (one) => purlOf(one, type, distro) });
    }
  }

  *files(): Generator<string> {
    yield* this.#files;
  }

  #readFiles({ path }: FoundFile, content: Uint8Array, report: Report): void {
    const root = ROOT.exec(path)?.[1] ?? '';
    for (const listed of this.#budget.keep(pathsOf(content, report))) this.#files.push(`${root}${listed}`);
  }

  #readPackages(file: FoundFile, content: Uint8Array, report: Report): void {
    const packages = collect(report, (say) => installedOf(content, say));
    if (DATABASE.test(file.path)) {
      reportCutLine(content, report);
      this.#databases.add(file, packages, report);
    } else {
      const location = { path: file.path, ...(file.layer !== undefined && { layer: file.layer }) };
      this.#alone.set(
        file.path,
        packages.map((one) => ({ package: one, location })),
      );
    }
  }

  /**
   * A package without a copyright file has that of one it depends on, from the same source: its folder is a link, which is allowed in this case alone
   * (Debian policy 12.5).
   */
  #withLicenses(listed: readonly Listed<DebPackage>[], root: string): Listed<DebPackage>[] {
    const ofName = (name: string): readonly string[] | undefined => this.#licenses.get(`${root}/usr/share/doc/${name}/copyright`);
    const sources = new Map(listed.map(({ package: one }) => [one.name, one.source ?? one.name]));
    return listed.map(({ package: one, location }) => {
      const linked = one.requires.find((name) => sources.get(name) === (one.source ?? one.name) && ofName(name) !== undefined);
      const licenses = ofName(one.name) ?? (linked !== undefined ? ofName(linked) : undefined) ?? [];
      return { package: { ...one, licenses: [...new Set([...one.licenses, ...licenses])] }, location };
    });
  }
}

function* installedOf(content: Uint8Array, report: Report): Generator<DebPackage, void, void> {
  for (const stanza of stanzasOf(content, FIELDS, report)) {
    const one = NOT_INSTALLED.test(stanza.fields.get('status') ?? '') ? undefined : packageOf(stanza, report);
    if (one !== undefined) yield one;
  }
}

/** One a line; in images without dpkg behind its MD5, and opkg writes its mode behind it. */
function* pathsOf(content: Uint8Array, report: Report): Generator<string, void, void> {
  for (const line of linesOf(content, report)) {
    const [path = ''] = line.split('\t', 1);
    yield /^[0-9a-f]{32} {2}/.test(path) ? `/${path.slice(34)}` : path;
  }
}

function packageOf({ line, fields }: Stanza, report: Report): DebPackage | undefined {
  const name = fields.get('package');
  const version = fields.get('version') ?? '';
  if (name === undefined || !isWord(name)) {
    report(`the stanza at line ${line} names no package`);
    return undefined;
  }
  if (!isWord(version)) report(`the stanza at line ${line} has no version of ${name}`);
  // `Source: glibc (2.36-9)`: the version only where it is not the package's.
  const { source, sourceVersion } = /^(?<source>\S+)(\s+\((?<sourceVersion>[^)]*)\))?/.exec(fields.get('source') ?? '')?.groups ?? {};
  return {
    name,
    version: isWord(version) ? version : '',
    architecture: fields.get('architecture') ?? '',
    source,
    sourceVersion,
    licenses: fields.get('license')?.split(/\s+/).filter(Boolean) ?? [],
    hashes: [],
    supplier: fields.get('maintainer'),
    provides: relations(fields.get('provides')),
    requires: [...relations(fields.get('pre-depends')), ...relations(fields.get('depends'))],
  };
}

/** Names in a list of relations (deb-control(5)): `a (>= 1), b:any | c [linux-any]`. */
function relations(list = ''): string[] {
  return list
    .split(/[,|]/)
    .map((relation) => /^\s*([^\s:(<[]+)/.exec(relation)?.[1] ?? '')
    .filter(Boolean);
}

function purlOf({ name, version, architecture, source, sourceVersion }: DebPackage, type: string, distro: Distro | undefined): string {
  const upstream = source !== undefined && sourceVersion !== undefined ? `${source}@${sourceVersion}` : source;
  return systemUrl({ type, name: name.toLowerCase(), version, architecture, upstream }, distro);
}

const DATABASE = /\/lib\/[do]pkg\/status$/;
const ALONE = /\/lib\/(dpkg\/status\.d\/[^/]+(?<!\.md5sums)|opkg\/info\/[^/]+\.control)$/;
const FILE_LIST = /\/lib\/(dpkg\/status\.d\/[^/]+\.md5sums|[do]pkg\/info\/[^/]+\.list)$/;
const COPYRIGHT = /\/usr\/share\/doc\/[^/]+\/copyright$/;
const ROOT = /^(.*?)(?:\/var|\/usr)?\/lib\/([do]pkg)\/(?:status|info)/;
/** The third word: a package that is to be removed (`deinstall ok installed`) is still there, one whose settings alone are left is not. */
const NOT_INSTALLED = /^\S+\s+\S+\s+(not-installed|config-files)\s*$/;
const FIELDS: ReadonlySet<string> = new Set([
  ...['package', 'status', 'version', 'architecture', 'source', 'maintainer', 'license'],
  ...['provides', 'depends', 'pre-depends'],
]);
