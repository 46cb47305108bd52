/** Against a Rekor v1 log in memory that checks what it is sent; what comes back is judged by core. */
import { bundleOf, type LogEntry, parsePublicKeyPem, TrustError, utf8, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey, rekorV1EntryJson } from '@assay/make';
import { createInstance, drop, type Edit, type Instance, keyFor, put, rekorV1Stub, type SignOptions, type StubFault } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { ARTIFACT, altered, type Change, editedJson, replaced, served, signed, trustedRootOf } from '../../test/services.ts';
import { logToRekorV1 } from './rekor-v1.ts';
import type { Signing } from './signing.ts';

const OWN = { key: keyFor('own', 'p256') };

describe('is recorded, and the bundle verifies:', () => {
  test.each<[string, SignOptions, string]>([
    ['a message with a certificate', {}, 'hashedrekord 0.0.1'],
    ['a message with a P-384 certificate', { signerKey: 'p384' }, 'hashedrekord 0.0.1'],
    ['a message with a P-256 key', OWN, 'hashedrekord 0.0.1'],
    ['a message with an RSA key', { key: keyFor('own', 'rsa2048') }, 'hashedrekord 0.0.1'],
    ['a message with an Ed25519 key, pre-hashed', { key: keyFor('own', 'ed25519') }, 'hashedrekord 0.0.1'],
    ['an envelope with a certificate', { content: 'dsse' }, 'dsse 0.0.1'],
    ['an envelope with an Ed25519 key', { content: 'dsse', key: keyFor('own', 'ed25519') }, 'dsse 0.0.1'],
    ['an envelope of another payload type', { content: 'dsse', ...OWN, payloadType: 'text/plain', payload: utf8('é') }, 'dsse 0.0.1'],
  ])('%s', async (_, options, kind) => {
    const instance = createInstance();
    const { signing, judge } = signed(instance, options);
    const entry = await logToRekorV1(signing, await served(rekorV1Stub(instance)));
    expect(`${entry.kind} ${entry.version}`).toBe(kind);
    expect(entry.integratedTime).toBe(BigInt(instance.now.getTime() / 1000));
    const verdict = await judge({ entries: [entry] });
    // The payload is no statement, which is not the log's concern.
    if (options.payloadType === undefined) expect(verdict).toMatchObject({ ok: true });
    else expect(verdict).toMatchObject({ code: 'STATEMENT_PAYLOAD_TYPE' });
  });

  test('an envelope as intoto, when asked for', async () => {
    const instance = createInstance();
    const { signing, judge } = signed(instance, { content: 'dsse' });
    const entry = await logToRekorV1(signing, await served(rekorV1Stub(instance)), { envelopeKind: 'intoto' });
    expect(`${entry.kind} ${entry.version}`).toBe('intoto 0.0.2');
    expect(await judge({ entries: [entry] })).toMatchObject({ ok: true });
  });

  test('the payload of an image signature', async () => {
    const instance = createInstance();
    const key = generateKey('p256');
    const payload = utf8('{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"sha256:00"},"type":"t"},"optional":null}');
    const content = { kind: 'payload', payload, signature: key.sign(payload) } as const;
    const entry = await logToRekorV1({ content, verifierPem: key.publicPem }, await served(rekorV1Stub(instance)));
    const evidence = bundleOf({ content, material: { kind: 'publicKey', hint: '' }, entries: [entry], timestamps: [] });
    const options = { signer: { key: parsePublicKeyPem(key.publicPem) }, trustedRoot: trustedRootOf(instance), crypto: nodeCrypto, now: instance.now };
    const { root } = await verify(evidence, undefined, options);
    expect(root.checks?.find(({ id }) => id === 'tlog')).toMatchObject({ status: 'pass' });
  });
});

test('the verifier is sent in its canonical wrapping, whatever the file looked like', async () => {
  const instance = createInstance();
  const { signing, judge } = signed(instance, OWN);
  const verifierPem = signing.verifierPem.replaceAll('\n', '\r\n');
  let sent = '';
  const log = rekorV1Stub(instance);
  const service = await served(async (request) => {
    sent = await request.clone().text();
    return log(request);
  });
  expect(await judge({ entries: [await logToRekorV1({ ...signing, verifierPem }, service)] })).toMatchObject({ ok: true });
  expect(JSON.parse(sent)).toMatchObject({ spec: { signature: { publicKey: { content: Buffer.from(signing.verifierPem).toString('base64') } } } });
});

