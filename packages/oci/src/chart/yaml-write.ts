/**
 * YAML as Kubernetes' tools write it (Go's YAML library, version 2), byte for byte: Chart.yaml is written anew when a chart is packaged, `show chart`
 * prints it, and signatures are made over it.
 *
 *   names sorted as people sort them: `z9` before `z10`; lists as far left as the name they belong to
 *   texts plain where that reads back the same, else double-quoted, or single-quoted when only the characters are in the way
 *   texts of several lines as `|` blocks
 *   beyond column 80 a line breaks at the next single space
 */
import { isList, isMap, type Tree } from './tree.ts';
import { floatText, isBase60, plainScalar } from './yaml-scalar.ts';

export function encodeYaml(tree: Tree): string {
  const writer = new Writer();
  writer.node(tree, { indent: -1, role: 'document' });
  return writer.finish();
}

interface Place {
  /** Of the surrounding block. */
  readonly indent: number;
  readonly role: 'document' | 'item' | 'value' | 'key';
}

class Writer {
  #text = '';
  #column = 0;
  /** Whether the line so far is nothing but indentation and dashes. */
  #isLineStart = true;
  #afterSpace = true;

  node(tree: Tree, place: Place): void {
    if (isMap(tree)) this.#map(tree, place);
    else if (isList(tree)) this.#list(tree, place);
    else this.#scalar(tree, place);
  }

  finish(): string {
    this.#startLine(0);
    return this.#text;
  }

  #map(map: ReadonlyMap<string, Tree>, place: Place): void {
    if (map.size === 0) this.#mark('{}');
    const indent = place.indent < 0 ? 0 : place.indent + 2;
    for (const [name, value] of [...map].toSorted(([a], [b]) => compareNames(a, b))) {
      this.#startLine(indent);
      if (isSimpleKey(name)) {
        this.#scalar(name, { indent, role: 'key' });
        this.#put(':');
      } else {
        this.#indicator('?');
        this.#scalar(name, { indent, role: 'value' });
        this.#startLine(indent);
        this.#indicator(':');
      }
      this.#afterSpace = false;
      this.node(value, { indent, role: 'value' });
    }
  }

  #list(list: readonly Tree[], place: Place): void {
    if (list.length === 0) this.#mark('[]');
    const isUnderName = place.role === 'value' && !this.#isLineStart;
    const indent = place.indent < 0 ? 0 : place.indent + (isUnderName ? 0 : 2);
    for (const item of list) {
      this.#startLine(indent);
      this.#indicator('-');
      this.node(item, { indent, role: 'item' });
    }
  }

  #scalar(value: Exclude<Tree, ReadonlyMap<string, Tree> | readonly Tree[]>, { indent, role }: Place): void {
    const inner = indent < 0 ? 2 : indent + 2;
    const text = typeof value === 'string' ? value : literalText(value);
    const style = typeof value === 'string' ? styleOf(value) : 'plain';
    if (style === 'block') this.#block(text, inner);
    else if (style === 'plain') this.#plain(text, inner, role);
    else if (style === 'single') this.#single(text, inner, role);
    else this.#double(text, inner, role);
  }

  #plain(value: string, indent: number, role: Place['role']): void {
    this.#separate();
    this.#folded([...value], indent, role, { isInside: () => true, write: (char) => this.#put(char) });
  }

  #single(value: string, indent: number, role: Place['role']): void {
    this.#mark("'");
    this.#folded([...value], indent, role, { isInside: isInside(value), write: (char) => this.#put(char === "'" ? "''" : char) });
    this.#put("'");
  }

  /** Single spaces become line breaks beyond the width. */
  #folded(chars: readonly string[], indent: number, role: Place['role'], { isInside, write }: FoldOptions): void {
    let before = '';
    for (const [i, char] of chars.entries()) {
      if (isBreak(char)) {
        this.#newLine(char);
      } else if (char === ' ' && role !== 'key' && before !== ' ' && this.#column > WIDTH && isInside(i) && chars[i + 1] !== ' ') {
        this.#startLine(indent);
      } else {
        if (isBreak(before)) this.#startLine(indent);
        write(char);
      }
      before = char;
    }
  }

  #double(value: string, indent: number, role: Place['role']): void {
    const chars = [...value];
    const inside = isInside(value);
    this.#mark('"');
    let wasSpace = false;
    for (const [i, char] of chars.entries()) {
      if (char === ' ' && role !== 'key' && !wasSpace && this.#column > WIDTH && inside(i)) {
        this.#startLine(indent);
        if (chars[i + 1] === ' ') this.#put('\\');
      } else {
        this.#put(escaped(char));
      }
      wasSpace = char === ' ';
    }
    this.#put('"');
  }

  #block(value: string, indent: number): void {
    const [first = ''] = value;
    const keeps = /(?:^|[\n\r\u0085\u2028\u2029])[\n\r\u0085\u2028\u2029]$/.test(value);
    const strips = !/[\n\r\u0085\u2028\u2029]$/.test(value);
    this.#mark(`|${first === ' ' || isBreak(first) ? '2' : ''}${keeps ? '+' : strips ? '-' : ''}`);
    this.#newLine('\n');
    let wasBreak = true;
    for (const char of value) {
      if (isBreak(char)) {
        this.#newLine(char);
      } else {
        if (wasBreak) this.#startLine(indent);
        this.#put(char);
      }
      wasBreak = isBreak(char);
    }
  }

  /** The next line at this indentation; the rest of this one when only indentation and dashes stand on it so far. */
  #startLine(indent: number): void {
    if (!this.#isLineStart || this.#column > indent || (this.#column === indent && !this.#afterSpace)) this.#newLine('\n');
    this.#text += ' '.repeat(Math.max(0, indent - this.#column));
    this.#column = Math.max(this.#column, indent);
    this.#afterSpace = true;
    this.#isLineStart = true;
  }

  #newLine(end: string): void {
    this.#text += end;
    this.#column = 0;
    this.#isLineStart = true;
    this.#afterSpace = true;
  }

  /** A dash, `?` or `:` that begins a line, after which another may follow on the same. */
  #indicator(sign: string): void {
    const isLineStart = this.#isLineStart;
    this.#mark(sign);
    this.#isLineStart = isLineStart;
  }

  #mark(sign: string): void {
    this.#separate();
    this.#put(sign);
  }

  #separate(): void {
    if (!this.#afterSpace) this.#put(' ');
  }

  #put(text: string): void {
    this.#text += text;
    this.#column += [...text].length;
    this.#afterSpace = false;
    this.#isLineStart = false;
  }
}

