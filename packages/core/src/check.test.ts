import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { type Check, type CheckStatus, deriveStatus, fail, failFrom, failures, group, isConsistent, pass, skip, warnings } from './check.ts';
import { TrustError } from './errors.ts';

const P = pass('p', 'passed');
const F = fail('f', 'USAGE', 'failed');
const S = skip('s', 'skipped');
const optional = (check: Check): Check => ({ ...check, optional: true });

describe('the status of a group', () => {
  test.each<[string, readonly Check[], CheckStatus]>([
    ['without children fails: empty evidence proves nothing', [], 'fail'],
    ['with only optional children fails', [optional(P)], 'fail'],
    ['passes when every required child passes', [P, P], 'pass'],
    ['fails when one child fails', [P, F], 'fail'],
    ['is undecided when a required child was skipped', [P, S], 'skip'],
    ['fails when one child fails beside a skipped one', [S, F], 'fail'],
    ['is skipped when all required children were', [S, S], 'skip'],
    ['ignores an optional failure', [P, optional(F)], 'pass'],
    ['ignores an optional skip', [P, optional(S)], 'pass'],
    ['is not saved by an optional pass', [F, optional(P)], 'fail'],
    ['is skipped, not passed, beside an optional pass', [S, optional(P)], 'skip'],
  ])('%s', (_, checks, status) => {
    expect(deriveStatus(checks)).toBe(status);
    expect(group('g', 'group', checks).status).toBe(status);
  });

  test('never passes with a required child that did not', () => {
    const child = fc.record({ status: fc.constantFrom<CheckStatus>('pass', 'fail', 'skip'), optional: fc.boolean() });
    property(fc.array(child, { maxLength: 8 }), (children) => {
      const checks = children.map(({ status, optional: isOptional }): Check => ({ id: 'c', status, says: '', ...(isOptional && { optional: true as const }) }));
      const required = children.filter((one) => !one.optional);
      expect(deriveStatus(checks) === 'pass').toBe(required.length > 0 && required.every(({ status }) => status === 'pass'));
    });
  });
});

describe('failures', () => {
  test('are the failed leaves in order, without optional and passed branches', () => {
    const inner = group('inner', '', [P, fail('a', 'USAGE', ''), optional(fail('hidden', 'USAGE', ''))]);
    const tree = group('root', '', [inner, S, group('g', '', [fail('b', 'INTERNAL', '')]), optional(group('o', '', [F]))]);
    expect(failures(tree).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(failures(group('root', '', [P]))).toEqual([]);
  });

  test('of a group that is empty is the group itself', () => {
    expect(failures(group('root', '', [group('empty', '', [])])).map(({ id }) => id)).toEqual(['empty']);
  });
});

test('warnings are told whatever the status, with the check that carries them', () => {
  const tree = group('root', '', [pass('a', '', { warning: 'x' }), group('g', '', [optional(fail('b', 'USAGE', '', { warning: 'y' }))])]);
  expect(warnings(tree).map(({ id, warning }) => [id, warning])).toEqual([
    ['a', 'x'],
    ['b', 'y'],
  ]);
});

describe('a tree read from a file', () => {
  const tree = group('root', '', [group('g', '', [P, F]), P]);

  test('is consistent when every status is what its children say', () => {
    expect(isConsistent(tree)).toBe(true);
    expect(isConsistent(JSON.parse(JSON.stringify(tree)))).toBe(true);
  });

  test.each<[string, Check]>([
    ['the root', { ...tree, status: 'pass' }],
    ['an inner group', { ...tree, checks: [{ ...(tree.checks?.[0] as Check), status: 'pass' }, P] }],
    ['an inner group, and the root to match', { ...tree, status: 'pass', checks: [{ ...(tree.checks?.[0] as Check), status: 'pass' }, P] }],
    ['an empty group', { ...tree, status: 'pass', checks: [] }],
    ['a failure without code', { id: 'f', status: 'fail', says: '' }],
  ])('is not when the status of %s was forged', (_, forged) => {
    expect(isConsistent(forged)).toBe(false);
  });
});

describe('failFrom', () => {
  test('turns a TrustError into a failed check with its code, texts and hint', () => {
    const check = failFrom('id', new TrustError('KEY_PARSE', 'says', { expected: 'e', found: 'f', hint: 'h' }), { spec: 's' });
    expect(check).toEqual({ id: 'id', status: 'fail', code: 'KEY_PARSE', says: 'says', expected: 'e', found: 'f', hint: 'h', spec: 's' });
  });

  test('throws anything else on: a bug is not a verdict', () => {
    expect(() => failFrom('id', new RangeError('bug'))).toThrow(RangeError);
    expect(() => failFrom('id', undefined)).toThrow();
  });
});