describe('an equal entry that the log has', () => {
  const twice = async (change: Change = (response) => response) => {
    const instance = createInstance();
    const { signing, judge } = signed(instance, { key: keyFor('own', 'rsa2048') });
    const asked: string[] = [];
    const log = rekorV1Stub(instance, { onRequest: ({ method, url }) => asked.push(`${method} ${new URL(url).pathname}`) });
    const first = await logToRekorV1(signing, await served(log));
    const service = await served(altered(log, (response) => (response.status === 409 ? change(response) : response)));
    asked.length = 0;
    return { first, again: () => logToRekorV1(signing, service), judge, asked, instance };
  };

  test('is fetched, and the bundle verifies', async () => {
    const { first, again, judge, asked } = await twice();
    const entry = await again();
    expect(entry.logIndex).toBe(first.logIndex);
    expect(await judge({ entries: [entry] })).toMatchObject({ ok: true });
    expect(asked).toEqual(['POST /api/v1/log/entries', expect.stringMatching(/^GET \/api\/v1\/log\/entries\/[0-9a-f]{80}$/)]);
  });

  const relocated =
    (by: (location: string) => string): Change =>
    (response) => {
      const headers = new Headers(response.headers);
      headers.set('Location', by(headers.get('Location') ?? ''));
      return new Response('{"code":409,"message":"equal"}', { status: 409, headers });
    };

  test.each<[string, (location: string) => string]>([
    ['on another host', (location) => `https://elsewhere.example${location}`],
    ['below the path of a proxy', (location) => `/rekor${location}`],
    ['with a query', (location) => `${location}?apiKey=x`],
  ])('is asked of this log even if it is said to be %s', async (_, by) => {
    const { first, again } = await twice(relocated(by));
    expect((await again()).logIndex).toBe(first.logIndex);
  });

  test.each<[string, Change]>([
    ['no Location', (response) => new Response(response.body, { status: 409 })],
    ['a Location that names no entry', relocated(() => '/api/v1/log')],
    ['a Location with a path in place of the id', relocated(() => `/api/v1/log/entries/..%2f..%2f${'a'.repeat(64)}`)],
  ])('is an error when there is %s', async (_, change) => {
    const { again, asked } = await twice(change);
    expect(await refusal(again)).toMatchObject({ code: 'REKOR_UPLOAD', message: expect.stringContaining('HTTP 409') });
    expect(asked).toHaveLength(1);
  });

  test('is an error when the log does not give it out', async () => {
    const { again } = await twice(relocated(() => `/api/v1/log/entries/${'a'.repeat(64)}`));
    expect(await refusal(again)).toMatchObject({ code: 'REKOR_UPLOAD', message: expect.stringContaining('HTTP 404: no entry aaaa') });
  });

  test('is refused when it is about something else', async () => {
    const { again, instance } = await twice(relocated(() => `/api/v1/log/entries/${instance.rekorV1.entryId(logOther(instance))}`));
    expect(await refusal(again)).toMatchObject({ code: 'REKOR_ENTRY_MISMATCH' });
  });
});

/** Logs something else; returns its index in the tree. */
function logOther(instance: Instance, options: SignOptions = {}, artifact = utf8('another artifact')): number {
  return Number(instance.sign(artifact, options).expected.logIndexes[0]) - instance.rekorV1.firstIndex;
}

/** Edits the entry below its id. */
function entryEdit(edit: Edit): Change {
  return editedJson((answer) => Object.fromEntries(Object.entries(answer as object).map(([id, entry]) => [id, edit(entry)])));
}

const PROOF = 'verification.inclusionProof';

