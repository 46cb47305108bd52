/** Values as Go's `fmt` prints them with `%v`. */
import { GoStruct, isList, isMap, NilPointer, sortedEntries, type Value } from './value.ts';

/** As an action prints it. */
export function printed(value: Value): string {
  return value === undefined ? '<no value>' : plain(value);
}

/** As `print` and `%v` have it, where nothing is nil. */
export function plain(value: Value): string {
  if (value === undefined || value === null || value instanceof NilPointer) return '<nil>';
  if (typeof value === 'number') return floatText(value);
  if (isList(value)) return `[${value.map(plain).join(' ')}]`;
  if (value instanceof GoStruct) return `{${value.fields.map((field) => plain(field.value)).join(' ')}}`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([key, one]) => `${key}:${plain(one)}`)
      .join(' ')}]`;
  return String(value);
}

/** The shortest digits that mean this number, with an exponent below -4 and from 6 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= MIN_EXPONENT && power < MAX_EXPONENT) return Object.is(value, -0) ? '-0' : String(value);
  return `${mantissa}e${exponentText(power)}`;
}

/** Two digits at least. */
export function exponentText(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

const MIN_EXPONENT = -4;
const MAX_EXPONENT = 6;
