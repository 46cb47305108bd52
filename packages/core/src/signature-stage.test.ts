/** Which subject is the artifact, and which schemes a key may have signed with. */
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { Artifact } from './artifact.ts';
import { type Bundle, parseBundle } from './bundle.ts';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { failures } from './check.ts';
import type { HashName } from './crypto.ts';
import { parseSpki } from './key.ts';
import { checkArtifact, checkSignature } from './signature-stage.ts';
import { digestsNeeded, signedContent } from './signed-content.ts';

const BYTES = utf8('the artifact');
const hex = (name: HashName, bytes = BYTES): string => toHex(nodeCrypto.hash(name, bytes) as Uint8Array);
const WHOLE = Artifact.fromBytes(BYTES);
const known = (name: HashName) => Artifact.fromDigests({ [name]: fromHex(hex(name)) });

const NO_CERTIFICATE = { kind: 'publicKey', hint: '' };
const statement = (...digests: readonly object[]): Bundle => {
  const document = { _type: 'https://in-toto.io/Statement/v1', subject: digests.map((digest) => ({ digest })), predicateType: 'p', predicate: {} };
  return {
    material: NO_CERTIFICATE,
    content: { kind: 'dsse', payload: utf8(JSON.stringify(document)), payloadType: 'application/vnd.in-toto+json', signature: Uint8Array.of(1), keyid: '' },
  } as unknown as Bundle;
};
const judge = async (bundle: Bundle, artifact: Artifact | undefined) => {
  const { check, digest } = await checkArtifact(bundle, artifact, {}, nodeCrypto);
  return failures(check)[0]?.code ?? (digest === undefined ? check.status : digest.algorithm);
};

describe('a subject is the artifact', () => {
  test.each<[string, readonly object[], Artifact | undefined, string]>([
    ['by SHA-256', [{ sha256: hex('sha256') }], WHOLE, 'sha256'],
    ['by the strongest digest it states', [{ sha256: hex('sha256'), sha512: hex('sha512') }], WHOLE, 'sha512'],
    ['though others are not', [{ sha256: hex('sha256', utf8('other')) }, { sha256: hex('sha256') }], WHOLE, 'sha256'],
    ['when only its digest is known', [{ sha256: hex('sha256'), sha512: 'ab' }], known('sha256'), 'sha256'],
    ['whatever unknown algorithms stand beside', [{ gitCommit: 'ab', sha256: hex('sha256') }], WHOLE, 'sha256'],
    [
      'not when its strongest digest differs, though a weaker one agrees',
      [{ sha256: hex('sha256'), sha512: hex('sha512', utf8('other')) }],
      WHOLE,
      'ARTIFACT_MISMATCH_SUBJECT',
    ],
    ['not in upper case', [{ sha256: hex('sha256').toUpperCase() }], WHOLE, 'ARTIFACT_MISMATCH_SUBJECT'],
    ['not by a cut digest', [{ sha256: hex('sha256').slice(0, 62) }], WHOLE, 'ARTIFACT_MISMATCH_SUBJECT'],
    ['not by an empty digest', [{ sha256: '' }], WHOLE, 'ARTIFACT_MISMATCH_SUBJECT'],
    [
      'not by the right digest under another name',
      [{ sha512: hex('sha256') }, { SHA256: hex('sha256') }, { sha1: hex('sha256') }],
      WHOLE,
      'ARTIFACT_MISMATCH_SUBJECT',
    ],
    ['not when only another digest is known', [{ sha256: hex('sha256') }], known('sha512'), 'ARTIFACT_MISMATCH_SUBJECT'],
    ['not without digests', [{}], WHOLE, 'ARTIFACT_MISMATCH_SUBJECT'],
    ['not without subjects', [], WHOLE, 'ARTIFACT_MISMATCH_SUBJECT'],
  ])('%s', async (_, digests, artifact, expected) => {
    expect(await judge(statement(...digests), artifact)).toBe(expected);
  });
});

const message = (signature: Uint8Array, algorithm: HashName = 'sha256'): Bundle =>
  ({ material: NO_CERTIFICATE, content: { kind: 'message', digest: { algorithm, value: fromHex(hex(algorithm)) }, signature } }) as unknown as Bundle;

