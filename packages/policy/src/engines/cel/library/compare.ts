/** Equality and order of values, across the kinds of numbers. */
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { charge } from '../meter.ts';
import { refuse } from '../register.ts';

export function equalCel(one: unknown, other: unknown): boolean {
  charge(1);
  if (one === other) return true;
  if (isNumber(one) && isNumber(other)) return !(number(one) < number(other)) && !(number(one) > number(other)) && !Number.isNaN(one) && !Number.isNaN(other);
  if (one instanceof Uint8Array) return other instanceof Uint8Array && one.length === other.length && one.every((byte, i) => byte === other[i]);
  if (one instanceof Date) return other instanceof Date && one.getTime() === other.getTime();
  if (one instanceof Duration) return other instanceof Duration && one.seconds === other.seconds && one.nanos === other.nanos;
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((value, i) => equalCel(value, other[i]));
  const left = entries(one);
  const right = entries(other);
  return (
    left !== undefined &&
    right !== undefined &&
    left.size === right.size &&
    [...left].every(([key, value]) => right.has(key) && equalCel(value, right.get(key)))
  );
}

export function compareCel(one: unknown, other: unknown): number {
  charge(1);
  const comparable =
    (isNumber(one) && isNumber(other)) ||
    (typeof one === typeof other && (typeof one === 'string' || typeof one === 'boolean')) ||
    (one instanceof Date && other instanceof Date) ||
    (one instanceof Duration && other instanceof Duration);
  if (!comparable) refuse('values that have no order');
  const left = one as string;
  const right = other as string;
  return left < right ? -1 : left > right ? 1 : 0;
}

function isNumber(value: unknown): value is bigint | number | UnsignedInt {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInt;
}

function number(value: bigint | number | UnsignedInt): bigint | number {
  return value instanceof UnsignedInt ? value.valueOf() : value;
}

function entries(value: unknown): Map<unknown, unknown> | undefined {
  if (value instanceof Map) return value;
  const plain = typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return plain ? new Map(Object.entries(value)) : undefined;
}
