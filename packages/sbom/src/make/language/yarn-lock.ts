/**
 * What `yarn.lock` would install. What only development needs is left out, as far as `package.json` beside it tells: the lock does not.
 *
 *   1   entries begin at the left, `name@range, name@range:`; `version`, `resolved`, `integrity` and `dependencies:` are indented by 2, what is in the last by 4
 *   2   YAML: `"name@npm:range, name@npm:range": { version, resolution, checksum, dependencies: { name: range } }`
 */
import { isTrustError } from '@assay/core';
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText, entriesOf, type Fields, fieldOf, parseJsonDocument, parseYaml, scalarOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { hashesOfIntegrity } from './integrity.ts';
import { isOwnLock } from './npm-lock.ts';
import { npmPurl } from './npm-package.ts';

export const yarnLock: Cataloger = { name: 'yarn-lock', finds: 'declared', open: () => new YarnLockCatalog() };

interface Entry {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  /** `name@range`, as others ask for it. */
  readonly keys: readonly string[];
  readonly dependencies: readonly (readonly [name: string, range: string])[];
}

class YarnLockCatalog implements Catalog {
  readonly #found = new FoundPackages(yarnLock.name, 'npm');
  readonly #locks: { readonly file: FoundFile; readonly entries: readonly Entry[]; readonly report: Report }[] = [];
  /** By folder: names. */
  readonly #manifests = new Map<string, { readonly needed: readonly string[]; readonly forDevelopment: readonly string[] }>();

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && /\/(?:yarn\.lock|package\.json)$/.test(path) && isOwnLock(path);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    if (file.path.endsWith('/yarn.lock')) {
      const text = decodeText(content);
      this.#locks.push({ file, entries: text.includes('# yarn lockfile v1') ? entriesOfV1(text) : entriesOfV2(content), report });
      return;
    }
    const manifest = manifestOf(content);
    const names = (field: string): string[] => entriesOf(fieldOf(manifest, field)).map(([name]) => name);
    this.#manifests.set(folderOf(file.path), { needed: names('dependencies'), forDevelopment: names('devDependencies') });
  }

  packages(): Package[] {
    for (const { file, entries, report } of this.#locks) {
      const { needed = [], forDevelopment = [] } = this.#manifests.get(folderOf(file.path)) ?? {};
      const isNeeded = reachable(needed, entries);
      const isForDevelopment = reachable(forDevelopment, entries);
      const purls = new Map<string, string>();
      const kept = entries.filter(({ name }) => isNeeded.has(name) || !isForDevelopment.has(name));
      for (const { name, version, integrity, keys } of kept) {
        const purl = this.#found.add(file, { name, version, hashes: hashesOfIntegrity(integrity), purl: npmPurl(name) }, report);
        if (purl !== undefined) for (const key of keys) purls.set(key, purl);
      }
      for (const { keys, dependencies } of kept) {
        for (const [name, range] of dependencies) {
          this.#found.depend(purls.get(keys[0] ?? ''), purls.get(`${name}@${range}`) ?? purls.get(`${name}@npm:${range}`));
        }
      }
    }
    this.#locks.length = 0;
    return this.#found.all();
  }
}

function entriesOfV1(text: string): Entry[] {
  const entries: Entry[] = [];
  let entry: { keys: string[]; name: string; version: string; integrity: string; dependencies: [string, string][] } | undefined;
  const end = (): void => {
    if (entry !== undefined && entry.name !== '') entries.push(entry);
    entry = undefined;
  };
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      end();
      const keys = line.replace(/:$/, '').split(', ').map(withoutQuotes);
      if (line !== '') entry = { keys, name: nameOf(keys[0] ?? ''), version: '', integrity: '', dependencies: [] };
      continue;
    }
    if (entry === undefined) continue;
    const [word = '', value = ''] = line.trim().split(/ (.*)/s);
    if (line.startsWith('    ')) entry.dependencies.push([withoutQuotes(word), withoutQuotes(value)]);
    else if (word === 'version') entry.version = withoutQuotes(value);
    else if (word === 'integrity') entry.integrity = withoutQuotes(value);
    // Of aliases and forks the address says what it is.
    else if (word === 'resolved') entry.name = /^"https:\/\/registry\.(?:yarnpkg\.com|npmjs\.org)\/(.+?)\/-\//.exec(value)?.[1] ?? entry.name;
  }
  end();
  return entries;
}

function entriesOfV2(content: Uint8Array): Entry[] {
  return entriesOf(parseYaml(content)[0]).flatMap(([key, entry]) => {
    const keys = key.split(', ');
    const name = nameOf(keys[0] ?? '');
    const ranges = fieldOf(entry, 'dependencies');
    const dependencies = entriesOf(ranges).map(([dependency]): [string, string] => [dependency, scalarOf(ranges, dependency)]);
    // Its checksum is of a zip that yarn makes, and so of nothing that others know.
    return name === '' ? [] : [{ name, version: scalarOf(entry, 'version'), integrity: '', keys, dependencies }];
  });
}

/** One that cannot be read tells nothing: the cataloger of installed packages reports it. */
function manifestOf(content: Uint8Array): Fields {
  try {
    return parseJsonDocument(content);
  } catch (error) {
    if (isTrustError(error)) return {};
    throw error;
  }
}

/** `alias@npm:name@range`, `@scope/name@range`. */
function nameOf(key: string): string {
  return /^(?:@?[^@]+)@npm:(@?[^@]+)@/.exec(key)?.[1] ?? /^(@?[^@]+)@/.exec(key)?.[1] ?? '';
}

function withoutQuotes(text: string): string {
  return text.replace(/^"|"$/g, '');
}

/** Names: ranges of the same name are taken together. */
function reachable(from: readonly string[], entries: readonly Entry[]): ReadonlySet<string> {
  const byName = new Map<string, Entry[]>();
  for (const entry of entries) byName.set(entry.name, [...(byName.get(entry.name) ?? []), entry]);
  const seen = new Set(from);
  for (const name of seen) for (const { dependencies } of byName.get(name) ?? []) for (const [dependency] of dependencies) seen.add(dependency);
  return seen;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
