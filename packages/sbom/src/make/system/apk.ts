/**
 * Packages of apk: `/lib/apk/db/installed`, or below `/usr` (apk-package(5)). One line for each field, `LETTER:value`, and an empty line after each package:
 *
 *   P V A L o m   name, version, architecture, licence, origin (source), maintainer
 *   D p           what it requires and provides: names, `so:`, `cmd:`, `pc:` and paths, with constraints; `!name` is a conflict
 *   C             `Q1` and base64: SHA-1 of the package's control part, which covers its data too
 *   F R           a folder, and the name of a file in it
 */
import { quote } from '@assay/core';
import type { Distro, Hash, Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { collect, type Report } from './broken-parts.ts';
import { LayeredDatabases } from './layered-database.ts';
import { linesOf, reportCutLine } from './lines.ts';
import { PathBudget } from './path-budget.ts';
import { inventoried, isWord, type SystemPackage } from './system-package.ts';
import { systemUrl } from './system-url.ts';

export const apk: Cataloger = { name: 'apk-db', finds: 'installed', open: () => new ApkCatalog() };

interface ApkPackage extends SystemPackage {
  readonly origin: string | undefined;
  readonly files: readonly string[];
}

class ApkCatalog implements Catalog {
  readonly #databases = new LayeredDatabases<ApkPackage>();

  wants(file: FoundFile): boolean {
    return DATABASE.test(file.path) && this.#databases.wants(file);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const packages = collect(report, (say) => installedOf(content, say));
    reportCutLine(content, report);
    this.#databases.add(file, packages, report);
  }

  *files(): Generator<string> {
    for (const [path, listed] of this.#databases.databases()) {
      const root = path.replace(DATABASE, '');
      for (const { package: one } of listed) for (const file of one.files) yield `${root}${file}`;
    }
  }

  *packages(distro: Distro | undefined): Generator<Package> {
    for (const [, listed] of this.#databases.databases()) yield* inventoried(listed, { type: 'apk', foundBy: apk.name, purl: (one) => purlOf(one, distro) });
  }
}

function* installedOf(content: Uint8Array, report: Report): Generator<ApkPackage, void, void> {
  const budget = new PathBudget();
  let fields = new Map<string, string>();
  let files: string[] = [];
  let number = 0;
  for (const line of linesOf(content, report)) {
    number++;
    if (line === '') {
      yield* packageOf(fields, files, number, report);
      fields = new Map();
      files = [];
    } else if (line.startsWith('R:')) {
      const path = `/${fields.get('F') ?? ''}/${line.slice(2)}`.replace('//', '/');
      if (budget.takes(path)) files.push(path);
    } else if (line[1] === ':') fields.set(line.slice(0, 1), line.slice(2));
    else report(`line ${number} is no field: ${quote(line, 80)}`);
  }
  yield* packageOf(fields, files, number, report);
}

/** None when there are no fields: empty lines may be many. */
function* packageOf(fields: ReadonlyMap<string, string>, files: readonly string[], line: number, report: Report): Generator<ApkPackage, void, void> {
  if (fields.size === 0) return;
  const [name = '', version = ''] = [fields.get('P'), fields.get('V')];
  if (!isWord(name)) {
    report(`the package before line ${line} has no name`);
    return;
  }
  if (!isWord(version)) report(`the package before line ${line} has no version of ${name}`);
  yield {
    name,
    version: isWord(version) ? version : '',
    architecture: fields.get('A') ?? '',
    origin: fields.get('o'),
    files,
    licenses: licensesOf(fields.get('L') ?? ''),
    hashes: hashesOf(fields.get('C') ?? ''),
    supplier: fields.get('m'),
    provides: names(fields.get('p')),
    requires: names(fields.get('D')),
  };
}

/** An SPDX expression, or in older packages a list of words. */
function licensesOf(text: string): string[] {
  return /\b(AND|OR|WITH)\b/.test(text) ? [text] : text.split(' ').filter(Boolean);
}

function hashesOf(checksum: string): Hash[] {
  const digest = checksum.startsWith('Q1') ? Buffer.from(checksum.slice(2), 'base64') : Buffer.alloc(0);
  return digest.length === 20 ? [{ algorithm: 'SHA-1', value: digest.toString('hex') }] : [];
}

/** Names without what constrains their versions: `musl>=1.2`, `so:libc.musl-x86_64.so.1=1`, `name@tag`. */
function names(list = ''): string[] {
  return list
    .split(' ')
    .filter((name) => !name.startsWith('!'))
    .map((name) => /^[^<>=~@]*/.exec(name)?.[0] ?? '')
    .filter(Boolean);
}

function purlOf({ name, version, architecture, origin }: ApkPackage, distro: Distro | undefined): string {
  return systemUrl({ type: 'apk', name: name.toLowerCase(), version, architecture, upstream: origin === name ? undefined : origin }, distro);
}

const DATABASE = /(\/usr)?\/lib\/apk\/db\/installed$/;
