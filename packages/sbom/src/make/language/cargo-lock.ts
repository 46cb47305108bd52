/**
 * What `Cargo.lock` would build (TOML). Dependencies are written as far as it takes to tell them apart: `name`, `name version`, `name version (source)`.
 * Checksums are in the packages, until version 1 in `[metadata]`. Without a source a package is of this project, and so none of crates.io.
 */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { fieldOf, listOf, parseToml, textOf, textsOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { hashOfHex } from './integrity.ts';

export const cargoLock: Cataloger = { name: 'cargo-lock', finds: 'declared', open: () => new CargoLockCatalog() };

class CargoLockCatalog implements Catalog {
  readonly #found = new FoundPackages(cargoLock.name, 'rust-crate');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && path.endsWith('/Cargo.lock');
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const lock = parseToml(content);
    const crates = listOf(fieldOf(lock, 'package'));
    const purls = new Map<string, string>();
    const added = crates.map((crate) => {
      const [name, version, source] = [textOf(crate, 'name'), textOf(crate, 'version'), textOf(crate, 'source')];
      const checksum = textOf(crate, 'checksum') || textOf(fieldOf(lock, 'metadata'), `checksum ${name} ${version} (${source})`);
      const purl = this.#found.add(
        file,
        { name, version, hashes: hashOfHex(`sha256:${checksum}`), purl: { type: source === '' ? 'generic' : 'cargo' } },
        report,
      );
      if (purl !== undefined) for (const key of [name, `${name} ${version}`, `${name} ${version} (${source.split('#')[0]})`]) purls.set(key, purl);
      return purl;
    });
    for (const [i, crate] of crates.entries()) {
      for (const dependency of textsOf(crate, 'dependencies')) this.#found.depend(added[i], purls.get(dependency));
    }
  }

  packages(): Package[] {
    return this.#found.all();
  }
}
