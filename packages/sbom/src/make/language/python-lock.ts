/**
 * What a Python project would install: poetry.lock, uv.lock (and those of scripts), pdm.lock and Pipfile.lock, and what requirements and setup.py pin to one
 * version. A lock that is cut or of a later version is reported.
 */
import { TrustError } from '@assay/core';
import type { Hash, Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText, entriesOf, fieldOf, listOf, parseJsonDocument, parseToml, textOf, textsOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { hashOfHex } from './integrity.ts';
import { normalizeName, requiredName } from './python-name.ts';

export const pythonLock: Cataloger = { name: 'python-lock', finds: 'declared', open: () => new PythonLockCatalog() };

interface Locked {
  readonly name: string;
  readonly version: string;
  /** Of the files it may be installed from. */
  readonly hashes: readonly Hash[];
  readonly requires: readonly string[];
}

class PythonLockCatalog implements Catalog {
  readonly #found = new FoundPackages(pythonLock.name, 'python');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && readerOf(path) !== undefined;
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const locked = readerOf(file.path)?.(content) ?? [];
    const purls = new Map<string, string>();
    for (const { name, version, hashes } of locked) {
      const purl = this.#found.add(file, { name, version, hashes, purl: { type: 'pypi' } }, report);
      if (purl !== undefined) purls.set(name, purl);
    }
    for (const { name, requires } of locked) for (const required of requires) this.#found.depend(purls.get(name), purls.get(required));
  }

  packages(): Package[] {
    return this.#found.all();
  }
}

function readerOf(path: string): ((content: Uint8Array) => Locked[]) | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/requirements.*\.txt$/.test(name)) return readRequirements;
  if (name === 'poetry.lock') return readPoetry;
  if (name === 'Pipfile.lock') return readPipfile;
  if (name === 'uv.lock' || name.endsWith('.py.lock')) return readUv;
  if (name === 'pdm.lock') return readPdm;
  return name === 'setup.py' ? readSetup : undefined;
}

function readPoetry(content: Uint8Array): Locked[] {
  return listOf(fieldOf(parseToml(content), 'package')).map((one) => ({
    ...nameAndVersion(one),
    hashes: listOf(fieldOf(one, 'files')).flatMap((file) => hashOfHex(textOf(file, 'hash'))),
    requires: entriesOf(fieldOf(one, 'dependencies'))
      .filter(([, dependency]) => !listOf(dependency).every((each) => /extra ==/.test(textOf(each, 'markers'))))
      .map(([name]) => normalizeName(name)),
  }));
}

function readUv(content: Uint8Array): Locked[] {
  const lock = parseToml(content);
  const version = fieldOf(lock, 'version');
  if (typeof version === 'number' && version > 1) throw new TrustError('SBOM_UNREADABLE', `version ${version} of uv.lock is not known`);
  return listOf(fieldOf(lock, 'package')).map((one) => ({
    ...nameAndVersion(one),
    hashes: [fieldOf(one, 'sdist'), ...listOf(fieldOf(one, 'wheels'))].flatMap((file) => hashOfHex(textOf(file, 'hash'))),
    requires: listOf(fieldOf(one, 'dependencies'))
      .filter((dependency) => !/extra ==/.test(textOf(dependency, 'marker')))
      .map((dependency) => normalizeName(textOf(dependency, 'name'))),
  }));
}

/** A package has one entry for each set of extras that is asked for. */
function readPdm(content: Uint8Array): Locked[] {
  return listOf(fieldOf(parseToml(content), 'package')).map((one) => ({
    ...nameAndVersion(one),
    hashes: listOf(fieldOf(one, 'files')).flatMap((file) => hashOfHex(textOf(file, 'hash'))),
    requires: textsOf(one, 'dependencies').flatMap((dependency) => requiredName(dependency) ?? []),
  }));
}

/** Without what only development needs. */
function readPipfile(content: Uint8Array): Locked[] {
  return entriesOf(fieldOf(parseJsonDocument(content), 'default')).map(([name, one]) => ({
    name: normalizeName(name),
    version: textOf(one, 'version').replace(/^==/, ''),
    hashes: textsOf(one, 'hashes').flatMap(hashOfHex),
    requires: [],
  }));
}

/** Only what is pinned: `name[extra] == 1.0 ; marker --hash=sha256:...`. Ranges, addresses and options name no version. */
function readRequirements(content: Uint8Array): Locked[] {
  const lines = decodeText(content, MAX_LINES_BYTES)
    .replace(/#.*$/gm, '')
    .replace(/\\[ \t]*\r?\n/g, ' ');
  return lines.split(/\r?\n/).flatMap((line) => {
    const [requirement = '', ...options] = line.split(/\s--hash[= ]/);
    const what = requirement.trim().replace(/\s+/g, ' ');
    if (what.startsWith('-') || what.length > MAX_REQUIREMENT_CHARACTERS) return [];
    const { name = '', version = '' } = /^(?<name>[A-Za-z0-9][\w.-]*) ?(?:\[[^\]]*\])? ?={2,3} ?(?<version>[\w.+!-]+) ?(?:[;@].*)?$/.exec(what)?.groups ?? {};
    return name === '' ? [] : [{ name: normalizeName(name), version, hashes: options.flatMap((option) => hashOfHex(option.trim())), requires: [] }];
  });
}

/** Calls are not followed: `'name==1.0'` in a list of requirements, wherever it is. */
function readSetup(content: Uint8Array): Locked[] {
  const pinned = decodeText(content, MAX_LINES_BYTES).matchAll(/['"]\s?(?<name>\w{1,200})\s?==\s?(?<version>[\w.]{1,200})/g);
  return [...pinned].map(({ groups: { name = '', version = '' } = {} }) => ({ name: normalizeName(name), version, hashes: [], requires: [] }));
}

function nameAndVersion(one: unknown): { readonly name: string; readonly version: string } {
  return { name: normalizeName(textOf(one, 'name')), version: textOf(one, 'version') };
}

const MAX_LINES_BYTES = 8 * 1024 * 1024;
const MAX_REQUIREMENT_CHARACTERS = 2048;
