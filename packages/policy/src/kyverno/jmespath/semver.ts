/**
 * Versions and ranges of versions as `semver_compare` and the comparing operators read them: strict Semantic Versioning 2.0, ranges such as
 * `>=1.0.0 <2.0.0 || 3.x || !=1.2.3`.
 */

export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
}

/** Undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [all, major = '', minor = '', patch = '', pre = ''] = VERSION.exec(text) ?? [];
  if (all === undefined) return undefined;
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], pre: pre === '' ? [] : pre.split('.') };
}

/** Below zero when `a` comes first. */
export function compareVersions(a: Version, b: Version): number {
  for (const i of [0, 1, 2] as const) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const difference = comparePart(a.pre[i] ?? '', b.pre[i] ?? '');
    if (difference !== 0) return difference;
  }
  return a.pre.length - b.pre.length;
}

function comparePart(a: string, b: string): number {
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1;
  if (x !== y) return x ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Undefined when the range cannot be read. */
export function parseRange(text: string): ((version: Version) => boolean) | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  // A space may stand between an operator and its version.
  const alternatives = text.split('||').map((part) =>
    part
      .replace(/([<>=!]+)\s+/g, '$1')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(comparator),
  );
  if (alternatives.some((all) => all.length === 0)) return undefined;
  const known: ((version: Version) => boolean)[][] = [];
  for (const all of alternatives) {
    const tests = all.filter((test) => test !== undefined);
    if (tests.length < all.length) return undefined;
    known.push(tests);
  }
  return (version) => known.some((all) => all.every((test) => test(version)));
}

function comparator(text: string): ((version: Version) => boolean) | undefined {
  const [all, operator = '', written = ''] = /^(==|=|!=|!|>=|<=|>|<)?(.+)$/.exec(text) ?? [];
  if (all === undefined) return undefined;
  const wildcard = /^(\d+)(?:\.(\d+|x))?(?:\.(x))?$/.exec(written);
  if (wildcard !== null && written.includes('x')) return wildcardTest(operator, wildcard);
  const wanted = parseVersion(written);
  if (wanted === undefined) return undefined;
  return (version) => TESTS[operator === '' ? '=' : operator]?.(compareVersions(version, wanted)) ?? false;
}

/** `1.x` is every version from 1.0.0 on, and before 2.0.0. */
function wildcardTest(operator: string, [, major = '0', minor]: readonly (string | undefined)[]): (version: Version) => boolean {
  const low: Version = { numbers: [BigInt(major), minor === undefined || minor === 'x' ? 0n : BigInt(minor), 0n], pre: [] };
  const wide = minor === undefined || minor === 'x';
  const high: Version = { numbers: wide ? [low.numbers[0] + 1n, 0n, 0n] : [low.numbers[0], low.numbers[1] + 1n, 0n], pre: [] };
  const [atLeast, below] = [(version: Version) => compareVersions(version, low) >= 0, (version: Version) => compareVersions(version, high) < 0];
  switch (operator) {
    case '>':
      return (version) => !below(version);
    case '>=':
      return atLeast;
    case '<':
      return (version) => !atLeast(version);
    case '<=':
      return below;
    case '!':
    case '!=':
      return (version) => !(atLeast(version) && below(version));
    default:
      return (version) => atLeast(version) && below(version);
  }
}

const TESTS: Readonly<Record<string, (difference: number) => boolean>> = {
  '=': (difference) => difference === 0,
  '==': (difference) => difference === 0,
  '!=': (difference) => difference !== 0,
  '!': (difference) => difference !== 0,
  '>': (difference) => difference > 0,
  '>=': (difference) => difference >= 0,
  '<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
};

const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const MAX_LENGTH = 1000;
