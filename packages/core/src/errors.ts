/**
 * The one error class. A failed check is a value (see check.ts); a `TrustError` says that an input cannot be read,
 * that something needed is not available, or that the caller asked for something contradictory.
 * Wrong argument types in code stay plain `TypeError`.
 */
import { catalogue, type ErrorCode, type ErrorKind } from './catalogue.ts';

export interface TrustErrorOptions {
  /** The next command or setting to try; the catalogue's hint when absent. */
  hint?: string;
  expected?: string;
  found?: string;
  cause?: unknown;
  /** Structured fields for machines; never secrets. */
  data?: Readonly<Record<string, string | number>>;
}

const BRAND = Symbol.for('assay.TrustError');

export class TrustError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly data: Readonly<Record<string, string | number>> | undefined;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options: TrustErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'TrustError';
    this.code = code;
    this.hint = options.hint ?? catalogue[code].hint;
    this.expected = options.expected;
    this.found = options.found;
    this.data = options.data;
  }

  get kind(): ErrorKind {
    return catalogue[this.code].kind;
  }
}

/** Tests by brand, not by `instanceof`: two copies of this package may meet in one process. */
export function isTrustError(value: unknown): value is TrustError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}

/**
 * Untrusted text made fit for a message: control, bidirectional and unpaired characters are escaped, and the text is
 * cut at `maxLength` characters, so that evidence can neither forge lines of our output nor flood it.
 */
export function quote(text: string, maxLength = 200): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  // Nearly all text is plain; the Unicode pattern costs a millisecond to compile, so it waits for the text that needs it.
  if (PLAIN.test(cut)) return cut;
  return cut.replace(UNPRINTABLE, (char) => `\\u${char.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}

/** A value of any shape, for a message. `String()` throws for objects without a prototype, which those of our parsers are. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `"${quote(value, 80)}"` : String(value);
}

const PLAIN = /^[\x20-\x7e]*$/;
// Cc, Cf (bidirectional overrides, zero-width), Cs (lone surrogates), line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
