/**
 * Legal but unusual bundles: what verification.md allows and a strict verifier must not refuse. The counterpart of the
 * defects: each row says why it is accepted.
 */
import { Der, decodeBase64, encodeBase64, toHex, utf8 } from '@assay/core';
import {
  digest,
  type EntryProof,
  encodeNote,
  generateKey,
  integer,
  nullValue,
  OID,
  octetString,
  oid,
  sequence,
  sha256,
  signatureLine,
  signingCertificateV1,
  signNote,
} from '@assay/make';
import { ARTIFACT, type DefectRow, DSSE } from './defects/defect.ts';
import { createInstance, DEFAULT_NOW, type Instance } from './instance.ts';
import { all, change, drop, put } from './json-edit.ts';
import type { Alterations, Sample } from './sample.ts';

export interface Variant {
  readonly name: string;
  readonly spec: string;
  /** Why it is accepted. */
  readonly says: string;
  make(): Sample;
}

type VariantRow = Omit<DefectRow, 'code' | 'base'>;

const ENTRY = 'verificationMaterial.tlogEntries.0';
const SIGNED_AT = new Date(DEFAULT_NOW.getTime() - 3_600_000);
const GENESIS = new Date('2025-01-01T00:00:00Z');
const later = (seconds: number): Date => new Date(SIGNED_AT.getTime() + seconds * 1000);
const V2 = { log: 'v2' } as const;

const withCheckpoint =
  (by: (body: string, line: string, instance: Instance) => string) =>
  (instance: Instance): Alterations => ({
    logged: (entry) => {
      const proof = entry.proof as EntryProof;
      const [body = '', line = ''] = proof.checkpoint.split('\n\n');
      return { ...entry, proof: { ...proof, checkpoint: by(`${body}\n`, line, instance) } };
    },
  });

const witness = (body: string): string => signNote(body, { name: 'witness.example', key: generateKey('ed25519') });

const documents: readonly VariantRow[] = [
  {
    name: 'line-breaks-in-base64',
    section: 1,
    says: 'CR and LF inside base64 are tolerated, as Go does.',
    alter: { bundle: change<string>('verificationMaterial.certificate.rawBytes', (text) => text.replace(/(.{64})/g, '$1\r\n')) },
  },
  {
    name: 'integers-as-numbers',
    section: 1,
    says: '64-bit integers may be JSON numbers.',
    alter: { bundle: all(change<string>(`${ENTRY}.logIndex`, Number), change<string>(`${ENTRY}.integratedTime`, Number)) },
  },
  { name: 'unknown-members', section: 1, says: 'Unknown members are ignored.', alter: { bundle: put(`${ENTRY}.future`, { a: 1 }) } },
  {
    name: 'null-members',
    section: 1,
    says: 'null and absent mean the same; time 0 means no time.',
    sign: V2,
    alter: { bundle: all(put(`${ENTRY}.inclusionPromise`, null), put(`${ENTRY}.integratedTime`, '0')) },
  },
  { name: 'white-space', section: 1, says: 'JSON may be indented.', alter: { bundleText: (text) => JSON.stringify(JSON.parse(text), null, 2) } },
  {
    name: '0.1-without-proof',
    section: 2,
    says: 'A 0.1 bundle needs the promise only.',
    sign: { version: '0.1' },
    alter: { bundle: drop(`${ENTRY}.inclusionProof`) },
  },
  {
    name: '0.3-without-promise',
    section: 2,
    says: 'A timestamp gives the time, so the promise may be absent.',
    sign: { timestamp: true },
    alter: { bundle: all(drop(`${ENTRY}.inclusionPromise`), drop(`${ENTRY}.integratedTime`)) },
  },
  {
    name: 'intermediate-in-chain',
    section: 2,
    says: 'A chain may bring intermediates along; they are not needed.',
    sign: { version: '0.2' },
    alter: { chain: ({ issuer }) => [issuer.certificate] },
  },
  {
    name: 'root-newer-media-type',
    section: 3,
    says: 'Newer spellings of the trusted root are accepted.',
    alter: { trustedRoot: put('mediaType', 'application/vnd.dev.sigstore.trustedroot.v0.2+json') },
  },
  {
    name: 'root-enum-numbers',
    section: 1,
    says: 'Enum numbers are accepted in trusted roots.',
    alter: { trustedRoot: all(put('tlogs.0.hashAlgorithm', 1), put('tlogs.0.publicKey.keyDetails', 5)) },
  },
  {
    name: 'root-unusable-entry',
    section: 3,
    says: 'An unusable key does not poison the other entries.',
    alter: { trustedRoot: put('tlogs.1.publicKey.keyDetails', 'ML_DSA_65') },
  },
  {
    name: 'root-checkpoint-key-id',
    section: 3,
    says: 'A Rekor v2 log may state its id also as checkpointKeyId.',
    sign: V2,
    alter: { trustedRoot: (root) => put('tlogs.1.checkpointKeyId', (root as { tlogs: { logId: object }[] }).tlogs[1]?.logId)(root) },
  },
];

