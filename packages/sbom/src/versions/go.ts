/**
 * Versions of Go modules are semantic, with `v` in front (go.dev/ref/mod#versions); those of Go itself, which its standard library has, are not: `go1.26rc1`,
 * `go1.26`, `go1.26.1`.
 */
import { compare, parse } from 'semver';
import { compareDeb } from './deb.ts';

/** Negative when `a` is older, positive when it is newer. Takes any text: what is neither is compared piece by piece, as Debian does. */
export function compareGo(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => parse(semantic(version)));
  return x && y ? compare(x, y) : compareDeb(a, b);
}

/** Also of `1.26` and `v2`. */
function semantic(version: string): string {
  const { major, minor = '0', patch = '0', kind, number, rest = '' } = VERSION.exec(version)?.groups ?? {};
  if (major === undefined) return version;
  return `${major}.${minor}.${patch}${kind === undefined ? rest : `-${kind}.${number}`}`;
}

const VERSION = /^(?:go|v)?(?<major>\d+)(?:\.(?<minor>\d+))?(?:\.(?<patch>\d+))?(?:(?<kind>rc|beta|alpha)(?<number>\d+)|(?<rest>[-+].*))?$/;
