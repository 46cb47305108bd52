/** What `pom.xml` files of a folder are, and what they ask for. Versions that only a parent elsewhere knows stay unknown. */
import { posix } from 'node:path';
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { mavenFound } from './java-archive.ts';
import { type FindParent, type MavenId, type Pom, parsePom, resolveDependencies, resolveId } from './pom.ts';

export const mavenPom: Cataloger = { name: 'maven-pom', finds: 'declared', open: () => new MavenPomCatalog() };

class MavenPomCatalog implements Catalog {
  readonly #poms: { readonly file: FoundFile; readonly pom: Pom; readonly report: Report }[] = [];

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && path.endsWith('/pom.xml');
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    this.#poms.push({ file, pom: parsePom(content), report });
  }

  packages(): Package[] {
    const found = new FoundPackages(mavenPom.name, 'java-archive');
    const findParent = this.#parents();
    for (const { file, pom, report } of this.#poms) {
      const add = (id: MavenId, licenses: readonly string[]): string | undefined => found.add(file, { ...mavenFound(id), licenses }, report);
      const own = add(resolveId(pom, findParent), pom.licenses);
      for (const dependency of resolveDependencies(pom, findParent)) found.depend(own, add(dependency, []));
    }
    return found.all();
  }

  /** By path as Maven looks for them, else by what they are called. */
  #parents(): FindParent {
    const byPath = new Map(this.#poms.map(({ file, pom }) => [file.path, pom]));
    const byId = new Map(this.#poms.map(({ pom }) => [keyOf(pom.id, pom.parent), pom]));
    const paths = new Map(this.#poms.map(({ file, pom }) => [pom, file.path]));
    return (pom) => {
      if (pom.parent === undefined) return undefined;
      const path = posix.join(paths.get(pom) ?? '/', '..', pom.parent.relativePath || '../pom.xml');
      const near = byPath.get(path) ?? byPath.get(`${path}/pom.xml`);
      return near?.id.artifactId === pom.parent.artifactId ? near : byId.get(keyOf(pom.parent, undefined));
    };
  }
}

function keyOf(id: MavenId, parent: MavenId | undefined): string {
  return [id.groupId || parent?.groupId, id.artifactId, id.version || parent?.version].join('\0');
}
