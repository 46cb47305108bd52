import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { serve } from '../test/loopback.ts';
import { createHttpClient } from './client.ts';
import { type LoadOptions, loadFileOrUrl } from './load.ts';

function options(extra: Partial<LoadOptions> = {}): LoadOptions {
  const http = createHttpClient({ retries: 0 });
  onTestFinished(() => http.close());
  return { http, env: {}, ...extra };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('loads a path, a URL and a variable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-load-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'key.pub'), 'from a file');
  const server = await serve((_, response) => response.end('from a server'));
  expect(text(await loadFileOrUrl(join(folder, 'key.pub'), options()))).toBe('from a file');
  expect(text(await loadFileOrUrl(`${server.url}/key.pub`, options()))).toBe('from a server');
  expect(text(await loadFileOrUrl('env://KEY', options({ env: { KEY: 'from a variable' } })))).toBe('from a variable');
  expect(await loadFileOrUrl('env://EMPTY', options({ env: { EMPTY: '' } }))).toHaveLength(0);
});

test.each([
  ['env://MISSING', 'NET_URL', 'loading URL: env var $MISSING not found'],
  ['env://toString', 'NET_URL', 'loading URL: env var $toString not found'],
  ['ftp://host/x', 'NET_URL', 'loading URL: unrecognized scheme: ftp://'],
  ['://x', 'NET_URL', 'loading URL: unrecognized scheme: ://'],
  ['no/such/file', 'FILE_NOT_FOUND', 'no/such/file: no such file'],
  ['no/x://file', 'FILE_NOT_FOUND', 'no/x://file: no such file'],
])('refuses %s', async (reference, code, message) => {
  expect(await caught(loadFileOrUrl(reference, options()))).toMatchObject({ code, message });
});

test('says which status a server returned, in the words of cosign, without secrets', async () => {
  const server = await serve((_, response) => response.writeHead(404).end());
  const reference = `${server.url.replace('//', '//user:hunter2@')}/key.pub`;
  expect(await caught(loadFileOrUrl(reference, options()))).toMatchObject({
    code: 'NET_STATUS',
    message: `loading URL ${server.url}/key.pub: server returned HTTP 404`,
    data: { status: 404 },
  });
});

test('caps a URL', async () => {
  const server = await serve((_, response) => response.end('12345'));
  expect((await caught(loadFileOrUrl(server.url, options({ maxBytes: 4 })))).code).toBe('NET_TOO_LARGE');
});
