/**
 * YAML (and JSON, which is YAML) as maps, lists and scalars that know where they stand. Text that does not parse, such as a template of a chart, is read line
 * by line: `key: value`, without what belongs to what.
 */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Scalar } from 'yaml';
import type { Excerpt, Piece, Value } from '../excerpt.ts';
import { type Line, linesOf } from '../source.ts';

export type YamlNode = YamlMap | YamlList | YamlScalar;
export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
}
export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}
export interface YamlScalar {
  readonly kind: 'scalar';
  /** As text, whatever type it has. */
  readonly text: string;
  /** Of the text, character for character as far as that goes. */
  readonly excerpt: Excerpt;
  readonly value: Value;
}
export interface YamlEntry {
  readonly key: string;
  readonly node: YamlNode;
}

/** The documents. `loose`: the entries of all lines, since the text does not parse. */
export interface YamlText {
  readonly documents: readonly YamlNode[];
  readonly loose: readonly YamlEntry[];
}

export function readYaml(excerpt: Excerpt): YamlText {
  if (excerpt.text.length > MAX_PARSED) return { documents: [], loose: looseEntries(excerpt) };
  try {
    const parsed = parseAllDocuments(excerpt.text, { uniqueKeys: false, logLevel: 'silent', prettyErrors: false, keepSourceTokens: false });
    const documents = 'empty' in parsed ? [] : parsed;
    if (documents.some(({ errors }) => errors.length > 0)) return { documents: [], loose: looseEntries(excerpt) };
    return { documents: documents.map(({ contents }) => nodeOf(contents, excerpt, 0)).filter((node) => node !== undefined), loose: [] };
  } catch (error) {
    // Nesting that the parser's own recursion cannot follow.
    if (error instanceof RangeError) return { documents: [], loose: looseEntries(excerpt) };
    throw error;
  }
}

/** Aliases are left out: what they stand for was read where it is written. */
function nodeOf(node: unknown, excerpt: Excerpt, depth: number): YamlNode | undefined {
  if (depth > MAX_DEPTH || isAlias(node)) return undefined;
  if (isMap(node)) {
    const entries = node.items.flatMap(({ key, value }): YamlEntry[] => {
      const inner = nodeOf(value, excerpt, depth + 1);
      return isScalar(key) && inner !== undefined ? [{ key: String(key.value), node: inner }] : [];
    });
    return { kind: 'map', entries };
  }
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => nodeOf(item, excerpt, depth + 1)).filter((item) => item !== undefined) };
  return isScalar(node) ? scalarOf(node, excerpt) : undefined;
}

function scalarOf(node: Scalar, excerpt: Excerpt): YamlScalar | undefined {
  const [start, end] = node.range ?? [];
  if (start === undefined || end === undefined) return undefined;
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  const content = isBlock ? blockContent(excerpt, start, end, node.type === 'BLOCK_FOLDED') : flowContent(excerpt, start, end);
  return scalar(excerpt, start, isBlock ? start + 1 : end, content, isBlock ? 'block' : 'flow');
}

function scalar(file: Excerpt, start: number, end: number, content: Excerpt, form: 'block' | 'flow'): YamlScalar {
  const isDouble = file.text[start] === '"';
  const value = {
    text: content.text,
    start: file.fileStart(start),
    end: file.fileEnd(end),
    write: form === 'block' || content.text.includes('\n') ? undefined : (text: string) => writeScalar(text, isDouble),
  };
  return { kind: 'scalar', text: content.text, excerpt: content, value };
}

