/**
 * Packages of npm that lie there: every `package.json` with a name. What a package depends on is looked for where Node looks: in `node_modules` beside it, and
 * in every folder above.
 */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { entriesOf, type Fields, fieldOf, listOf, parseJsonDocument, textOf } from './documents.ts';
import { type Found, FoundPackages, type Report } from './found-packages.ts';
import { NodeModules } from './node-modules.ts';

export const npmPackage: Cataloger = { name: 'npm-package', finds: 'installed', open: () => new NpmCatalog() };

class NpmCatalog implements Catalog {
  readonly #found = new FoundPackages(npmPackage.name, 'npm');
  readonly #modules = new NodeModules<string>();
  readonly #asking: { readonly purl: string; readonly folder: string; readonly names: readonly string[] }[] = [];

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && path.endsWith(FILE);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const manifest = parseJsonDocument(content);
    const [name, version] = [textOf(manifest, 'name'), textOf(manifest, 'version')];
    const supplier = personOf(fieldOf(manifest, 'author')) || personOf(listOf(fieldOf(manifest, 'maintainers'))[0]);
    const purl = this.#found.add(file, { name, version, licenses: npmLicenses(manifest), supplier, purl: npmPurl(name) }, report);
    if (purl === undefined) return;
    const folder = file.path.slice(0, -FILE.length);
    this.#modules.add(folder, purl);
    this.#asking.push({ purl, folder, names: dependencyNames(manifest) });
  }

  packages(): Package[] {
    for (const { purl, folder, names } of this.#asking) {
      const resolve = this.#modules.resolver(folder);
      for (const name of names) this.#found.depend(purl, resolve(name));
    }
    return this.#found.all();
  }
}

/** Of a `package.json`, and of entries in locks; those for development are not there when it is installed. */
export function dependencyNames(manifest: unknown): string[] {
  return ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) => entriesOf(fieldOf(manifest, kind)).map(([name]) => name));
}

/** The deprecated forms too: `{ type }`, and a list of them. */
export function npmLicenses(manifest: Fields): string[] {
  const text = (license: unknown): string => (typeof license === 'string' ? license : textOf(license, 'type'));
  const licenses = [fieldOf(manifest, 'license'), ...listOf(fieldOf(manifest, 'licenses'))].flatMap((license) => listOf(license).map(text));
  return [...new Set(licenses.filter((license) => license !== ''))];
}

/** `@scope/name` has a namespace. */
export function npmPurl(name: string): Found['purl'] {
  const slash = name.indexOf('/');
  return slash <= 0 ? { type: 'npm' } : { type: 'npm', namespace: name.slice(0, slash), name: name.slice(slash + 1) };
}

/** `Name <address> (url)`, or `{ name, email, url }`. */
function personOf(person: unknown): string {
  if (typeof person === 'string') return person.slice(0, 256).replace(/\s*\([^)]*\)\s*$/, '');
  const [name, email] = [textOf(person, 'name'), textOf(person, 'email')];
  return email === '' ? name : `${name} <${email}>`.trim();
}

const FILE = '/package.json';
