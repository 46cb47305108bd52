import { describe, expect, test } from 'vitest';
import { compareVersions, parseConstraint, parseStrictVersion, parseVersion, versionText } from './semver.ts';

describe('versions', () => {
  test.each([
    ['1.2.3', '1.2.3'],
    ['v1.2.3', '1.2.3'],
    ['1', '1.0.0'],
    ['1.2', '1.2.0'],
    ['01.02.003', '1.2.3'],
    ['1.2.3-rc.1+build.5', '1.2.3-rc.1+build.5'],
    ['18446744073709551615.0.0', '18446744073709551615.0.0'],
  ])('%s is %s', (text, meant) => {
    const version = parseVersion(text);
    expect(version && versionText(version)).toBe(meant);
  });

  test.each(['', 'a', '1.x', '1.2.3.4', '1.2.3-', '1.2.3-a..b', '1.2.3-01', '1.2.3+', ' 1.2.3', '18446744073709551616.0.0', `1.2.3-${'a'.repeat(260)}`])(
    '%j is none',
    (text) => expect(parseVersion(text)).toBeUndefined(),
  );

  test.each(['1', '1.2', 'v1.2.3', '01.2.3', '1.2.3.4', 'latest', '1.2.3_4'])('the tag %s is no version', (tag) => {
    expect(parseStrictVersion(tag)).toBeUndefined();
  });

  test('precedence is that of the specification', () => {
    const ascending = [
      '0.9.9',
      '1.0.0-0',
      '1.0.0-2',
      '1.0.0-10',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0',
      '1.0.1',
      '1.10.0',
      '2.0.0',
    ];
    const versions = ascending.map((text) => parseVersion(text) ?? expect.unreachable(text));
    expect(versions.toReversed().toSorted(compareVersions).map(versionText)).toEqual(ascending);
  });
});

describe('constraints', () => {
  const VERSIONS = ['0.0.1', '0.1.0', '0.1.5', '0.2.0', '1.0.0', '1.2.0', '1.2.3', '1.2.4-rc.1', '1.3.0', '2.0.0', '2.0.0+b'];
  const releases = VERSIONS.filter((version) => !version.includes('-'));

  test.each([
    ['*', releases],
    ['1.2.3', ['1.2.3']],
    ['=1.2', ['1.2.0', '1.2.3']],
    ['1.x', ['1.0.0', '1.2.0', '1.2.3', '1.3.0']],
    ['!=1.2.x', releases.filter((version) => !version.startsWith('1.2.'))],
    ['!=1.2.3', releases.filter((version) => version !== '1.2.3')],
    ['>1', ['2.0.0', '2.0.0+b']],
    ['>1.2', ['1.3.0', '2.0.0', '2.0.0+b']],
    ['>1.2.0', ['1.2.3', '1.3.0', '2.0.0', '2.0.0+b']],
    ['>=1.2.3', ['1.2.3', '1.3.0', '2.0.0', '2.0.0+b']],
    ['<1', ['0.0.1', '0.1.0', '0.1.5', '0.2.0']],
    ['<=1.2', ['0.0.1', '0.1.0', '0.1.5', '0.2.0', '1.0.0', '1.2.0', '1.2.3']],
    ['<=1', ['0.0.1', '0.1.0', '0.1.5', '0.2.0', '1.0.0', '1.2.0', '1.2.3', '1.3.0']],
    ['~1.2.1', ['1.2.3']],
    ['~1', ['1.0.0', '1.2.0', '1.2.3', '1.3.0']],
    ['^1.2', ['1.2.0', '1.2.3', '1.3.0']],
    ['^0.1.0', ['0.1.0', '0.1.5']],
    ['^0.0.1', ['0.0.1']],
    ['^0', ['0.0.1', '0.1.0', '0.1.5', '0.2.0']],
    ['1.0 - 1.2', ['1.0.0', '1.2.0', '1.2.3']],
    ['>=0.1, <0.2', ['0.1.0', '0.1.5']],
    ['>=0.1 <0.2', ['0.1.0', '0.1.5']],
    ['0.0.1 || ~2.0.0', ['0.0.1', '2.0.0', '2.0.0+b']],
    ['>1.2.3-0', ['1.2.3', '1.2.4-rc.1', '1.3.0', '2.0.0', '2.0.0+b']],
    ['>0.0.0-0', VERSIONS],
  ])('%s', (constraint, expected) => {
    const meets = parseConstraint(constraint);
    expect(VERSIONS.filter((text) => meets(parseVersion(text) ?? expect.unreachable(text)))).toEqual(expected);
  });

  test.each(['', 'latest', '1,', '>>1', '1 2,', '1.2.3.4', '>=1.2.3<2', '1 ||', '^1y'])('refuses %j', (constraint) => {
    expect(() => parseConstraint(constraint)).toThrow(expect.objectContaining({ code: 'CHART_VERSION' }));
  });

  test('refuses what is too long, and too many choices', () => {
    expect(() => parseConstraint('1 '.repeat(300))).toThrow('constraint string is too long (max 512 bytes)');
    expect(() => parseConstraint(Array(33).fill('1').join('||'))).toThrow('too many constraint groups (max 32)');
  });
});