const logs: readonly VariantRow[] = [
  { name: 'tree-of-one', section: 7, says: 'In a tree of one leaf the proof is empty.', instance: { fillers: { before: 0, after: 0 } } },
  { name: 'v2-tree-of-one', section: 7, says: 'The same with Rekor v2.', instance: { fillers: { before: 0, after: 0 } }, sign: V2 },
  {
    name: 'last-of-large-tree',
    section: 7,
    says: 'The last leaf of a tree of 1000 hangs on its right edge.',
    instance: { fillers: { before: 999, after: 0 } },
  },
  {
    name: 'log-window-end-inclusive',
    section: 3,
    says: 'The window of the log key is closed: equality at the end passes.',
    sign: { integratedAt: later(3) },
    instance: { windows: { rekorV1: { start: GENESIS, end: later(3) } } },
  },
  {
    name: 'log-window-start-inclusive',
    section: 3,
    says: 'Equality at the start passes.',
    sign: { integratedAt: later(3) },
    instance: { windows: { rekorV1: { start: later(3) } } },
  },
  { name: 'integrated-at-not-after', section: 10, says: 'A certificate is valid at its notAfter.', sign: { integratedAt: later(600) } },
  {
    name: 'v2-proof-fields-ignored',
    section: 7,
    says: 'For Rekor v2 the signed values count; some servers put hex text into rootHash.',
    sign: V2,
    alter: {
      bundle: all(
        put(`${ENTRY}.inclusionProof.rootHash`, 'YWJjZA=='),
        put(`${ENTRY}.inclusionProof.treeSize`, '1'),
        put(`${ENTRY}.inclusionProof.logIndex`, '5'),
      ),
    },
  },
  {
    name: 'checkpoint-cosigned',
    section: 7,
    says: 'Lines of unknown witnesses are ignored.',
    sign: V2,
    alter: withCheckpoint((body, line) => encodeNote(body, [line, witness(body)])),
  },
  {
    name: 'checkpoint-witness-first',
    section: 7,
    says: 'The log line need not be the first.',
    sign: V2,
    alter: withCheckpoint((body, line) => encodeNote(body, [witness(body), line])),
  },
  {
    name: 'checkpoint-second-key',
    section: 7,
    says: 'A second line of the log name with another key id is ignored.',
    sign: V2,
    alter: withCheckpoint((body, line) => encodeNote(body, [signNote(body, { name: 'log2026-1.testkit.example', key: generateKey('p256') }), line])),
  },
  {
    name: 'checkpoint-sixteen-lines',
    section: 7,
    says: 'At least sixteen lines are read.',
    sign: V2,
    alter: withCheckpoint((body, line) => encodeNote(body, [...Array.from({ length: 15 }, () => witness(body)), line])),
  },
  {
    name: 'checkpoint-garbage-of-witness',
    section: 7,
    says: 'What an unknown key signed is not looked at.',
    sign: V2,
    alter: withCheckpoint((body, line) => encodeNote(body, [signatureLine('witness.example', Uint8Array.of(1, 2, 3, 4), new Uint8Array(9)), line])),
  },
  { name: 'log-with-port', section: 7, says: 'The checkpoint name may be host and port of the log.', instance: { rekorV2Host: 'localhost:3003' }, sign: V2 },
  {
    name: 'log-name-without-port',
    section: 7,
    says: 'The checkpoint name may be the host without its port.',
    sign: V2,
    alter: { trustedRoot: change<string>('tlogs.1.baseUrl', (url) => `${url}:8443`) },
  },
  {
    name: 'log-key-rsa',
    section: 3,
    says: 'A Rekor v1 log may have an RSA key: the promise is RSA then.',
    instance: { rekorV1Key: 'rsa2048' },
    sign: { timestamp: true, version: '0.1' },
    alter: { bundle: drop(`${ENTRY}.inclusionProof`) },
  },
  { name: 'log-key-p384', section: 6, says: 'A Rekor v1 log may have a P-384 key.', instance: { rekorV1Key: 'p384' } },
  {
    name: 'timestamp-untrusted-without-any',
    section: 5,
    says: 'When the trusted root lists no timestamp authority, a timestamp beside a verified promise is ignored.',
    sign: { timestamp: true },
    alter: { trustedRoot: put('timestampAuthorities', []) },
  },
  {
    name: 'entry-of-unknown-log-besides',
    section: 6,
    says: 'An entry of an unknown log does not count; the other one suffices.',
    sign: { log: 'both', timestamp: true },
    alter: { trustedRoot: drop('tlogs.1') },
  },
];

