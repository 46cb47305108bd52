/**
 * Python packages that lie there: `*.dist-info/METADATA` of wheels, `*.egg-info/PKG-INFO` and `*.egg-info` of older ones (packaging.python.org, "Core metadata").
 * Fields are those of a mail; the description after the first empty line is not read. `direct_url.json` says where one came from if not from an index.
 */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText, fieldOf, parseJsonDocument, textOf } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';
import { normalizeName, requiredName } from './python-name.ts';

export const pythonInstalled: Cataloger = { name: 'python-installed', finds: 'installed', open: () => new PythonCatalog() };

interface Metadata {
  readonly file: FoundFile;
  readonly report: Report;
  /** Lower-case names. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

class PythonCatalog implements Catalog {
  readonly #metadata: Metadata[] = [];
  /** By folder: where a repository's packages came from. */
  readonly #sources = new Map<string, string>();

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && (METADATA.test(path) || SOURCE.test(path));
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    if (!SOURCE.test(file.path)) {
      this.#metadata.push({ file, report, fields: fieldsOfMail(decodeText(content)) });
      return;
    }
    const source = parseJsonDocument(content);
    const repository = fieldOf(source, 'vcs_info');
    if (textOf(repository, 'vcs') !== '') {
      this.#sources.set(folderOf(file.path), `${textOf(repository, 'vcs')}+${textOf(source, 'url')}@${textOf(repository, 'commit_id')}`);
    }
  }

  packages(): Package[] {
    const found = new FoundPackages(pythonInstalled.name, 'python');
    const added = this.#metadata.map((one) => ({ ...one, root: rootOf(one.file.path), ...this.#add(found, one) }));
    const byName = new Map(added.map(({ root, name, purl }) => [`${root}\0${name}`, purl]));
    const anywhere = new Map(added.map(({ name, purl }) => [name, purl]));
    for (const { fields, root, purl } of added) {
      for (const requirement of fields.get('requires-dist') ?? []) {
        const name = requiredName(requirement);
        if (name !== undefined) found.depend(purl, byName.get(`${root}\0${name}`) ?? anywhere.get(name));
      }
    }
    return found.all();
  }

  #add(found: FoundPackages, { file, fields, report }: Metadata): { readonly name: string; readonly purl: string | undefined } {
    const field = (name: string): string => fields.get(name)?.at(-1) ?? '';
    const name = normalizeName(field('name'));
    // Python 2.7 has metadata of itself, and is no package.
    if (field('name') === 'Python') return { name, purl: undefined };
    const source = this.#sources.get(folderOf(file.path));
    const purl = { type: 'pypi', ...(source !== undefined && { qualifiers: { vcs_url: source } }) };
    const supplier = field('author') || field('author-email') || field('maintainer') || field('maintainer-email');
    return { name, purl: found.add(file, { name, version: field('version'), licenses: licensesOf(fields), supplier, purl }, report) };
  }
}

function fieldsOfMail(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  let last: string[] = [];
  for (const line of text.slice(0, MAX_HEADER_CHARACTERS).split(/\r?\n/)) {
    if (line === '' && fields.size > 0) break;
    if (/^[ \t]/.test(line)) {
      if (last.length > 0) last[last.length - 1] += `\n${line.trim()}`;
      continue;
    }
    const at = line.indexOf(':');
    if (at <= 0) continue;
    const name = line.slice(0, at).trim().toLowerCase();
    last = fields.get(name) ?? [];
    last.push(line.slice(at + 1).trim());
    fields.set(name, last);
  }
  return fields;
}

/** The expression (metadata 2.4); else a word of its own, unless it is the whole text; else what it is classified as. */
function licensesOf(fields: ReadonlyMap<string, readonly string[]>): string[] {
  const [expression = '', words = ''] = [fields.get('license-expression')?.at(-1), fields.get('license')?.at(-1)];
  if (expression !== '') return [expression];
  if (words !== '' && words !== 'UNKNOWN' && words.length <= MAX_LICENSE_CHARACTERS && !words.includes('\n')) return [words];
  const classified = (fields.get('classifier') ?? []).filter((one) => one.startsWith('License ::')).map((one) => one.split('::').at(-1)?.trim() ?? '');
  return classified.filter((license) => license !== 'OSI Approved');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** `site-packages`, where those lie that a package can import. */
function rootOf(path: string): string {
  return path.endsWith('.egg-info') ? folderOf(path) : folderOf(folderOf(path));
}

const METADATA = /(?:(?:dist-info|DIST-INFO)\/METADATA|(?:egg-info|EGG-INFO)\/PKG-INFO|\.egg-info)$/;
const SOURCE = /(?:dist-info|DIST-INFO|egg-info)\/direct_url\.json$/;
const MAX_HEADER_CHARACTERS = 4 * 1024 * 1024;
const MAX_LICENSE_CHARACTERS = 200;
