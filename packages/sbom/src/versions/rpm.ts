/**
 * Versions of rpm packages (rpm-version(7)): `[epoch:]version[-release]`.
 *
 * Each is compared segment by segment, of digits or of letters; all else only separates. Digits are newer than letters, and the one with more segments is
 * newer, but `~` sorts before the end (1.0~rc1 < 1.0) and `^` right after it (1.0 < 1.0^git1 < 1.0.1).
 */
import { compareDigits, compareText } from './digits.ts';

/**
 * Negative when `a` is older, positive when it is newer. Takes any text. As in rpm's own dependencies, a version without a release stands for all of
 * its releases: it equals each of them.
 */
export function compareRpm(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  const order = compareDigits(x.epoch, y.epoch) || compareSegments(x.version, y.version);
  return order !== 0 || x.release === undefined || y.release === undefined ? order : compareSegments(x.release, y.release);
}

function parts(text: string): { readonly epoch: string; readonly version: string; readonly release: string | undefined } {
  const epoch = /^\d+(?=:)/.exec(text)?.[0];
  const rest = epoch === undefined ? text : text.slice(epoch.length + 1);
  const dash = rest.indexOf('-');
  return { epoch: epoch ?? '', version: dash === -1 ? rest : rest.slice(0, dash), release: dash === -1 ? undefined : rest.slice(dash + 1) };
}

function compareSegments(a: string, b: string): number {
  const [x, y] = [segments(a), segments(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const order = compareSegment(x[i], y[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function segments(text: string): string[] {
  return text.match(/\d+|[A-Za-z]+|~|\^/g) ?? [];
}

function compareSegment(a: string | undefined, b: string | undefined): number {
  const [x, y] = [kind(a), kind(b)];
  if (x !== y) return x - y;
  if (a === undefined || b === undefined) return 0;
  return x === NUMBER ? compareDigits(a, b) : compareText(a, b);
}

/** What comes next, from the oldest to the newest. */
function kind(segment: string | undefined): number {
  if (segment === undefined) return END;
  if (segment === '~') return TILDE;
  if (segment === '^') return CARET;
  return /^\d/.test(segment) ? NUMBER : LETTERS;
}

const TILDE = 0;
const END = 1;
const CARET = 2;
const LETTERS = 3;
const NUMBER = 4;
