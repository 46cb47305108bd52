import { describe, expect, it } from 'vitest';
import { compareDeb } from './deb.ts';

describe('compareDeb', () => {
  it.each<[name: string, older: string, newer: string]>([
    ['a tilde sorts before the end', '1.0~rc1-1', '1.0-1'],
    ['two tildes sort before one', '1.0~~', '1.0~'],
    ['a tilde in the revision is a backport', '2.9-1~bpo12+1', '2.9-1'],
    ['digits are numbers', '1.9', '1.10'],
    ['digits have any length', '0.20230123123456789012345', '0.20230123123456789012346'],
    ['an epoch wins over everything', '9.9-9', '1:0.1-1'],
    ['a missing epoch is zero', '0:1.0', '1.1'],
    ['a rebuild is newer', '1.0-1', '1.0-1+b1'],
    ['letters sort before other characters', '1.0a', '1.0+'],
    ['upper case sorts before lower case', '1.0A', '1.0a'],
    ['a version without a revision is older than any revision but 0', '1.0', '1.0-1'],
    ['only the last dash divides', '1.0-rc1-1', '1.0-rc2-1'],
    ['a security update of a stable release', '2.36-9+deb12u9', '2.36-9+deb12u14'],
  ])('%s', (_, older, newer) => {
    expect(compareDeb(older, newer)).toBeLessThan(0);
    expect(compareDeb(newer, older)).toBeGreaterThan(0);
  });

  it.each<[name: string, a: string, b: string]>([
    ['zeros in front of digits do not count', '1.007-1', '1.7-1'],
    ['a revision of 0 is none', '1.0-0', '1.0'],
    ['epoch 0 is none', '0:1.0-1', '1.0-1'],
  ])('%s', (_, a, b) => {
    expect(compareDeb(a, b)).toBe(0);
  });
});
