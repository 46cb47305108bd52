import { describe, expect, it } from 'vitest';
import { compareApk } from './apk.ts';

describe('compareApk', () => {
  it('orders suffixes, and none between those before and after a release', () => {
    const ordered = [
      '1.0_alpha',
      '1.0_alpha2',
      '1.0_beta',
      '1.0_pre',
      '1.0_rc1',
      '1.0',
      '1.0_cvs',
      '1.0_svn',
      '1.0_git20240101',
      '1.0_hg',
      '1.0_p1',
      '1.0_p10',
    ];
    expect(ordered.toReversed().toSorted(compareApk)).toEqual(ordered);
  });

  it.each<[name: string, older: string, newer: string]>([
    ['digits are numbers', '1.9', '1.10'],
    ['the revision decides in the end', '1.36.1-r9', '1.36.1-r15'],
    ['no revision is older than r0', '1.2.3', '1.2.3-r0'],
    ['more parts are newer', '1.2', '1.2.0'],
    ['a letter is newer', '1.0.2', '1.0.2a'],
    ['letters are in their order', '9e-r1', '9f-r0'],
    ['a part that begins with 0 is text', '8.2.0015', '8.2.002'],
    ['another part is newer than a letter', '1.0b', '1.0.1'],
    ['a revision is newer than a pre-release', '1.0_rc1-r5', '1.0-r0'],
    ['a commit is compared as text', '1.0~1a-r0', '1.0~2a-r0'],
    ['a suffix that is none ends the version', '1.0_constructor', '1.0_p'],
    ['what is no version is older than one that goes on', '1.0-bad', '1.0-r1'],
  ])('%s', (_, older, newer) => {
    expect(compareApk(older, newer)).toBeLessThan(0);
    expect(compareApk(newer, older)).toBeGreaterThan(0);
  });

  it.each<[name: string, a: string, b: string]>([
    ['the first number has no such rule', '08.1', '8.1'],
    ['zeros in front of a revision do not count', '1.0-r00', '1.0-r0'],
    ['what is no version equals itself', 'bad', 'bad'],
    ['empty text equals itself', '', ''],
  ])('%s', (_, a, b) => {
    expect(compareApk(a, b)).toBe(0);
  });
});
