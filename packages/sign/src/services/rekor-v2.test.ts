/** Against a Rekor v2 log in memory that checks what it is sent; what comes back is judged by core, with a timestamp since the log proves no time. */
import { TrustError, utf8 } from '@assay/core';
import {
  createInstance,
  drop,
  keyFor,
  put,
  type RekorV2Fault,
  rekorV2Stub,
  rekorV2Tiles,
  type SignOptions,
  type TileFault,
  timestampStub,
} from '@assay/testkit';
import { describe, expect, test, vi } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { ARTIFACT, altered, type Change, editedJson, replaced, served, signed, trustedRootOf } from '../../test/services.ts';
import { logToRekorV2 } from './rekor-v2.ts';
import { requestTimestamp } from './timestamp.ts';

describe('is recorded, and the bundle verifies:', () => {
  test.each<[string, SignOptions]>([
    ['a message with a certificate', {}],
    ['a message with a P-384 certificate', { signerKey: 'p384' }],
    ['a message with a P-521 key', { key: keyFor('own', 'p521') }],
    ['a message with an RSA key', { key: keyFor('own', 'rsa2048') }],
    ['a message with an Ed25519 key, pre-hashed', { key: keyFor('own', 'ed25519') }],
    ['an envelope with a certificate', { content: 'dsse' }],
    ['an envelope with a P-384 key', { content: 'dsse', key: keyFor('own', 'p384') }],
  ])('%s', async (_, options) => {
    const instance = createInstance();
    const { signing, judge } = signed(instance, options);
    const entry = await logToRekorV2(signing, await served(rekorV2Stub(instance)));
    expect(entry).toMatchObject({ kind: 'hashedrekord', version: '0.0.2', integratedTime: 0n, signedEntryTimestamp: undefined });
    const authority = await served(timestampStub(instance));
    const timestamp = await requestTimestamp(signing.content.signature, { ...authority, url: `${authority.url}/api/v1/timestamp` });
    expect(await judge({ entries: [entry], timestamps: [timestamp] })).toMatchObject({ ok: true });
  });
});

test('a log that waits for its checkpoint is waited for, and one that pushes back is asked again', async () => {
  const instance = createInstance();
  expect(await logToRekorV2(signed(instance).signing, await served(rekorV2Stub(instance, { unavailableFor: 2 })))).toMatchObject({ version: '0.0.2' });
  const busy = await served(rekorV2Stub(instance, { unavailableFor: 3 }));
  const found = await refusal(() => logToRekorV2(signed(instance).signing, busy));
  expect(found).toMatchObject({ code: 'REKOR_UPLOAD', message: expect.stringContaining('HTTP 503: reached max pushback; retry') });
});

