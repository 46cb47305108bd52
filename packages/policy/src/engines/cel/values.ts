/**
 * JSON to CEL and back. An object becomes a Map, so that members called `constructor` or `__proto__` are members and nothing else; an integer becomes a
 * bigint, as Kubernetes reads its objects.
 */
import { encodeBase64, type Json, TrustError } from '@assay/core';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';

export type CelValue = unknown;

/** Errors: `POLICY_CEL` for what is nested more deeply than JSON may be. */
export function toCel(value: Json | undefined, depth = 0): CelValue {
  if (depth > MAX_DEPTH) throw new TrustError('POLICY_CEL', 'the value is nested too deeply', { expected: `at most ${MAX_DEPTH} levels` });
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'bigint') return value === BigInt.asIntN(64, value) ? value : Number(value);
  if (Array.isArray(value)) return value.map((member) => toCel(member, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, toCel(member as Json, depth + 1)]));
}

/** Errors: `POLICY_CEL` for values that JSON does not have. */
export function fromCel(value: CelValue, depth = 0): Json {
  if (depth > MAX_DEPTH) throw new TrustError('POLICY_CEL', 'the value is nested too deeply', { expected: `at most ${MAX_DEPTH} levels` });
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return BigInt(Number(value)) === value ? Number(value) : value;
    case 'number':
      if (!Number.isFinite(value)) throw new TrustError('POLICY_CEL', 'not a number that JSON has', { found: String(value) });
      return value;
    default:
      return fromObject(value, depth);
  }
}

function fromObject(value: CelValue, depth: number): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((member) => fromCel(member, depth + 1));
  if (value instanceof Set) return [...value].map((member) => fromCel(member, depth + 1));
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof UnsignedInt) return Number(value.valueOf());
  if (value instanceof Duration) return String(value);
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (entries === undefined) throw new TrustError('POLICY_CEL', 'a value that JSON does not have');
  const object: Record<string, Json> = Object.create(null);
  for (const [key, member] of entries) object[String(key)] = fromCel(member, depth + 1);
  return object;
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === null || prototype === Object.prototype;
}

const MAX_DEPTH = 128;
