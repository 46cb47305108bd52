/** Checkpoints, entry bodies and ids against fixed texts and real samples. */
import { canonicalJson, concat, decodeBase64, encodeBase64, type JsonValue, parseCheckpoint, toHex, uint, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import {
  encodeCheckpointBody,
  encodeEntryBody,
  encodeExtraData,
  encodeLeafInput,
  encodeTileLeaf,
  entryId,
  generateKey,
  hashedrekord001,
  hashedrekord002,
  leafHash,
  noteKeyHash,
  noteKeyId,
  preAuthenticationEncoding,
  setSignedText,
  sha256,
  signCheckpoint,
  staticCtExtensions,
} from './index.ts';

const bytes = Uint8Array.of(1, 2, 3);
const verifier = { type: 'publicKey', spki: bytes, keyDetails: 'PKIX_ECDSA_P256_SHA_256' } as const;

describe('bodies', () => {
  test('hashedrekord 0.0.1 is the text that Rekor stores', () => {
    const body = encodeEntryBody(hashedrekord001({ signature: bytes, hash: 'sha256', digest: bytes, verifier }));
    expect(new TextDecoder().decode(body)).toBe(
      '{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"010203"}},"signature":{"content":"AQID","publicKey":{"content":"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KQVFJRAotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0K"}}}}',
    );
  });

  test('hashedrekord 0.0.2 is the text of verification.md section 8', () => {
    const body = encodeEntryBody(
      hashedrekord002({
        signature: bytes,
        hash: 'sha256',
        digest: bytes,
        verifier: { type: 'certificate', certificate: bytes, keyDetails: verifier.keyDetails },
      }),
    );
    expect(new TextDecoder().decode(body)).toBe(
      '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"AQID"},"signature":{"content":"AQID","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"AQID"}}}}}}',
    );
  });

  test('the promise covers four members in order', () => {
    expect(setSignedText({ body: bytes, integratedTime: 5, logId: bytes, logIndex: 7n })).toBe(
      '{"body":"AQID","integratedTime":5,"logID":"010203","logIndex":7}',
    );
  });

  test('the entry id is tree id and leaf hash', () => {
    expect(entryId(255n, bytes)).toBe(`00000000000000ff${toHex(leafHash(bytes))}`);
  });

  test('canonical JSON keeps no order of ours', () => {
    const value: JsonValue = { b: 1, a: [{ d: 1, c: 2 }] };
    expect(canonicalJson(value)).toBe('{"a":[{"c":2,"d":1}],"b":1}');
  });
});

describe('checkpoints', () => {
  test('have the lines of c2sp.org/tlog-checkpoint', () => {
    expect(encodeCheckpointBody({ origin: 'log.example', size: 9, rootHash: bytes, extensions: ['x'] })).toBe('log.example\n9\nAQID\nx\n');
  });

  test('signed by a log are read by core', () => {
    const key = generateKey('ed25519');
    const parsed = parseCheckpoint(signCheckpoint({ origin: 'log.example', size: 9, rootHash: sha256(bytes) }, [{ name: 'log.example', key }]));
    expect(parsed).toMatchObject({
      checkpoint: { origin: 'log.example', treeSize: 9n, note: { signatures: [{ name: 'log.example', keyId: noteKeyId('log.example', key) }] } },
    });
  });

  test('name keys as c2sp.org/signed-note says', () => {
    const ed25519 = generateKey('ed25519');
    expect(toHex(noteKeyHash('n', ed25519))).toBe(toHex(sha256(concat(utf8('n\n'), uint(1, 1), ed25519.spki.subarray(-32)))));
    const p256 = generateKey('p256');
    expect(toHex(noteKeyHash('n', p256))).toBe(toHex(sha256(p256.spki)));
  });

  test('the id of a real Rekor v2 log comes out of its key', () => {
    const spki = decodeBase64('MCowBQYDK2VwAyEAPn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=') as Uint8Array<ArrayBuffer>;
    expect(encodeBase64(noteKeyHash('log2025-alpha1.rekor.sigstage.dev', { type: 'ed25519', spki }))).toBe('8w1amZ2S5mJIQkQmPxdMuOrL/oJkvFg9MnQXmeOCXck=');
  });
});

describe('CT entries', () => {
  const entry = { type: 'precert', issuerKeyHash: new Uint8Array(32).fill(1), tbs: bytes } as const;

  test('have the bytes of RFC 6962 section 3.4', () => {
    const expected = `00000000000000000005${'0001'}${'01'.repeat(32)}000003010203${'0000'}`;
    expect(toHex(encodeLeafInput({ timestampMs: 5, entry }))).toBe(expected);
    expect(toHex(encodeLeafInput({ timestampMs: 5, entry: { type: 'x509', certificate: bytes } }))).toBe('000000000000000000050000000003010203' + '0000');
  });

  test('carry precertificate and chain as extra data', () => {
    expect(toHex(encodeExtraData(entry, bytes, [bytes]))).toBe('000003010203' + '000006' + '000003010203');
    expect(toHex(encodeExtraData({ type: 'x509', certificate: bytes }, bytes, []))).toBe('000000');
  });

  test('of static logs state their index and the fingerprints of their issuers', () => {
    expect(toHex(staticCtExtensions(0x0102030405))).toBe('0000050102030405');
    expect(toHex(encodeTileLeaf({ timestampMs: 5, entry }, bytes, [bytes])).endsWith(`0000${'000003010203'}0020${toHex(sha256(bytes))}`)).toBe(true);
  });
});

test('the pre-authentication encoding counts bytes', () => {
  expect(new TextDecoder().decode(preAuthenticationEncoding('té', utf8('ü')))).toBe('DSSEv1 3 té 2 ü');
});
