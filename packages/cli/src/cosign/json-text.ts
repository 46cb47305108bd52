/** JSON as text: members, numbers and strings stay as they were written, since a digest of them may be on record somewhere. */
import { CommandError } from '../cobra/failure.ts';

/** On one line. What is on one line already comes back unchanged. */
export function oneLine(document: Uint8Array): string {
  const json = new TextDecoder().decode(document).trim();
  if (!/[\r\n]/.test(json)) return json;
  return pieces(json)
    .map(({ text, isString }) => (isString ? text : text.replace(/\s+/g, '')))
    .join('');
}

/** Objects one after the other, on lines of their own or not. Errors: text that is not such a sequence. */
export function splitDocuments(text: string): string[] {
  const documents: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { token, at } of tokens(text)) {
    const outside = depth === 0;
    depth += DEPTHS[token] ?? 0;
    if (depth < 0 || (outside && token !== '{')) throw notASequence();
    if (outside) start = at;
    if (depth === 0) documents.push(text.slice(start, at + 1));
  }
  if (depth !== 0) throw notASequence();
  return documents;
}

/** Braces and brackets, and what else is no white space; strings as one quote. */
function* tokens(text: string): Generator<{ token: string; at: number }, void, void> {
  for (const piece of pieces(text)) {
    if (piece.isString) yield { token: '"', at: piece.start };
    else for (const { 0: token, index } of piece.text.matchAll(/[{}[\]]|[^\s{}[\]]+/g)) yield { token, at: piece.start + index };
  }
}

const DEPTHS: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

function notASequence(): CommandError {
  return new CommandError('invalid JSON: expected one object after the other');
}

interface Piece {
  readonly text: string;
  readonly start: number;
  readonly isString: boolean;
}

/** Strings, and what lies between them. Without regular expressions, whose stack a string of many megabytes exhausts. */
function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let start = 0;
  while (start < text.length) {
    const quote = text.indexOf('"', start);
    const end = quote < 0 ? text.length : quote;
    if (end > start) found.push({ text: text.slice(start, end), start, isString: false });
    if (quote < 0) break;
    start = stringEnd(text, quote);
    found.push({ text: text.slice(quote, start), start: quote, isString: true });
  }
  return found;
}

/** Behind the closing quote: the first that no odd number of backslashes precedes. */
function stringEnd(text: string, opening: number): number {
  for (let quote = text.indexOf('"', opening + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return text.length;
}
