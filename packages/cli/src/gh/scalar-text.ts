/** Scalars of JSON as GitHub's CLI prints them: text bare, null as nothing, numbers that are not whole with two decimals. */
import type { Json } from '@assay/core';

/** Undefined for lists and objects. */
export function scalarText(value: Json): string | undefined {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : Number.isFinite(value) ? value.toFixed(2) : String(value);
  return typeof value === 'object' ? undefined : String(value);
}