interface FoldOptions {
  readonly isInside: (index: number) => boolean;
  readonly write: (char: string) => void;
}

/** Whether the space at this index is neither the first nor the last character. */
function isInside(value: string): (index: number) => boolean {
  const last = [...value].length - 1;
  return (index) => index > 0 && index < last;
}

function literalText(value: null | boolean | bigint | number): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return floatText(value, 64);
}

type Style = 'plain' | 'single' | 'double' | 'block';

function styleOf(value: string): Style {
  const needsEscapes = [...value].some((char) => !isPrintable(char)) || / [\n\u2028\u2029]/.test(value);
  if (value.includes('\n')) return needsEscapes || value.endsWith(' ') ? 'double' : 'block';
  if (needsEscapes || plainScalar(value).kind !== 'text' || isBase60(value) || /[\u2028\u2029] /.test(value)) return 'double';
  return /^ | $|[\u2028\u2029]/.test(value) || hasIndicators(value) ? 'single' : 'plain';
}

/** What would make a plain text something else outside `[]` and `{}`. */
function hasIndicators(value: string): boolean {
  return (
    /^(?:---|\.\.\.)/.test(value) || /^[#,[\]{}&*!|>'"%@`]/.test(value) || /^[-?](?:[ \t]|$)/.test(value) || /:(?:[ \t]|$)/.test(value) || /[ \t]#/.test(value)
  );
}

/** Tabs are not, nor is anything beyond the basic plane. */
function isPrintable(char: string): boolean {
  const point = char.codePointAt(0) ?? 0;
  if (point === 0x0a || (point >= 0x20 && point <= 0x7e)) return true;
  return point >= 0xa0 && point <= 0xfffd && point !== 0xfeff;
}

function isBreak(char: string): boolean {
  return /^[\n\r\u0085\u2028\u2029]$/.test(char);
}

function escaped(char: string): string {
  const isPlain = isPrintable(char) && !isBreak(char) && char !== '"' && char !== '\\';
  if (isPlain) return char;
  const named = NAMED_ESCAPES[char];
  if (named !== undefined) return `\\${named}`;
  const hex = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** A name longer than 128 bytes, or of several lines, stands behind a `?`. */
function isSimpleKey(name: string): boolean {
  return Buffer.byteLength(name) <= 128 && !/[\n\r\u0085\u2028\u2029]/.test(name);
}

/** Digits by their number, letters after everything else, the rest by code point. */
function compareNames(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((char, i) => char !== right[i]);
  if (at < 0 || at >= right.length) return left.length - right.length;
  const [x, y] = [left[at] as string, right[at] as string];
  const [isLetterX, isLetterY] = [LETTER.test(x), LETTER.test(y)];
  if (isLetterX !== isLetterY) return isLetterY ? -1 : 1;
  if (!isLetterX) {
    const byNumber = compareNumbers(left, right, at);
    if (byNumber !== 0) return byNumber;
  }
  return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
}

/** Of two numbers whose common beginning ends at `at`: by size, then by length. */
function compareNumbers(left: readonly string[], right: readonly string[], at: number): number {
  const digits = (chars: readonly string[]): string => /^\d*/.exec(chars.slice(at).join(''))?.[0] ?? '';
  const [x, y] = [digits(left), digits(right)];
  // A zero only counts behind another digit: `10` after `9`, and `a0` beside `a`.
  const before = /(\d*)$/.exec(left.slice(0, at).join(''))?.[1] ?? '';
  const lead = (left[at] === '0' || right[at] === '0') && /[1-9]/.test(before) ? '1' : '';
  const [m, n] = [BigInt(`0${lead}${x}`), BigInt(`0${lead}${y}`)];
  if (m !== n) return m < n ? -1 : 1;
  return x.length - y.length;
}

const LETTER = /^\p{L}$/u;
const WIDTH = 80;
const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u00a0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};