describe('refused:', () => {
  test.each<[StubFault, string, string]>([
    ['status-500', 'REKOR_UPLOAD', 'HTTP 500: the log is broken'],
    ['html', 'REKOR_UPLOAD', 'HTTP 200'],
    ['malformed', 'REKOR_RESPONSE', 'not valid JSON'],
    ['other-artifact', 'REKOR_ENTRY_MISMATCH', 'the entry is about another signature'],
    ['wrong-proof', 'REKOR_ENTRY_MISMATCH', 'leads to another root'],
  ])('a log that is %s', async (fault, code, message) => {
    const instance = createInstance();
    const service = await served(rekorV1Stub(instance, { fault }));
    const found = await refusal(() => logToRekorV1(signed(instance).signing, service));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(found.message).toContain(`${service.url}/api/v1/log/entries: `);
  });

  test.each<[string, Change, string]>([
    ['a page for people', replaced('<!doctype html><title>Sign in</title>'), 'REKOR_RESPONSE'],
    ['nothing', replaced(''), 'REKOR_RESPONSE'],
    ['an answer without an entry', replaced('{}'), 'REKOR_RESPONSE'],
    ['an entry that is no object', replaced('{"a":1}'), 'REKOR_RESPONSE'],
    ['two entries', editedJson((answer) => ({ ...(answer as object), other: Object.values(answer as object)[0] })), 'REKOR_RESPONSE'],
    ['an entry twice under one name', async (response) => replaced((await response.text()).replace(/^\{(.*)\}$/s, '{$1,$1}'))(response), 'REKOR_RESPONSE'],
    ['an answer beyond the cap', replaced(new Uint8Array(17 * 2 ** 20)), 'NET_TOO_LARGE'],
    ['an entry without its proof', entryEdit(drop(PROOF)), 'REKOR_RESPONSE'],
    ['an entry without its promise', entryEdit(drop('verification.signedEntryTimestamp')), 'REKOR_RESPONSE'],
    ['an entry with an empty promise', entryEdit(put('verification.signedEntryTimestamp', '')), 'REKOR_RESPONSE'],
    ['an entry without a time', entryEdit(put('integratedTime', 0)), 'REKOR_RESPONSE'],
    ['a negative index', entryEdit(put('logIndex', -1)), 'REKOR_RESPONSE'],
    ['a body that is not base64', entryEdit(put('body', '%%')), 'REKOR_RESPONSE'],
    ['a body that is not JSON', entryEdit(put('body', 'AAAA')), 'REKOR_RESPONSE'],
    ['a log id that is not hex', entryEdit(put('logID', 'log')), 'REKOR_RESPONSE'],
    ['an empty checkpoint', entryEdit(put(`${PROOF}.checkpoint`, '')), 'REKOR_RESPONSE'],
    ['a checkpoint that is none', entryEdit(put(`${PROOF}.checkpoint`, 'rekor\n1\n')), 'REKOR_RESPONSE'],
    ['more hashes than a tree has levels', entryEdit(put(`${PROOF}.hashes`, Array(65).fill('00'.repeat(32)))), 'REKOR_RESPONSE'],
    ['a proof without hashes', entryEdit(put(`${PROOF}.hashes`, [])), 'REKOR_ENTRY_MISMATCH'],
    ['a proof for another size', entryEdit(put(`${PROOF}.treeSize`, 12)), 'REKOR_ENTRY_MISMATCH'],
    ['a proof for another index', entryEdit(put(`${PROOF}.logIndex`, 1)), 'REKOR_ENTRY_MISMATCH'],
    ['a proof for another root', entryEdit(put(`${PROOF}.rootHash`, '00'.repeat(32))), 'REKOR_ENTRY_MISMATCH'],
    ['200 in place of 201', async (response) => new Response(await response.text(), { status: 200 }), 'REKOR_UPLOAD'],
  ])('%s', async (_, change, code) => {
    const instance = createInstance();
    const service = await served(altered(rekorV1Stub(instance), change));
    expect(await refusal(() => logToRekorV1(signed(instance).signing, service))).toMatchObject({ code });
  });

  test.each<[string, SignOptions, SignOptions, string]>([
    ['an entry of the same artifact, signed once more by the same key', OWN, OWN, 'is about another signature'],
    ['an entry of the same signature with another verifier', { key: keyFor('signer', 'rsa2048') }, { signerKey: 'rsa2048' }, 'made with a certificate'],
    ['an entry of an envelope for a message', {}, { content: 'dsse' }, 'of another kind'],
    ['an entry of a message for an envelope', { content: 'dsse' }, {}, 'of another kind'],
    ['an intoto entry for a dsse one', { content: 'dsse' }, { content: 'dsse', entryKind: 'intoto' }, 'of another kind'],
  ])('%s', async (_, proposed, answered, message) => {
    const instance = createInstance();
    const entry = instance.rekorV1.entry(logOther(instance, answered, ARTIFACT));
    const service = await served(async () => Response.json(rekorV1EntryJson(instance.rekorV1.treeId, entry), { status: 201 }));
    const found = await refusal(() => logToRekorV1(signed(instance, proposed).signing, service));
    expect(found).toMatchObject({ code: 'REKOR_ENTRY_MISMATCH', message: expect.stringContaining(message) });
  });

  test('by the log: a signature that does not verify, with what it says', async () => {
    const instance = createInstance();
    const { signing } = signed(instance, { alter: { signedBytes: () => utf8('something else') } });
    const found = await refusal(async () => logToRekorV1(signing, await served(rekorV1Stub(instance))));
    expect(found).toMatchObject({
      code: 'REKOR_UPLOAD',
      message: expect.stringMatching(/HTTP 400: error processing entry: .*does not verify over the digest/),
    });
  });

  test.each<[string, (signing: Signing) => Signing]>([
    ['an envelope without its text', (signing) => ({ ...signing, envelope: undefined })],
    ['a message without its digest', ({ verifierPem }) => ({ verifierPem, content: { kind: 'message', digest: undefined, signature: new Uint8Array(64) } })],
  ])('as misuse: %s', async (_, change) => {
    const instance = createInstance();
    const { signing } = signed(instance, { content: 'dsse' });
    await expect(logToRekorV1(change(signing), await served(rekorV1Stub(instance)))).rejects.toThrow(TypeError);
  });

  test.each(['', 'no PEM', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])('a verifier that is none: %j', async (verifierPem) => {
    const instance = createInstance();
    const service = await served(async () => Promise.reject(new Error('nothing may be sent')));
    const found = await refusal(() => logToRekorV1({ ...signed(instance).signing, verifierPem }, service));
    expect(['KEY_PARSE', 'CERT_PARSE']).toContain(found.code);
  });
});

