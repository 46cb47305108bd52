import { isTrustError } from '@assay/core';
import { describe, expect, it } from 'vitest';
import type { PackageType } from '../inventory.ts';
import { compareVersions } from './compare.ts';
import { parseRange } from './range.ts';

describe('versions are compared by the rules of their ecosystem', () => {
  it.each<[type: PackageType, older: string, newer: string]>([
    ['npm', '1.9.0', '1.10.0'],
    ['npm', '1.0.0-rc.1', '1.0.0'],
    ['npm', '1.2', '1.2.1'],
    ['npm', 'v1.2.3', '1.2.4'],
    ['rust-crate', '0.9.9', '0.10.0'],
    ['go-module', 'v1.9.0', 'v1.10.0'],
    ['go-module', 'v0.0.0-20210101000000-abcdefabcdef', 'v0.0.0-20220101000000-abcdefabcdef'],
    ['go-module', 'v2.0.0+incompatible', 'v2.0.1+incompatible'],
    ['python', '1.0rc1', '1.0'],
    ['python', '1.0', '1.0.post1'],
    ['python', '2.0.dev3', '2.0a1'],
    ['deb', '1.0~rc1-1', '1.0-1'],
    ['deb', '9:1.0', '10:0.1'],
    ['rpm', '1.0~rc1-1.el9', '1.0-1.el9'],
    ['apk', '1.2.3_rc1-r0', '1.2.3-r0'],
    ['java-archive', '1.0-SNAPSHOT', '1.0'],
    ['java-archive', '1.0', '1.0.1'],
    ['other', '1.2.3', '1.10'],
    ['binary', 'r9', 'r10'],
  ])('%s: %s is older than %s', (type, older, newer) => {
    expect(Math.sign(compareVersions(type, older, newer))).toBe(-1);
    expect(Math.sign(compareVersions(type, newer, older))).toBe(1);
    expect(compareVersions(type, older, older)).toBe(0);
  });
});

describe('a range', () => {
  it.each<[range: string, type: PackageType, holds: string[], not: string[]]>([
    ['1.2.3', 'npm', ['1.2.3', 'v1.2.3'], ['1.2.4', '1.2.3-rc.1']],
    ['=1.2', 'npm', ['1.2.0'], ['1.2.1']],
    ['>=1.2, <2', 'npm', ['1.2.0', '1.99.0'], ['1.1.9', '2.0.0']],
    ['>= 1.2 < 2', 'npm', ['1.2.0'], ['2.0.0']],
    ['!=1.2.3', 'npm', ['1.2.4'], ['1.2.3']],
    ['>1, !=1.5.0', 'npm', ['1.4.0'], ['1.0.0', '1.5.0']],
    ['^1.2', 'npm', ['1.2.0', '1.9.9'], ['1.1.0', '2.0.0', '2.0.0-rc.1']],
    ['^0.3.1', 'rust-crate', ['0.3.1', '0.3.9'], ['0.4.0', '0.3.0', '1.0.0']],
    ['^0.0.3', 'npm', ['0.0.3'], ['0.0.4']],
    ['^0', 'npm', ['0.9.0'], ['1.0.0']],
    ['~1.2.3', 'npm', ['1.2.3', '1.2.99'], ['1.3.0', '1.2.2']],
    ['~1', 'npm', ['1.9.0'], ['2.0.0']],
    ['1.2.*', 'npm', ['1.2.0', '1.2.9'], ['1.3.0', '1.1.9']],
    ['1.x || 3.x', 'npm', ['1.0.0', '3.4.5'], ['2.0.0', '4.0.0']],
    ['1.2.3||1.2.4', 'npm', ['1.2.3', '1.2.4'], ['1.2.5']],
    ['~=1.4', 'python', ['1.4', '1.9'], ['2.0', '1.3', '2.0.dev1']],
    ['~=1.4.2', 'python', ['1.4.2', '1.4.9'], ['1.5']],
    ['<3.0.14', 'deb', ['3.0.13-1~deb12u1'], ['3.0.14-1']],
    ['>=1:2.0~rc1', 'deb', ['1:2.0-1', '1:2.0~rc1'], ['3.0-1']],
    ['^1:2.0', 'deb', ['1:2.0-1', '1:2.9-1'], ['1:3.0-1', '2.5-1', '2:0.1-1']],
    ['^1.2', 'deb', ['1.2-1', '1.9.1-2'], ['2~rc1-1', '2.0-1']],
    ['>=1.2.3-r4', 'apk', ['1.2.3-r4', '1.2.4-r0'], ['1.2.3-r3']],
    ['<2.17.1', 'java-archive', ['2.17.0', '2.17.1-SNAPSHOT'], ['2.17.1']],
    ['>=v0.28.0', 'go-module', ['v0.28.0', 'v0.30.1'], ['v0.27.9']],
    ['^0.28', 'go-module', ['v0.28.4'], ['v0.29.0']],
    ['>=4', 'rpm', ['4.18-3.el9'], ['3.9-1']],
  ])('%s of %s', (range, type, holds, not) => {
    const { includes } = parseRange(range);
    expect(holds.filter((version) => !includes(type, version))).toEqual([]);
    expect(not.filter((version) => includes(type, version))).toEqual([]);
  });

  it.each(['', ' ', '||', '>=', '1 ||', '>=<1', '^x', '~', '>1.*', '<>1', '1 =='])('is not %j', (text) => {
    expect(() => parseRange(text)).toThrow(expect.toSatisfy((error) => isTrustError(error) && error.code === 'USAGE'));
  });
});