describe('a signature that the log has already', () => {
  /** Logged once, and sent again after `more` others. */
  async function twice({ before = 11, more = 0, fault, change }: { before?: number; more?: number; fault?: TileFault; change?: Change } = {}) {
    const instance = createInstance({ fillers: { before, after: 3 } });
    const { signing, judge } = signed(instance);
    const handler = rekorV2Tiles(instance, rekorV2Stub(instance), fault);
    const service = await served(change === undefined ? handler : altered(handler, change));
    const first = await logToRekorV2(signing, await served(rekorV2Stub(instance)));
    for (let i = 0; i < more; i++) instance.rekorV2.append({ body: utf8(`{"filler":${i}}`), kind: 'filler', version: '0.0.1' }, instance.now);
    const again = () => logToRekorV2(signing, service, { knownLogs: trustedRootOf(instance).logs });
    return { instance, signing, judge, service, first, again };
  }

  test.each([
    ['in the first, partial tile', 11, 0],
    ['as the last of a full tile', 255, 0],
    ['as the first of the second tile', 256, 0],
    ['deep in a tree of two levels', 300, 100],
    ['where the right edge has three parts', 700, 30],
  ])('is read out of its tiles: %s', async (_, before, more) => {
    const { instance, first, again, judge, signing } = await twice({ before, more });
    const entry = await again();
    expect(entry).toMatchObject({ logIndex: first.logIndex, logId: first.logId, kind: 'hashedrekord', version: '0.0.2', body: first.body });
    expect(entry.inclusionProof?.treeSize).toBe(BigInt(instance.rekorV2.tree.size));
    const authority = await served(timestampStub(instance));
    const timestamp = await requestTimestamp(signing.content.signature, { ...authority, url: `${authority.url}/api/v1/timestamp` });
    expect(await judge({ entries: [entry], timestamps: [timestamp] })).toMatchObject({ ok: true });
  });

  test('is read out of full tiles where partial ones are gone', async () => {
    const { first, again } = await twice({ fault: 'no-partial-tiles' });
    expect(await again()).toMatchObject({ logIndex: first.logIndex });
  });

  test('is an error that says what to do, where the log is not known', async () => {
    const { signing, service, first } = await twice();
    const found = await refusal(() => logToRekorV2(signing, service));
    expect(found).toMatchObject({
      code: 'REKOR_UPLOAD',
      message: expect.stringContaining(`HTTP 409: an equivalent entry already exists in the transparency log with index ${first.logIndex}`),
    });
    expect(found.hint).toContain('pass the trusted root that knows the log');
  });

  const index =
    (value: string): Change =>
    ({ status }) =>
      new Response('there already', { status, headers: { 'x-log-index': value } });
  const onConflict =
    (change: Change): Change =>
    (response) =>
      response.status === 409 ? change(response) : response;
  test.each<[string, { fault?: TileFault; change?: Change }, string]>([
    ['no tiles', { fault: 'no-tiles' }, 'LOG_READ'],
    ['tiles cut short', { fault: 'cut-tiles' }, 'REKOR_RESPONSE'],
    ['tiles with other hashes', { fault: 'wrong-tiles' }, 'REKOR_ENTRY_MISMATCH'],
    ['an entry cut short', { fault: 'cut-entries' }, 'REKOR_RESPONSE'],
    ['another entry in its place', { fault: 'other-entries' }, 'REKOR_ENTRY_MISMATCH'],
    ['no checkpoint', { fault: 'no-checkpoint' }, 'REKOR_RESPONSE'],
    ['no index', { change: onConflict(index('')) }, 'REKOR_UPLOAD'],
    ['an index that is no number', { change: onConflict(index('0x10')) }, 'REKOR_UPLOAD'],
    ['the index of another entry', { change: onConflict(index('0')) }, 'REKOR_ENTRY_MISMATCH'],
  ])('is refused with %s', async (_, how, code) => {
    const { again } = await twice({ before: 255, ...how });
    expect(await refusal(again)).toMatchObject({ code });
  });

  test('waits for a checkpoint that reaches it, and not for ever', async () => {
    const { again } = await twice({ fault: 'old-checkpoint' });
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      let isDone = false;
      const found = refusal(again).finally(() => {
        isDone = true;
      });
      // Slower than answers come, so that no request runs out of time.
      while (!isDone) {
        vi.advanceTimersByTime(10);
        await new Promise(setImmediate);
      }
      expect(await found).toMatchObject({ code: 'REKOR_RESPONSE', message: expect.stringContaining('the checkpoint does not reach the entry') });
    } finally {
      vi.useRealTimers();
    }
  });
});

const PROOF = 'inclusionProof';