/** Replaces the signature algorithm of the SignerInfo by the bare key algorithm. */
function bareAlgorithm(signerInfo: Uint8Array): Uint8Array {
  const parts = Der.parse(signerInfo)
    .children()
    .map((part) => part.raw);
  return sequence(...parts.map((part, i) => (i === 4 ? sequence(oid('1.2.840.113549.1.1.1'), nullValue()) : part)));
}

const attribute = (by: (list: { oid: string; value: Uint8Array }[], certificate: Uint8Array) => { oid: string; value: Uint8Array }[]): Alterations => ({
  timestamp: { attributes: (list, signer) => by(list, signer.certificate) },
});

const timestamps: readonly VariantRow[] = [
  { name: 'tsa-embedded-certificate', section: 9, says: 'The token may bring its certificate.', sign: { ...V2, embedTsaCertificate: true } },
  { name: 'tsa-two-certificates', section: 9, says: 'A timestamp authority may have no intermediate.', instance: { tsaChain: 2 }, sign: V2 },
  {
    name: 'tsa-p384-sha256',
    section: 9,
    says: 'A P-384 key with ecdsa-with-SHA256, as the public authority signs.',
    instance: { tsaKey: 'p384', tsaHash: 'sha256' },
    sign: V2,
  },
  { name: 'tsa-rsa-sha512', section: 9, says: 'RSA with SHA-512, as FreeTSA signs.', instance: { tsaKey: 'rsa2048', tsaHash: 'sha512' }, sign: V2 },
  {
    name: 'tsa-bare-key-algorithm',
    section: 9,
    says: 'signatureAlgorithm may be rsaEncryption, the hash comes from digestAlgorithm.',
    instance: { tsaKey: 'rsa2048', tsaHash: 'sha512' },
    sign: V2,
    alter: { timestamp: { signerInfo: bareAlgorithm } },
  },
  {
    name: 'tsa-sha512-imprint',
    section: 9,
    says: 'The imprint may be SHA-512.',
    sign: V2,
    alter: {
      timestamp: {
        tst: (fields, signature) => ({ ...fields, imprint: { algorithm: sequence(oid(OID.sha512), nullValue()), digest: digest('sha512', signature) } }),
      },
    },
  },
  { name: 'tsa-fraction', section: 9, says: 'genTime may have a fraction.', sign: { ...V2, timestampedAt: new Date(later(2).getTime() + 120) } },
  {
    name: 'tsa-signing-certificate-v1',
    section: 9,
    says: 'The older signingCertificate with SHA-1 is accepted.',
    sign: V2,
    alter: attribute((list, certificate) =>
      list.map((one) => (one.oid === OID.signingCertificateV2 ? { oid: OID.signingCertificate, value: signingCertificateV1(certificate) } : one)),
    ),
  },
  {
    name: 'tsa-without-issuer-serial',
    section: 9,
    says: 'issuerSerial is optional.',
    sign: V2,
    alter: attribute((list, certificate) =>
      list.map((one) => (one.oid === OID.signingCertificateV2 ? { ...one, value: sequence(sequence(sequence(octetString(sha256(certificate))))) } : one)),
    ),
  },
  {
    name: 'tsa-without-signing-time',
    section: 9,
    says: 'signingTime is informative and may be absent.',
    sign: V2,
    alter: attribute((list) => list.filter((one) => one.oid !== OID.signingTime)),
  },
  {
    name: 'tsa-window-end-inclusive',
    section: 9,
    says: 'The window of the authority is closed: equality at the end passes.',
    sign: { ...V2, timestampedAt: later(5) },
    instance: { windows: { tsa: { start: GENESIS, end: later(5) } } },
  },
  {
    name: 'tsa-chain-expired-now',
    section: 9,
    says: 'The chain was valid at genTime; that it has expired since does not matter.',
    instance: { alter: { tsaLeaf: (fields) => ({ ...fields, notAfter: later(600) }) } },
    sign: V2,
  },
  {
    name: 'tsa-granted-with-mods',
    section: 9,
    says: 'PKIStatus 1 is granted with modifications.',
    sign: V2,
    alter: { timestamp: { response: (der) => sequence(sequence(integer(1)), Der.parse(der).children()[1]?.raw as Uint8Array) } },
  },
  {
    name: 'tsa-root-lists-only-authorities',
    section: 9,
    says: 'When the root names no leaf, the embedded one must chain to it, and does.',
    sign: { ...V2, embedTsaCertificate: true },
    alter: { trustedRoot: drop('timestampAuthorities.0.certChain.certificates.0') },
  },
  {
    name: 'tsa-among-others',
    section: 3,
    says: 'Every authority of the root is tried.',
    sign: V2,
    alter: { trustedRoot: change<unknown[]>('timestampAuthorities', (own) => [...createInstance().trustedRoot().timestampAuthorities, ...own]) },
  },
];

