import { describe, expect, it } from 'vitest';
import { compareRpm } from './rpm.ts';

describe('compareRpm', () => {
  it.each<[name: string, older: string, newer: string]>([
    ['digits are numbers', '1.9-1', '1.10-1'],
    ['more segments are newer', '1.0', '1.0.1'],
    ['more letters are newer', '1.0', '1.0a'],
    ['digits are newer than letters', '1.a', '1.1'],
    ['a tilde sorts before the end', '1.0~rc1-1', '1.0-1'],
    ['two tildes sort before one', '1.0~~', '1.0~'],
    ['a caret sorts after the end', '1.0', '1.0^git1'],
    ['a caret sorts before another segment', '1.0^git1', '1.0.1'],
    ['a caret sorts before letters', '1.0^git1', '1.0a'],
    ['a tilde after a caret sorts before its end', '1.0^git1~pre', '1.0^git1'],
    ['a caret after a tilde is of the pre-release', '1.0~rc1', '1.0~rc1^git1'],
    ['an epoch wins over everything', '9-9', '1:1-1'],
    ['the release decides in the end', '5.1.8-2.fc35', '5.1.8-10.fc35'],
    ['a dist tag is compared too', '1.0-1.el8', '1.0-1.el9'],
    ['upper case sorts before lower case', '1.A', '1.a'],
  ])('%s', (_, older, newer) => {
    expect(compareRpm(older, newer)).toBeLessThan(0);
    expect(compareRpm(newer, older)).toBeGreaterThan(0);
  });

  it.each<[name: string, a: string, b: string]>([
    ['separators are all alike', '1.0.1', '1_0_1'],
    ['separators at the end do not count', '1.0', '1.0.'],
    ['zeros in front of digits do not count', '1.007-1', '1.7-1'],
    ['letters and digits divide without a separator', '1.0a1', '1.0.a.1'],
    ['a version without release stands for each of them', '5.1', '5.1-3.fc40'],
    ['epoch 0 is none', '0:1-1', '1-1'],
  ])('%s', (_, a, b) => {
    expect(compareRpm(a, b)).toBe(0);
    expect(compareRpm(b, a)).toBe(0);
  });
});
