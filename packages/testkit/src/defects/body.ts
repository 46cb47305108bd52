/**
 * Log entries that are genuinely logged, promised and proven, but about something else (verification.md section 8): what an
 * attacker gets who pairs a foreign entry with a stolen signature.
 */
import { type ErrorCode, encodeBase64, type JsonValue, toHex, utf8 } from '@assay/core';
import { dsse001, generateKey, hashedrekord001, sha256, verifierPem } from '@assay/make';
import { flipBase64 } from '../byte-edit.ts';
import { createInstance } from '../instance.ts';
import { all, change, drop, type Edit, put } from '../json-edit.ts';
import type { Alterations } from '../sample.ts';
import { ARTIFACT, type Base, type DefectRow, DSSE, DSSE_INTOTO, DSSE_V2, DSSE_V2_DSSE, REKOR_V2 } from './defect.ts';

const withSpec = (edit: Edit): Alterations => ({ entry: (entry) => ({ ...entry, spec: edit(entry.spec) as JsonValue }) });
const withKind = (kind: string, version: string): Alterations => ({ entry: (entry) => ({ ...entry, kind, version }) });

const otherHex = toHex(sha256(utf8('another artifact')));
const otherBase64 = encodeBase64(sha256(utf8('another artifact')));

/** A certificate of the same instance kind for somebody else: base64 of DER, and of PEM text. */
let foreign: { der: string; pem: string } | undefined;
function foreignCertificate(): { der: string; pem: string } {
  if (foreign !== undefined) return foreign;
  const certificate = createInstance().sign(ARTIFACT).expected.certificate as Uint8Array;
  foreign = { der: encodeBase64(certificate), pem: verifierPem({ type: 'certificate', certificate, keyDetails: '' }) };
  return foreign;
}
const foreignDer = (): string => foreignCertificate().der;
const foreignPem = (): string => foreignCertificate().pem;

/** The PEM of the bare key of the certificate: right key, wrong material. */
const bareKeyPem = (): Alterations => ({
  entry: (entry, { key }) => ({
    ...entry,
    spec: put('signature.publicKey.content', verifierPem({ type: 'publicKey', spki: key.spki, keyDetails: '' }))(entry.spec) as JsonValue,
  }),
});

/** One row for each field of a kind: name, code, path into `spec`, and the change. */
type FieldRow = readonly [suffix: string, code: ErrorCode, says: string, edit: Edit];

function rowsOf(prefix: string, base: Base | undefined, rows: readonly FieldRow[]): DefectRow[] {
  return rows.map(([suffix, code, says, edit]) => ({
    name: `${prefix}-${suffix}`,
    code,
    section: 8,
    says,
    ...(base !== undefined && { base }),
    alter: withSpec(edit),
  }));
}

const flipped = (path: string): Edit => change<string>(path, flipBase64);

const hashedrekord1 = rowsOf('hashedrekord-1', undefined, [
  ['other-signature', 'TLOG_BODY_SIGNATURE', 'The entry is about another signature.', flipped('signature.content')],
  ['other-certificate', 'TLOG_BODY_KEY', 'The entry is about another certificate.', change('signature.publicKey.content', foreignPem)],
  ['other-digest', 'TLOG_BODY_DIGEST', 'The entry is about another artifact.', put('data.hash.value', otherHex)],
  ['other-algorithm', 'TLOG_BODY_DIGEST', 'The entry states another hash algorithm.', put('data.hash.algorithm', 'sha512')],
  ['without-signature', 'TLOG_BODY_PARSE', 'The entry has no signature.', drop('signature.content')],
  ['without-digest', 'TLOG_BODY_PARSE', 'The entry has no digest.', drop('data')],
  ['signature-not-base64', 'TLOG_BODY_PARSE', 'The signature of the entry is not base64.', put('signature.content', '!!!!')],
  ['signature-number', 'TLOG_BODY_PARSE', 'The signature of the entry is a number.', put('signature.content', 5)],
]);

const hashedrekord2 = rowsOf('hashedrekord-2', REKOR_V2, [
  ['other-signature', 'TLOG_BODY_SIGNATURE', 'The entry is about another signature.', flipped('hashedRekordV002.signature.content')],
  [
    'other-certificate',
    'TLOG_BODY_KEY',
    'The entry is about another certificate.',
    change('hashedRekordV002.signature.verifier.x509Certificate.rawBytes', foreignDer),
  ],
  [
    'public-key',
    'TLOG_BODY_KEY',
    'The entry is about a bare key, the bundle about a certificate.',
    all(
      drop('hashedRekordV002.signature.verifier.x509Certificate'),
      put('hashedRekordV002.signature.verifier.publicKey', { rawBytes: encodeBase64(generateKey('p256').spki) }),
    ),
  ],
  ['other-digest', 'TLOG_BODY_DIGEST', 'The entry is about another artifact.', put('hashedRekordV002.data.digest', otherBase64)],
  ['other-algorithm', 'TLOG_BODY_DIGEST', 'The entry states another hash algorithm.', put('hashedRekordV002.data.algorithm', 'SHA2_512')],
  [
    'other-key-details',
    'TLOG_BODY_KEY',
    'The entry names another signature scheme than the key has.',
    put('hashedRekordV002.signature.verifier.keyDetails', 'PKIX_ECDSA_P384_SHA_384'),
  ],
  ['without-signature', 'TLOG_BODY_PARSE', 'The entry has no signature.', drop('hashedRekordV002.signature')],
  [
    'spec-of-other-kind',
    'TLOG_BODY_PARSE',
    'The entry holds the fields of another kind.',
    (spec) => ({ dsseV002: (spec as Record<string, unknown>)['hashedRekordV002'] }),
  ],
]);

