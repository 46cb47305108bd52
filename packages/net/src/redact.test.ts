import { expect, test } from 'vitest';
import { redactUrl } from './redact.ts';

test.each([
  ['https://example.com/a/b', 'https://example.com/a/b'],
  ['https://user:hunter2@example.com:8443/a', 'https://example.com:8443/a'],
  ['https://token@example.com/', 'https://example.com/'],
  ['https://example.com/a?X-Amz-Signature=abc&b', 'https://example.com/a?…'],
  ['https://example.com/#secret', 'https://example.com/'],
  ['https://user:hunter2@exa mple.com/a?t=1', 'https://exa mple.com/a?…'],
  ['https://user:p@ss@example.com:bad/', 'https://example.com:bad/'],
  ['keys/cosign.pub', 'keys/cosign.pub'],
  ['x\u001b[31m', 'x\\u001b[31m'],
])('redacts %s', (url, expected) => {
  expect(redactUrl(url)).toBe(expected);
});