describe('refused:', () => {
  test.each<[RekorV2Fault, string, string]>([
    ['status-500', 'REKOR_UPLOAD', 'HTTP 500: failed to integrate entry'],
    ['frozen', 'REKOR_UPLOAD', 'HTTP 405: This log has been frozen, please switch to the latest log.'],
    ['html', 'REKOR_RESPONSE', 'not valid JSON'],
    ['malformed', 'REKOR_RESPONSE', 'not valid JSON'],
    ['other-artifact', 'REKOR_ENTRY_MISMATCH', 'the entry is about another signature'],
    ['wrong-proof', 'REKOR_ENTRY_MISMATCH', 'leads to another root'],
  ])('a log that is %s', async (fault, code, message) => {
    const instance = createInstance();
    const service = await served(rekorV2Stub(instance, { fault }));
    const found = await refusal(() => logToRekorV2(signed(instance).signing, service));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(found.message).toContain(`${service.url}/api/v2/log/entries: `);
  });

  test.each<[string, Change, string]>([
    ['nothing', replaced(''), 'REKOR_RESPONSE'],
    ['an empty object', replaced('{}'), 'REKOR_RESPONSE'],
    ['an array', replaced('[]'), 'REKOR_RESPONSE'],
    ['an answer beyond the cap', replaced(new Uint8Array(17 * 2 ** 20)), 'NET_TOO_LARGE'],
    ['an entry without its proof', editedJson(put(PROOF, null)), 'REKOR_RESPONSE'],
    ['an entry without a checkpoint', editedJson(drop(`${PROOF}.checkpoint`)), 'REKOR_RESPONSE'],
    ['an entry with an empty checkpoint', editedJson(put(`${PROOF}.checkpoint.envelope`, '')), 'REKOR_RESPONSE'],
    ['a checkpoint that is none', editedJson(put(`${PROOF}.checkpoint.envelope`, 'log\n1\n')), 'REKOR_RESPONSE'],
    ['an entry without its log', editedJson(drop('logId')), 'REKOR_RESPONSE'],
    ['an entry without its body', editedJson(put('canonicalizedBody', '')), 'REKOR_RESPONSE'],
    ['a body that is not base64', editedJson(put('canonicalizedBody', '%')), 'REKOR_RESPONSE'],
    ['a body that is not JSON', editedJson(put('canonicalizedBody', 'AAAA')), 'REKOR_ENTRY_MISMATCH'],
    ['an index that is no number', editedJson(put('logIndex', '0x10')), 'REKOR_RESPONSE'],
    ['an index elsewhere', editedJson(put('logIndex', '1')), 'REKOR_ENTRY_MISMATCH'],
    ['a promise, which these logs do not make', editedJson(put('inclusionPromise', { signedEntryTimestamp: 'AAAA' })), 'REKOR_RESPONSE'],
    ['an entry of another kind', editedJson(put('kindVersion', { kind: 'dsse', version: '0.0.2' })), 'REKOR_ENTRY_MISMATCH'],
    ['200 in place of 201', async (response) => new Response(await response.text(), { status: 200 }), 'REKOR_UPLOAD'],
  ])('%s', async (_, change, code) => {
    const instance = createInstance();
    const service = await served(altered(rekorV2Stub(instance), change));
    expect(await refusal(() => logToRekorV2(signed(instance).signing, service))).toMatchObject({ code });
  });

  test('an entry of the same artifact, signed once more by the same key', async () => {
    const instance = createInstance();
    const key = keyFor('own', 'p256');
    const [answer] = instance.sign(ARTIFACT, { key, log: 'v2', timestamp: false }).bundle.verificationMaterial.tlogEntries;
    const service = await served(async () => Response.json(answer, { status: 201 }));
    const found = await refusal(() => logToRekorV2(signed(instance, { key }).signing, service));
    expect(found).toMatchObject({ code: 'REKOR_ENTRY_MISMATCH', message: expect.stringContaining('is about another signature') });
  });

  test('before anything is sent: a digest of another hash than the key has', async () => {
    const instance = createInstance();
    const service = await served(async () => Promise.reject(new Error('nothing may be sent')));
    const { signing } = signed(instance, { signerKey: 'p384', hash: 'sha256' });
    expect(await refusal(() => logToRekorV2(signing, service))).toMatchObject({ code: 'KEY_UNSUPPORTED' });
  });

  test.each<[string, SignOptions]>([
    ['a signature that does not verify', { alter: { signedBytes: () => utf8('something else') } }],
    ['an envelope that pure Ed25519 signed', { content: 'dsse', key: keyFor('own', 'ed25519') }],
  ])('by the log: %s', async (_, options) => {
    const instance = createInstance();
    const found = await refusal(async () => logToRekorV2(signed(instance, options).signing, await served(rekorV2Stub(instance))));
    expect(found).toMatchObject({ code: 'REKOR_UPLOAD', message: expect.stringContaining('HTTP 400: invalid hashedrekord request') });
  });
});

test('the caller can give up', async () => {
  const controller = new AbortController();
  const reason = new TrustError('USAGE', 'given up');
  const service = await served(async () => {
    controller.abort(reason);
    return new Promise<Response>(() => undefined);
  });
  await expect(logToRekorV2(signed(createInstance()).signing, { ...service, signal: controller.signal })).rejects.toBe(reason);
});
