import { describe, expect, test } from 'vitest';
import { compileGlob } from './glob.ts';

describe('a glob', () => {
  test.each([
    ['ghcr.io/*', 'ghcr.io/a/b:1', true],
    ['ghcr.io/**', 'ghcr.io/a/b@sha256:0', true],
    ['ghcr.io/*', 'xghcr.io/a', false],
    ['ghcr.io/*', 'ghcrxio/a', false],
    ['*', '', true],
    ['', 'a', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', true],
    ['a?c', 'ac', false],
    ['[abc]x', 'bx', true],
    ['[!abc]x', 'bx', false],
    ['[!abc]x', 'dx', true],
    ['[a-c]', 'b', true],
    ['[!a-c]', 'b', false],
    ['[a^]', '^', true],
    ['{ghcr.io,docker.io}/*', 'docker.io/a', true],
    ['{ghcr.io,docker.io}/*', 'quay.io/a', false],
    ['{a,b{c,d*}}', 'bdx', true],
    ['{,a}b', 'b', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\n*', 'a\nb', true],
    ['image:1.0+x', 'image:1.0+x', true],
    ['a,b', 'a,b', true],
  ])('%j over %j is %s', (glob, text, matches) => {
    expect(compileGlob(glob)(text)).toBe(matches);
  });

  test.each(['[abc', '{a,b', 'a}', '[c-a]', '{'.repeat(40), 'x'.repeat(3000)])('%j is none', (glob) => {
    expect(() => compileGlob(glob)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  test('that other matchers take for ever over is answered at once', () => {
    expect(compileGlob('*a'.repeat(100))('a'.repeat(99))).toBe(false);
  });
});
