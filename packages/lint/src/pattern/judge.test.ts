// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables are written in a shell
/** What is said of patterns; and that every example passes, and no correction has the same fault again. */
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { judgePattern, type PatternUse } from './judge.ts';

const SEARCH: PatternUse = { of: 'identity', mode: 'search' };
const WHOLE: PatternUse = { of: 'identity', mode: 'whole' };
const ISSUERS: PatternUse = { of: 'issuer', mode: 'search' };
const TAG = 'refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+';
const OK = `^https://github\\.com/o/r/\\.github/workflows/release\\.yml@${TAG}$`;

const CASES: readonly (readonly [string, PatternUse, readonly (readonly [string, string?])[]])[] = [
  [OK, SEARCH, []],
  ['\\Ahttps://github\\.com/o/r/\\.github/workflows/release\\.yml@refs/heads/main\\z', SEARCH, []],
  ['^(?:https://github\\.com/o/r/\\.github/workflows/(?:a|b)\\.ya?ml@refs/(?:heads/main|tags/.+))$', SEARCH, []],
  ['(?i)^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/heads/main$', SEARCH, []],
  ['^\\Qhttps://github.com/o/r/.github/workflows/a.yml@refs/heads/main\\E$', SEARCH, []],
  ['^[^@/]+@example\\.com$', SEARCH, []],
  ['.*', SEARCH, [['identity-anyone']]],
  ['^.+$', SEARCH, [['identity-anyone']]],
  ['.*', WHOLE, [['identity-anyone']]],
  ['^https://github\\.com/', SEARCH, [['identity-anyone']]],
  ['@gmail\\.com$', SEARCH, [['identity-anyone']]],
  ['https://', ISSUERS, [['identity-anyone']]],
  [
    'https://github.com/o/r/.github/workflows/build.yaml@refs/.*',
    SEARCH,
    [
      ['identity-unanchored', '^https://github\\.com/o/r/\\.github/workflows/build\\.yaml@refs/.*'],
      ['unescaped-dot', '^https://github\\.com/o/r/\\.github/workflows/build\\.yaml@refs/.*'],
      ['identity-greedy', `^https://github\\.com/o/r/\\.github/workflows/build\\.yaml@${TAG}$`],
    ],
  ],
  ['^https://github\\.com/o/', SEARCH, [['owner-only', `^https://github\\.com/o/REPOSITORY/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['^https://github\\.com/o/.*$', SEARCH, [['owner-only', `^https://github\\.com/o/REPOSITORY/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['https://github\\.com/o/.*', WHOLE, [['owner-only', `https://github\\.com/o/REPOSITORY/\\.github/workflows/WORKFLOW\\.yml@${TAG}`]]],
  ['^https://github\\.com/o', SEARCH, [['identity-greedy', `^https://github\\.com/o/REPOSITORY/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['^https://github\\.com/o/r/', SEARCH, [['repository-only', `^https://github\\.com/o/r/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['^https://github\\.com/o/r', SEARCH, [['owner-only', `^https://github\\.com/o/r/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['^https://gitlab\\.com/o/r/', SEARCH, [['repository-only', `^https://gitlab\\.com/o/r//\\.gitlab-ci\\.yml@${TAG}$`]]],
  [
    '^https://github\\.com/o/r/\\.github/workflows/.*@refs/tags/v1$',
    SEARCH,
    [['identity-greedy', '^https://github\\.com/o/r/\\.github/workflows/WORKFLOW\\.yml@refs/tags/v1$']],
  ],
  [
    '^https://github\\.com/[^/]+/r/\\.github/workflows/a\\.yml@refs/tags/v1$',
    SEARCH,
    [['identity-greedy', '^https://github\\.com/OWNER/r/\\.github/workflows/a\\.yml@refs/tags/v1$']],
  ],
  [
    '^https://github\\.com/o/[^/]+/\\.github/workflows/a\\.yml@refs/tags/v1$',
    SEARCH,
    [['owner-only', '^https://github\\.com/o/REPOSITORY/\\.github/workflows/a\\.yml@refs/tags/v1$']],
  ],
  ['^https://github\\.com/o/r/\\.github/workflows/a\\.yml', SEARCH, [['identity-greedy', `^https://github\\.com/o/r/\\.github/workflows/a\\.yml@${TAG}$`]]],
  [
    '^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/heads/.*$',
    SEARCH,
    [['identity-greedy', '^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/heads/main$']],
  ],
  [
    '^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/tags/v1',
    SEARCH,
    [['identity-unanchored', '^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/tags/v1$']],
  ],
  ['^https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/tags/v', SEARCH, []],
  [
    '.*github\\.com/o/r/\\.github/workflows/a\\.yml@refs/tags/v1$',
    SEARCH,
    [['identity-greedy', 'https://github\\.com/o/r/\\.github/workflows/a\\.yml@refs/tags/v1$']],
  ],
  [
    '^https://github\\.com/o/r/a\\.yml@x$|https://github\\.com/o/r/b\\.yml@x',
    SEARCH,
    [['identity-unanchored', '^(?:https://github\\.com/o/r/a\\.yml@x|https://github\\.com/o/r/b\\.yml@x)$']],
  ],
  [
    'a@example.com',
    SEARCH,
    [
      ['identity-unanchored', '^a@example\\.com$'],
      ['unescaped-dot', '^a@example\\.com$'],
    ],
  ],
  ['@example\\.com$', SEARCH, [['identity-unanchored', '^[^@]+@example\\.com$']]],
  [
    'https://token.actions.githubusercontent.com',
    ISSUERS,
    [
      ['identity-unanchored', '^https://token\\.actions\\.githubusercontent\\.com$'],
      ['unescaped-dot', '^https://token\\.actions\\.githubusercontent\\.com$'],
    ],
  ],
  ['^https://oidc\\.example\\.net/id/.*$', ISSUERS, [['identity-greedy']]],
  ['(?=x)', SEARCH, [['pattern-invalid']]],
  [
    '^https://github.com/${{ github.repository }}/\\.github/workflows/a\\.yml@refs/tags/$TAG$',
    SEARCH,
    [['unescaped-dot', '^https://github\\.com/${{ github.repository }}/\\.github/workflows/a\\.yml@refs/tags/$TAG$']],
  ],
  ['^https://github\\.com/${REPO}/', SEARCH, [['repository-only', `^https://github\\.com/\${REPO}/\\.github/workflows/WORKFLOW\\.yml@${TAG}$`]]],
  ['$IDENTITY', SEARCH, []],
  ['spiffe://example\\.org/a', SEARCH, [['identity-unanchored', '^spiffe://example\\.org/a$']]],
];

test.each(CASES)('%s', (pattern, use, expected) => {
  const found = judgePattern(pattern, use).map(({ rule, correction }) => (correction === undefined ? [rule] : [rule, correction]));
  expect(found).toEqual(expected);
});

describe('of all of them', () => {
  const problems = CASES.flatMap(([pattern, use]) => judgePattern(pattern, use).map((one) => ({ pattern, use, ...one })));

  test('examples pass', () => {
    const tried = problems.filter(({ pattern, admits }) => admits !== undefined && !pattern.includes('$TAG') && !pattern.includes('$' + '{'));
    expect(tried.length).toBeGreaterThan(25);
    for (const { pattern, use, admits = '' } of tried) {
      const compiled = RE2JS.compile(pattern);
      expect([pattern, use.mode === 'whole' ? compiled.matches(admits) : compiled.matcher(admits).find()]).toEqual([pattern, true]);
    }
  });

  test('corrections have no fault that could be mended without asking', () => {
    const mended = problems.filter(({ fixable }) => fixable);
    expect(mended.length).toBeGreaterThan(8);
    for (const { correction = '', use, rule } of mended) {
      const again = judgePattern(correction, use);
      expect([correction, again.filter((one) => one.fixable || one.rule === rule)]).toEqual([correction, []]);
    }
  });

  test('corrections that name everything have no fault at all', () => {
    const named = problems.filter(({ correction, fixable }) => correction !== undefined && !fixable && /[$]$/.test(correction));
    expect(named.length).toBeGreaterThan(8);
    for (const { correction = '', use } of named)
      expect([correction, judgePattern(correction, use).filter(({ rule }) => rule !== 'identity-unanchored')]).toEqual([correction, []]);
  });
});
