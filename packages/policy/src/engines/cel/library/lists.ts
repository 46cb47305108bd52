/** Lists and sets: CEL's libraries of these names, and the lists of Kubernetes. */
import type { Environment } from '@marcbachmann/cel-js';
import { charge, currentEvaluation } from '../meter.ts';
import { refuse, register, registerNamespace } from '../register.ts';
import { compareCel, equalCel } from './compare.ts';
import { optionalOf } from './optional.ts';

export function registerLists(environment: Environment): void {
  register(environment, {
    'list.isSorted(): bool': (list: readonly unknown[]) => read(list).every((value, i) => i === 0 || compareCel(list[i - 1], value) <= 0),
    'list.sum(): dyn': sum,
    'list<A>.min(): A': (list: readonly unknown[]) => extreme(list, 'min', (order) => order < 0),
    'list<A>.max(): A': (list: readonly unknown[]) => extreme(list, 'max', (order) => order > 0),
    'list<A>.indexOf(A): int': (list: readonly unknown[], value: unknown) => BigInt(read(list).findIndex((member) => equalCel(member, value))),
    'list<A>.lastIndexOf(A): int': (list: readonly unknown[], value: unknown) => BigInt(read(list).findLastIndex((member) => equalCel(member, value))),
    'list<A>.slice(int, int): list<A>': slice,
    'list.flatten(): list<dyn>': (list: readonly unknown[]) => flatten(list, 1),
    'list.flatten(int): list<dyn>': (list: readonly unknown[], depth: bigint) =>
      depth < 0n ? refuse('level must be non-negative') : flatten(list, Number(depth)),
    'list<A>.distinct(): list<A>': distinct,
    'list<A>.reverse(): list<A>': (list: readonly unknown[]) => read(list).toReversed(),
    'list<A>.sort(): list<A>': (list: readonly unknown[]) => read(list).toSorted(compareCel),
    'list<A>.first(): optional<A>': (list: readonly unknown[]) => optionalOf(list[0]),
    'list<A>.last(): optional<A>': (list: readonly unknown[]) => optionalOf(list.at(-1)),
  });
  registerNamespace(environment, 'lists', { 'range(int): list<int>': range });
  registerNamespace(environment, 'sets', {
    'contains(list, list): bool': (list: readonly unknown[], part: readonly unknown[]) => holdsAll(list, part),
    'equivalent(list, list): bool': (one: readonly unknown[], other: readonly unknown[]) => holdsAll(one, other) && holdsAll(other, one),
    'intersects(list, list): bool': (one: readonly unknown[], other: readonly unknown[]) => one.some((value) => holds(other, value)),
  });
}

function read(list: readonly unknown[]): unknown[] {
  charge(list.length);
  return [...list];
}

function sum(list: readonly unknown[]): unknown {
  const [first, ...rest] = read(list);
  if (first === undefined) return 0n;
  return rest.reduce((total, value) => {
    if (typeof total === 'bigint' && typeof value === 'bigint') return int64(total + value);
    if (typeof total === 'number' && typeof value === 'number') return total + value;
    if (isDuration(total) && isDuration(value)) return total.addDuration(value);
    return refuse('sum is for lists of numbers or of durations');
  }, first);
}

function int64(value: bigint): bigint {
  return value === BigInt.asIntN(64, value) ? value : refuse('integer overflow');
}

function isDuration(value: unknown): value is { addDuration(other: unknown): unknown } {
  return typeof value === 'object' && value !== null && 'addDuration' in value;
}

function extreme(list: readonly unknown[], name: string, better: (order: number) => boolean): unknown {
  const members = read(list);
  if (members.length === 0) refuse(`${name} called on empty list`);
  return members.reduce((best, value) => (better(compareCel(value, best)) ? value : best));
}

function slice(list: readonly unknown[], start: bigint, end: bigint): unknown[] {
  if (start < 0n || end < 0n) refuse(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) refuse('cannot slice, start index must be less than or equal to end index');
  if (end > list.length) refuse(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return read(list).slice(Number(start), Number(end));
}

function flatten(list: readonly unknown[], depth: number): unknown[] {
  return read(list).flatMap((value) => (Array.isArray(value) && depth > 0 ? flatten(value, depth - 1) : [value]));
}

function distinct(list: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  for (const value of read(list)) if (!holds(found, value)) found.push(value);
  return found;
}

function range(count: bigint): bigint[] {
  if (count < 0n) return [];
  charge(Number(count) * 8);
  return Array.from({ length: Number(count) }, (_, i) => BigInt(i));
}

function holdsAll(list: readonly unknown[], part: readonly unknown[]): boolean {
  return part.every((value) => holds(list, value));
}

function holds(list: readonly unknown[], value: unknown): boolean {
  const { meter } = currentEvaluation();
  return list.some((member) => {
    meter.charge(2);
    return equalCel(member, value);
  });
}
