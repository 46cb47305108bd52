/**
 * What a plain (unquoted) YAML scalar means to the YAML 1.1 reader of Kubernetes' tools: `yes` is a boolean, `1.10` the number 1.1, `017` is 15, and `08`,
 * which is no octal number, the float 8. The writer asks the same question: a text that would be read as something else needs quotes.
 */

export type PlainScalar =
  | { readonly kind: 'text' | 'null' | 'timestamp' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number };

export function plainScalar(text: string): PlainScalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (text.startsWith('.')) return float(text, /^\.\d+(?:[eE][+-]?\d+)?$/);
  if (!/^[-+\d]/.test(text)) return TEXT;
  if (isTimestamp(text)) return { kind: 'timestamp' };
  const digits = text.replaceAll('_', '');
  const value = integer(digits);
  return value === undefined ? float(digits, /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/) : { kind: 'int', value };
}

/** `1:30` in base 60: not read, and quoted all the same, for readers that do. */
export function isBase60(text: string): boolean {
  return /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text);
}

/** The prefix is the base, as in Go: `0x1f`, `0b1`, `0o17` and `017`. Undefined when it is not one of 64 bits. */
function integer(text: string): bigint | undefined {
  const [, sign = '', digits] = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = BigInt(digits.replace(/^0[oO]?(?=[0-7])/, '0o'));
  if (sign === '-') return size <= 2n ** 63n ? -size : undefined;
  return size < (sign === '' ? 2n ** 64n : 2n ** 63n) ? size : undefined;
}

function float(text: string, form: RegExp): PlainScalar {
  const value = form.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { kind: 'float', value } : TEXT;
}

function isTimestamp(text: string): boolean {
  const [, year = '', month, day, separator, hour = '0', minute = '0', second = '0', zone] = TIMESTAMP.exec(text) ?? [];
  if (year === '' || (zone !== undefined) !== (separator === 'T' || separator === 't')) return false;
  if (Number(month) < 1 || Number(month) > 12) return false;
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return Number(day) >= 1 && Number(day) <= lastDay && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}

/** A number as Go's `%g` writes it: the fewest digits that read back as the same number of 32 or 64 bits. */
export function floatText(value: number, bits: 32 | 64): string {
  const exact = bits === 32 ? Math.fround(value) : value;
  if (Number.isNaN(exact)) return 'NaN';
  if (!Number.isFinite(exact)) return exact > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', power = ''] = shortest(exact, bits).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return plainDecimal(mantissa, exponent);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function shortest(value: number, bits: 32 | 64): string {
  if (bits === 64) return value.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential();
}

/** `1.25` and 2 make `125`. */
function plainDecimal(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return `${sign}${whole}${rest && `.${rest}`}`;
}

const TEXT: PlainScalar = { kind: 'text' };

/** A date; with a time after a T and with a zone, or after a space and without one. */
const TIMESTAMP = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[-+]\d\d:\d\d)?)?$/;

const WORDS: ReadonlyMap<string, PlainScalar> = new Map([
  ...words({ kind: 'bool', value: true }, 'y Y yes Yes YES true True TRUE on On ON'),
  ...words({ kind: 'bool', value: false }, 'n N no No NO false False FALSE off Off OFF'),
  ...words({ kind: 'float', value: Number.NaN }, '.nan .NaN .NAN'),
  ...words({ kind: 'float', value: Number.POSITIVE_INFINITY }, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...words({ kind: 'float', value: Number.NEGATIVE_INFINITY }, '-.inf -.Inf -.INF'),
  ...words({ kind: 'null' }, '~ null Null NULL'),
  ['', { kind: 'null' }],
]);

function words(meaning: PlainScalar, spellings: string): [string, PlainScalar][] {
  return spellings.split(' ').map((spelling) => [spelling, meaning]);
}
