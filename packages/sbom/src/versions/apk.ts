/**
 * Versions of apk packages (apk-package(5)): `digits{.digits}{letter}{_suffix{digits}}{~commit}{-rdigits}`.
 *
 *   suffixes   _alpha < _beta < _pre < _rc < none < _cvs < _svn < _git < _hg < _p
 *   digits     numbers; but after the first, when one of the two begins with 0, text: 1.05 < 1.1
 */
import { compareDigits, compareText } from './digits.ts';

/** Negative when `a` is older, positive when it is newer. Takes any text: what is no version ends where it stops being one, and is older than one that goes on. */
export function compareApk(a: string, b: string): number {
  const [x, y] = [tokens(a), tokens(b)];
  for (let i = 0; ; i++) {
    const [left, right] = [x[i] ?? NOTHING, y[i] ?? NOTHING];
    if (left.kind !== right.kind) return compareKinds(left, right);
    if (left.kind >= END) return 0;
    const order = compareTokens(left, right);
    if (order !== 0) return order;
  }
}

interface Token {
  readonly kind: number;
  readonly text: string;
}

function tokens(version: string): Token[] {
  const found: Token[] = [];
  let kind = START;
  let at = 0;
  while (kind < END) {
    const token = at === version.length && kind !== START ? { kind: END, text: '' } : next(version, at, kind);
    found.push(token);
    kind = token.kind;
    at = TOKEN.lastIndex;
  }
  return found;
}

function next(version: string, at: number, before: number): Token {
  TOKEN.lastIndex = at;
  const { digits, letter, suffix, commit, revision } = TOKEN.exec(version)?.groups ?? {};
  if (digits !== undefined) return digitsAfter(before, digits, version[at] === '.');
  if (letter !== undefined && before <= DIGITS && before !== START) return { kind: LETTER, text: letter };
  if (suffix !== undefined && before <= SUFFIX_DIGITS && before !== START && SUFFIX_RANKS.has(suffix)) return { kind: SUFFIX, text: suffix };
  if (commit !== undefined && before < COMMIT && before !== START) return { kind: COMMIT, text: commit };
  if (revision !== undefined && before < REVISION && before !== START) return { kind: REVISION, text: revision };
  return { kind: INVALID, text: '' };
}

function digitsAfter(before: number, text: string, isDotted: boolean): Token {
  if (before === START) return { kind: isDotted ? INVALID : FIRST_DIGITS, text };
  if (before <= DIGITS) return { kind: DIGITS, text };
  return { kind: before === SUFFIX && !isDotted ? SUFFIX_DIGITS : INVALID, text };
}

function compareTokens(a: Token, b: Token): number {
  if (a.kind === SUFFIX) return suffixRank(a) - suffixRank(b);
  if (a.kind === LETTER || a.kind === COMMIT) return compareText(a.text, b.text);
  if (a.kind === DIGITS && (a.text.startsWith('0') || b.text.startsWith('0'))) return compareText(a.text, b.text);
  return compareDigits(a.text, b.text);
}

/** The one that goes on is newer, unless with what comes before a release. */
function compareKinds(a: Token, b: Token): number {
  if (a.kind === SUFFIX && suffixRank(a) < 0) return -1;
  if (b.kind === SUFFIX && suffixRank(b) < 0) return 1;
  return b.kind - a.kind;
}

function suffixRank({ text }: Token): number {
  return SUFFIX_RANKS.get(text) ?? 0;
}

const TOKEN = /\.?(?<digits>\d+)|(?<letter>[a-z])|_(?<suffix>[a-z]*)|~(?<commit>[0-9a-f]+)|-r(?<revision>\d+)/y;
const SUFFIX_RANKS: ReadonlyMap<string, number> = new Map(Object.entries({ alpha: -4, beta: -3, pre: -2, rc: -1, cvs: 1, svn: 2, git: 3, hg: 4, p: 5 }));

/** In the order in which they may follow, which also says which of two different ones is newer: the earlier. */
const START = -1;
const FIRST_DIGITS = 0;
const DIGITS = 1;
const LETTER = 2;
const SUFFIX = 3;
const SUFFIX_DIGITS = 4;
const COMMIT = 5;
const REVISION = 6;
const END = 7;
const INVALID = 8;
const NOTHING: Token = { kind: END, text: '' };