const certificates: readonly VariantRow[] = [
  { name: 'ca-one-root', section: 10, says: 'One self-signed certificate may issue directly.', instance: { caChain: 'root-only' } },
  { name: 'ca-rsa', section: 10, says: 'CA keys may be RSA.', instance: { caKey: 'rsa2048' } },
  { name: 'ca-p384', section: 10, says: 'CA keys are P-384 in the public instance.', instance: { caKey: 'p384' } },
  {
    name: 'ca-other-hash',
    section: 10,
    says: "ECDSA certificates may be signed with a hash other than the curve's.",
    instance: { caKey: 'p384', caHash: 'sha256' },
  },
  {
    name: 'ca-anchor-is-intermediate',
    section: 10,
    says: 'The anchor may be an intermediate.',
    alter: { trustedRoot: drop('certificateAuthorities.0.certChain.certificates.1') },
  },
  {
    name: 'ca-among-others',
    section: 3,
    says: 'Every authority of the root is tried; success of one is enough.',
    alter: { trustedRoot: change<unknown[]>('certificateAuthorities', (own) => [...createInstance().trustedRoot().certificateAuthorities, ...own]) },
  },
  {
    name: 'ca-overlapping-windows',
    section: 3,
    says: 'The same authority may be listed twice; one window fits.',
    alter: {
      trustedRoot: change<{ validFor: object }[]>('certificateAuthorities', ([own]) => [
        { ...own, validFor: { start: '2025-01-01T00:00:00Z', end: '2025-06-01T00:00:00Z' } },
        own,
      ]),
    },
  },
  {
    name: 'ca-any-purpose',
    section: 10,
    says: 'An intermediate without extended key usage may issue for any purpose.',
    instance: { alter: { intermediate: (fields) => ({ ...fields, extensions: fields.extensions.filter((one) => one.oid !== OID.extendedKeyUsage) }) } },
  },
  { name: 'san-e-mail', section: 12, says: 'The signer may be an e-mail address.', sign: { identity: { type: 'email', value: 'someone@testkit.example' } } },
  {
    name: 'san-user-name',
    section: 12,
    says: 'The signer may be an otherName, although the extension is critical.',
    sign: { identity: { type: 'username', value: 'someone!testkit.example' } },
  },
  {
    name: 'issuer-old-extension',
    section: 12,
    says: 'The OIDC issuer may be only in the older extension.',
    alter: { leaf: (fields) => ({ ...fields, extensions: fields.extensions.filter((one) => one.oid !== `${OID.fulcio}.8`) }) },
  },
  { name: 'sct-static-ct', section: 11, says: 'Static CT logs put the leaf index into the extensions.', instance: { staticCt: true } },
  { name: 'sct-rsa', section: 11, says: 'A CT log may have an RSA key.', instance: { ctKey: 'rsa2048' } },
  {
    name: 'sct-rsa-pkcs1',
    section: 3,
    says: 'Old RSA CT keys are PKCS#1 in the root; the log id is over the SPKI.',
    instance: { ctKey: 'rsa2048' },
    alter: { trustedRoot: all(put('ctlogs.0.publicKey.keyDetails', 'PKCS1_RSA_PKCS1V5'), change<string>('ctlogs.0.publicKey.rawBytes', pkcs1)) },
  },
  {
    name: 'sct-of-unknown-log-besides',
    section: 11,
    says: 'Promises of unknown logs do not count and do not harm.',
    alter: { scts: ([one]) => [{ ...(one as NonNullable<typeof one>), logId: new Uint8Array(32) }, one as NonNullable<typeof one>] },
  },
  {
    name: 'sct-window-inclusive',
    section: 11,
    says: 'The window of the CT log key is closed.',
    instance: { windows: { ct: { start: SIGNED_AT, end: SIGNED_AT } } },
  },
];

