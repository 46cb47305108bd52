/** Entries as logs have them, of every kind, also such as no verifier takes. */
import { canonicalJson, encodeBase64, type JsonObject, utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import { createInstance, type SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { readRecorded } from './recorded.ts';

const instance = createInstance();
const ALICE: SignOptions = { identity: { type: 'email', value: 'alice@example.com' }, oidcIssuer: 'https://issuer.example' };
const KEY = generateKey('p256');
const DIGEST = 'ab'.repeat(32);

/** As the log has it. */
function bodyOf(options: SignOptions): Uint8Array {
  const { bundle } = instance.sign(utf8('the artifact'), { ...ALICE, ...options });
  return Buffer.from(bundle.verificationMaterial.tlogEntries?.[0]?.canonicalizedBody ?? '', 'base64');
}

const body = (json: JsonObject): Uint8Array => utf8(canonicalJson(json as never));
const pem = (text: string): string => encodeBase64(utf8(text));

describe('who signed, and what, is read out of', () => {
  test.each<[string, SignOptions]>([
    ['hashedrekord 0.0.1', { log: 'v1' }],
    ['hashedrekord 0.0.2', { log: 'v2' }],
    ['dsse 0.0.1', { log: 'v1', content: 'dsse' }],
    ['intoto 0.0.2', { log: 'v1', content: 'dsse', entryKind: 'intoto' }],
    ['dsse 0.0.2', { log: 'v2', content: 'dsse', entryKind: 'dsse' }],
  ])('%s', async (kind, options) => {
    const entry = await readRecorded(bodyOf(options));
    expect(entry).toMatchObject({ kind, signers: [{ names: ['alice@example.com'], issuers: ['https://issuer.example'] }], unread: false });
    expect(entry.digests.every((digest) => /^sha256:[0-9a-f]{64}$/.test(digest))).toBe(true);
    expect(entry.digests.length).toBeGreaterThan(0);
  });

  test('an entry of a key', async () => {
    const { signers } = await readRecorded(bodyOf({ log: 'v2', key: KEY }));
    expect(signers).toMatchObject([{ names: [], issuers: [] }]);
    expect(await readRecorded(bodyOf({ log: 'v1', key: KEY }))).toMatchObject({ signers });
  });

  test('an envelope that several signed, of which one hides behind the other', async () => {
    const certificate = JSON.parse(new TextDecoder().decode(bodyOf({ log: 'v1' }))).spec.signature.publicKey.content;
    const entry = await readRecorded(
      body({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: { payloadHash: { algorithm: 'sha256', value: DIGEST }, signatures: [{ verifier: pem(KEY.publicPem) }, { verifier: certificate }] },
      }),
    );
    expect(entry.signers.map(({ names }) => names)).toEqual([['alice@example.com'], []]);
    expect(entry.digests).toEqual([`sha256:${DIGEST}`]);
  });

  test('an entry of a kind that is not known', async () => {
    const entry = await readRecorded(
      body({ kind: 'news', apiVersion: '9', spec: { deep: [[{ any: pem(KEY.publicPem), hash: { algorithm: 'SHA2_512', digest: 'q6s=' } }]] } }),
    );
    expect(entry).toMatchObject({ kind: 'news 9', signers: [{}], digests: ['sha512:abab'], unread: false });
  });
});

describe('what cannot be read is told as that:', () => {
  test.each<[string, Uint8Array]>([
    ['what is no JSON', utf8('news')],
    ['an entry without a signer', body({ kind: 'filler', apiVersion: '1' })],
    [
      'a signer of another kind',
      body({ kind: 'rekord', spec: { key: pem('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n') } }),
    ],
    ['a certificate cut short', body({ spec: { verifier: { x509Certificate: { rawBytes: 'MIIB' } } } })],
  ])('%s', async (_, bytes) => {
    expect(await readRecorded(bytes)).toMatchObject({ signers: [], unread: true });
  });

  test('beside a signer who can be', async () => {
    const entry = await readRecorded(body({ spec: { one: pem(KEY.publicPem), other: { publicKey: { rawBytes: 'MIIB' } } } }));
    expect(entry).toMatchObject({ signers: [{}], unread: true });
  });
});
