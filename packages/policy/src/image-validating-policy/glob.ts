/**
 * The globs of `matchImageReferences`, which know no separators: `*` goes through slashes, colons and all.
 *
 *   *  **        any characters, or none       [abc] [a-z] [!a-z]   one of these, or none of these
 *   ?            one character                 {a,b*}               one of these globs
 *   \x           x, whatever it means
 */
import { quote, TrustError } from '@assay/core';
import { RE2JS } from 're2js';

/** Errors: `POLICY_INVALID`. */
export function compileGlob(glob: string): (text: string) => boolean {
  if (glob.length > MAX_GLOB) throw refused(glob, `longer than ${MAX_GLOB} characters`);
  const expression = RE2JS.compile(new Reader(glob).whole(), RE2JS.DOTALL);
  return (text) => expression.matches(text);
}

class Reader {
  readonly #glob: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(glob: string) {
    this.#glob = glob;
    this.#characters = [...glob];
  }

  whole(): string {
    const pattern = this.#sequence(0);
    if (this.#at < this.#characters.length) throw refused(this.#glob, 'unexpected closing brace');
    return pattern;
  }

  /** Until the end, or what closes the alternatives that it is in. */
  #sequence(depth: number): string {
    let pattern = '';
    for (let next = this.#characters[this.#at]; next !== undefined; next = this.#characters[this.#at]) {
      if (depth > 0 && (next === ',' || next === '}')) break;
      if (next === '}') break;
      this.#at++;
      pattern += this.#piece(next, depth);
    }
    return pattern;
  }

  #piece(character: string, depth: number): string {
    switch (character) {
      case '*':
        return '.*';
      case '?':
        return '.';
      case '[':
        return this.#oneOf();
      case '{':
        return this.#alternatives(depth + 1);
      case '\\':
        return RE2JS.quote(this.#characters[this.#at++] ?? '\\');
      default:
        return RE2JS.quote(character);
    }
  }

  #oneOf(): string {
    const not = this.#characters[this.#at] === '!';
    if (not) this.#at++;
    const end = this.#characters.indexOf(']', this.#at + 1);
    if (end < 0) throw refused(this.#glob, 'a bracket is not closed');
    const members = this.#characters.slice(this.#at, end);
    this.#at = end + 1;
    const [low = '', dash, high = ''] = members;
    const isRange = members.length === 3 && dash === '-';
    if (isRange && low > high) throw refused(this.#glob, 'a range ends before it begins');
    const inside = isRange ? `${escaped(low)}-${escaped(high)}` : members.map(escaped).join('');
    return `[${not ? '^' : ''}${inside}]`;
  }

  #alternatives(depth: number): string {
    if (depth > MAX_DEPTH) throw refused(this.#glob, 'nested too deeply');
    const alternatives = [this.#sequence(depth)];
    while (this.#characters[this.#at] === ',') {
      this.#at++;
      alternatives.push(this.#sequence(depth));
    }
    if (this.#characters[this.#at] !== '}') throw refused(this.#glob, 'a brace is not closed');
    this.#at++;
    return `(?:${alternatives.join('|')})`;
  }
}

function escaped(character: string): string {
  return /[\\\]^[-]/.test(character) ? `\\${character}` : character;
}

function refused(glob: string, problem: string): TrustError {
  return new TrustError('POLICY_INVALID', `invalid glob "${quote(glob)}": ${problem}`);
}

const MAX_GLOB = 2048;
const MAX_DEPTH = 20;
