/** Programs that nothing else says anything of: see classifiers.ts for which; and Java's runtimes, which say themselves what they are. */
import type { Package, PackageType } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { FoundPackages, type Report } from '../language/found-packages.ts';
import { bufferOf } from './binary-format.ts';
import { CLASSIFIERS, type Classifier } from './classifiers.ts';
import { jvmOf } from './jvm-release.ts';

export const binaryClassifier: Cataloger = {
  name: 'binary-classifier',
  finds: 'installed',
  yieldsToOwners: true,
  open: () => new BinaryCatalog(),
};

class BinaryCatalog implements Catalog {
  readonly #found = new FoundPackages(binaryClassifier.name, 'binary');
  /** Programs that do not say their version, and the files beside them that may. */
  readonly #silent: { readonly file: FoundFile; readonly classifier: Classifier; readonly report: Report }[] = [];
  readonly #beside = new Map<string, string>();
  readonly #releases: { readonly file: FoundFile; readonly content: Uint8Array; readonly report: Report }[] = [];
  /** Which have a compiler. */
  readonly #compilers = new Set<string>();

  wants(file: FoundFile): boolean {
    if (file.isHidden) return false;
    const name = nameOf(file.path);
    if (name === 'javac') this.#compilers.add(folderOf(file.path));
    if (name === 'release') return file.size <= MAX_RELEASE_BYTES;
    if (BESIDE.some(({ file: pattern }) => pattern.test(name))) return file.size <= MAX_BESIDE_BYTES;
    return classifiersOf(file.path).length > 0;
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const name = nameOf(file.path);
    if (name === 'release') this.#releases.push({ file, content, report });
    else if (BESIDE.some(({ file: pattern }) => pattern.test(name))) this.#beside.set(file.path, bufferOf(content).toString('latin1'));
    else this.#classify(file, bufferOf(content), report);
  }

  #classify(file: FoundFile, content: Buffer, report: Report): void {
    const families = new Set<string>();
    for (const classifier of classifiersOf(file.path)) {
      if (classifier.family !== undefined && families.has(classifier.family)) continue;
      const version = versionIn(content, classifier, nameOf(file.path));
      if (version !== undefined) this.#add(file, classifier, version, report);
      else if (classifier.beside !== undefined) this.#silent.push({ file, classifier, report });
      if (version !== undefined && classifier.family !== undefined) families.add(classifier.family);
    }
  }

  #add(file: FoundFile, { name, purl = { type: 'generic', name } }: Classifier, version: string, report: Report): void {
    const type: PackageType = purl.type === 'golang' ? 'go-module' : 'binary';
    this.#found.add(file, { name, version, type, purl }, report);
  }

  packages(): Package[] {
    for (const { file, classifier, report } of this.#silent) {
      const version = this.#versionBeside(file, classifier);
      if (version !== undefined) this.#add(file, classifier, version, report);
    }
    const runtimes = this.#releases.flatMap(({ file, content, report }) => {
      const folder = folderOf(file.path);
      const jvm = jvmOf(content, { path: file.path, hasCompiler: this.#compilers.has(`${folder}/bin`) });
      if (jvm === undefined) return [];
      this.#found.add(file, jvm, report);
      return [`${folder}/`];
    });
    // A runtime says more of itself than what its programs can be guessed to be.
    const isOfRuntime = ({ path }: { readonly path: string }): boolean => nameOf(path) !== 'release' && runtimes.some((folder) => path.startsWith(folder));
    return this.#found.all().filter(({ locations }) => !locations.some(isOfRuntime));
  }

  #versionBeside({ path }: FoundFile, { beside }: Classifier): string | undefined {
    const folder = folderOf(path);
    for (const where of [folder, folderOf(folder)]) {
      for (const [other, text] of this.#beside) {
        const version = folderOf(other) === where && beside?.file.test(nameOf(other)) === true ? beside.pattern.exec(text)?.[1] : undefined;
        if (version !== undefined) return version;
      }
    }
    return undefined;
  }
}

function classifiersOf(path: string): readonly Classifier[] {
  const name = nameOf(path);
  return CLASSIFIERS.filter(({ file, path: inPath }) => file.test(name) && (inPath === undefined || inPath.test(path)));
}

function versionIn(content: Buffer, { patterns }: Classifier, name: string): string | undefined {
  for (const pattern of typeof patterns === 'function' ? patterns(name) : patterns) {
    const version = pattern(content);
    if (version !== undefined) return version;
  }
  return undefined;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

const BESIDE = CLASSIFIERS.flatMap(({ beside }) => (beside === undefined ? [] : [beside]));
const MAX_BESIDE_BYTES = 16 * 1024;
const MAX_RELEASE_BYTES = 512 * 1024;
