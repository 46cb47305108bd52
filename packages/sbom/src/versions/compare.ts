/** Which of two versions is older, by the rules of the ecosystem that they are of. */
import { compare as comparePython, valid as isPython } from '@renovatebot/pep440';
import { compare as compareSemver, parse as parseSemver, type SemVer } from 'semver';
import type { PackageType } from '../inventory.ts';
import { compareApk } from './apk.ts';
import { compareDeb } from './deb.ts';
import { compareGo } from './go.ts';
import { compareMaven } from './maven.ts';
import { compareRpm } from './rpm.ts';

/** Negative when `a` is older, positive when it is newer. Takes any text: what is no version of its ecosystem is compared piece by piece, as Debian does. */
export function compareVersions(type: PackageType, a: string, b: string): number {
  return (COMPARE[type] ?? semantic)(a, b);
}

/** The oldest that can be called `numbers`, such as `2.0.0-0` of `2`: what a range that ends before `2` must not hold. */
export function floorOf(type: PackageType, numbers: readonly number[]): string {
  const text = numbers.join('.');
  const suffix = FLOORS[type];
  return suffix === undefined ? `${[...numbers, 0, 0].slice(0, 3).join('.')}-0` : `${text}${suffix}`;
}

function semantic(a: string, b: string): number {
  const [x, y] = [semverOf(a), semverOf(b)];
  return x === null || y === null ? compareDeb(a, b) : compareSemver(x, y);
}

/** Also of `1.2`, which is 1.2.0. */
function semverOf(text: string): SemVer | null {
  return parseSemver(
    text.replace(/^v?(\d+)(\.\d+)?(?=$|[-+])/, (_, major: string, minor = '.0') => `${major}${minor}.0`),
    { loose: true },
  );
}

function python(a: string, b: string): number {
  return isPython(a) && isPython(b) ? comparePython(a, b) : compareDeb(a, b);
}

const COMPARE: Readonly<Partial<Record<PackageType, (a: string, b: string) => number>>> = {
  apk: compareApk,
  deb: compareDeb,
  'go-module': compareGo,
  'java-archive': compareMaven,
  python,
  rpm: compareRpm,
};
/** What sorts before every other version that begins so. Default: a semantic version. */
const FLOORS: Readonly<Partial<Record<PackageType, string>>> = { apk: '_alpha', deb: '~', 'java-archive': '-alpha', python: '.dev0', rpm: '~' };
