/** How a source repository may be named, and what someone is told who names it otherwise. */
import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { parseSourceRepository } from './source-repository.ts';

test.each([
  ['github.com/o/r', 'https://github.com/o/r', 'https://token.actions.githubusercontent.com'],
  ['https://github.com/o/r', 'https://github.com/o/r', 'https://token.actions.githubusercontent.com'],
  ['git+https://github.com/o/r', 'https://github.com/o/r', 'https://token.actions.githubusercontent.com'],
  ['GitHub.com/O/r.x', 'https://github.com/O/r.x', 'https://token.actions.githubusercontent.com'],
  ['acme.ghe.com/o/r', 'https://acme.ghe.com/o/r', 'https://token.actions.acme.ghe.com'],
  ['gitlab.com/group/sub/project', 'https://gitlab.com/group/sub/project', 'https://gitlab.com'],
  ['git.example:8443/o/r', 'https://git.example:8443/o/r', undefined],
  ['github.com.example/o/r', 'https://github.com.example/o/r', undefined],
  ['api.github.com/o/r', 'https://api.github.com/o/r', undefined],
])('%s', (text, uri, issuer) => {
  const source = parseSourceRepository(text);
  expect([source.uri, source.forge?.issuer]).toEqual([uri, issuer]);
});

describe('is refused, and told how to name it', () => {
  test.each([
    ['', 'name the host too: github.com/OWNER/REPOSITORY'],
    ['o/r', 'name the host too: github.com/o/r'],
    ['r', 'name the host too: github.com/r'],
    ['github.com/o/r/', 'leave out the slash at the end: github.com/o/r'],
    ['github.com/o/r.git', 'leave out .git at the end: github.com/o/r'],
    ['github.com/o/r@refs/tags/v1', 'leave out what follows the @, and demand it with --tag or --branch: github.com/o/r'],
    ['git@github.com:o/r', 'leave out what follows the @'],
    ['http://github.com/o/r', 'repositories are named by https'],
    ['ssh://github.com/o/r', 'repositories are named by https'],
    ['github.com/o', 'name the host too'],
    ['github.com/o/r/tree/main', 'a repository on GitHub is named by owner and name'],
    ['gitlab.com/../r', 'a path has no . and .. in it'],
    ['gıthub.com/o/r', 'name the host too'],
    ['github.com/o/r\n', 'name the host too'],
  ])('%j', (text, hint) => {
    try {
      parseSourceRepository(text);
      expect.unreachable();
    } catch (error) {
      if (!isTrustError(error)) throw error;
      expect(error.code).toBe('SLSA_SOURCE_URI');
      expect(error.hint).toContain(hint);
    }
  });
});
