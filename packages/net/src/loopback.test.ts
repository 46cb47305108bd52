import { expect, test } from 'vitest';
import { isLoopbackHost } from './loopback.ts';

test.each([
  ['http://localhost:1/', true],
  ['http://LOCALHOST/', true],
  ['http://127.0.0.1/', true],
  ['http://127.1.2.3/', true],
  ['http://2130706433/', true],
  ['http://[::1]:80/', true],
  ['http://127.0.0.1.example/', false],
  ['http://127.example/', false],
  ['http://localhost.example/', false],
  ['http://0.0.0.0/', false],
  ['http://[::]/', false],
  ['http://10.0.0.1/', false],
])('of %s: %s', (url, expected) => expect(isLoopbackHost(new URL(url).hostname)).toBe(expected));
