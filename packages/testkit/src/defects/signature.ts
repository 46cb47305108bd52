/** Signatures, artifacts, statements and keys (verification.md section 13). Everything else is genuine. */
import { concat, Der, type ErrorCode, encodeBase64, encodeDer, encodePem, type JsonValue, TAG, toHex, utf8 } from '@assay/core';
import { digest, encodeStatement, generateKey, integer, type KeyType, type SigningKey, sequence, sha256 } from '@assay/make';
import { append, flip } from '../byte-edit.ts';
import { DEFAULT_IDENTITY } from '../claims.ts';
import { change, put } from '../json-edit.ts';
import { statementAbout } from '../sign.ts';
import { ARTIFACT, type Base, type DefectRow, DSSE, DSSE_V2, REKOR_V2 } from './defect.ts';

const signedWith = (signerKey: KeyType): Base => ({ sign: { signerKey } });
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Rewrites the pair of an ECDSA signature. */
const pair =
  (by: (r: Uint8Array, s: Uint8Array) => readonly Uint8Array[]) =>
  (signature: Uint8Array): Uint8Array => {
    const [r, s] = Der.parse(signature)
      .children()
      .map((value) => value.content);
    return sequence(...by(r as Uint8Array, s as Uint8Array));
  };

const raw = (bytes: Uint8Array): Uint8Array => encodeDer(TAG.integer, bytes);

/** r‖s of 32 bytes each: the form of Web Crypto and JWS. */
function fixedWidth(signature: Uint8Array): Uint8Array {
  const parts = Der.parse(signature)
    .children()
    .map(({ content }) => content.subarray(Math.max(0, content.length - 32)));
  return concat(...parts.flatMap((part) => [new Uint8Array(32 - part.length), part]));
}

