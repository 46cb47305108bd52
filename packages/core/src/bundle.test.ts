import { generateKey } from '@assay/make';
import { change, createInstance, drop, type Edit, put, type SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { parseBundle } from './bundle.ts';
import { utf8 } from './bytes.ts';
import { BUNDLE_V03, encodeBundle } from './encode-bundle.ts';

const instance = createInstance();
const sign = (options?: SignOptions): unknown => instance.sign(utf8('x'), options).bundle;
const parse = (document: unknown, ...edits: readonly Edit[]) => parseBundle(utf8(JSON.stringify(edits.reduce((current, edit) => edit(current), document))));
const code = (document: unknown, ...edits: readonly Edit[]) => codeOf(() => parse(document, ...edits));

const MESSAGE = sign();
const OLD = sign({ version: '0.2' });
const OLDEST = sign({ version: '0.1' });
const ENVELOPE = sign({ content: 'dsse' });
const KEYED = sign({ content: 'dsse', key: generateKey('p256') });
const entry = (name: string) => `verificationMaterial.tlogEntries.0.${name}`;

test('media types decide the version, spelled exactly', () => {
  const types = ['application/vnd.dev.sigstore.bundle+json;version=0.3', 'application/vnd.dev.sigstore.bundle.v0.3+json'];
  expect(types.map((mediaType) => parse(MESSAGE, put('mediaType', mediaType)).version)).toEqual(['0.3', '0.3']);
  for (const mediaType of [
    '',
    'constructor',
    '__proto__',
    'toString',
    'application/vnd.dev.sigstore.bundle.v0.4+json',
    'application/vnd.dev.sigstore.bundle.v0.3+json ',
    'application/vnd.dev.sigstore.bundle+json; version=0.3',
    'APPLICATION/vnd.dev.sigstore.bundle.v0.3+json',
  ])
    expect(code(MESSAGE, put('mediaType', mediaType)), mediaType).toBe('BUNDLE_VERSION');
});

describe('null and absent mean the same', () => {
  test.each<[string, unknown, Edit]>([
    ['an inclusion promise', MESSAGE, put(entry('inclusionPromise'), null)],
    ['timestamps', MESSAGE, put('verificationMaterial.timestampVerificationData', null)],
    ['the other content', MESSAGE, put('dsseEnvelope', null)],
    ['the other material', MESSAGE, put('verificationMaterial.publicKey', null)],
    ['log entries', MESSAGE, put('verificationMaterial.tlogEntries', null)],
  ])('for %s', (_, document, edit) => {
    expect(code(document, edit)).toBe('accepted');
  });
});

describe('each version wants its own material and proofs', () => {
  test.each<[string, unknown, Edit, string]>([
    ['0.1 without a proof', OLDEST, drop(entry('inclusionProof')), 'accepted'],
    ['0.1 without a promise', OLDEST, drop(entry('inclusionPromise')), 'BUNDLE_PROMISE_MISSING'],
    ['0.1 with an empty promise', OLDEST, put(entry('inclusionPromise'), { signedEntryTimestamp: '' }), 'BUNDLE_PROMISE_MISSING'],
    ['0.1 with a proof without checkpoint', OLDEST, drop(entry('inclusionProof.checkpoint')), 'BUNDLE_PROOF_MISSING'],
    ['0.2 without a proof', OLD, drop(entry('inclusionProof')), 'BUNDLE_PROOF_MISSING'],
    ['0.3 without a proof', MESSAGE, drop(entry('inclusionProof')), 'BUNDLE_PROOF_MISSING'],
    ['0.3 with an empty checkpoint', MESSAGE, put(entry('inclusionProof.checkpoint.envelope'), ''), 'BUNDLE_PROOF_MISSING'],
    ['0.2 with a single certificate', OLD, put('verificationMaterial', { certificate: { rawBytes: 'AAAA' } }), 'BUNDLE_CHAIN'],
    ['0.3 with a chain', MESSAGE, put('verificationMaterial', { x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } }), 'BUNDLE_CHAIN'],
    ['two materials', MESSAGE, put('verificationMaterial.publicKey', { hint: 'x' }), 'BUNDLE_SHAPE'],
    ['two contents', MESSAGE, put('dsseEnvelope', {}), 'BUNDLE_SHAPE'],
  ])('%s: %s', (_, document, edit, expected) => {
    expect(code(document, edit)).toBe(expected);
  });
});