/** The RSAPublicKey inside a SubjectPublicKeyInfo. */
function pkcs1(spki: string): string {
  const [, key] = Der.parse(decodeBase64(spki) as Uint8Array).children();
  return encodeBase64((key as Der).bitStringBytes('key'));
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function highS(signature: Uint8Array): Uint8Array {
  const [r, s] = Der.parse(signature).children();
  const value = BigInt(`0x${toHex((s as Der).content)}`);
  return sequence((r as Der).raw, integer(value > P256_ORDER / 2n ? value : P256_ORDER - value));
}

const signatures: readonly VariantRow[] = [
  { name: 'signature-high-s', section: 13, says: 'A high s is legal.', alter: { signature: highS } },
  { name: 'signature-p384-sha256', section: 13, says: 'Old clients sign with P-384 and SHA-256.', sign: { signerKey: 'p384', hash: 'sha256' } },
  { name: 'signature-p521-sha256', section: 13, says: 'Old clients sign with P-521 and SHA-256.', sign: { signerKey: 'p521', hash: 'sha256' } },
  {
    name: 'signature-ed25519-pure',
    section: 13,
    says: 'Pure Ed25519 over the whole artifact is the fallback.',
    sign: { signerKey: 'ed25519' },
    alter: { signature: (_, { key, artifact }) => key.sign(artifact) },
  },
  {
    name: 'envelope-keyid-of-certificate',
    section: 2,
    says: 'A keyid beside a certificate is a hint that nothing depends on.',
    ...DSSE,
    alter: { envelope: (envelope) => ({ ...envelope, keyid: 'anything' }) },
  },
  {
    name: 'statement-v0.1',
    section: 13,
    says: 'Statement v0.1 is accepted.',
    sign: {
      content: 'dsse',
      payload: utf8(
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v0.1',
          subject: [{ name: 'a', digest: { sha256: toHex(sha256(ARTIFACT)) } }],
          predicateType: 'x',
          predicate: {},
        }),
      ),
    },
  },
  {
    name: 'statement-second-subject',
    section: 13,
    says: 'The artifact may be any subject.',
    sign: {
      content: 'dsse',
      payload: utf8(
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v1',
          subject: [
            { name: 'other', digest: { sha256: '00'.repeat(32) } },
            { name: '', digest: { sha1: '00', sha256: toHex(sha256(ARTIFACT)) } },
          ],
          predicateType: 'x',
        }),
      ),
    },
  },
  {
    name: 'managed-key-without-time',
    section: 13,
    says: 'A self-managed key needs no proven time.',
    sign: { key: generateKey('p256'), log: 'v2', timestamp: false },
  },
  {
    name: 'managed-key-chooses-keyid',
    section: 2,
    says: 'A keyid equal to the hint is fine.',
    sign: { key: generateKey('p256'), content: 'dsse' },
    alter: { bundle: (bundle) => put('dsseEnvelope.signatures.0.keyid', (bundle as Sample['bundle']).verificationMaterial.publicKey?.hint)(bundle) },
  },
];

export const variants: readonly Variant[] = [...documents, ...logs, ...timestamps, ...certificates, ...signatures].map(toVariant);

function toVariant({ name, section, says, instance, sign, alter, artifact, policy }: VariantRow): Variant {
  const make = (): Sample => {
    const made = createInstance(instance);
    const sample = made.sign(ARTIFACT, { ...sign, alter: typeof alter === 'function' ? alter(made) : (alter ?? {}) });
    return { ...sample, ...(artifact !== undefined && { artifact }), ...(policy !== undefined && { policy }) };
  };
  return { name, spec: `verification.md §${section}`, says, make };
}
