/** Members of maps, edited in the file's own style: its indentation, its quotes, its line ends. */
import { isScalar, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { Edit } from '../model.ts';
import type { YamlSource } from './source.ts';

/** The scalar value of a member, replaced; also one that is empty. Undefined: it is an alias, or written in a way that is left alone. */
export function replaceScalar(source: YamlSource, { key, value }: Pair): ((text: string) => Edit) | undefined {
  if (!isScalar(value) || !isScalar(key)) return undefined;
  const inner = source.inner(value);
  // Bare hex digits may read as a number.
  const quoted = (text: string): string => (text.includes(':') || inner?.quotes !== '' ? text : `"${text}"`);
  if (value.source !== '' || value.type !== 'PLAIN') return inner && ((text) => ({ start: inner.start, end: inner.end, text: quoted(text) }));
  // `digest:` and nothing behind it: the text goes behind the colon.
  const colon = /^[ \t]*:/.exec(source.text.slice(key.range?.[1] ?? 0));
  if (colon === null || value.anchor !== undefined || value.tag !== undefined) return undefined;
  const at = (key.range?.[1] ?? 0) + colon[0].length;
  return (text) => ({ start: at, end: at, text: ` ${quoted(text)}` });
}

/** A new member behind `beside`. Undefined when it is not clear where it would go. */
export function insertMember(source: YamlSource, map: YAMLMap, beside: Pair): ((key: string, value: string) => Edit) | undefined {
  const key = isScalar(beside.key) ? source.inner(beside.key) : undefined;
  const value = beside.value as Scalar | null;
  const end = value?.range?.[1];
  const quotes = isScalar(value) ? source.inner(value)?.quotes : '';
  if (key === undefined || end === undefined || quotes === undefined) return undefined;
  const named = (name: string): string => `${key.quotes}${name}${key.quotes}: `;
  if (map.flow === true) {
    // Older parsers stumble over a bare colon between braces.
    const flowQuotes = quotes || '"';
    return (name, text) => ({ start: end, end, text: `, ${named(name)}${flowQuotes}${text}${flowQuotes}` });
  }
  const lineStart = source.text.lastIndexOf('\n', key.start - 1) + 1;
  const before = source.text.slice(lineStart, key.start - key.quotes.length).replace(/^\ufeff/, '');
  const after = /^[^\r\n]*/.exec(source.text.slice(end))?.[0] ?? '';
  // The name in the place of a list item begins the line too; `? key` and `{` do not.
  if (!/^(?: |- +)*$/.test(before) || !/^[ \t]*(?:#.*)?$/.test(after)) return undefined;
  const at = end + after.length;
  const lineEnd = (/^\r?\n/.exec(source.text.slice(at)) ?? /\r?\n/.exec(source.text))?.[0] ?? '\n';
  return (name, text) => ({ start: at, end: at, text: `${lineEnd}${' '.repeat(before.length)}${named(name)}${quotes}${text}${quotes}` });
}
