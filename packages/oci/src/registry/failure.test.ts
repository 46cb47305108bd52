import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { isStatus, refusalError } from './failure.ts';

const URL = 'https://ghcr.io/v2/app/manifests/v1';
const refused = (status: number, body: unknown, more: { method?: string; retryAfter?: string } = {}) =>
  refusalError({
    method: more.method ?? 'GET',
    url: URL,
    status,
    body: utf8(typeof body === 'string' ? body : JSON.stringify(body)),
    retryAfter: more.retryAfter,
  });
const errors = (...list: readonly unknown[]) => ({ errors: list });

describe('the code', () => {
  test.each([
    [400, 'OCI_STATUS'],
    [401, 'OCI_UNAUTHORIZED'],
    [403, 'OCI_DENIED'],
    [404, 'OCI_NOT_FOUND'],
    [405, 'OCI_UNSUPPORTED'],
    [408, 'OCI_STATUS'],
    [416, 'OCI_STATUS'],
    [418, 'OCI_STATUS'],
    [429, 'OCI_RATE_LIMITED'],
    [500, 'OCI_STATUS'],
    [503, 'OCI_STATUS'],
  ])('of %i is %s', (status, code) => {
    const error = refused(status, '');
    expect([error.code, error.data]).toEqual([code, { status }]);
    expect([isStatus(error, status), isStatus(error, 1), isStatus(new Error('x'), status)]).toEqual([true, false, false]);
  });
});

describe("the text is the one of Go's tools", () => {
  test.each([
    ['a code and a message', errors({ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }), 'MANIFEST_UNKNOWN: manifest unknown'],
    ['a map, sorted', errors({ code: 'NAME', message: 'm', detail: { Tag: 'latest', Name: 'x' } }), 'NAME: m; map[Name:x Tag:latest]'],
    ['a map with values that are no text', errors({ code: 'X', message: 'm', detail: { n: 1, o: { a: [] } } }), 'X: m; map[n:1 o:{"a":[]}]'],
    ['text as detail', errors({ code: 'X', message: 'm', detail: 'why' }), 'X: m; why'],
    ['a list as detail', errors({ code: 'X', message: 'm', detail: [1] }), 'X: m; [1]'],
    ['no message', errors({ code: 'X' }), 'X'],
    ['several', errors({ code: 'A', message: 'a' }, { code: 'B', message: 'b' }), 'A: a; B: b'],
    ['no more than five', errors(...'ABCDEFGH'.split('').map((code) => ({ code }))), 'A; B; C; D; E'],
    ['what is no error among errors', errors(1, null, [], { message: 'x' }, { code: 'A' }), 'A'],
    ['none', errors(), 'unexpected status code 404 Not Found: {"errors":[]}'],
    ['errors that are no list', { errors: {} }, 'unexpected status code 404 Not Found: {"errors":{}}'],
    ['a list', [], 'unexpected status code 404 Not Found: []'],
    ['text', 'page not found\n', 'unexpected status code 404 Not Found: page not found'],
    ['nothing', '', 'unexpected status code 404 Not Found'],
    ['a member twice', '{"errors":[],"errors":[]}', 'unexpected status code 404 Not Found: {"errors":[],"errors":[]}'],
  ])('%s', (_, body, text) => {
    expect(refused(404, body).message).toBe(`GET ${URL}: ${text}`);
  });

  test('of a HEAD, which has no body', () => {
    expect(refused(404, '', { method: 'HEAD' }).message).toBe(
      `HEAD ${URL}: unexpected status code 404 Not Found (HEAD responses have no body, use GET for details)`,
    );
  });

  test('of a status without a name', () => {
    expect(refused(599, '').message).toBe(`GET ${URL}: unexpected status code 599`);
  });

  test.each([
    ['a number beyond 64 bits', '12345678901234567890', '; 12345678901234567890'],
    ['one in a map', '{"n":12345678901234567890}', '; map[n:12345678901234567890]'],
    ['one deeper', '[{"n":12345678901234567890}]', '; [{"n":12345678901234567890}]'],
  ])('a detail that is %s', (_, detail, text) => {
    const body = utf8(`{"errors":[{"code":"X","message":"m","detail":${detail}}]}`);
    expect(refusalError({ method: 'GET', url: 'u', status: 404, body, retryAfter: undefined }).message).toBe(`GET u: X: m${text}`);
  });

  test.each([
    ['7', { status: 429, retryAfterMs: 7000 }],
    ['Wed, 21 Oct 2026 07:28:00 GMT', { status: 429 }],
    ['-1', { status: 429 }],
    ['9'.repeat(40), { status: 429 }],
  ])('names the wait: %s', (retryAfter, data) => {
    const error = refused(429, errors({ code: 'TOOMANYREQUESTS' }), { retryAfter });
    expect(error.message).toBe(`GET ${URL}: TOOMANYREQUESTS; the registry asks to wait ${retryAfter} s`);
    expect(error.data).toEqual(data);
  });
});

test('a hostile body is escaped and shortened', () => {
  const hostile = `\u001b[2J\r\nError: forged\u202e${'x'.repeat(100_000)}`;
  const bodies = [hostile, errors({ code: hostile, message: hostile, detail: hostile }), errors({ code: 'A', detail: { [hostile]: hostile } })];
  for (const body of bodies) {
    const { message } = refused(500, body, { retryAfter: hostile });
    expect(message).not.toMatch(/\p{C}/u);
    expect(message.length).toBeLessThan(2000);
  }
  expect(refused(500, '{"errors":[{"code":"A","x":'.padEnd(200_000, '[')).code).toBe('OCI_STATUS');
});