/** Plain where that is safe without a doubt, else in quotes: single ones keep backslashes as they are, JSON has only double ones. */
function writeScalar(text: string, double: boolean): string {
  if (double) return JSON.stringify(text);
  return /^[\w^(/][\w./@^$()|?+*[\]{}\\:=-]*$/.test(text) && !/:$|^[\d.]+$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

/** Lines behind the header, without the indentation of the first; folded ones are joined. */
function blockContent(excerpt: Excerpt, start: number, end: number, folded: boolean): Excerpt {
  const { text } = excerpt;
  const header = text.indexOf('\n', start) + 1;
  if (header === 0 || header > end) return excerpt.slice(end, end);
  const lines = linesOf(text.slice(header, end));
  const indent = Math.max(
    0,
    ...lines
      .slice(0, MAX_LOOKED)
      .map((line) => /^ *(?=\S)/.exec(text.slice(header + line.start, header + line.end))?.[0].length ?? 0)
      .filter((_, i, all) => i === all.findIndex((one) => one > 0)),
  );
  const pieces = lines.flatMap((line): Piece[] => {
    let from = line.start;
    while (from < line.end && from - line.start < indent && text[header + from] === ' ') from += 1;
    const isText = from < line.end;
    return folded && isText
      ? [
          { start: header + from, end: header + line.end },
          { start: header + line.end, end: header + line.next, text: ' ' },
        ]
      : [{ start: header + from, end: header + line.next }];
  });
  return excerpt.join(pieces);
}

/** Plain and quoted scalars: escapes are read, line breaks folded. */
function flowContent(excerpt: Excerpt, start: number, end: number): Excerpt {
  const { text } = excerpt;
  const quote = text[start] === '"' || text[start] === "'" ? text[start] : undefined;
  const from = quote === undefined ? start : start + 1;
  const to = quote === undefined ? end : end - 1;
  const special =
    quote === '"'
      ? /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|\r?\n[ \t]*|[\s\S])|[ \t]*(?:\r?\n[ \t]*)+/g
      : quote === "'"
        ? /''|[ \t]*(?:\r?\n[ \t]*)+/g
        : /[ \t]*(?:\r?\n[ \t]*)+/g;
  const pieces: Piece[] = [];
  let at = from;
  const inner = text.slice(from, to);
  if (!/['\\\n]/.test(inner)) return excerpt.slice(from, to);
  for (const found of inner.matchAll(special)) {
    const here = from + found.index;
    pieces.push({ start: at, end: here }, { start: here, end: here + found[0].length, text: readEscape(found[0]) });
    at = here + found[0].length;
  }
  return excerpt.join([...pieces, { start: at, end: to }]);
}

function readEscape(written: string): string {
  if (written === "''") return "'";
  if (!written.startsWith('\\')) return ' ';
  const name = written[1] ?? '';
  if (name === '\n' || name === '\r') return '';
  if ('xuU'.includes(name) && written.length > 2) {
    const code = Number.parseInt(written.slice(2), 16);
    return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  }
  return ESCAPES[name] ?? name;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  v: '\v',
  _: '\u00a0',
  N: '\u0085',
};

function looseEntries(excerpt: Excerpt): readonly YamlEntry[] {
  const { text } = excerpt;
  const entries: YamlEntry[] = [];
  const lines = linesOf(text);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as Line;
    const content = line.end - line.start > MAX_LINE ? '' : text.slice(line.start, line.end);
    const [head, indent = '', dashes = '', , key = ''] = /^( {0,80})((?:- {1,8}){0,4})(["']?)([\w.-]{1,80})\3 {0,8}:(?: +|$)/.exec(content) ?? [];
    if (head === undefined) continue;
    const rest = content
      .slice(head.length)
      .replace(/(?:^|\s)#.*$/, '')
      .trimEnd();
    const start = line.start + head.length;
    if (/^[|>][-+\d]*$/.test(rest)) {
      const end = endOfBlock(text, lines, i + 1, indent.length + dashes.length);
      const inner = blockContent(excerpt, start, lines[end - 1]?.next ?? line.next, rest.startsWith('>'));
      entries.push({ key, node: scalar(excerpt, start, start + 1, inner, 'block') });
      i = end - 1;
    } else if (isWholeScalar(rest)) {
      const end = start + rest.length;
      entries.push({ key, node: scalar(excerpt, start, end, flowContent(excerpt, start, end), 'flow') });
    }
  }
  return entries;
}

/** Neither a collection nor the beginning of something that goes on. */
function isWholeScalar(text: string): boolean {
  if (text === '' || /^[[{&*!]/.test(text)) return false;
  return /^["']/.test(text) ? text.length > 1 && /^(?:".*"|'.*')$/.test(text) : true;
}

function endOfBlock(text: string, lines: readonly Line[], from: number, indent: number): number {
  let end = from;
  while (end < lines.length && isInside(text, lines[end]?.start ?? 0, lines[end]?.end ?? 0, indent)) end += 1;
  return end;
}

/** A line of a block: empty, or further in than its key. */
function isInside(text: string, start: number, end: number, indent: number): boolean {
  const lead = /^[ \t]*/.exec(text.slice(start, Math.min(end, start + MAX_LINE)))?.[0].length ?? 0;
  return lead > indent || lead === end - start;
}

/** The node at a path of keys. */
export function at(node: YamlNode | undefined, ...keys: readonly string[]): YamlNode | undefined {
  let here = node;
  for (const key of keys) here = here?.kind === 'map' ? here.entries.find((entry) => entry.key === key)?.node : undefined;
  return here;
}

export function textAt(node: YamlNode | undefined, ...keys: readonly string[]): string | undefined {
  const found = at(node, ...keys);
  return found?.kind === 'scalar' ? found.text : undefined;
}

/** All maps, outer ones first, with the keys that lead to them. */
export function* mapsIn(node: YamlNode, path: readonly string[] = []): Generator<{ readonly map: YamlMap; readonly path: readonly string[] }> {
  if (node.kind === 'scalar') return;
  if (node.kind === 'list') {
    for (const item of node.items) yield* mapsIn(item, path);
    return;
  }
  yield { map: node, path };
  for (const entry of node.entries) yield* mapsIn(entry.node, [...path, entry.key]);
}

/** What is larger is read line by line: the parser keeps a node for every token. */
const MAX_PARSED = 512 * 1024;
const MAX_DEPTH = 100;
const MAX_LINE = 5000;
const MAX_LOOKED = 50;