describe('a message', () => {
  test.each<[string, Bundle, Artifact | undefined, string]>([
    ['is about its artifact', message(Uint8Array.of(1)), WHOLE, 'sha256'],
    ['is about no other', message(Uint8Array.of(1)), Artifact.fromBytes(utf8('other')), 'ARTIFACT_MISMATCH_DIGEST'],
    ['needs the digest it names', message(Uint8Array.of(1), 'sha512'), known('sha256'), 'ARTIFACT_MISMATCH_ALGORITHM'],
    ['needs an artifact', message(Uint8Array.of(1)), undefined, 'ARTIFACT_MISMATCH'],
  ])('%s', async (_, bundle, artifact, expected) => {
    expect(await judge(bundle, artifact)).toBe(expected);
  });
});

describe('a signature over a message', () => {
  const verdict = async (type: Parameters<typeof generateKey>[0], hash: HashName | undefined, artifact: Artifact, prehashed = true) => {
    const key = generateKey(type);
    const signature = prehashed ? key.signMessage(BYTES, hash) : key.sign(BYTES, hash);
    const bundle = message(signature);
    const check = await checkSignature(signedContent(bundle, artifact, undefined, parseSpki(key.spki)), nodeCrypto);
    return check.evidence?.['algorithm'] ?? check.code;
  };

  test.each<[Parameters<typeof generateKey>[0], HashName | undefined, string]>([
    ['p256', 'sha256', 'ecdsa sha256'],
    ['p384', 'sha384', 'ecdsa sha384'],
    ['p384', 'sha256', 'ecdsa sha256'],
    ['p521', 'sha512', 'ecdsa sha512'],
    ['p521', 'sha256', 'ecdsa sha256'],
    ['rsa2048', 'sha256', 'rsa-pkcs1 sha256'],
    ['p256', 'sha512', 'SIGNATURE_INVALID'],
    ['p384', 'sha512', 'SIGNATURE_INVALID'],
    ['rsa2048', 'sha512', 'SIGNATURE_INVALID'],
  ])('by %s with %s is %s', async (type, hash, expected) => {
    expect(await verdict(type, hash, WHOLE)).toBe(expected);
    if (hash !== undefined && expected !== 'SIGNATURE_INVALID') expect(await verdict(type, hash, known(hash))).toBe(expected);
  });

  test('by Ed25519 is pre-hashed, or pure when the whole artifact is there', async () => {
    expect(await verdict('ed25519', undefined, WHOLE)).toBe('ed25519ph');
    expect(await verdict('ed25519', undefined, WHOLE, false)).toBe('ed25519');
    expect(await verdict('ed25519', undefined, known('sha512'))).toBe('ed25519ph');
    expect(await verdict('ed25519', undefined, known('sha512'), false)).toBe('SIGNATURE_DIGEST_ONLY');
    expect(['ARTIFACT_MISMATCH_ALGORITHM', 'SIGNATURE_DIGEST_ONLY']).toContain(await verdict('ed25519', undefined, known('sha256')));
  });

  test('by P-384 needs one of its digests', async () => {
    expect(await verdict('p384', 'sha384', known('sha512'))).toBe('ARTIFACT_MISMATCH_ALGORITHM');
  });
});

describe('digests to ask of a stream', () => {
  test.each<[string, Bundle, Parameters<typeof generateKey>[0] | undefined, readonly HashName[]]>([
    ['an envelope: its subjects may name any', statement(), undefined, ['sha256', 'sha384', 'sha512']],
    ['a message: the one it names, and SHA-256', message(Uint8Array.of(1), 'sha384'), undefined, ['sha256', 'sha384']],
    ['a P-384 key', message(Uint8Array.of(1)), 'p384', ['sha256', 'sha384']],
    ['a P-521 key', message(Uint8Array.of(1)), 'p521', ['sha256', 'sha512']],
    ['an Ed25519 key', message(Uint8Array.of(1)), 'ed25519', ['sha256', 'sha512']],
    ['an RSA key', message(Uint8Array.of(1)), 'rsa2048', ['sha256']],
  ])('for %s', (_, bundle, type, expected) => {
    expect(digestsNeeded(bundle, type && parseSpki(generateKey(type).spki))).toEqual(expected);
  });

  test("for a certificate: those of its key, whatever the bundle's own digest is", () => {
    const { bundleBytes } = createInstance().sign(BYTES, { signerKey: 'p384', hash: 'sha256' });
    expect(digestsNeeded(parseBundle(bundleBytes), undefined)).toEqual(['sha256', 'sha384']);
  });
});
