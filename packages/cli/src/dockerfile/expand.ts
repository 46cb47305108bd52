/**
 * Variables in a word, as Docker replaces them (Dockerfile reference, "Environment replacement"):
 *
 *   $NAME  ${NAME}
 *   ${NAME:-word}  ${NAME-word}        word when NAME is empty or unset; when it is unset
 *   ${NAME:+word}  ${NAME+word}        word when it is not
 *   ${NAME:?word}  ${NAME?word}        an error when it is
 *   ${NAME#pattern} ##  %  %%          without the shortest or longest beginning, or end
 *   ${NAME/pattern/word}  //           with the first match, or all, replaced
 *
 * Single quotes keep everything as it is; double quotes and escapes go away.
 */
import { quote } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';
import { matchesAt, type Pattern, parsePattern } from './pattern.ts';

export interface ExpandOptions {
  readonly escape: string;
  readonly lookup: (name: string) => string | undefined;
}

/** Errors: a `${` without end, an unknown modifier, a demanded variable that is unset, more than 64 KiB. */
export function expand(word: string, options: ExpandOptions): string {
  const expander = new Expander(word, options);
  return expander.until(undefined);
}

class Expander {
  readonly #text: string;
  readonly #options: ExpandOptions;
  #at = 0;
  #depth = 0;
  /** Patterns need them. */
  #keepsEscapes = false;
  /** What ended the last `until`. */
  #ended = '';

  constructor(text: string, options: ExpandOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** Up to `end`, which is passed over; a closing brace ends what a slash may end. */
  until(end: '}' | '"' | '/' | undefined): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const char = this.#next();
      if (char === end || (end === '/' && char === '}')) {
        this.#ended = char;
        return result;
      }
      result += this.#piece(char, end === '"');
      if (result.length > MAX_LENGTH) throw this.#refuse(`becomes longer than ${MAX_LENGTH} characters`);
    }
    if (end === undefined) return result;
    throw this.#refuse(end === '"' ? 'has a quote without end' : 'has a ${ without end');
  }

  #next(): string {
    const char = this.#text[this.#at] ?? '';
    this.#at += 1;
    return char;
  }

  #piece(char: string, inQuotes: boolean): string {
    if (char === this.#options.escape) return this.#escaped(inQuotes);
    if (char === '$') return this.#variable();
    if (inQuotes) return char;
    if (char === "'") return this.#singleQuoted();
    return char === '"' ? this.#nested(() => this.until('"')) : char;
  }

  /** In double quotes only a quote, a dollar and the escape itself are escaped. */
  #escaped(inQuotes: boolean): string {
    const char = this.#next();
    const isPlain = inQuotes && char !== '"' && char !== '$' && char !== this.#options.escape;
    return isPlain || this.#keepsEscapes ? `${this.#options.escape}${char}` : char;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw this.#refuse('has a quote without end');
    const content = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return content;
  }

  #variable(): string {
    if (this.#text[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#options.lookup(name) ?? '');
    }
    this.#at += 1;
    return this.#nested(() => this.#braced());
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #braced(): string {
    const name = this.#name();
    if (name === '') throw this.#refuse('has a bad substitution');
    const value = this.#options.lookup(name);
    const modifier = this.#next();
    if (modifier === '') throw this.#refuse('has a ${ without end');
    if (modifier === '}') return value ?? '';
    if (modifier === ':') return this.#conditional(this.#next(), name, value === '' ? undefined : value);
    if (modifier === '-' || modifier === '+' || modifier === '?') return this.#conditional(modifier, name, value);
    if (modifier === '#' || modifier === '%') return this.#trimmed(modifier, value ?? '');
    if (modifier === '/') return this.#replaced(value ?? '');
    throw this.#refuse('has an unknown modifier');
  }

  #conditional(modifier: string, name: string, value: string | undefined): string {
    const word = this.until('}');
    if (modifier === '-') return value ?? word;
    if (modifier === '+') return value === undefined ? '' : word;
    if (modifier !== '?') throw this.#refuse('has an unknown modifier');
    if (value === undefined) throw new CommandError(`${name}: ${quote(word) || 'is not set'}`);
    return value;
  }

  #trimmed(modifier: '#' | '%', value: string): string {
    const isLongest = this.#text[this.#at] === modifier;
    if (isLongest) this.#at += 1;
    const pattern = this.#pattern('}', value);
    const fromEnd = modifier === '%';
    const subject = fromEnd ? reversed(value) : value;
    const length = matchesAt(fromEnd ? pattern.toReversed() : pattern, subject, 0).at(isLongest ? -1 : 0) ?? 0;
    const rest = subject.slice(length);
    return fromEnd ? reversed(rest) : rest;
  }

  #replaced(value: string): string {
    const isAll = this.#text[this.#at] === '/';
    if (isAll) this.#at += 1;
    const pattern = this.#pattern('/', value);
    const word = this.#ended === '/' ? this.until('}') : '';
    let result = '';
    for (let at = 0; at < value.length; ) {
      const length = matchesAt(pattern, value, at).at(-1) ?? 0;
      if (length === 0) {
        result += value[at];
        at += 1;
        continue;
      }
      result += word;
      at += length;
      if (!isAll) return result + value.slice(at);
    }
    return result;
  }

  /** Matching takes the square of the length, so what is longer than any name of an image is refused. */
  #pattern(end: '}' | '/', value: string): Pattern {
    this.#keepsEscapes = true;
    const text = this.until(end);
    this.#keepsEscapes = false;
    if (Math.max(text.length, value.length) > MAX_MATCHED) throw this.#refuse(`matches more than ${MAX_MATCHED} characters`);
    return parsePattern(text, this.#options.escape);
  }

  #nested<T>(expandInner: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#refuse(`is nested deeper than ${MAX_DEPTH} levels`);
    const result = expandInner();
    this.#depth -= 1;
    return result;
  }

  #refuse(problem: string): CommandError {
    return new CommandError(`${quote(this.#text)} ${problem}`);
  }
}

function reversed(text: string): string {
  return [...text].toReversed().join('');
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?!]/y;
const MAX_LENGTH = 64 * 1024;
const MAX_MATCHED = 512;
const MAX_DEPTH = 100;