const signatures: readonly DefectRow[] = [
  {
    name: 'signature-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'One late bit of the signature is wrong; it is still well-formed.',
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'signature-flipped-v2',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The same with a Rekor v2 entry and a timestamp.',
    base: REKOR_V2,
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'signature-other-key',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'Another key made the signature.',
    alter: { signature: (_, { artifact }) => generateKey('p256').sign(artifact) },
  },
  {
    name: 'signature-other-artifact',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The key signed another artifact; the log entry states the digest of this one.',
    alter: { signedBytes: () => utf8('another artifact') },
  },
  {
    name: 'signature-over-digest',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The digest was signed as if it were the artifact: hashed twice.',
    alter: { signedBytes: sha256 },
  },
  {
    name: 'signature-other-hash',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'A P-256 key signed with SHA-512.',
    alter: { signature: (_, { key, artifact }) => key.sign(artifact, 'sha512') },
  },
  {
    name: 'signature-other-hash-p384',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'A P-384 key signed with SHA-512, which nobody retries.',
    base: signedWith('p384'),
    alter: { signature: (_, { key, artifact }) => key.sign(artifact, 'sha512') },
  },
  { name: 'signature-fixed-width', code: 'SIGNATURE_ENCODING', section: 13, says: 'The signature is r‖s instead of DER.', alter: { signature: fixedWidth } },
  {
    name: 'signature-length-not-minimal',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'A DER length has a byte too many: two encodings of one signature.',
    alter: { signature: (bytes) => concat(Uint8Array.of(0x30, 0x81), bytes.subarray(1)) },
  },
  {
    name: 'signature-integer-not-minimal',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'r has a leading zero too many.',
    alter: { signature: pair((r, s) => [raw(concat(Uint8Array.of(0), positive(r))), raw(s)]) },
  },
  {
    name: 'signature-negative',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 's is negative, as naive encoders write it.',
    alter: { signature: pair((r, s) => [raw(r), raw(negative(s))]) },
  },
  {
    name: 'signature-r-zero',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'r is 0, which a verifier without range check accepts for every message.',
    alter: { signature: pair((_, s) => [integer(0), raw(s)]) },
  },
  { name: 'signature-s-zero', code: 'SIGNATURE_ENCODING', section: 13, says: 's is 0.', alter: { signature: pair((r) => [raw(r), integer(0)]) } },
  {
    name: 'signature-r-and-s-zero',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'r and s are 0: "psychic signatures".',
    alter: { signature: pair(() => [integer(0), integer(0)]) },
  },
  {
    name: 'signature-s-is-order',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 's is the order of the curve, that is 0.',
    alter: { signature: pair((r) => [raw(r), integer(P256_ORDER)]) },
  },
  {
    name: 'signature-r-plus-order',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'r is larger than the order of the curve: a second form of one signature.',
    alter: { signature: pair((r, s) => [integer(BigInt(`0x${toHex(r)}`) + P256_ORDER), raw(s)]) },
  },
  {
    name: 'signature-trailing-byte',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'A byte follows the signature.',
    alter: { signature: (bytes) => append(bytes, 0) },
  },
  {
    name: 'signature-third-integer',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'The pair has a third member.',
    alter: { signature: pair((r, s) => [raw(r), raw(s), integer(1)]) },
  },
  {
    name: 'signature-rsa-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'One bit of an RSA signature is wrong.',
    base: signedWith('rsa2048'),
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'signature-rsa-short',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'An RSA signature is a byte short.',
    base: signedWith('rsa2048'),
    alter: { signature: (bytes) => bytes.subarray(1) },
  },
  {
    name: 'signature-rsa-sha512',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'An RSA key signed with SHA-512.',
    base: signedWith('rsa2048'),
    alter: { signature: (_, { key, artifact }) => key.sign(artifact, 'sha512') },
  },
  {
    name: 'signature-ed25519-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'One bit of an Ed25519 signature is wrong.',
    base: signedWith('ed25519'),
    alter: { signature: (bytes) => flip(bytes, 0) },
  },
  {
    name: 'signature-ed25519-short',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'An Ed25519 signature has 63 bytes.',
    base: signedWith('ed25519'),
    alter: { signature: (bytes) => bytes.subarray(1) },
  },
  {
    name: 'signature-p256-for-ed25519',
    code: 'SIGNATURE_ENCODING',
    section: 13,
    says: 'The key is Ed25519, the signature ECDSA.',
    base: signedWith('ed25519'),
    alter: { signature: (_, { artifact }) => generateKey('p256').sign(artifact) },
  },
  {
    name: 'envelope-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'One bit of the envelope signature is wrong.',
    base: DSSE,
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'envelope-flipped-v2',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The same with a Rekor v2 entry.',
    base: DSSE_V2,
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'envelope-other-key',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'Another key signed the envelope.',
    base: DSSE,
    alter: { signature: (_, { artifact }) => generateKey('p256').sign(artifact) },
  },
  {
    name: 'envelope-payload-signed',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The bare payload was signed, without its type.',
    base: DSSE,
    alter: { signedBytes: () => statementAbout(ARTIFACT) },
  },
  {
    name: 'envelope-type-changed',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The envelope was signed under another payload type.',
    base: DSSE,
    alter: { signedBytes: (pae) => utf8(new TextDecoder().decode(pae).replace('in-toto+json', 'in-toto+text')) },
  },
];

/** A valid positive integer whose top bit is clear, so that one more zero is too many. */
function positive(content: Uint8Array): Uint8Array {
  return content[0] === 0 ? content : concat(Uint8Array.of(0), content);
}

function negative(content: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(content[0] === 0 ? content.subarray(1) : content);
  bytes[0] = (bytes[0] as number) | 0x80;
  return bytes;
}

const OTHER = utf8('another artifact');

/** A statement about the artifact with members of its own. */
function statement(members: Record<string, unknown>): Uint8Array {
  const [subject] = (JSON.parse(new TextDecoder().decode(statementAbout(ARTIFACT))) as { subject: unknown[] }).subject;
  return utf8(
    JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject: [subject], predicateType: 'https://example.com/p', predicate: {}, ...members }),
  );
}

const digests = (value: JsonValue): Uint8Array => statement({ subject: [{ name: 'artifact', digest: value }] });

