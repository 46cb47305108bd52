/** Quantities and versions, as Kubernetes has them in CEL. */

import { quote } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { refuse, register } from '../register.ts';

export function registerQuantities(environment: Environment): void {
  environment.registerType('kubernetes.Quantity', Quantity);
  environment.registerType('kubernetes.Semver', Version);
  register(environment, {
    'quantity(string): kubernetes.Quantity': parseQuantity,
    'isQuantity(string): bool': (text: string) => readQuantity(text) !== undefined,
    'kubernetes.Quantity.isInteger(): bool': ({ nanos }: Quantity) => nanos % NANO === 0n && fits(nanos / NANO),
    'kubernetes.Quantity.asInteger(): int': ({ nanos }: Quantity) =>
      nanos % NANO === 0n && fits(nanos / NANO) ? nanos / NANO : refuse('cannot convert value to integer'),
    'kubernetes.Quantity.asApproximateFloat(): double': ({ nanos }: Quantity) => Number(nanos) / 1e9,
    'kubernetes.Quantity.sign(): int': ({ nanos }: Quantity) => order(nanos, 0n),
    'kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity': (one: Quantity, other: Quantity) => new Quantity(one.nanos + other.nanos),
    'kubernetes.Quantity.add(int): kubernetes.Quantity': (one: Quantity, other: bigint) => new Quantity(one.nanos + other * NANO),
    'kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity': (one: Quantity, other: Quantity) => new Quantity(one.nanos - other.nanos),
    'kubernetes.Quantity.sub(int): kubernetes.Quantity': (one: Quantity, other: bigint) => new Quantity(one.nanos - other * NANO),
    'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool': (one: Quantity, other: Quantity) => one.nanos < other.nanos,
    'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool': (one: Quantity, other: Quantity) => one.nanos > other.nanos,
    'kubernetes.Quantity.compareTo(kubernetes.Quantity): int': (one: Quantity, other: Quantity) => order(one.nanos, other.nanos),
    'semver(string): kubernetes.Semver': (text: string) => parseVersion(text),
    'semver(string, bool): kubernetes.Semver': (text: string, normalize: boolean) => parseVersion(normalize ? normalized(text) : text),
    'isSemver(string): bool': (text: string) => readVersion(text) !== undefined,
    'isSemver(string, bool): bool': (text: string, normalize: boolean) => readVersion(normalize ? normalized(text) : text) !== undefined,
    'kubernetes.Semver.major(): int': ({ numbers }: Version) => numbers[0],
    'kubernetes.Semver.minor(): int': ({ numbers }: Version) => numbers[1],
    'kubernetes.Semver.patch(): int': ({ numbers }: Version) => numbers[2],
    'kubernetes.Semver.isLessThan(kubernetes.Semver): bool': (one: Version, other: Version) => compareVersions(one, other) < 0n,
    'kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool': (one: Version, other: Version) => compareVersions(one, other) > 0n,
    'kubernetes.Semver.compareTo(kubernetes.Semver): int': compareVersions,
  });
  environment.registerOperator('kubernetes.Quantity == kubernetes.Quantity', (one: Quantity, other: Quantity) => one.nanos === other.nanos);
  environment.registerOperator('kubernetes.Semver == kubernetes.Semver', (one: Version, other: Version) => compareVersions(one, other) === 0n);
}

/** Billionths, the smallest that a quantity says; what is smaller is rounded up. */
class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

const NANO = 1_000_000_000n;
const SUFFIXES: ReadonlyMap<string, bigint> = new Map([
  ['n', 1n],
  ['u', 1_000n],
  ['m', 1_000_000n],
  ['', NANO],
  ...['k', 'M', 'G', 'T', 'P', 'E'].map((suffix, i) => [suffix, NANO * 1000n ** BigInt(i + 1)] as const),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, i) => [suffix, NANO * 1024n ** BigInt(i + 1)] as const),
]);

function parseQuantity(text: string): Quantity {
  return readQuantity(text) ?? refuse(`quantity parse error: "${quote(text)}" is not a quantity`);
}

function readQuantity(text: string): Quantity | undefined {
  const [, sign, whole = '', fraction = '', suffix = ''] = /^([+-]?)(\d{0,100})(?:\.(\d{0,100}))?((?:[eE][+-]?\d{1,2})|[a-zA-Z]{0,2})$/.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  const unit = exponent === undefined ? SUFFIXES.get(suffix) : NANO;
  if (unit === undefined) return undefined;
  let nanos = BigInt(whole + fraction) * unit;
  const shift = Number(exponent ?? 0) - fraction.length;
  if (shift >= 0) nanos *= 10n ** BigInt(shift);
  else nanos = (nanos + 10n ** BigInt(-shift) - 1n) / 10n ** BigInt(-shift);
  return new Quantity(sign === '-' ? -nanos : nanos);
}

function fits(value: bigint): boolean {
  return value === BigInt.asIntN(64, value);
}

function order(one: bigint, other: bigint): bigint {
  return one < other ? -1n : one > other ? 1n : 0n;
}

class Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly before: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], before: readonly string[]) {
    this.numbers = numbers;
    this.before = before;
  }
}

function parseVersion(text: string): Version {
  return readVersion(text) ?? refuse(`semver parse error: "${quote(text)}" is not a semantic version`);
}

function readVersion(text: string): Version | undefined {
  const number = '(0|[1-9]\\d{0,18})';
  const [, major, minor, patch, before] =
    new RegExp(`^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`).exec(
      text.slice(0, 1000),
    ) ?? [];
  if (major === undefined || minor === undefined || patch === undefined || text.length > 1000) return undefined;
  const parts = before === undefined ? [] : before.split('.');
  return parts.some((part) => /^0\d+$/.test(part)) ? undefined : new Version([BigInt(major), BigInt(minor), BigInt(patch)], parts);
}

/** Without a `v` in front and zeros before numbers; what is missing is zero. */
function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?([^-+]*)(.*)$/s.exec(text) ?? [];
  const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest;
}

function compareVersions(one: Version, other: Version): bigint {
  for (const i of [0, 1, 2] as const) {
    const by = order(one.numbers[i], other.numbers[i]);
    if (by !== 0n) return by;
  }
  if (one.before.length === 0 || other.before.length === 0) return order(BigInt(other.before.length > 0), BigInt(one.before.length > 0));
  for (let i = 0; i < Math.max(one.before.length, other.before.length); i++) {
    const by = compareParts(one.before[i], other.before[i]);
    if (by !== 0n) return by;
  }
  return 0n;
}

function compareParts(one: string | undefined, other: string | undefined): bigint {
  if (one === undefined || other === undefined) return one === other ? 0n : one === undefined ? -1n : 1n;
  const numeric = [one, other].map((part) => /^\d+$/.test(part));
  if (numeric[0] && numeric[1]) return order(BigInt(one), BigInt(other));
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1n : 1n;
  return one < other ? -1n : one > other ? 1n : 0n;
}
