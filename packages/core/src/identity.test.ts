import { describe, expect, test } from 'vitest';
import { asyncCodeOf } from '../test/codes.ts';
import { UNPRINTABLE } from '../test/facts.ts';
import { failures } from './check.ts';
import { type CertificateIdentity, checkIdentity, exactly, type Matcher, matcherText, matchesText, matching } from './identity.ts';

const SAN = 'https://github.com/org/repo/.github/workflows/release.yml@refs/tags/v1.2.3';
const ISSUER = 'https://token.actions.githubusercontent.com';
const FOUND: CertificateIdentity = { san: { kind: 'uri', value: SAN }, oidcIssuer: ISSUER, extensions: { githubWorkflowRef: 'refs/tags/v1.2.3' } };

const judge = (san: Matcher, issuer: Matcher = exactly(ISSUER)) => checkIdentity(FOUND, [{ san, issuer }]);
const hintOf = (san: string) => failures(judge(exactly(san)))[0]?.hint;

describe('an exact identity', () => {
  test('passes when san and issuer are equal, and tells both', () => {
    const check = judge(exactly(SAN));
    expect([check.status, check.evidence]).toEqual(['pass', { san: SAN, oidcIssuer: ISSUER }]);
  });

  test.each([
    ['another', 'https://github.com/evil/repo/.github/workflows/release.yml@refs/tags/v1.2.3'],
    ['a prefix', SAN.slice(0, -1)],
    ['a longer one', `${SAN}0`],
    ['other case', SAN.toUpperCase()],
    ['empty', ''],
    ['a pattern as text', '.*'],
    ['a dot for any character', SAN.replace('v1.2.3', 'v1x2.3')],
    ['with a space', `${SAN} `],
  ])('that is %s fails', (_, san) => {
    expect(failures(judge(exactly(san))).map(({ id, code }) => [id, code])).toEqual([['identity.san', 'IDENTITY_MISMATCH']]);
  });

  test('with another issuer fails by that alone', () => {
    for (const issuer of [`${ISSUER}/`, ISSUER.replace('https', 'http'), '', ISSUER.slice(0, -1)])
      expect(failures(judge(exactly(SAN), exactly(issuer))).map(({ code }) => code)).toEqual(['IDENTITY_ISSUER']);
  });
});

describe('a near miss is named', () => {
  test.each([
    ['upper and lower case', SAN.replace('github.com/org', 'GitHub.com/Org'), 'upper and lower case only'],
    ['another ref', SAN.replace('refs/tags/v1.2.3', 'refs/heads/main'), 'the ref differs: expected refs/heads/main, found refs/tags/v1.2.3'],
    ['another workflow of the same ref', SAN.replace('release.yml', 'build.yml'), 'the ref matches, the workflow differs'],
    ['a beginning', SAN.slice(0, SAN.indexOf('@')), 'must match as a whole'],
  ])('%s', (_, san, hint) => {
    expect(hintOf(san)).toContain(hint);
  });

  test('and nothing is said about two texts that have nothing in common', () => {
    expect(hintOf('someone@example.com')).toBeUndefined();
  });
});

describe('several identities', () => {
  const other = { san: exactly('x'), issuer: exactly('y') };

  test('pass when any matches', () => {
    expect(checkIdentity(FOUND, [other, { san: exactly(SAN), issuer: exactly(ISSUER) }]).status).toBe('pass');
  });

  test('do not lend each other their parts', () => {
    const check = checkIdentity(FOUND, [
      { san: exactly(SAN), issuer: exactly('y') },
      { san: exactly('x'), issuer: exactly(ISSUER) },
    ]);
    expect(failures(check).map(({ code }) => code)).toEqual(['IDENTITY_ISSUER', 'IDENTITY_MISMATCH']);
  });

  test('that are none match nobody', () => {
    expect(failures(checkIdentity(FOUND, [])).map(({ code }) => code)).toEqual(['IDENTITY_MISMATCH']);
  });
});

describe('extensions', () => {
  const withExtension = (name: 'githubWorkflowRef' | 'githubWorkflowSha', value: string) =>
    checkIdentity(FOUND, [{ san: exactly(SAN), issuer: exactly(ISSUER), extensions: { [name]: exactly(value) } }]);

  test('must be equal, and present', () => {
    expect(withExtension('githubWorkflowRef', 'refs/tags/v1.2.3').status).toBe('pass');
    expect(failures(withExtension('githubWorkflowRef', 'refs/heads/main')).map(({ code }) => code)).toEqual(['IDENTITY_EXTENSION']);
    expect(failures(withExtension('githubWorkflowSha', '')).map(({ code, found }) => [code, found])).toEqual([['IDENTITY_EXTENSION', 'nothing']]);
  });
});

