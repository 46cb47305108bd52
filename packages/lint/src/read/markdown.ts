/** Code in Markdown: fenced blocks, indented ones, and inline. Prose is nobody's command. */
import { Excerpt, type Piece } from '../excerpt.ts';
import { type Line, linesOf } from '../source.ts';

export interface Code {
  readonly form: 'fenced' | 'indented' | 'inline';
  /** Of a fence: the first word behind it, in lower case. */
  readonly language: string;
  readonly excerpt: Excerpt;
}

export function* codeIn(text: string): Generator<Code> {
  const file = Excerpt.of(text);
  const lines = linesOf(text);
  let previous: Line | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as Line;
    const content = text.slice(line.start, line.end);
    const fence = fenceOf(content);
    if (fence !== undefined) {
      const end = closingLine(text, lines, i + 1, fence);
      yield { form: 'fenced', language: fence.language, excerpt: file.join(lines.slice(i + 1, end).map((one) => contentOf(text, one, fence))) };
      i = end;
      previous = undefined;
    } else if (isIndented(content) && isBlank(text, lines[i - 1]) && !isList(text, previous)) {
      let end = i + 1;
      while (end < lines.length && (isIndented(lineText(text, lines[end])) || isBlank(text, lines[end]))) end += 1;
      yield { form: 'indented', language: '', excerpt: file.join(lines.slice(i, end).map((one) => ({ start: one.start, end: one.next }))) };
      i = end - 1;
    } else {
      yield* spansIn(file, line.start, content);
      if (content.trim() !== '') previous = line;
    }
  }
}

interface Fence {
  readonly char: string;
  readonly length: number;
  readonly indent: number;
  readonly language: string;
}

/** Also in quotes and lists, at whatever depth. */
function fenceOf(content: string): Fence | undefined {
  const [lead = ''] = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?/.exec(content) ?? [];
  const char = content[lead.length];
  if (char !== '`' && char !== '~') return undefined;
  let length = 0;
  while (content[lead.length + length] === char) length += 1;
  const info = content.slice(lead.length + length, lead.length + length + MAX_INFO).trim();
  if (length < 3 || (char === '`' && info.includes('`'))) return undefined;
  const language = /^\{?\.?([\w+-]*)/.exec(info)?.[1] ?? '';
  return { char, length, indent: lead.length, language: language.toLowerCase() };
}

/** The number of lines when there is none. */
function closingLine(text: string, lines: readonly Line[], from: number, { char, length }: Fence): number {
  for (let i = from; i < lines.length; i++) {
    const bare = lineText(text, lines[i], MAX_INFO)
      .replace(/^[ \t>]+/, '')
      .trimEnd();
    if (bare.length >= length && bare === char.repeat(bare.length)) return i;
  }
  return lines.length;
}

/** Without indentation and marks of quotes, as deep as those of the fence. */
function contentOf(text: string, line: Line, { indent }: Fence): Piece {
  let start = line.start;
  while (start < line.end && start - line.start < indent && /[ \t>]/.test(text[start] ?? '')) start += 1;
  return { start, end: line.next };
}

function* spansIn(file: Excerpt, from: number, content: string): Generator<Code> {
  const runs = [...content.matchAll(/`+/g)].map((found) => ({ at: found.index, length: found[0].length }));
  const closing = new Map<number, number>();
  const nextOf = runs.map(() => -1);
  for (let i = runs.length - 1; i >= 0; i--) {
    const { length } = runs[i] as { length: number };
    nextOf[i] = closing.get(length) ?? -1;
    closing.set(length, i);
  }
  for (let i = 0; i < runs.length; i++) {
    const open = runs[i];
    const close = runs[nextOf[i] ?? -1];
    if (open === undefined || close === undefined) continue;
    yield { form: 'inline', language: '', excerpt: file.slice(from + open.at + open.length, from + close.at) };
    i = nextOf[i] ?? i;
  }
}

function lineText(text: string, line: Line | undefined, most = Number.POSITIVE_INFINITY): string {
  return line === undefined ? '' : text.slice(line.start, Math.min(line.end, line.start + most));
}

const isIndented = (content: string): boolean => /^(?: {4}|\t)[ \t]*\S/.test(content.slice(0, 200));
const isBlank = (text: string, line: Line | undefined): boolean => lineText(text, line).trim() === '';
const isList = (text: string, line: Line | undefined): boolean => /^(?:\s+\S|\s*(?:[-*+]|\d{1,9}[.)])\s)/.test(lineText(text, line, MAX_INFO));
const MAX_INFO = 200;
