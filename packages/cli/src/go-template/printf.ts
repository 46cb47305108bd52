/** Go's `fmt.Sprintf` for the values that templates have: flags, width, precision, and the verbs that are used on text, numbers and booleans. */
import { exponentText, floatText, plain } from './print.ts';
import { GoStruct, isList, isMap, NilPointer, sortedEntries, typeOf, type Value } from './value.ts';

export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0;
  let outOfOrder = false;
  const text = format.replace(DIRECTIVE, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    const number = (digits: string | undefined): number | undefined => {
      if (digits !== '*') return digits === undefined ? undefined : Number(digits);
      const given = args[next++];
      outOfOrder ||= typeof given !== 'bigint';
      return typeof given === 'bigint' ? Number(given) : undefined;
    };
    const wide = number(width);
    const places = number(precision?.slice(1));
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const value = args[next++];
    // Given as arguments they may be negative: such a width is one from the left, such a precision is none.
    const how = { flags: (wide ?? 0) < 0 ? `${flags}-` : flags, precision: precision === undefined || (places ?? 0) < 0 ? undefined : (places ?? 0) };
    return padded(verbText(verb, value, how), Math.abs(wide ?? 0), how.flags, isNumeric(value));
  });
  const left = args.slice(next);
  if (left.length === 0 || outOfOrder) return text;
  return `${text}%!(EXTRA ${left.map((value) => (value === undefined || value === null ? '<nil>' : `${typeOf(value)}=${plain(value)}`)).join(', ')})`;
}

interface How {
  readonly flags: string;
  readonly precision: number | undefined;
}

function verbText(verb: string, value: Value, how: How): string {
  if (verb === 'T') return value === undefined || value === null ? '<nil>' : typeOf(value);
  if (verb === 'v') return signed(plain(value), value, how);
  if (value === undefined || value === null || value instanceof NilPointer) return wrong(verb, value);
  const each = (one: Value) => (one === undefined || one === null ? '<nil>' : verbText(verb, one, how));
  if (isList(value)) return `[${value.map(each).join(' ')}]`;
  if (value instanceof GoStruct) return `{${value.fields.map((field) => each(field.value)).join(' ')}}`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([key, one]) => `${each(key)}:${each(one)}`)
      .join(' ')}]`;
  return scalarText(verb, value, how) ?? wrong(verb, value);
}

/** Undefined when the verb is not for this type. */
function scalarText(verb: string, value: Value, how: How): string | undefined {
  switch (typeof value) {
    case 'string':
      return stringText(verb, value, how);
    case 'boolean':
      return verb === 't' ? String(value) : undefined;
    case 'bigint':
      return integerText(verb, value, how);
    case 'number':
      return floatVerb(verb, value, how);
    default:
      return undefined;
  }
}

function stringText(verb: string, value: string, { flags, precision }: How): string | undefined {
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
  if (verb === 's') return cut;
  if (verb === 'q') return flags.includes('#') && !/[`\n\r]/.test(cut) ? `\`${cut}\`` : quoted(cut);
  if (verb === 'x' || verb === 'X') return cased(Buffer.from(cut).toString('hex'), verb);
  return undefined;
}

function integerText(verb: string, value: bigint, how: How): string | undefined {
  const base = BASES[verb];
  if (base !== undefined) {
    const prefix = how.flags.includes('#') ? (PREFIXES[verb] ?? '') : '';
    const digits = cased((value < 0n ? -value : value).toString(base).padStart(Math.min(how.precision ?? 0, MAX_DIGITS), '0'), verb);
    return signed(`${value < 0n ? '-' : ''}${prefix}${digits}`, value, how);
  }
  if (verb === 'c') return character(value);
  if (verb === 'q') return `'${character(value)}'`;
  return verb === 'U' ? `U+${value.toString(16).toUpperCase().padStart(4, '0')}` : undefined;
}

function character(code: bigint): string {
  return code < 0n || code > 0x10ffffn || (code >= 0xd800n && code < 0xe000n) ? '\ufffd' : String.fromCodePoint(Number(code));
}

function floatVerb(verb: string, value: number, how: How): string | undefined {
  const precision = how.precision === undefined ? undefined : Math.min(how.precision, MAX_DIGITS);
  if (!Number.isFinite(value) && 'eEfFgG'.includes(verb)) return floatText(value);
  switch (verb) {
    case 'f':
    case 'F':
      return signed(fixed(value, precision ?? DEFAULT_PRECISION), value, how);
    case 'e':
    case 'E': {
      const [mantissa, power] = value.toExponential(precision ?? DEFAULT_PRECISION).split('e');
      return signed(`${mantissa}${verb}${exponentText(Number(power))}`, value, how);
    }
    case 'g':
    case 'G':
      return signed(cased(precision === undefined ? floatText(value) : significant(value, precision), verb), value, how);
    default:
      return undefined;
  }
}

/** JavaScript goes over to exponents where numbers are large. */
function fixed(value: number, places: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(places);
  return `${BigInt(value)}${places === 0 ? '' : `.${'0'.repeat(places)}`}`;
}

/** `%.3g`: so many digits, without zeros at the end. */
function significant(value: number, precision: number): string {
  const digits = Math.min(Math.max(precision, 1), MAX_DIGITS);
  const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  const trimmed = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  return power < -4 || power >= digits
    ? `${trimmed(mantissa)}e${exponentText(power)}`
    : trimmed(value.toFixed(Math.min(Math.max(0, digits - 1 - power), MAX_DIGITS)));
}

function signed(text: string, value: Value, { flags }: How): string {
  if (!isNumeric(value) || text.startsWith('-') || text.startsWith('+')) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

function padded(text: string, width: number, flags: string, numeric: boolean): string {
  const missing = Math.min(width, MAX_WIDTH) - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const [, sign = '', digits = ''] = (numeric && /^([+-]?)(.*)$/s.exec(text)) || ['', '', text];
  return `${sign}${'0'.repeat(missing)}${digits}`;
}

/** `%!d(string=x)` */
function wrong(verb: string, value: Value): string {
  return value === undefined || value === null ? `%!${verb}(<nil>)` : `%!${verb}(${typeOf(value)}=${plain(value)})`;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][\da-f])/g, (_, hex: string) => SHORT_ESCAPES[hex] ?? `\\x${hex}`);
}

function cased(text: string, verb: string): string {
  return verb === verb.toUpperCase() ? text.toUpperCase() : text;
}

function isNumeric(value: Value): boolean {
  return typeof value === 'bigint' || typeof value === 'number';
}

const DIRECTIVE = /%([-+# 0]*)(\d+|\*)?(\.(?:\d+|\*)?)?([a-zA-Z%])?/g;
const BASES: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };
const PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' };
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '07': '\\a', '0b': '\\v' };
const DEFAULT_PRECISION = 6;
/** What JavaScript writes at most. */
const MAX_DIGITS = 100;
/** Go has the same idea of what is too wide. */
const MAX_WIDTH = 1_000_000;
