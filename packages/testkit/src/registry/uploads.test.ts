/** How blobs come in: at once, in two steps, in chunks, by mounting; and where they are kept. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, type AskOptions, ask, codesOf } from './ask.ts';
import { digestOf, type RegistryOptions, serveRegistry } from './index.ts';

const BYTES = utf8('0123456789');
const DIGEST = digestOf(BYTES);
const UPLOADS = '/v2/app/blobs/uploads/';

async function open(options: RegistryOptions = {}) {
  const registry = await serveRegistry(options);
  onTestFinished(() => registry.close());
  const at = (location: string, asked?: AskOptions) => ask(new URL(location, registry.url).href, asked);
  const start = async () => (await at(UPLOADS, { method: 'POST' })).headers['location'] ?? '';
  const patch = (location: string, range: string | undefined, text: string) =>
    at(location, { method: 'PATCH', body: text, headers: range === undefined ? {} : { 'Content-Range': range } });
  const put = (location: string, body: string | Uint8Array = '', digest = DIGEST, headers = {}) =>
    at(`${location}&digest=${digest}`, { method: 'PUT', body, headers });
  return { registry, content: registry.content, at, start, patch, put };
}

const refused = (answer: Answer) => [answer.status, ...codesOf(answer)];

describe('a whole blob', () => {
  test('in one POST', async () => {
    const { at, content } = await open();
    const answer = await at(`${UPLOADS}?digest=${DIGEST}`, { method: 'POST', body: BYTES });
    expect(answer).toMatchObject({ status: 201, headers: { location: `/v2/app/blobs/${DIGEST}`, 'docker-content-digest': DIGEST } });
    expect(content.getBlob('app', DIGEST)).toEqual(Buffer.from(BYTES));
  });

  test('with POST and PUT', async () => {
    const { at, start, put } = await open();
    expect(await put(await start(), BYTES)).toMatchObject({ status: 201, headers: { location: `/v2/app/blobs/${DIGEST}` } });
    expect(await at(`/v2/app/blobs/${DIGEST}`)).toMatchObject({ status: 200, text: '0123456789' });
  });

  test('by its SHA-512 digest', async () => {
    const { at, start, put } = await open();
    const digest = digestOf(BYTES, 'sha512');
    expect(await put(await start(), BYTES, digest)).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    expect(await at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 200, text: '0123456789' });
  });

  test('of no bytes', async () => {
    const { start, put } = await open();
    expect(await put(await start(), '', digestOf(new Uint8Array(0)))).toMatchObject({ status: 201 });
  });

  test('is refused under another digest, and the upload is over', async () => {
    const { start, put, content, at } = await open();
    const location = await start();
    expect(refused(await put(location, 'something else'))).toEqual([400, 'DIGEST_INVALID']);
    expect(refused(await at(location))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(content.getBlob('app', DIGEST)).toBeUndefined();
  });

  test('is refused without a digest, or with one that is none', async () => {
    const { at, start, put } = await open();
    const location = await start();
    expect(refused(await at(location, { method: 'PUT', body: BYTES }))).toEqual([400, 'DIGEST_INVALID']);
    expect(refused(await put(location, BYTES, 'md5:00'))).toEqual([400, 'DIGEST_INVALID']);
  });

  test('is refused where only chunks are taken; a POST with everything opens an upload instead', async () => {
    const { at, start, patch, put } = await open({ uploads: 'chunked-only' });
    expect(await at(`${UPLOADS}?digest=${DIGEST}`, { method: 'POST', body: BYTES })).toMatchObject({ status: 202 });
    const location = await start();
    expect(refused(await put(location, BYTES))).toEqual([405, 'UNSUPPORTED']);
    await patch(location, undefined, '0123456789');
    expect(await put(location)).toMatchObject({ status: 201 });
  });
});

describe('chunks', () => {
  test('in order, the last one with the PUT', async () => {
    const { start, patch, put, content } = await open();
    const location = await start();
    expect(await patch(location, '0-3', '0123')).toMatchObject({ status: 202, headers: { range: '0-3', location } });
    expect(await patch(location, '4-6', '456')).toMatchObject({ status: 202, headers: { range: '0-6', location } });
    expect(await put(location, '789', DIGEST, { 'Content-Range': '7-9' })).toMatchObject({ status: 201 });
    expect(content.getBlob('app', DIGEST)).toEqual(Buffer.from(BYTES));
  });

  test('as one stream without a length or a range', async () => {
    const { start, at, put } = await open();
    const location = await start();
    expect(await at(location, { method: 'PATCH', body: [utf8('01234'), utf8('56789')] })).toMatchObject({ status: 202, headers: { range: '0-9' } });
    expect(await put(location)).toMatchObject({ status: 201 });
  });

  test('out of order get 416, and GET tells where to go on', async () => {
    const { start, patch, at } = await open();
    const location = await start();
    await patch(location, '0-3', '0123');
    const answer = await patch(location, '7-9', '789');
    expect(refused(answer)).toEqual([416, 'BLOB_UPLOAD_INVALID']);
    expect(answer.headers).toMatchObject({ range: '0-3', location });
    expect(await at(location)).toMatchObject({ status: 204, headers: { range: '0-3', location } });
  });

  test.each([
    ['a range that is none', 'bytes 0-3/*', 'BLOB_UPLOAD_INVALID'],
    ['a range longer than the body', '0-9', 'SIZE_INVALID'],
  ])('refuses %s', async (_, range, code) => {
    const { start, patch } = await open();
    expect(refused(await patch(await start(), range, '0123'))).toEqual([400, code]);
  });

  test('below the announced minimum are taken as the last one only', async () => {
    const { at, start, patch, put } = await open({ minChunkBytes: 4 });
    expect(await at(UPLOADS, { method: 'POST' })).toMatchObject({ headers: { 'oci-chunk-min-length': '4' } });
    const location = await start();
    await patch(location, '0-7', '01234567');
    await patch(location, '8-9', '89');
    expect(await put(location)).toMatchObject({ status: 201 });
    const other = await start();
    await patch(other, '0-1', '01');
    expect(refused(await patch(other, '2-9', '23456789'))).toEqual([400, 'SIZE_INVALID']);
  });

  test('are refused where a blob must come whole', async () => {
    const { start, patch, put } = await open({ uploads: 'monolithic-only' });
    const location = await start();
    expect(refused(await patch(location, '0-3', '0123'))).toEqual([405, 'UNSUPPORTED']);
    expect(await put(location, BYTES)).toMatchObject({ status: 201 });
  });
});

describe('the location', () => {
  test('is absolute when asked to be', async () => {
    const { registry, start } = await open({ locations: 'absolute' });
    expect(await start()).toMatch(`${registry.url}${UPLOADS}`);
  });

  test('must come back with its query', async () => {
    const { at, start } = await open();
    const [bare = ''] = (await start()).split('?');
    expect(refused(await at(`${bare}?digest=${DIGEST}`, { method: 'PUT', body: BYTES }))).toEqual([400, 'BLOB_UPLOAD_INVALID']);
  });

  test('belongs to its repository', async () => {
    const { at, start } = await open();
    expect(refused(await at((await start()).replace('/app/', '/other/')))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
  });

  test('is gone after DELETE', async () => {
    const { at, start } = await open();
    const location = await start();
    expect(await at(location, { method: 'DELETE' })).toMatchObject({ status: 204 });
    expect(await at(location)).toMatchObject({ status: 404 });
  });
});

describe('mounting', () => {
  const mount = `${UPLOADS}?mount=${DIGEST}&from=base`;

  test('takes a blob of another repository', async () => {
    const { at, content } = await open();
    content.putBlob('base', BYTES);
    expect(await at(mount, { method: 'POST' })).toMatchObject({ status: 201, headers: { location: `/v2/app/blobs/${DIGEST}` } });
    expect(content.getBlob('app', DIGEST)).toEqual(BYTES);
  });

  test.each([
    ['the blob is not there', {}, false],
    ['mounts are refused', { mounts: 'refused' }, true],
  ] as const)('opens an upload when %s', async (_, options, exists) => {
    const { at, put, content } = await open(options);
    if (exists) content.putBlob('base', BYTES);
    const answer = await at(mount, { method: 'POST' });
    expect(answer.status).toBe(202);
    expect(await put(answer.headers['location'] ?? '', BYTES)).toMatchObject({ status: 201 });
  });
});

describe('a folder for blobs', () => {
  function scratch(): string {
    const folder = mkdtempSync(join(tmpdir(), 'registry-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  }

  test('holds what was pushed, and it is answered from there: whole, in part, and by another digest', async () => {
    const blobFolder = scratch();
    const { at, start, patch, put, content } = await open({ blobFolder });
    const location = await start();
    await patch(location, '0-3', '0123');
    expect(await put(location, '456789', digestOf(BYTES, 'sha512'))).toMatchObject({ status: 201 });
    expect(readdirSync(blobFolder).map((name) => readFileSync(join(blobFolder, name), 'utf8'))).toEqual(['0123456789']);
    const path = `/v2/app/blobs/${digestOf(BYTES, 'sha512')}`;
    expect(await at(path)).toMatchObject({ status: 200, text: '0123456789' });
    expect(await at(path, { headers: { Range: 'bytes=3-5' } })).toMatchObject({ status: 206, text: '345' });
    expect(content.getBlob('app', digestOf(BYTES, 'sha512'))).toEqual(Buffer.from(BYTES));
  });

  test('takes an empty blob, and drops what did not match', async () => {
    const blobFolder = scratch();
    const { at, start, put } = await open({ blobFolder });
    expect(await put(await start(), 'wrong')).toMatchObject({ status: 400 });
    expect(readdirSync(blobFolder)).toEqual([]);
    const digest = digestOf(new Uint8Array(0));
    expect(await put(await start(), '', digest)).toMatchObject({ status: 201 });
    expect(await at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 200, text: '' });
  });
});
