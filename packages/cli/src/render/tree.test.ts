/** The proof tree as text: what is folded, what is marked, and that nobody's text can forge a line. */
import { type Check, fail, group, pass, skip } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { styleFor } from './style.ts';
import { type Detail, renderTree } from './tree.ts';

const plain = styleFor({ env: {}, terminal: false } as Parameters<typeof styleFor>[0]);
const lines = (root: Check, detail: Detail = 'brief') => renderTree(root, plain, detail).split('\n').slice(0, -1);

const passed = group('log', 'the log vouches', [pass('a', 'first'), pass('b', 'second')]);
const warned = group('identity', 'signed by someone', [
  pass('san', 'the signer', { warning: 'the pattern .* matches everyone' }),
  pass('issuer', 'the issuer'),
]);
const failed = group('log', { pass: 'vouches', fail: 'does not vouch' }, [
  pass('a', 'first'),
  fail('b', 'TLOG_SET_INVALID', 'second', { expected: 'x', found: 'y', hint: 'z' }),
  skip('c', 'third'),
]);

describe('brief', () => {
  test('a group that passed is one line', () => {
    expect(lines(group('r', '', [passed]))).toEqual(['  ✔ the log vouches']);
  });

  test('but its warnings are told', () => {
    expect(lines(group('r', '', [warned]))).toEqual(['  ✔ signed by someone', '    ! the signer', '      warning   the pattern .* matches everyone']);
  });

  test('a group that failed shows all of its checks, with expected, found and what to try', () => {
    expect(lines(group('r', '', [failed]))).toEqual([
      '  ✘ does not vouch',
      '    ✔ first',
      '    ✘ second  [TLOG_SET_INVALID]',
      '      expected  x',
      '      found     y',
      '      try       z',
      '    - third',
    ]);
  });

  test('what decides nothing is marked as such', () => {
    expect(lines(group('r', '', [pass('a', 'it'), skip('b', 'no timestamp', { optional: true })]))).toEqual(['  ✔ it', '  · no timestamp']);
  });

  test('a root without checks is itself the line', () => {
    expect(lines(fail('x', 'INTERNAL', 'nothing'))).toEqual(['  ✘ nothing  [INTERNAL]']);
  });
});

test('full shows every check', () => {
  expect(lines(group('r', '', [passed]), 'full')).toEqual(['  ✔ the log vouches', '    ✔ first', '    ✔ second']);
});

describe('text of others', () => {
  test.each([
    ['escape sequences', '\u001b[2J', '\\u001b[2J'],
    ['line breaks', 'a\n  ✔ fake', 'a\\u000a  ✔ fake'],
    ['carriage returns', 'a\rb', 'a\\u000db'],
    ['bidirectional overrides', 'a\u202eb', 'a\\u202eb'],
    ['zero-width characters', 'a\u200bb', 'a\\u200bb'],
    ['C1 controls', 'a\u009bb', 'a\\u009bb'],
  ])('%s are escaped wherever they stand', (_, text, shown) => {
    const check = fail('x', 'INTERNAL', text, { expected: text, found: text, hint: text, warning: text });
    const rendered = lines(group('r', '', [check]));
    expect(rendered).toHaveLength(5);
    for (const line of rendered) expect(line).toContain(shown);
  });

  test('of any length is cut', () => {
    expect(renderTree(group('r', '', [pass('x', 'a'.repeat(100_000))]), plain, 'full').length).toBeLessThan(5000);
  });
});

describe('colours', () => {
  const style = (env: Record<string, string>, terminal: boolean) => styleFor({ env, terminal } as Parameters<typeof styleFor>[0]);
  test.each([
    ['a terminal', {}, true, true],
    ['a pipe', {}, false, false],
    ['NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ])('%s', (_, env, terminal, coloured) => {
    expect(style(env as unknown as Record<string, string>, terminal).good('x') !== 'x').toBe(coloured);
  });
});
