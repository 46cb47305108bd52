/** `'%s has %d'.format([…])`, with the clauses that CEL has: %s %d %f %e %b %x %X %o %%. */
import { toHex, utf8 } from '@assay/core';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { charge } from '../meter.ts';
import { refuse } from '../register.ts';

export function formatText(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  let text = '';
  let from = 0;
  for (const clause of pattern.matchAll(/%(?:\.(\d+))?(.)|%$/gsu)) {
    text += pattern.slice(from, clause.index);
    from = clause.index + clause[0].length;
    const [whole, precision, verb] = clause;
    if (whole === '%%') text += '%';
    else {
      if (next >= values.length) refuse(`index ${next} out of range`);
      text += formatted(verb ?? '', values[next++], precision === undefined ? 6 : Number(precision));
    }
    charge(1 + (text.length >> 6));
  }
  return text + pattern.slice(from);
}

function formatted(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's':
      return textOf(value);
    case 'd':
      return isInteger(value) || typeof value === 'number' ? textOf(value) : refuse('decimal clause can only be used on numbers');
    case 'f':
    case 'e':
      return real(verb, value, Math.min(precision, 100));
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole(value).toString(2);
    case 'o':
      return whole(value).toString(8);
    case 'x':
      return hexadecimal(value);
    case 'X':
      return hexadecimal(value).toUpperCase();
    default:
      return refuse(`unrecognized formatting clause "${verb}"`);
  }
}

function real(verb: string, value: unknown, precision: number): string {
  if (!isInteger(value) && typeof value !== 'number') refuse('fixed-point clause can only be used on numbers');
  const number = Number(value);
  if (!Number.isFinite(number)) return textOf(number);
  if (verb === 'f') return number.toFixed(precision);
  // Two digits at least, as C has it.
  return number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

function hexadecimal(value: unknown): string {
  if (typeof value === 'string') return toHex(utf8(value));
  return value instanceof Uint8Array ? toHex(value) : whole(value).toString(16);
}

function isInteger(value: unknown): value is bigint | UnsignedInt {
  return typeof value === 'bigint' || value instanceof UnsignedInt;
}

function whole(value: unknown): bigint {
  return isInteger(value) ? value.valueOf() : refuse('the clause is for integers');
}

/** What `%s` and `string()` make of a value. */
export function textOf(value: unknown): string {
  charge(4);
  if (typeof value === 'string') return value;
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value instanceof Duration) return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (value instanceof Map) return mapText([...value]);
  if (typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))) return mapText(Object.entries(value));
  return String(value);
}

function mapText(entries: readonly (readonly [unknown, unknown])[]): string {
  const members = entries.map(([key, value]) => `${textOf(key)}: ${textOf(value)}`).sort();
  return `{${members.join(', ')}}`;
}