test('a hint and a key id must agree, and either may be absent', () => {
  const withKeyid = (keyid: string) => change<object[]>('dsseEnvelope.signatures', ([signature]) => [{ ...signature, keyid }]);
  expect([code(KEYED, withKeyid('another')), code(KEYED, withKeyid('')), code(ENVELOPE, withKeyid('another'))]).toEqual([
    'KEY_HINT_MISMATCH',
    'accepted',
    'accepted',
  ]);
  const [hint] = [(parse(KEYED).material as { hint: string }).hint];
  expect(code(KEYED, withKeyid(hint))).toBe('accepted');
});

test('Rekor v2 spellings: integrated time "0", and proofs without index, size and root', () => {
  const v2 = sign({ log: 'v2' });
  const bundle = parse(
    v2,
    put(entry('integratedTime'), '0'),
    put(entry('inclusionPromise'), null),
    drop(entry('inclusionProof.rootHash')),
    drop(entry('inclusionProof.treeSize')),
    drop(entry('inclusionProof.logIndex')),
  );
  expect(bundle.entries[0]).toMatchObject({ integratedTime: 0n, signedEntryTimestamp: undefined });
});

// It was refused as a bundle without an index, although Go leaves a zero out: whatever cosign signed first in a new log.
test('the first entry of a log is read without its zeros, and written with them', () => {
  const bundle = parse(MESSAGE, drop(entry('logIndex')), drop(entry('inclusionProof.logIndex')), drop(entry('inclusionProof.hashes')));
  expect(bundle.entries[0]).toMatchObject({ logIndex: 0n, inclusionProof: { logIndex: 0n, hashes: [] } });
  const { verificationMaterial } = JSON.parse(encodeBundle({ ...bundle, mediaType: BUNDLE_V03 }));
  expect(verificationMaterial.tlogEntries[0]).toMatchObject({ logIndex: '0', inclusionProof: { logIndex: '0', hashes: [] } });
});

describe('caps', () => {
  const copies = (count: number) => (items: unknown[]) => Array.from({ length: count }, () => items[0]);
  test.each<[string, unknown, Edit, string]>([
    ['32 entries', MESSAGE, change('verificationMaterial.tlogEntries', copies(32)), 'accepted'],
    ['33 entries', MESSAGE, change('verificationMaterial.tlogEntries', copies(33)), 'BUNDLE_LIMIT'],
    [
      '33 timestamps',
      MESSAGE,
      put('verificationMaterial.timestampVerificationData', { rfc3161Timestamps: Array.from({ length: 33 }, () => ({ signedTimestamp: 'AAAA' })) }),
      'BUNDLE_LIMIT',
    ],
    [
      '65 proof hashes',
      MESSAGE,
      put(
        entry('inclusionProof.hashes'),
        Array.from({ length: 65 }, () => 'AAAA'),
      ),
      'BUNDLE_SHAPE',
    ],
    [
      '33 certificates',
      OLD,
      put(
        'verificationMaterial.x509CertificateChain.certificates',
        Array.from({ length: 33 }, () => ({ rawBytes: 'AAAA' })),
      ),
      'BUNDLE_SHAPE',
    ],
    ['two envelope signatures', ENVELOPE, change('dsseEnvelope.signatures', copies(2)), 'BUNDLE_SHAPE'],
  ])('%s: %s', (_, document, edit, expected) => {
    expect(code(document, edit)).toBe(expected);
  });

  test('a bundle above the size cap is refused before it is parsed', () => {
    expect(codeOf(() => parseBundle({ length: 128 * 1024 * 1024 + 1 } as Uint8Array))).toBe('BUNDLE_TOO_LARGE');
  });
});
