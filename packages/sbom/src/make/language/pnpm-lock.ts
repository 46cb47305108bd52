/**
 * What `pnpm-lock.yaml` would install; what only development needs is left out where the lock says it (until version 6).
 *
 *   5   packages: { /name/1.0.0_peers: { resolution, dependencies, dev } }
 *   6   packages: { /name@1.0.0(peer@2.0.0): ... }
 *   9   packages: { name@1.0.0: { resolution } }, snapshots: { name@1.0.0(peer@2.0.0): { dependencies } }
 *
 * The stream may begin with a document about pnpm itself.
 */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { entriesOf, fieldOf, parseYaml, scalarOf, textOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { hashesOfIntegrity } from './integrity.ts';
import { npmPurl } from './npm-package.ts';

export const pnpmLock: Cataloger = { name: 'pnpm-lock', finds: 'declared', open: () => new PnpmLockCatalog() };

class PnpmLockCatalog implements Catalog {
  readonly #found = new FoundPackages(pnpmLock.name, 'npm');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && path.endsWith('/pnpm-lock.yaml');
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    for (const document of parseYaml(content)) {
      const version = Number.parseFloat(scalarOf(document, 'lockfileVersion'));
      if (!Number.isNaN(version)) this.#readDocument(file, document, version, report);
    }
  }

  #readDocument(file: FoundFile, document: unknown, lockVersion: number, report: Report): void {
    const purls = new Map<string, string>();
    for (const [key, entry] of entriesOf(fieldOf(document, 'packages'))) {
      const { name, version } = packageOf(key, lockVersion);
      if (name === '' || fieldOf(entry, 'dev') === true) continue;
      const hashes = hashesOfIntegrity(textOf(fieldOf(entry, 'resolution'), 'integrity'));
      const purl = this.#found.add(file, { name, version, hashes, purl: npmPurl(name) }, report);
      if (purl !== undefined) purls.set(`${name}@${version}`, purl);
    }
    for (const [key, entry] of entriesOf(fieldOf(document, lockVersion >= 9 ? 'snapshots' : 'packages'))) {
      const { name, version } = packageOf(key, lockVersion);
      for (const kind of ['dependencies', 'optionalDependencies']) {
        const its = fieldOf(entry, kind);
        for (const [dependency] of entriesOf(its)) {
          const wanted = withoutPeers(scalarOf(its, dependency), lockVersion);
          this.#found.depend(purls.get(`${name}@${version}`), purls.get(`${dependency}@${wanted}`) ?? purls.get(wanted.replace(/^\//, '')));
        }
      }
    }
  }

  packages(): Package[] {
    return this.#found.all();
  }
}

function packageOf(key: string, lockVersion: number): { readonly name: string; readonly version: string } {
  const text = withoutPeers(key, 9).replace(/^\//, '');
  const at = text.lastIndexOf(lockVersion < 6 ? '/' : '@');
  if (at <= 0) return { name: '', version: '' };
  return { name: text.slice(0, at), version: withoutPeers(text.slice(at + 1), lockVersion) };
}

function withoutPeers(version: string, lockVersion: number): string {
  const plain = version.split('(')[0] ?? '';
  return lockVersion < 6 && /^\d/.test(plain) ? (plain.split('_')[0] ?? '') : plain;
}
