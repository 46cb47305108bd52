/** What `gradle.lockfile` would fetch: `group:name:version=configurations` on each line. */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { mavenFound } from './java-archive.ts';

export const gradleLock: Cataloger = { name: 'gradle-lock', finds: 'declared', open: () => new GradleLockCatalog() };

class GradleLockCatalog implements Catalog {
  readonly #found = new FoundPackages(gradleLock.name, 'java-archive');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && /\/gradle\.lockfile[^/]*$/.test(path);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    for (const line of decodeText(content).split('\n')) {
      const [groupId = '', artifactId = '', version = '', ...more] = (line.trim().split('=')[0] ?? '').split(':');
      if (version !== '' && more.length === 0) this.#found.add(file, mavenFound({ groupId, artifactId, version }), report);
    }
  }

  packages(): Package[] {
    return this.#found.all();
  }
}