const hashedrekord2Dsse = rowsOf('hashedrekord-2-dsse', DSSE_V2, [
  ['other-signature', 'TLOG_BODY_SIGNATURE', 'The entry is about another envelope signature.', flipped('hashedRekordV002.signature.content')],
  [
    'other-certificate',
    'TLOG_BODY_KEY',
    'The entry is about another certificate.',
    change('hashedRekordV002.signature.verifier.x509Certificate.rawBytes', foreignDer),
  ],
  ['other-digest', 'TLOG_BODY_DIGEST', 'The entry is about another payload.', put('hashedRekordV002.data.digest', otherBase64)],
]);

const dsse1 = rowsOf('dsse-1', DSSE, [
  ['other-signature', 'TLOG_BODY_SIGNATURE', 'The entry is about another envelope signature over the same payload.', flipped('signatures.0.signature')],
  ['other-certificate', 'TLOG_BODY_KEY', 'The entry is about another certificate.', change('signatures.0.verifier', foreignPem)],
  ['other-payload', 'TLOG_BODY_DIGEST', 'The entry is about another payload.', put('payloadHash.value', otherHex)],
  ['other-algorithm', 'TLOG_BODY_DIGEST', 'The entry states another payload hash algorithm.', put('payloadHash.algorithm', 'sha512')],
  [
    'two-signatures',
    'TLOG_BODY_PARSE',
    'The entry lists a second signature, so it is not about this envelope alone.',
    change<unknown[]>('signatures', ([signature]) => [signature, signature]),
  ],
  ['without-payload-hash', 'TLOG_BODY_PARSE', 'The entry has no payload hash.', drop('payloadHash')],
]);

const dsse2 = rowsOf('dsse-2', DSSE_V2_DSSE, [
  ['other-signature', 'TLOG_BODY_SIGNATURE', 'The entry is about another envelope signature.', flipped('dsseV002.signatures.0.content')],
  [
    'other-certificate',
    'TLOG_BODY_KEY',
    'The entry is about another certificate.',
    change('dsseV002.signatures.0.verifier.x509Certificate.rawBytes', foreignDer),
  ],
  ['other-payload', 'TLOG_BODY_DIGEST', 'The entry is about another payload.', put('dsseV002.payloadHash.digest', otherBase64)],
  ['other-algorithm', 'TLOG_BODY_DIGEST', 'The entry states another payload hash algorithm.', put('dsseV002.payloadHash.algorithm', 'SHA2_384')],
  [
    'two-signatures',
    'TLOG_BODY_PARSE',
    'The entry lists a second signature.',
    change<unknown[]>('dsseV002.signatures', ([signature]) => [signature, signature]),
  ],
]);

const intoto2 = rowsOf('intoto-2', DSSE_INTOTO, [
  [
    'other-signature',
    'TLOG_BODY_SIGNATURE',
    'The entry is about another envelope signature.',
    put('content.envelope.signatures.0.sig', encodeBase64(utf8(encodeBase64(utf8('another'))))),
  ],
  ['other-certificate', 'TLOG_BODY_KEY', 'The entry is about another certificate.', change('content.envelope.signatures.0.publicKey', foreignPem)],
  ['other-payload', 'TLOG_BODY_DIGEST', 'The entry is about another payload.', put('content.payloadHash.value', otherHex)],
  [
    'two-signatures',
    'TLOG_BODY_PARSE',
    'The entry lists a second signature.',
    change<unknown[]>('content.envelope.signatures', ([signature]) => [signature, signature]),
  ],
  ['without-envelope', 'TLOG_BODY_PARSE', 'The entry has no envelope.', drop('content.envelope')],
]);

const asMessageEntry: NonNullable<Alterations['entry']> = (_, { key }) =>
  hashedrekord001({
    signature: key.sign(ARTIFACT),
    hash: 'sha256',
    digest: sha256(ARTIFACT),
    verifier: { type: 'publicKey', spki: key.spki, keyDetails: key.keyDetails },
  });

