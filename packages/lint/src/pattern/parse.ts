/**
 * RE2's syntax as a tree, as far as judging a pattern needs it. RE2 itself says whether a pattern is valid, and what it matches; this says which part of it
 * stands where.
 */

interface Place {
  /** In the pattern. */
  readonly at: number;
  readonly end: number;
}

export type Node = Place &
  (
    | { readonly kind: 'literal'; readonly char: string }
    | { readonly kind: 'any' }
    /** `text` is the class as a pattern of its own. */
    | { readonly kind: 'class'; readonly text: string }
    | { readonly kind: 'start' | 'end' | 'empty' }
    | { readonly kind: 'group'; readonly body: Choice }
    | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number }
  );

/** Alternatives, each a sequence. */
export type Choice = readonly (readonly Node[])[];

/** Of a pattern that RE2 accepts. Undefined for what is not judged: flags that change anchors, and nesting beyond reason. */
export function parsePattern(pattern: string): Choice | undefined {
  try {
    return new Parser(pattern).choice(0);
  } catch (error) {
    if (error instanceof NotJudged) return undefined;
    throw error;
  }
}

class NotJudged extends Error {}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  choice(depth: number): Choice {
    if (depth > MAX_DEPTH) throw new NotJudged();
    const alternatives: Node[][] = [[]];
    for (let char = this.#text[this.#at]; char !== undefined && !(char === ')' && depth > 0); char = this.#text[this.#at]) {
      if (char === '|') {
        this.#at += 1;
        alternatives.push([]);
      } else {
        (alternatives.at(-1) as Node[]).push(...this.#repeated(this.#atoms(depth)));
      }
    }
    return alternatives;
  }

  #atoms(depth: number): Node[] {
    const at = this.#at;
    const char = String.fromCodePoint(this.#text.codePointAt(at) ?? 0);
    this.#at += char.length;
    const place = { at, end: this.#at };
    if (char === '.') return [{ ...place, kind: 'any' }];
    if (char === '^') return [{ ...place, kind: 'start' }];
    if (char === '$') return [{ ...place, kind: 'end' }];
    if (char === '[') return [this.#bracket(at)];
    if (char === '(') return [this.#group(at, depth)];
    if (char === '\\') return this.#escape(at);
    return [{ ...place, kind: 'literal', char }];
  }

  #bracket(at: number): Node {
    const found = /\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]/y;
    found.lastIndex = at;
    const text = found.exec(this.#text)?.[0];
    if (text === undefined) throw new NotJudged();
    this.#at = at + text.length;
    return { at, end: this.#at, kind: 'class', text };
  }

  #group(at: number, depth: number): Node {
    const head = /\?(?:P?<\w+>|([a-zA-Z-]*)([:)]))/y;
    head.lastIndex = this.#at;
    const found = head.exec(this.#text);
    if (found !== null) {
      if (/m/.test(found[1] ?? '')) throw new NotJudged();
      this.#at += found[0].length;
      if (found[2] === ')') return { at, end: this.#at, kind: 'empty' };
    }
    const body = this.choice(depth + 1);
    if (this.#text[this.#at] !== ')') throw new NotJudged();
    this.#at += 1;
    return { at, end: this.#at, kind: 'group', body };
  }

  #escape(at: number): Node[] {
    const found = /\\(?:Q([\s\S]*?)(?:\\E|$)|([pP](?:\{[^}]*\}|.)|[dDsSwW])|([AzbB])|x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/uy;
    found.lastIndex = at;
    const [whole, quoted, set, assertion, wide, hex, octal, char] = found.exec(this.#text) ?? [];
    if (whole === undefined) throw new NotJudged();
    this.#at = at + whole.length;
    const place = { at, end: this.#at };
    if (quoted !== undefined) return [...quoted].map((one): Node => ({ ...place, kind: 'literal', char: one }));
    if (set !== undefined) return [{ ...place, kind: 'class', text: whole }];
    if (assertion === 'A') return [{ ...place, kind: 'start' }];
    if (assertion === 'z') return [{ ...place, kind: 'end' }];
    if (assertion !== undefined) return [{ ...place, kind: 'empty' }];
    const code = wide ?? hex;
    if (code !== undefined || octal !== undefined) {
      const value = code !== undefined ? Number.parseInt(code, 16) : Number.parseInt(octal ?? '', 8);
      return [{ ...place, kind: 'literal', char: value > 0x10ffff ? '' : String.fromCodePoint(value) }];
    }
    return [{ ...place, kind: 'literal', char: CONTROLS[char ?? ''] ?? char ?? '' }];
  }

  /** What stands after an atom: `*`, `+`, `?`, `{2,}`, and once more for the lazy forms. */
  #repeated(nodes: Node[]): Node[] {
    const last = nodes.at(-1);
    const found = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y;
    found.lastIndex = this.#at;
    const [whole, sign, least, comma, most] = found.exec(this.#text) ?? [];
    if (whole === undefined || last === undefined) return nodes;
    this.#at += whole.length;
    const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
    const max = sign === undefined ? (comma === '' ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most)) : sign === '?' ? 1 : Number.POSITIVE_INFINITY;
    return this.#repeated([...nodes.slice(0, -1), { at: last.at, end: this.#at, kind: 'repeat', body: last, min, max }]);
  }
}

const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const MAX_DEPTH = 50;
