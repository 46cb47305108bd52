/** The math library of CEL, version 2, and Kyverno's `math.round(double, int)`. */
import type { Environment } from '@marcbachmann/cel-js';
import { charge } from '../meter.ts';
import { type CelFunction, refuse, registerNamespace } from '../register.ts';
import { compareCel } from './compare.ts';

export function registerMath(environment: Environment): void {
  registerNamespace(environment, 'math', {
    ...extremes('greatest', (order) => order > 0),
    ...extremes('least', (order) => order < 0),
    'ceil(double): double': Math.ceil,
    'floor(double): double': Math.floor,
    'trunc(double): double': Math.trunc,
    'round(double): double': roundAway,
    'round(double, int): double': (value: number, digits: bigint) => {
      const factor = 10 ** Math.min(Math.max(Number(digits), 0), 15);
      return roundAway(value * factor) / factor;
    },
    'abs(double): double': Math.abs,
    'abs(int): int': (value: bigint) => int64(value < 0n ? -value : value),
    'sign(double): double': Math.sign,
    'sign(int): int': (value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n),
    'sqrt(double): double': Math.sqrt,
    'sqrt(int): double': (value: bigint) => Math.sqrt(Number(value)),
    'isNaN(double): bool': Number.isNaN,
    'isInf(double): bool': (value: number) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY,
    'isFinite(double): bool': Number.isFinite,
    'bitAnd(int, int): int': (one: bigint, other: bigint) => one & other,
    'bitOr(int, int): int': (one: bigint, other: bigint) => one | other,
    'bitXor(int, int): int': (one: bigint, other: bigint) => one ^ other,
    'bitNot(int): int': (value: bigint) => ~value,
    'bitShiftLeft(int, int): int': (value: bigint, by: bigint) => shift(by, () => BigInt.asIntN(64, value << by)),
    'bitShiftRight(int, int): int': (value: bigint, by: bigint) => shift(by, () => BigInt.asIntN(64, BigInt.asUintN(64, value) >> by)),
  });
}

/** Of a list, or of up to eight arguments. */
function extremes(name: string, better: (order: number) => boolean): Record<string, CelFunction> {
  const pick = (values: readonly unknown[]) => {
    if (values.length === 0) refuse(`math.${name}() argument must not be empty`);
    charge(values.length);
    return values.reduce((best, value) => (better(compareCel(value, best)) ? value : best));
  };
  const functions: Record<string, CelFunction> = { [`${name}(dyn): dyn`]: (value: unknown) => pick(Array.isArray(value) ? value : [value]) };
  for (let count = 2; count <= 8; count++) functions[`${name}(${Array(count).fill('dyn').join(', ')}): dyn`] = (...values: unknown[]) => pick(values);
  return functions;
}

function roundAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function shift(by: bigint, run: () => bigint): bigint {
  if (by < 0n) refuse(`math.bitShift() negative offset: ${by}`);
  return by > 63n ? 0n : run();
}

function int64(value: bigint): bigint {
  return value === BigInt.asIntN(64, value) ? value : refuse('integer overflow');
}
