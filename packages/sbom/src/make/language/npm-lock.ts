/** What `package-lock.json` of npm would install; what only development needs is left out. */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { entriesOf, fieldOf, parseJsonDocument, textOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { hashesOfIntegrity } from './integrity.ts';
import { NodeModules } from './node-modules.ts';
import { dependencyNames, npmLicenses, npmPurl } from './npm-package.ts';

export const npmLock: Cataloger = { name: 'npm-lock', finds: 'declared', open: () => new NpmLockCatalog() };

class NpmLockCatalog implements Catalog {
  readonly #found = new FoundPackages(npmLock.name, 'npm');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && /\/(?:package-lock|npm-shrinkwrap)\.json$/.test(path) && isOwnLock(path);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const lock = parseJsonDocument(content);
    // Version 2 has both, for older readers.
    if (fieldOf(lock, 'packages') !== undefined) this.#readPackages(file, fieldOf(lock, 'packages'), report);
    else this.#readDependencies(file, fieldOf(lock, 'dependencies'), report);
  }

  /** Since version 2: a map of folders. */
  #readPackages(file: FoundFile, packages: unknown, report: Report): void {
    const purls = new Map<string, string>();
    const entries = entriesOf(packages)
      .filter(([, entry]) => fieldOf(entry, 'dev') !== true)
      .map(([folder, entry]): [string, unknown] => [folder === '' ? '' : `/${folder}`, entry]);
    // A link stands for a folder that has an entry of its own.
    for (const [folder, entry] of entries.filter(([, one]) => fieldOf(one, 'link') !== true)) {
      const name = textOf(entry, 'name') || (folder.split('/node_modules/').at(-1) ?? '').replace(/^\//, '');
      const hashes = hashesOfIntegrity(textOf(entry, 'integrity'));
      const purl = this.#found.add(
        file,
        { name, version: textOf(entry, 'version'), hashes, licenses: npmLicenses({ license: fieldOf(entry, 'license') }), purl: npmPurl(name) },
        report,
      );
      if (purl !== undefined) purls.set(folder, purl);
    }
    for (const [folder, entry] of entries) {
      const target = purls.get(`/${textOf(entry, 'resolved')}`);
      if (fieldOf(entry, 'link') === true && target !== undefined) purls.set(folder, target);
    }
    const modules = new NodeModules<string>();
    for (const [folder, purl] of purls) modules.add(folder, purl);
    for (const [folder, entry] of entries) {
      const resolve = modules.resolver(folder);
      for (const name of dependencyNames(entry)) this.#found.depend(purls.get(folder), resolve(name));
    }
  }

  /** Version 1: a tree. `requires` names what is needed, and it lies in the nearest `dependencies` above. */
  #readDependencies(file: FoundFile, dependencies: unknown, report: Report): void {
    const pending: Scope[] = [{ entries: dependencies, above: undefined, purls: new Map() }];
    const required: { readonly purl: string; readonly names: readonly string[]; readonly scope: Scope }[] = [];
    for (let scope = pending.pop(); scope !== undefined; scope = pending.pop()) {
      for (const [alias, entry] of entriesOf(scope.entries)) {
        if (fieldOf(entry, 'dev') === true) continue;
        const { name, version } = unaliased(alias, textOf(entry, 'version'));
        const purl = this.#found.add(file, { name, version, hashes: hashesOfIntegrity(textOf(entry, 'integrity')), purl: npmPurl(name) }, report);
        if (purl === undefined) continue;
        scope.purls.set(alias, purl);
        const below: Scope = { entries: fieldOf(entry, 'dependencies'), above: scope, purls: new Map() };
        pending.push(below);
        required.push({ purl, names: entriesOf(fieldOf(entry, 'requires')).map(([required]) => required), scope: below });
      }
    }
    for (const { purl, names, scope } of required) for (const name of names) this.#found.depend(purl, inScope(scope, name));
  }

  packages(): Package[] {
    return this.#found.all();
  }
}

interface Scope {
  readonly entries: unknown;
  readonly above: Scope | undefined;
  readonly purls: Map<string, string>;
}

function inScope(scope: Scope, name: string): string | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.above) {
    const purl = at.purls.get(name);
    if (purl !== undefined) return purl;
  }
  return undefined;
}

/** `npm:name@version` stands for a package under another name. */
function unaliased(alias: string, version: string): { readonly name: string; readonly version: string } {
  const at = version.lastIndexOf('@');
  return version.startsWith('npm:') && at > 4 ? { name: version.slice(4, at), version: version.slice(at + 1) } : { name: alias, version };
}

/** Locks in `node_modules` were of the packages while they were made. */
export function isOwnLock(path: string): boolean {
  return !path.split('/').includes('node_modules');
}
