/** Which images a pattern means, and what is none. */
import { describe, expect, test } from 'vitest';
import { namedImage } from '../judge/open-subject.ts';
import { imagePattern, problemOfPattern } from './image-pattern.ts';

const HEX = 'ab'.repeat(32);

describe('a pattern', () => {
  test.each<[string, string, boolean]>([
    ['ghcr.io/acme/app', 'ghcr.io/acme/app', true],
    ['ghcr.io/acme/app', 'ghcr.io/acme/app:v1', true],
    ['ghcr.io/acme/app', `ghcr.io/acme/app@sha256:${HEX}`, true],
    ['ghcr.io/acme/app', 'ghcr.io/acme/application', false],
    ['ghcr.io/acme/app', 'ghcr.io/acme/app/sub', false],
    ['ghcr.io/acme/*', 'ghcr.io/acme/app:v1', true],
    ['ghcr.io/acme/*', 'ghcr.io/acme/app/sub', false],
    ['ghcr.io/acme/**', 'ghcr.io/acme/app/sub', true],
    ['ghcr.io/acme/**', 'ghcr.io/acme-evil/app', false],
    ['**', 'anything.example:5000/a/b/c', true],
    ['*.example/app/**', 'eu.example/app/x', true],
    ['*.example/app/**', 'evil.org/x.example/app/x', false],
    ['nginx', 'nginx:1.27', true],
    ['nginx', 'index.docker.io/library/nginx', true],
    ['docker.io/library/nginx', 'nginx', true],
    ['acme/*', 'docker.io/acme/app', true],
    ['localhost:5000/a', 'localhost:5000/a:x', true],
    [`ghcr.io/a/b@sha256:${HEX}`, `ghcr.io/a/b:v1@sha256:${HEX}`, true],
    [`ghcr.io/a/b@sha256:${HEX}`, `ghcr.io/a/b@sha256:${HEX.replace('a', 'c')}`, false],
    [`ghcr.io/a/b@sha256:${HEX}`, 'ghcr.io/a/b:v1', false],
    ['ghcr.io/a/b@sha256:*', `ghcr.io/a/b@sha256:${HEX}`, true],
    ['GHCR.io/a/b', 'ghcr.io/a/b', true],
  ])('%s and %s: %s', (pattern, image, matches) => {
    expect(problemOfPattern(pattern)).toBeUndefined();
    expect(imagePattern(pattern).matches(namedImage(image))).toBe(matches);
  });
});

test.each(['*', '*/*', 'a b', 'ghcr.io/a/b:v1', 'ghcr.io/a?b', '/a', 'a/', 'a//b', 'a/***', 'a@md5:00', 'a@sha256:ABC', `a@sha256:${HEX}0`])(
  '%s is no pattern',
  (pattern) => {
    expect(problemOfPattern(pattern)).toBeDefined();
  },
);
