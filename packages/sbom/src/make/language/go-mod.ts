/**
 * What `go.mod` requires (go.dev/ref/mod#go-mod-file), with its replacements and without its exclusions. Modules that only those need are in it since Go 1.17.
 * Nothing is resolved: no tool is run, and nothing fetched.
 */
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { goPurl } from '../executable/go-module-binary.ts';
import { decodeText } from './documents.ts';
import { FoundPackages, type Report } from './found-packages.ts';

export const goMod: Cataloger = { name: 'go-mod', finds: 'declared', open: () => new GoModCatalog() };

class GoModCatalog implements Catalog {
  readonly #found = new FoundPackages(goMod.name, 'go-module');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && path.endsWith('/go.mod');
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const modules = new Map<string, string>();
    const directives = directivesOf(decodeText(content, MAX_BYTES));
    for (const { verb, words } of directives) if (verb === 'require') modules.set(words[0] ?? '', words[1] ?? '');
    for (const { verb, words } of directives) {
      const arrow = words.indexOf('=>');
      const [path = '', version = ''] = words.slice(arrow + 1);
      if (verb !== 'replace' || arrow === -1) continue;
      // A folder replaces the content, not the name.
      const isFolder = /^[./]/.test(path);
      if (!isFolder) modules.delete(words[0] ?? '');
      modules.set(isFolder ? (words[0] ?? '') : path, version);
    }
    for (const { verb, words } of directives) if (verb === 'exclude') modules.delete(words[0] ?? '');
    for (const [name, version] of modules) this.#found.add(file, { name, version, purl: goPurl(name) }, report);
  }

  packages(): Package[] {
    return this.#found.all();
  }
}

/** `verb words` on one line, or `verb (` and words on each until `)`. */
function directivesOf(text: string): { readonly verb: string; readonly words: readonly string[] }[] {
  const directives: { verb: string; words: string[] }[] = [];
  let block = '';
  for (const line of text.split('\n')) {
    const words = line
      .replace(/\/\/.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => word.replace(/^["`]|["`]$/g, ''));
    if (block !== '' && words[0] === ')') block = '';
    else if (block !== '' && words.length > 0) directives.push({ verb: block, words });
    else if (words[1] === '(') block = words[0] ?? '';
    else if (words.length > 1) directives.push({ verb: words[0] ?? '', words: words.slice(1) });
  }
  return directives;
}

const MAX_BYTES = 8 * 1024 * 1024;