test('control characters of the log do not reach the message', async () => {
  const service = await served(async () => Response.json({ code: 400, message: 'bad\u001b[2Jscreen' }, { status: 400 }));
  const found = await refusal(() => logToRekorV1(signed(createInstance()).signing, service));
  expect(found.message).toContain('bad\\u001b[2Jscreen');
});

test('a promise with a wrong signature passes here, and is refused with the key of the log', async () => {
  const instance = createInstance();
  const { signing, judge } = signed(instance);
  const entry = await logToRekorV1(signing, await served(rekorV1Stub(instance, { fault: 'wrong-set' })));
  expect(await judge({ entries: [entry] })).toMatchObject({ ok: false, code: 'TLOG_SET_INVALID' });
});

describe('a log that is overloaded', () => {
  test('is asked again, up to three times', async () => {
    const instance = createInstance();
    const { signing, judge } = signed(instance);
    const entry = await logToRekorV1(signing, await served(rekorV1Stub(instance, { unavailableFor: 2 })));
    expect(await judge({ entries: [entry] })).toMatchObject({ ok: true });
    const busy = await served(rekorV1Stub(instance, { unavailableFor: 3 }));
    expect(await refusal(() => logToRekorV1(signing, busy))).toMatchObject({ code: 'REKOR_UPLOAD', message: expect.stringContaining('HTTP 503: overloaded') });
  });

  test('that recorded the entry but did not say so gives it out when asked again', async () => {
    const instance = createInstance();
    const { signing, judge } = signed(instance);
    let lost = true;
    const forgetful = altered(rekorV1Stub(instance), (response) => {
      if (!lost || response.status !== 201) return response;
      lost = false;
      return new Response('', { status: 504 });
    });
    const entry: LogEntry = await logToRekorV1(signing, await served(forgetful));
    expect(await judge({ entries: [entry] })).toMatchObject({ ok: true });
  });

  test('is not waited for when the caller gives up', async () => {
    const instance = createInstance();
    const controller = new AbortController();
    const reason = new TrustError('USAGE', 'given up');
    const service = await served(async () => {
      controller.abort(reason);
      return new Promise<Response>(() => undefined);
    });
    await expect(logToRekorV1(signed(instance).signing, { ...service, signal: controller.signal })).rejects.toBe(reason);
  });
});

test('nothing depends on a slash at the end of the address', async () => {
  const instance = createInstance();
  const service = await served(rekorV1Stub(instance));
  expect(await logToRekorV1(signed(instance).signing, { ...service, url: `${service.url}//` })).toMatchObject({ kind: 'hashedrekord' });
});