const artifacts: readonly DefectRow[] = [
  { name: 'artifact-other', code: 'ARTIFACT_MISMATCH_DIGEST', section: 13, says: 'The bundle is good, the artifact is another.', artifact: OTHER },
  { name: 'artifact-other-v2', code: 'ARTIFACT_MISMATCH_DIGEST', section: 13, says: 'The same with a Rekor v2 entry.', base: REKOR_V2, artifact: OTHER },
  { name: 'artifact-empty', code: 'ARTIFACT_MISMATCH_DIGEST', section: 13, says: 'The artifact is empty.', artifact: new Uint8Array(0) },
  {
    name: 'artifact-and-hint-other',
    code: 'TLOG_BODY_DIGEST',
    section: 8,
    says: 'The stated digest was changed to fit another artifact; the log entry still names the first.',
    artifact: OTHER,
    alter: { bundle: put('messageSignature.messageDigest.digest', encodeBase64(sha256(OTHER))) },
  },
  {
    name: 'artifact-and-hint-other-v2',
    code: 'TLOG_BODY_DIGEST',
    section: 8,
    says: 'The same with a Rekor v2 entry.',
    base: REKOR_V2,
    artifact: OTHER,
    alter: { bundle: put('messageSignature.messageDigest.digest', encodeBase64(sha256(OTHER))) },
  },
  {
    name: 'digest-hint-other',
    code: 'ARTIFACT_MISMATCH_DIGEST',
    section: 13,
    says: 'The stated digest is that of another artifact.',
    alter: { bundle: put('messageSignature.messageDigest.digest', encodeBase64(sha256(OTHER))) },
  },
  {
    name: 'digest-hint-other-algorithm',
    code: 'ARTIFACT_MISMATCH_DIGEST',
    section: 13,
    says: 'The stated SHA-512 digest is that of another artifact.',
    alter: { bundle: put('messageSignature.messageDigest', { algorithm: 'SHA2_512', digest: encodeBase64(digest('sha512', OTHER)) }) },
  },
  {
    name: 'digest-of-other-algorithm',
    code: 'ARTIFACT_MISMATCH_ALGORITHM',
    section: 13,
    says: 'A SHA-256 digest is given where the key signs SHA-384.',
    base: signedWith('p384'),
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha256' },
  },
  {
    name: 'digest-of-hint-algorithm',
    code: 'ARTIFACT_MISMATCH_ALGORITHM',
    section: 13,
    says: 'Only a SHA-512 digest is given and the hint agrees, where the key signs SHA-256: the signature cannot be checked with it.',
    alter: { bundle: put('messageSignature.messageDigest', { algorithm: 'SHA2_512', digest: encodeBase64(digest('sha512', ARTIFACT)) }) },
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha512' },
  },
  {
    name: 'digest-for-pure-ed25519',
    code: 'SIGNATURE_DIGEST_ONLY',
    section: 13,
    says: 'Pure Ed25519 cannot be verified from a digest.',
    base: signedWith('ed25519'),
    alter: { signature: (_, { key, artifact }) => key.sign(artifact) },
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha512' },
  },
  {
    name: 'digest-other',
    code: 'ARTIFACT_MISMATCH_DIGEST',
    section: 13,
    says: 'The digest of another artifact is given.',
    artifact: OTHER,
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha256' },
  },
  {
    name: 'digest-only-signature-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The signature is wrong and only the digest is known.',
    alter: { signature: (bytes) => flip(bytes) },
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha256' },
  },
  {
    name: 'digest-only-rsa-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'The same with RSA.',
    base: signedWith('rsa2048'),
    alter: { signature: (bytes) => flip(bytes) },
    policy: { identities: [DEFAULT_IDENTITY], digestOnly: 'sha256' },
  },
  { name: 'subject-other', code: 'ARTIFACT_MISMATCH_SUBJECT', section: 13, says: 'The attestation is about another artifact.', base: DSSE, artifact: OTHER },
  { name: 'subject-other-v2', code: 'ARTIFACT_MISMATCH_SUBJECT', section: 13, says: 'The same with a Rekor v2 entry.', base: DSSE_V2, artifact: OTHER },
];