describe('patterns', () => {
  test.each([
    ['the whole', String.raw`https://github\.com/org/repo/.*@refs/tags/v\d+\.\d+\.\d+`, 'whole', true],
    ['a part, which is not enough', String.raw`github\.com/org`, 'whole', false],
    ['a beginning', String.raw`https://github\.com/org/repo/.*@refs/tags/v1`, 'whole', false],
    ['the first of two alternatives, anchored all the same', 'https://github|nothing', 'whole', false],
    ['a part, when searching', String.raw`github\.com/org`, 'search', true],
    ['case, which counts', SAN.toUpperCase(), 'whole', false],
    ['nothing', '^$', 'search', false],
  ] as const)('match %s', async (_, pattern, mode, expected) => {
    expect(matchesText(await matching(pattern, mode), SAN)).toBe(expected);
  });

  test('in whole mode cannot be widened by a line feed in the name', async () => {
    const pattern = await matching('(?m)^good$');
    expect([matchesText(pattern, 'good'), matchesText(pattern, 'evil\ngood'), matchesText(pattern, 'good\nevil')]).toEqual([true, false, false]);
  });

  test.each([['(?=x)'], ['(?<!x)y'], ['(a)\\1'], ['('], ['[a'], ['a**'], ['\\'], ['a{1001}'], ['(?P<n>a)(?P<n>b)']])(
    '%s is no RE2 pattern',
    async (pattern) => {
      expect(await asyncCodeOf(() => matching(pattern))).toBe('IDENTITY_PATTERN');
    },
  );

  test('longer than the cap are refused', async () => {
    expect(await asyncCodeOf(() => matching('a'.repeat(4096)))).toBe('accepted');
    expect(await asyncCodeOf(() => matching('a'.repeat(4097)))).toBe('IDENTITY_PATTERN');
  });

  test('that hang backtracking engines answer at once', async () => {
    for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*)*b', '(a*)*c'])
      expect(matchesText(await matching(pattern), 'a'.repeat(20_000))).toBe(pattern === '(a+)+$' || pattern === '(a|aa)+$');
  });

  test('are shown as what they mean', async () => {
    expect(matcherText(await matching('a.b'))).toBe('pattern ^(?:a.b)$');
    expect(matcherText(await matching('a.b', 'search'))).toBe('pattern a.b');
    expect(matcherText(exactly('a\nb'))).toBe('a\\u000ab');
  });

  const warningOf = async (pattern: string, mode: 'whole' | 'search') => judge(await matching(pattern, mode)).checks?.[0]?.warning;

  test.each([
    ['.*', 'whole'],
    ['.+', 'whole'],
    ['', 'search'],
    ['.*', 'search'],
    ['(?s).*', 'whole'],
    ['[^ ]*.*', 'whole'],
  ] as const)('%s (%s) is warned about: it matches everyone', async (pattern, mode) => {
    expect(await warningOf(pattern, mode)).toContain('matches everyone');
  });

  test('that search without anchors are warned about', async () => {
    expect(await warningOf('https://github.com/org/', 'search')).toContain('not anchored');
    expect(await warningOf('^https://github.com/org/', 'search')).toContain('not anchored');
    expect(await warningOf('^https://github.com/org/.*$', 'search')).toBeUndefined();
    expect(await warningOf('https://github.com/org/.*', 'whole')).toBeUndefined();
  });

  test('with alternatives are not anchored by ^ and $ at the ends of the text', async () => {
    for (const pattern of ['^https://github.com/org/|evil$', '^https://github.com/(a|org)/|c$', '^x$|https://.*$'])
      expect(await warningOf(pattern, 'search'), pattern).toContain('not anchored');
    for (const pattern of ['^https://github.com/(org|other)/.*$', '^https://[|a-z.]+/.*$', String.raw`^https:\|?//.*$`])
      expect(await warningOf(pattern, 'search'), pattern).toBeUndefined();
  });
});

test('a name from the certificate is escaped in every text', () => {
  const check = checkIdentity({ ...FOUND, san: { kind: 'otherName', value: 'a\n\u001b[2J' } }, [{ san: exactly(SAN), issuer: exactly(ISSUER) }]);
  for (const { says, found } of [check, ...failures(check)]) expect(`${says}${found}`).not.toMatch(UNPRINTABLE);
});
