/**
 * Semantic versions, and the constraints that helm takes for `--version`:
 *
 *   1.2.3   =1.2.3   !=1.2.3   >1.2   >=1.2   <2   <=2      compared; a missing or `x` part stands for any
 *   ~1.2.3                                                 the same minor version: >=1.2.3 <1.3.0
 *   ^1.2.3                                                 the same leftmost part that is not zero: >=1.2.3 <2.0.0
 *   1.2 - 2.3                                              >=1.2 <=2.3
 *   >=1 <2 || ^3                                           spaces and commas join, `||` offers a choice
 *
 * A prerelease only matches where the constraint names one. Leading zeros and missing parts of versions are forgiven (`v1.02` is 1.2.0), except in tags.
 */
import { quote, TrustError } from '@assay/core';

export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Without the dash; empty for a release. */
  readonly prerelease: string;
  /** Without the plus. Says nothing about order. */
  readonly build: string;
}

/** Undefined when it is not one. */
export function parseVersion(text: string): Version | undefined {
  const match = text.length <= MAX_VERSION_LENGTH ? VERSION.exec(text) : null;
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease = '', build = ''] = match;
  const version = { major: BigInt(major), minor: BigInt(minor), patch: BigInt(patch), prerelease, build };
  const isSmall = [version.major, version.minor, version.patch].every((part) => part < 2n ** 64n);
  return isSmall && !/(?:^|\.)0\d+(?:\.|$)/.test(prerelease) ? version : undefined;
}

/** The letter of the specification: three parts, no leading zeros, no `v`. */
export function parseStrictVersion(text: string): Version | undefined {
  return /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+]|$)/.test(text) ? parseVersion(text) : undefined;
}

export function versionText({ major, minor, patch, prerelease, build }: Version): string {
  return `${major}.${minor}.${patch}${prerelease && `-${prerelease}`}${build && `+${build}`}`;
}

/** Negative, zero or positive, by precedence. */
export function compareVersions(a: Version, b: Version): number {
  return comparePart(a.major, b.major) || comparePart(a.minor, b.minor) || comparePart(a.patch, b.patch) || comparePrereleases(a.prerelease, b.prerelease);
}

function comparePart(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? 1 : -1;
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i] as string, right[i] as string);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers by size and before everything else. */
function compareIdentifiers(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return comparePart(BigInt(a), BigInt(b));
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

export type Constraint = (version: Version) => boolean;

/** Errors: `CHART_VERSION`. */
export function parseConstraint(text: string): Constraint {
  if (text.length > MAX_CONSTRAINT_LENGTH) throw new TrustError('CHART_VERSION', `constraint string is too long (max ${MAX_CONSTRAINT_LENGTH} bytes)`);
  const choices = text.replace(HYPHEN_RANGE, '>= $1, <= $2 ').split('||');
  if (choices.length > MAX_CHOICES) throw new TrustError('CHART_VERSION', `too many constraint groups (max ${MAX_CHOICES})`);
  const parsed = choices.map(parseConditions);
  return (version) => parsed.some((conditions) => meetsAll(version, conditions));
}

interface Condition {
  readonly operator: string;
  readonly version: Version;
  /** How many parts are given: `1.x` has one, `*` none. */
  readonly parts: number;
}

function meetsAll(version: Version, conditions: readonly Condition[]): boolean {
  const namesPrerelease = conditions.some((condition) => condition.version.prerelease !== '');
  if (version.prerelease !== '' && !namesPrerelease) return false;
  return conditions.every((condition) => (OPERATORS[condition.operator] as Operator)(version, condition));
}

function parseConditions(text: string): Condition[] {
  const conditions: Condition[] = [];
  let rest = text;
  do {
    const match = CONDITION.exec(rest);
    const condition = match === null ? undefined : readCondition(match);
    if (match === null || condition === undefined) throw new TrustError('CHART_VERSION', `improper constraint: "${quote(text)}"`);
    conditions.push(condition);
    rest = rest.slice(match[0].length);
  } while (rest !== '');
  return conditions;
}

function readCondition([, operator = '', major = '', minor = '', patch = '', prerelease = '']: RegExpExecArray): Condition | undefined {
  const given = [major, minor, patch];
  const open = given.findIndex((part) => part === '' || /^[xX*]$/.test(part));
  const parts = open < 0 ? 3 : open;
  const numbers = given.map((part, i) => (i < parts ? part : '0')).join('.');
  const version = parseVersion(`${numbers}${prerelease && `-${prerelease}`}`);
  return version && { operator, version, parts };
}

type Operator = (version: Version, condition: Condition) => boolean;

const isEqual: Operator = (version, condition) => (condition.parts < 3 ? isTilde(version, condition) : compareVersions(version, condition.version) === 0);

const isNotEqual: Operator = (version, { version: other, parts }) => {
  if (parts === 3 || parts === 0) return compareVersions(version, other) !== 0;
  if (version.major !== other.major) return true;
  return parts === 2 && (version.minor !== other.minor || version.prerelease !== other.prerelease);
};

const isGreater: Operator = (version, { version: other, parts }) => {
  if (parts === 3 || version.major !== other.major || parts === 0) return compareVersions(version, other) > 0;
  return parts === 2 && version.minor > other.minor;
};

const isLess: Operator = (version, { version: other }) => compareVersions(version, other) < 0;

const isAtLeast: Operator = (version, { version: other }) => compareVersions(version, other) >= 0;

const isAtMost: Operator = (version, { version: other, parts }) => {
  if (parts === 3) return compareVersions(version, other) <= 0;
  return version.major < other.major || (version.major === other.major && (parts === 1 || version.minor <= other.minor));
};

const isTilde: Operator = (version, condition) => {
  const { version: other, parts } = condition;
  if (!isAtLeast(version, condition)) return false;
  // Everything is a patch of nothing: `~0.0.0` and `*` take any version.
  if (other.major === 0n && other.minor === 0n && other.patch === 0n && (parts === 0 || parts === 3)) return true;
  return version.major === other.major && (parts === 1 || version.minor === other.minor);
};

const isCaret: Operator = (version, condition) => {
  const { version: other, parts } = condition;
  if (!isAtLeast(version, condition)) return false;
  if (other.major > 0n || parts === 1) return version.major === other.major;
  if (version.major > 0n) return false;
  if (other.minor > 0n || parts === 2) return version.minor === other.minor;
  return version.minor === 0n && version.patch === other.patch;
};

const OPERATORS: Readonly<Record<string, Operator>> = {
  '': isEqual,
  '=': isEqual,
  '!=': isNotEqual,
  '>': isGreater,
  '<': isLess,
  '>=': isAtLeast,
  '=>': isAtLeast,
  '<=': isAtMost,
  '=<': isAtMost,
  '~': isTilde,
  '~>': isTilde,
  '^': isCaret,
};

const MAX_VERSION_LENGTH = 256;
const MAX_CONSTRAINT_LENGTH = 512;
const MAX_CHOICES = 32;

const TAIL = String.raw`(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?`;
const VERSION = new RegExp(String.raw`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?${TAIL}$`);
const ANY_VERSION = String.raw`v?([\dxX*]+)(?:\.([\dxX*]+))?(?:\.([\dxX*]+))?${TAIL}`;
/** One condition, with what separates it from the next. */
const CONDITION = new RegExp(String.raw`^\s*(!=|>=|=>|<=|=<|~>|=|>|<|~|\^|)\s*${ANY_VERSION}(?:\s*$|\s*,(?=\s*\S)|\s+)`);
const HYPHEN_RANGE = /([^\s|,]+)\s+-\s+([^\s|,]+)/g;
