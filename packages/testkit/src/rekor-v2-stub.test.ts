/** The stub answers as services.md section 6 states, and misbehaves as asked. */
import { encodeBase64, utf8 } from '@assay/core';
import { sha256 } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { all, createInstance, drop, type Edit, put, type RekorV2StubOptions, rekorV2Stub } from './index.ts';
import { keyFor } from './key-pool.ts';

const artifact = utf8('artifact');
const key = keyFor('uploader', 'p256');

function setup(options: RekorV2StubOptions = {}) {
  const instance = createInstance();
  const stub = rekorV2Stub(instance, options);
  const request = {
    hashedRekordRequestV002: {
      digest: encodeBase64(sha256(artifact)),
      signature: {
        content: encodeBase64(key.sign(artifact)),
        verifier: { publicKey: { rawBytes: encodeBase64(key.spki) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  };
  const get = (path: string): Promise<Response> => stub(new Request(`https://log.testkit.example${path}`));
  const upload = (body: unknown): Promise<Response> =>
    stub(new Request('https://log.testkit.example/api/v2/log/entries', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }));
  return { instance, request, get, upload };
}

test('an upload is recorded once, with its proof and without a time', async () => {
  const { instance, request, upload } = setup();
  const created = await upload(request);
  expect(created.status).toBe(201);
  const index = instance.rekorV2.entries.findIndex(({ kind }) => kind === 'hashedrekord');
  expect(await created.json()).toMatchObject({
    logIndex: String(index),
    logId: { keyId: encodeBase64(instance.rekorV2.logId) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    integratedTime: '0',
    inclusionPromise: null,
    inclusionProof: { logIndex: String(index), treeSize: String(instance.rekorV2.tree.size), checkpoint: { envelope: instance.rekorV2.checkpoint() } },
  });

  const equal = await upload(request);
  expect(equal.status).toBe(409);
  expect(equal.headers.get('x-log-index')).toBe(String(index));
  expect(await equal.json()).toMatchObject({ code: 6, details: [] });
});

const SIGNATURE = 'hashedRekordRequestV002.signature';

describe('an upload is refused', () => {
  test.each<[string, Edit]>([
    ['as dsse', all(drop('hashedRekordRequestV002'), put('dsseRequestV002', {}))],
    ['with a member that is not known', put(`${SIGNATURE}.note`, 'x')],
    ['without its signature', drop(SIGNATURE)],
    ['with another digest', put('hashedRekordRequestV002.digest', encodeBase64(sha256(utf8('other'))))],
    ['with a digest of a wrong length', put('hashedRekordRequestV002.digest', 'AAAA')],
    ['with the details of another key', put(`${SIGNATURE}.verifier.keyDetails`, 'PKIX_ECDSA_P384_SHA_384')],
    ['without a verifier', drop(`${SIGNATURE}.verifier.publicKey`)],
    ['with a verifier that is none', put(`${SIGNATURE}.verifier.publicKey.rawBytes`, 'AAAA')],
  ])('%s', async (_, edit) => {
    const { instance, request, upload } = setup();
    const size = instance.rekorV2.tree.size;
    const response = await upload(edit(request));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 3, details: [] });
    expect(instance.rekorV2.tree.size).toBe(size);
  });

  test('that is too large, or no JSON', async () => {
    const { upload } = setup();
    expect((await upload('x'.repeat(4 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await upload('nonsense')).status).toBe(400);
  });

  test('when the log is frozen, and for as long as it is pushed back', async () => {
    const { upload, request } = setup({ fault: 'frozen', unavailableFor: 1 });
    expect((await upload(request)).status).toBe(503);
    const frozen = await upload(request);
    expect(frozen.status).toBe(405);
    expect(await frozen.text()).toContain('frozen');
  });
});

test('reads: checkpoint, health, nothing else', async () => {
  const { instance, get } = setup();
  expect(await (await get('/api/v2/checkpoint')).text()).toBe(instance.rekorV2.checkpoint());
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/api/v2/log/entries/1')).status).toBe(404);
});
