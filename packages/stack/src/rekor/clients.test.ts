/** Our own clients of Rekor against both services, over sockets. */
import { type BundleContent, parseBundle, parseTrustedRoot, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { logToRekorV1, logToRekorV2, type Signing } from '@assay/sign';
import { type Sample, type SignOptions, serve } from '@assay/testkit';
import type { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf, instance, judge, keyOf, openV1, openV2, signed, signerPem, trustedLog, V1_KEY, V2_KEY } from '../../test/rekor-scene.ts';

/** Listens as `127.0.0.1`, which is the host in the names of the logs then. */
async function served({ app }: { app: Hono }) {
  const server = await serve(async (request) => app.fetch(request));
  const http = createHttpClient({ sleep: async () => undefined });
  onTestFinished(async () => {
    http.close();
    await server.close();
  });
  return { url: server.url, http };
}

const HOST = 'http://127.0.0.1';

function signingOf(sample: Sample): Signing {
  const content: BundleContent = parseBundle(sample.bundleBytes).content;
  return { content, verifierPem: signerPem(sample), envelope: sample.bundle.dsseEnvelope && utf8(JSON.stringify(sample.bundle.dsseEnvelope)) };
}

const SIGNINGS: [string, SignOptions][] = [
  ['a message with a certificate', {}],
  ['a message with a P-384 certificate', { signerKey: 'p384' }],
  ['a message with an RSA key', { key: keyOf('rsa2048') }],
  ['a message with an Ed25519 key, pre-hashed', { key: keyOf('ed25519') }],
  ['an envelope with a certificate', { content: 'dsse' }],
  ['an envelope with a P-256 key', { content: 'dsse', key: keyOf('p256') }],
];

describe('a client of Rekor v1', () => {
  const logs = [trustedLog(HOST, V1_KEY, digestOf(V1_KEY))];

  test.each([...SIGNINGS, ['an envelope with an Ed25519 key', { content: 'dsse', key: keyOf('ed25519') }] as [string, SignOptions]])(
    'records %s, and gets the same entry the second time',
    async (_, options) => {
      const service = await served(await openV1({ baseUrl: HOST }));
      const sample = signed(options);
      const entry = await logToRekorV1(signingOf(sample), service);
      expect(await judge(sample, entry, logs)).toMatchObject({ ok: true });
      expect(await logToRekorV1(signingOf(sample), service)).toMatchObject({ logIndex: entry.logIndex, integratedTime: entry.integratedTime });
    },
  );

  test('records an envelope as intoto', async () => {
    const service = await served(await openV1({ baseUrl: HOST }));
    const sample = signed({ content: 'dsse' });
    const entry = await logToRekorV1(signingOf(sample), service, { envelopeKind: 'intoto' });
    expect(entry).toMatchObject({ kind: 'intoto', version: '0.0.2' });
    expect(await judge(sample, entry, logs)).toMatchObject({ ok: true });
  });

  test('is told what is wrong with a signature', async () => {
    const service = await served(await openV1({ baseUrl: HOST }));
    const wrong = signed({ alter: { signedBytes: () => utf8('something else') } });
    await expect(logToRekorV1(signingOf(wrong), service)).rejects.toMatchObject({
      code: 'REKOR_UPLOAD',
      message: expect.stringContaining('HTTP 400: error processing entry: verifying signature'),
    });
  });
});

describe('a client of Rekor v2', () => {
  const trustOf = ({ logId }: { logId: Uint8Array }) => [trustedLog(HOST, V2_KEY, Buffer.from(logId).toString('base64'))];

  test.each(SIGNINGS)('records %s, and gets the same entry out of the tiles the second time', async (_, options) => {
    const rekor = await openV2({ baseUrl: HOST });
    const service = await served(rekor);
    const sample = signed(options);
    const entry = await logToRekorV2(signingOf(sample), service);
    expect(await judge(sample, entry, trustOf(rekor))).toMatchObject({ ok: true });
    const { logs } = parseTrustedRoot(utf8(JSON.stringify({ ...instance.trustedRoot(), tlogs: trustOf(rekor) })));
    const again = await logToRekorV2(signingOf(sample), service, { knownLogs: logs });
    expect(again.logIndex).toBe(entry.logIndex);
    expect(await judge(sample, again, trustOf(rekor))).toMatchObject({ ok: true });
  });

  test('is told what is wrong with a signature, and when the log is frozen', async () => {
    const wrong = signingOf(signed({ alter: { signedBytes: () => utf8('something else') } }));
    await expect(logToRekorV2(wrong, await served(await openV2()))).rejects.toMatchObject({
      code: 'REKOR_UPLOAD',
      message: expect.stringContaining('HTTP 400: invalid hashedrekord request'),
    });
    await expect(logToRekorV2(wrong, await served(await openV2({ frozenFrom: new Date(0) })))).rejects.toMatchObject({
      code: 'REKOR_UPLOAD',
      message: expect.stringContaining('HTTP 405: This log has been frozen, please switch to the latest log.'),
    });
  });
});