const statements: readonly DefectRow[] = (
  [
    ['subject-none', 'ARTIFACT_MISMATCH_SUBJECT', 'The statement is about nothing.', statement({ subject: [] })],
    ['subject-without-digest', 'ARTIFACT_MISMATCH_SUBJECT', 'The subject has a name and no digest: names are not compared.', digests({})],
    [
      'subject-unknown-algorithm',
      'ARTIFACT_MISMATCH_SUBJECT',
      'The subject has only a digest of another algorithm.',
      digests({ md5: toHex(digest('sha1', ARTIFACT)) }),
    ],
    [
      'subject-under-other-algorithm',
      'ARTIFACT_MISMATCH_SUBJECT',
      'The SHA-256 digest stands under the name of SHA-512.',
      digests({ sha512: toHex(sha256(ARTIFACT)) }),
    ],
    [
      'subject-digest-prefix',
      'ARTIFACT_MISMATCH_SUBJECT',
      'The digest is only the beginning of the right one.',
      digests({ sha256: toHex(sha256(ARTIFACT)).slice(0, 32) }),
    ],
    [
      'subject-digest-upper-case',
      'ARTIFACT_MISMATCH_SUBJECT',
      'The digest is in upper case; digests are lower-case hex.',
      digests({ sha256: toHex(sha256(ARTIFACT)).toUpperCase() }),
    ],
    [
      'subject-strongest-differs',
      'ARTIFACT_MISMATCH_SUBJECT',
      'The SHA-256 digest fits, the stronger SHA-512 does not.',
      digests({ sha256: toHex(sha256(ARTIFACT)), sha512: toHex(digest('sha512', OTHER)) }),
    ],
    ['statement-not-json', 'STATEMENT_PARSE', 'The payload is not JSON.', utf8('hello')],
    ['statement-array', 'STATEMENT_PARSE', 'The payload is an array.', utf8('[]')],
    [
      'statement-duplicate-key',
      'STATEMENT_PARSE',
      'The subject is named twice: two verifiers see two artifacts.',
      utf8(new TextDecoder().decode(statementAbout(ARTIFACT)).replace('"subject":', '"subject":[],"subject":')),
    ],
    ['statement-other-type', 'STATEMENT_PARSE', '_type names no in-toto statement.', statement({ _type: 'https://example.com/Statement/v9' })],
    ['statement-without-predicate-type', 'STATEMENT_PARSE', 'The predicate type is missing.', statement({ predicateType: undefined })],
    ['statement-subject-wrong-type', 'STATEMENT_PARSE', 'The subject is not a list.', statement({ subject: {} })],
    ['statement-digest-wrong-type', 'STATEMENT_PARSE', 'A digest is a number.', digests({ sha256: 5 })],
    [
      'statement-1025-subjects',
      'BUNDLE_LIMIT',
      '1025 subjects, to make the verifier work.',
      encodeStatement({
        subjects: Array.from({ length: 1025 }, (_, i) => ({ name: `${i}`, digests: { sha256: sha256(ARTIFACT) } })),
        predicateType: 'x',
        predicate: {},
      }),
    ],
    [
      'statement-33-digests',
      'BUNDLE_LIMIT',
      'A subject with 33 digests.',
      digests({ sha256: toHex(sha256(ARTIFACT)), ...Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`x${i}`, 'aa'])) }),
    ],
  ] as const satisfies readonly (readonly [string, ErrorCode, string, Uint8Array])[]
).map(([name, code, says, payload]) => ({ name, code, section: code === 'BUNDLE_LIMIT' ? 1 : 13, says, base: DSSE, sign: { payload } }));

const payloadTypes: readonly DefectRow[] = [
  {
    name: 'payload-type-other',
    code: 'STATEMENT_PAYLOAD_TYPE',
    section: 13,
    says: 'A genuine envelope of another kind of document.',
    base: DSSE,
    sign: { payloadType: 'application/json' },
  },
  {
    name: 'predicate-type-other',
    code: 'STATEMENT_PREDICATE_TYPE',
    section: 13,
    says: 'A genuine statement of another kind than demanded.',
    base: DSSE,
    policy: { identities: [DEFAULT_IDENTITY], predicateType: 'https://cyclonedx.org/bom' },
  },
  {
    name: 'payload-type-upper-case',
    code: 'STATEMENT_PAYLOAD_TYPE',
    section: 13,
    says: 'The payload type differs in case.',
    base: DSSE,
    sign: { payloadType: 'application/vnd.in-toto+JSON' },
  },
];

const KEY: SigningKey = generateKey('p256');
const MANAGED: Base = { sign: { key: KEY } };
const MANAGED_DSSE: Base = { sign: { key: KEY, content: 'dsse' } };

/** SPKI whose last coordinate byte is changed: practically never on the curve. */
const offCurve = encodePem('PUBLIC KEY', flip(KEY.spki));
const secp256k1 = encodePem(
  'PUBLIC KEY',
  sequence(
    sequence(encodeDer(TAG.oid, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1)), encodeDer(TAG.oid, Uint8Array.of(0x2b, 0x81, 4, 0, 0x0a))),
    encodeDer(TAG.bitString, Uint8Array.of(0, 4), new Uint8Array(64)),
  ),
);

