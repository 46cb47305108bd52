/**
 * A strict JSON parser (RFC 8259) for documents that are signed or that decide trust.
 *
 * `JSON.parse` lets the last of two equal members win, so two verifiers may read one document differently; it also
 * rounds integers beyond 2^53. Here: duplicate members are refused, nesting is capped, integers that do not fit a
 * double exactly become `bigint`, and lone surrogates in strings are refused. Objects have no prototype, so a member
 * named `__proto__` is a member like any other.
 */
import { decodeUtf8 } from './bytes.ts';
import { quote } from './errors.ts';

export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** Deep enough for every document of the field; shallow enough for every stack. */
export const MAX_JSON_DEPTH = 64;

/** Reading an integer costs more than its length: a bundle of nothing but digits would keep us busy for half a minute. */
const MAX_NUMBER_LENGTH = 1000;

/** What is wrong and at which byte offset (UTF-16 unit); callers wrap it into their own code. */
export class JsonError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at offset ${offset}`);
    this.name = 'JsonError';
    this.offset = offset;
  }
}

export function parseJson(input: Uint8Array | string): Json {
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (text === undefined) throw new JsonError('not valid UTF-8', 0);
  if (typeof input === 'string' && LONE_SURROGATE.test(input)) throw new JsonError('unpaired surrogate', input.search(LONE_SURROGATE));
  return new Parser(text).document();
}

/** The same of what need not be JSON, such as the body of a refusal: undefined when it is not. */
export function tryParseJson(input: Uint8Array | string): Json | undefined {
  try {
    return parseJson(input);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Undefined also for JSON that is no object. */
export function tryParseJsonObject(input: Uint8Array | string): JsonObject | undefined {
  const value = tryParseJson(input);
  return isJsonObject(value) ? value : undefined;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#refuse('more text after the document');
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAX_JSON_DEPTH) this.#refuse(`nested deeper than ${MAX_JSON_DEPTH} levels`);
    this.#skipSpace();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = Object.create(null);
    this.#at++;
    this.#skipSpace();
    if (this.#take(0x7d)) return object;
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== 0x22) this.#refuse('expected a member name');
      const start = this.#at;
      const name = this.#string();
      if (name in object) {
        this.#at = start;
        this.#refuse(`duplicate member "${quote(name, 60)}"`);
      }
      this.#skipSpace();
      if (!this.#take(0x3a)) this.#refuse('expected ":"');
      object[name] = this.#value(depth + 1);
      this.#skipSpace();
      if (this.#take(0x2c)) continue;
      if (this.#take(0x7d)) return object;
      this.#refuse('expected "," or "}"');
    }
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    this.#at++;
    this.#skipSpace();
    if (this.#take(0x5d)) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#skipSpace();
      if (this.#take(0x2c)) continue;
      if (this.#take(0x5d)) return items;
      this.#refuse('expected "," or "]"');
    }
  }

  #string(): string {
    const start = this.#at;
    const end = this.#stringEnd();
    const raw = this.#text.slice(start + 1, end);
    if (CONTROL.test(raw)) this.#refuse('control character in a string');
    this.#at = end + 1;
    // Without escapes there is no lone surrogate: neither in valid UTF-8 nor in text that `parseJson` let through.
    return raw.includes('\\') ? this.#unescape(raw, start) : raw;
  }

  /** The offset of the closing quote: the first that an even number of backslashes precedes. */
  #stringEnd(): number {
    const text = this.#text;
    for (let end = text.indexOf('"', this.#at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
      let before = end - 1;
      while (text.charCodeAt(before) === 0x5c) before--;
      if ((end - before) % 2 === 1) return end;
    }
    return this.#refuse('string without end');
  }

  #unescape(raw: string, start: number): string {
    let value: string;
    try {
      value = JSON.parse(`"${raw}"`) as string;
    } catch {
      this.#at = start;
      return this.#refuse('malformed escape in a string');
    }
    if (LONE_SURROGATE.test(value)) {
      this.#at = start;
      this.#refuse('unpaired surrogate in a string');
    }
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#refuse(this.#at >= this.#text.length ? 'unexpected end' : 'unexpected character');
    this.#at = NUMBER.lastIndex;
    const [literal] = match;
    if (literal.length > MAX_NUMBER_LENGTH) this.#refuse(`number of more than ${MAX_NUMBER_LENGTH} characters`);
    const value = Number(literal);
    if (/^-?\d+$/.test(literal) && !Number.isSafeInteger(value)) return BigInt(literal);
    if (!Number.isFinite(value)) this.#refuse('number out of range');
    return value;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#refuse('unexpected character');
    this.#at += word.length;
    return value;
  }

  #take(unit: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== unit) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #refuse(message: string): never {
    throw new JsonError(message, this.#at);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\x00-\x1f]/;
const LONE_SURROGATE = /\p{Cs}/u;
