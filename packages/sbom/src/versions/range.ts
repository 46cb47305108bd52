/**
 * Ranges of versions, the same for every ecosystem; what is older is decided by each.
 *
 *   range        all { `||` all }
 *   all          part { [`,`] part }                          every part must hold
 *   part         [operator] version                           `>=1.2`, `!= 1.3.1`; without operator the version itself
 *   operator     `=` `==` `!=` `<` `<=` `>` `>=`
 *                `^`    compatible: `^1.2` is >=1.2 and before 2, `^0.3` before 0.4
 *                `~`    close: `~1.2.3` is >=1.2.3 and before 1.3;  `~=` as PEP 440 has it: `~=1.2` is before 2
 *   version      also `1.2.*` and `1.2.x`
 *
 * Before 2 is also before its prereleases.
 */
import { quote, TrustError } from '@assay/core';
import type { PackageType } from '../inventory.ts';
import { compareVersions, floorOf } from './compare.ts';

export interface VersionRange {
  includes(type: PackageType, version: string): boolean;
}

type Part = (type: PackageType, version: string) => boolean;

/** Errors: `USAGE`. */
export function parseRange(text: string): VersionRange {
  const alternatives = text.split('||').map((all) => partsOf(all, text));
  return { includes: (type, version) => alternatives.some((parts) => parts.every((holds) => holds(type, version))) };
}

function partsOf(all: string, whole: string): Part[] {
  const words = all.replace(/([<>=!~^]+)\s+/g, '$1').split(/[\s,]+/);
  const parts = words.filter((word) => word !== '').flatMap((word) => partOf(word, whole));
  return parts.length > 0 ? parts : refuse(whole);
}

function partOf(word: string, whole: string): Part[] {
  const { operator = '', version = '' } = PART.exec(word)?.groups ?? {};
  if (version === '') return refuse(whole);
  const any = /^v?(?<numbers>\d+(?:\.\d+)*)\.[*xX]$/.exec(version)?.groups?.['numbers'];
  if (any !== undefined) return operator === '' || operator === '=' || operator === '==' ? within(numbersOf(any), bumped(numbersOf(any), -1)) : refuse(whole);
  const test = TESTS.get(operator);
  if (test !== undefined) return [(type, found) => test(compareVersions(type, found, version))];
  const numbers = numbersOf(version);
  if (numbers.length === 0) return refuse(whole);
  return [(type, found) => compareVersions(type, found, version) >= 0, before(endOf(operator, numbers), epochOf(version))];
}

/** Where a range of this kind ends. */
function endOf(operator: string, numbers: readonly number[]): number[] {
  if (operator === '^') {
    const first = numbers.findIndex((number) => number > 0);
    return bumped(numbers, first === -1 ? numbers.length - 1 : first);
  }
  if (operator === '~=') return bumped(numbers, Math.max(numbers.length - 2, 0));
  return bumped(numbers, Math.min(numbers.length - 1, 1));
}

function within(from: readonly number[], to: readonly number[]): Part[] {
  return [(type, found) => compareVersions(type, found, floorOf(type, from)) >= 0, before(to)];
}

/** Versions of Debian and rpm end within their epoch. */
function before(end: readonly number[], epoch = ''): Part {
  return (type, found) => compareVersions(type, found, `${epoch}${floorOf(type, end)}`) < 0;
}

function epochOf(version: string): string {
  return /^\d+:/.exec(version)?.[0] ?? '';
}

/** One more at this place, which is the last then. */
function bumped(numbers: readonly number[], place: number): number[] {
  const kept = numbers.slice(0, place === -1 ? numbers.length : place + 1);
  return [...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1];
}

function numbersOf(version: string): number[] {
  const leading = /^(?:\d+:)?v?(\d{1,15}(?:\.\d{1,15})*)/.exec(version)?.[1];
  return leading === undefined ? [] : leading.split('.').map(Number);
}

function refuse(whole: string): never {
  throw new TrustError('USAGE', `not a range of versions: ${quote(whole)}`, { hint: "for example '>=1.2, <2', '^1.2' or '1.2.3 || 1.2.4'" });
}

const PART = /^(?<operator>>=|<=|!=|==|~=|[<>=^~]|)(?<version>[^<>=!^~\s][^<>=!^\s]*)$/;
const TESTS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['', (order: number) => order === 0],
  ['=', (order) => order === 0],
  ['==', (order) => order === 0],
  ['!=', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
]);