const keys: readonly DefectRow[] = [
  {
    name: 'key-other',
    code: 'TLOG_BODY_KEY',
    section: 8,
    says: 'Another key is given than the one that signed and was logged.',
    base: MANAGED,
    policy: { key: generateKey('p256').publicPem },
  },
  {
    name: 'key-other-dsse',
    code: 'TLOG_BODY_KEY',
    section: 8,
    says: 'The same for an envelope.',
    base: MANAGED_DSSE,
    policy: { key: generateKey('p256').publicPem },
  },
  { name: 'key-off-curve', code: 'KEY_PARSE', section: 13, says: 'The point of the key is not on its curve.', base: MANAGED, policy: { key: offCurve } },
  { name: 'key-not-pem', code: 'KEY_PARSE', section: 13, says: 'The key file is not PEM.', base: MANAGED, policy: { key: 'ssh-ed25519 AAAA' } },
  { name: 'key-truncated', code: 'KEY_PARSE', section: 13, says: 'The PEM block has no end.', base: MANAGED, policy: { key: KEY.publicPem.slice(0, -20) } },
  { name: 'key-private', code: 'KEY_PARSE', section: 13, says: 'The private key was given.', base: MANAGED, policy: { key: KEY.exportPrivatePem() } },
  {
    name: 'key-certificate',
    code: 'KEY_PARSE',
    section: 13,
    says: 'A certificate was given as the key.',
    base: MANAGED,
    policy: { key: encodePem('CERTIFICATE', KEY.spki) },
  },
  {
    name: 'key-compressed-point',
    code: 'KEY_PARSE',
    section: 13,
    says: 'The point of the key is compressed.',
    base: MANAGED,
    policy: { key: encodePem('PUBLIC KEY', compressed(KEY.spki)) },
  },
  {
    name: 'key-secp256k1',
    code: 'KEY_UNSUPPORTED',
    section: 13,
    says: 'The key is on a curve that no log accepts.',
    base: MANAGED,
    policy: { key: secp256k1 },
  },
  {
    name: 'key-retired',
    code: 'KEY_WINDOW',
    section: 13,
    says: 'The key had been retired before the signature was made.',
    base: MANAGED,
    policy: { key: KEY.publicPem, keyWindow: { start: new Date('2025-01-01T00:00:00Z'), end: new Date('2026-01-01T00:00:00Z') } },
  },
  {
    name: 'managed-signature-flipped',
    code: 'SIGNATURE_INVALID',
    section: 13,
    says: 'One bit of a self-managed signature is wrong.',
    base: MANAGED,
    alter: { signature: (bytes) => flip(bytes) },
  },
  {
    name: 'managed-keyid-differs',
    code: 'KEY_HINT_MISMATCH',
    section: 2,
    says: 'The envelope names another key than the bundle.',
    base: MANAGED_DSSE,
    alter: { envelope: (envelope) => ({ ...envelope, keyid: 'another' }) },
  },
  {
    name: 'managed-artifact-other',
    code: 'ARTIFACT_MISMATCH_DIGEST',
    section: 13,
    says: 'A self-managed signature over another artifact.',
    base: MANAGED,
    artifact: OTHER,
  },
  {
    name: 'managed-without-entry',
    code: 'TLOG_THRESHOLD',
    section: 13,
    says: 'A self-managed signature that was never logged: the log is demanded all the same.',
    base: MANAGED,
    sign: { log: 'none', timestamp: false },
  },
  {
    name: 'certificate-hint-confusion',
    code: 'BUNDLE_SHAPE',
    section: 2,
    says: 'A key bundle brings a certificate along.',
    base: MANAGED,
    alter: { bundle: change('verificationMaterial', (material: object) => ({ ...material, certificate: { rawBytes: 'MAA=' } })) },
  },
];

function compressed(spki: Uint8Array): Uint8Array {
  const [algorithm, key] = Der.parse(spki).children();
  const point = (key as Der).bitStringBytes('key');
  return sequence((algorithm as Der).raw, encodeDer(TAG.bitString, Uint8Array.of(0, 2 + ((point[64] as number) & 1)), point.subarray(1, 33)));
}

export const signatureDefects: readonly DefectRow[] = [...signatures, ...artifacts, ...statements, ...payloadTypes, ...keys];
