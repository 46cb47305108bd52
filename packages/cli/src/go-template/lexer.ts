/**
 * Templates as tokens. Outside of `{{` and `}}` all is text; inside are the words of `text/template`. Spaces are tokens, since they end arguments.
 *
 *   {{- x -}}      white space next to the action goes; the sign stands beside a space
 *   {{/* … *\/}}   a comment
 */
export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'bool'
  | 'number'
  | 'character'
  | 'string'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'open'
  | 'close'
  | 'other'
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of an error, what is wrong. */
  readonly text: string;
  /** UTF-16 units from the start. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
}

/** Ends with a token of kind `end` or `error`. */
export function tokenize(template: string): Token[] {
  const lexer = new Lexer(template);
  lexer.run();
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  readonly #template: string;
  #at = 0;
  #line = 1;

  constructor(template: string) {
    this.#template = template;
  }

  run(): void {
    for (;;) {
      const open = this.#text();
      if (open === undefined) break;
      const problem = open.endsWith('/*') ? this.#comment(open) : this.#action(open);
      if (problem === undefined) continue;
      this.#push('error', problem);
      return;
    }
    this.#push('end', '');
  }

  /** Up to the next action or comment, whose beginning is returned. */
  #text(): string | undefined {
    const open = this.#template.indexOf('{{', this.#at);
    const end = open < 0 ? this.#template.length : open;
    const text = this.#template.slice(this.#at, end);
    OPENING.lastIndex = end;
    const opening = OPENING.exec(this.#template)?.[0];
    this.#emit('text', opening?.startsWith('{{-') ? text.replace(/[ \t\r\n]+$/, '') : text);
    this.#skipTo(end);
    return opening;
  }

  /** Returns what is wrong with it. */
  #comment(open: string): string | undefined {
    const close = this.#template.indexOf('*/', this.#at + open.length);
    if (close < 0) return 'unclosed comment';
    this.#skipTo(close + 2);
    const end = this.#match(/[ \t\r\n]-\}\}[ \t\r\n]*|\}\}/y);
    if (end === undefined) return 'comment ends before closing delimiter';
    this.#skipTo(this.#at + end.length);
    return undefined;
  }

  /** Returns what is wrong with it. */
  #action(open: string): string | undefined {
    this.#push('left', '{{');
    this.#skipTo(this.#at + open.length);
    for (let depth = 0; ; ) {
      const right = this.#match(/[ \t\r\n]+-\}\}|\}\}/y);
      if (right !== undefined) {
        if (depth > 0) return 'unclosed left paren';
        this.#right(right);
        return undefined;
      }
      const [kind, text = ''] = this.#word();
      if (kind === undefined) return this.#problem();
      if (kind === 'open') depth += 1;
      if (kind === 'close') depth -= 1;
      if (depth < 0) return 'unexpected right paren';
      const problem = badEnd(kind, text, this.#template.slice(this.#at + text.length));
      if (problem !== undefined) return problem;
      this.#emit(kindOf(kind, text), text);
      this.#skipTo(this.#at + text.length);
    }
  }

  #word(): readonly [TokenKind, string] | readonly [] {
    for (const [kind, pattern] of PATTERNS) {
      const text = this.#match(pattern);
      if (text !== undefined) return [kind, text];
    }
    return [];
  }

  #right(text: string): void {
    const trims = text !== '}}';
    const space = trims ? text.slice(0, -4) : '';
    this.#emit('space', space);
    this.#skipTo(this.#at + space.length + (trims ? 2 : 0));
    this.#push('right', '}}');
    this.#skipTo(this.#at + 2);
    if (trims) this.#skipTo(this.#at + (this.#match(/[ \t\r\n]+/y) ?? '').length);
  }

  #problem(): string {
    const rest = this.#template.slice(this.#at);
    if (rest === '') return 'unclosed action';
    if (rest.startsWith('"')) return 'unterminated quoted string';
    if (rest.startsWith('`')) return 'unterminated raw quoted string';
    if (rest.startsWith("'")) return 'unterminated character constant';
    if (rest.startsWith(':')) return 'expected :=';
    if (/^[+.-]/.test(rest)) return `bad number syntax: ${JSON.stringify(rest.slice(0, 1))}`;
    return `unrecognized character in action: ${shown(rest)}`;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#template)?.[0];
  }

  #emit(kind: TokenKind, text: string): void {
    if (text !== '') this.#push(kind, text);
  }

  #push(kind: TokenKind, text: string): void {
    this.tokens.push({ kind, text, at: this.#at, line: this.#line });
  }

  #skipTo(end: number): void {
    this.#line += this.#template.slice(this.#at, end).split('\n').length - 1;
    this.#at = end;
  }
}

function badEnd(kind: TokenKind, text: string, after: string): string | undefined {
  if (NEEDS_TERMINATOR.has(kind) && !TERMINATOR.test(after)) return `bad character ${shown(after)}`;
  const [letter] = /^[\p{L}\p{Nd}_]/u.exec(after) ?? [];
  return kind === 'number' && letter !== undefined ? `bad number syntax: ${JSON.stringify(`${text}${letter}`)}` : undefined;
}

function kindOf(kind: TokenKind, text: string): TokenKind {
  if (kind === 'field' && text === '.') return 'keyword';
  if (kind !== 'identifier') return kind;
  if (KEYWORDS.has(text)) return 'keyword';
  return text === 'true' || text === 'false' ? 'bool' : 'identifier';
}

/** `U+0040 '@'` */
function shown(rest: string): string {
  const code = rest.codePointAt(0);
  return code === undefined ? 'U+FFFFFFFFFFFFFFFF' : `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

const OPENING = /\{\{(?:-[ \t\r\n])?(?:\/\*)?/y;
const WORD = '[\\p{L}\\p{Nd}_]';
const NUMBER = '[+-]?(?:0[xX][0-9a-fA-F_]*\\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|\\.?[0-9][0-9_]*\\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)';
/** The first that matches counts. */
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['declare', /:=/y],
  ['assign', /=/y],
  ['pipe', /\|/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['string', /"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`/y],
  ['character', /'(?:[^'\\\n]|\\[^\n])*'/y],
  ['variable', new RegExp(`\\$${WORD}*`, 'uy')],
  ['number', new RegExp(NUMBER, 'y')],
  ['field', new RegExp(`\\.${WORD}*`, 'uy')],
  ['identifier', new RegExp(`${WORD}+`, 'uy')],
  ['other', /[!#%&*,/;<>?@[\\\]^{}~]/y],
];
const NEEDS_TERMINATOR: ReadonlySet<TokenKind> = new Set(['variable', 'field', 'identifier']);
const TERMINATOR = /^(?:$|[ \t\r\n.,|:)(]|\}\})/;
const KEYWORDS: ReadonlySet<string> = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'nil', 'range', 'template', 'with']);