const kinds: readonly DefectRow[] = [
  { name: 'kind-rekord', code: 'TLOG_KIND', section: 8, says: 'The entry is of a kind that no bundle uses.', alter: withKind('rekord', '0.0.1') },
  {
    name: 'kind-intoto-1',
    code: 'TLOG_KIND',
    section: 8,
    says: 'intoto 0.0.1 does not commit to the signature.',
    base: DSSE_INTOTO,
    alter: withKind('intoto', '0.0.1'),
  },
  { name: 'kind-later-version', code: 'TLOG_KIND', section: 8, says: 'The entry is of a later version of its kind.', alter: withKind('hashedrekord', '0.0.3') },
  {
    name: 'kind-inherited-name',
    code: 'TLOG_KIND',
    section: 8,
    says: 'The kind is the name of an inherited object member.',
    alter: withKind('constructor', '0.0.1'),
  },
  {
    name: 'kind-stated-differs',
    code: 'TLOG_KIND',
    section: 8,
    says: 'kindVersion says 0.0.1, the logged body 0.0.2.',
    base: DSSE_INTOTO,
    alter: { logged: (entry) => ({ ...entry, version: '0.0.1' }) },
  },
  {
    name: 'kind-v1-entry-as-v2',
    code: 'TLOG_SET_UNEXPECTED',
    section: 7,
    says: 'kindVersion makes a Rekor v1 entry pass for one of v2, whose rules for indexes and roots differ.',
    alter: { logged: (entry) => ({ ...entry, version: '0.0.2' }) },
  },
  {
    name: 'kind-v2-entry-as-v1',
    code: 'TLOG_CHECKPOINT_ORIGIN',
    section: 7,
    says: 'kindVersion makes a Rekor v2 entry pass for one of v1.',
    base: REKOR_V2,
    alter: { logged: (entry) => ({ ...entry, version: '0.0.1' }) },
  },
  {
    name: 'kind-body-differs',
    code: 'TLOG_KIND',
    section: 8,
    says: 'kindVersion says dsse, the logged body is a hashedrekord.',
    alter: { logged: (entry) => ({ ...entry, kind: 'dsse' }) },
  },
  {
    name: 'message-with-dsse-entry',
    code: 'TLOG_KIND',
    section: 8,
    says: 'A message signature is paired with an entry about an envelope.',
    alter: {
      entry: (_, { key }) =>
        dsse001({
          envelope: { payloadType: 'x', payload: ARTIFACT, signature: key.sign(ARTIFACT) },
          verifier: { type: 'publicKey', spki: key.spki, keyDetails: key.keyDetails },
        }),
    },
  },
  {
    name: 'dsse-with-message-entry',
    code: 'TLOG_KIND',
    section: 8,
    says: 'An envelope is paired with a hashedrekord 0.0.1 entry.',
    base: DSSE,
    alter: { entry: asMessageEntry },
  },
];

const bodies: readonly DefectRow[] = [
  { name: 'body-not-json', code: 'TLOG_BODY_PARSE', section: 8, says: 'The body is not JSON.', alter: { body: () => utf8('hello') } },
  { name: 'body-array', code: 'TLOG_BODY_PARSE', section: 8, says: 'The body is an array.', alter: { body: () => utf8('[]') } },
  {
    name: 'body-duplicate-key',
    code: 'TLOG_BODY_PARSE',
    section: 8,
    says: 'The body names its spec twice; the log indexed one, the verifier reads the other.',
    alter: { body: (body) => utf8(new TextDecoder().decode(body).replace('"spec":', '"spec":{},"spec":')) },
  },
  {
    name: 'body-without-spec',
    code: 'TLOG_BODY_PARSE',
    section: 8,
    says: 'The body has no spec.',
    alter: { body: () => utf8('{"apiVersion":"0.0.1","kind":"hashedrekord"}') },
  },
  { name: 'body-not-utf8', code: 'TLOG_BODY_PARSE', section: 8, says: 'The body is not UTF-8.', alter: { body: () => Uint8Array.of(0x22, 0xff, 0x22) } },
  {
    name: 'hashedrekord-1-bare-key',
    code: 'TLOG_BODY_KEY',
    section: 8,
    says: 'The entry names the bare key of the certificate: whose certificate it was stays open.',
    alter: bareKeyPem(),
  },
];

const managed: readonly DefectRow[] = [
  {
    name: 'managed-entry-other-key',
    code: 'TLOG_BODY_KEY',
    section: 13,
    says: 'The entry of a self-managed signature is about another key.',
    base: { sign: { key: generateKey('p256') } },
    alter: withSpec(change('signature.publicKey.content', () => verifierPem({ type: 'publicKey', spki: generateKey('p256').spki, keyDetails: '' }))),
  },
];

export const bodyDefects: readonly DefectRow[] = [
  ...hashedrekord1,
  ...hashedrekord2,
  ...hashedrekord2Dsse,
  ...dsse1,
  ...dsse2,
  ...intoto2,
  ...kinds,
  ...bodies,
  ...managed,
];
