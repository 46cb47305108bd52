/** Certificates against `node:crypto`'s own reader, and every truncation and changed byte of one. */
import { X509Certificate } from 'node:crypto';
import { bitString, encodeName, integer, issueRoot, keyUsage, sequence, subjectAltName, utcTime } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { UNPRINTABLE } from '../test/facts.ts';
import { concat, toHex, utf8 } from './bytes.ts';
import { Der, encodeDer, TAG } from './der.ts';
import { isTrustError } from './errors.ts';
import { identityOf } from './identity.ts';
import { encodePem } from './pem.ts';
import { Certificate, nameText, OID, parseCertificatesPem, signatureSchemeOf } from './x509.ts';

const instance = createInstance();
const LEAF = instance.sign(utf8('x')).expected.certificate as Uint8Array;
const leaf = Certificate.parse(LEAF);
const AUTHORITIES = [...instance.ca.map(({ certificate }) => certificate), ...instance.tsaChain];

test.each([['a leaf', LEAF], ...AUTHORITIES.map((der, i): [string, Uint8Array] => [`authority ${i}`, der])])(
  '%s says what node:crypto reads in it',
  (_, der) => {
    const ours = Certificate.parse(der);
    const theirs = new X509Certificate(der);
    expect({
      start: ours.validity.start.getTime(),
      end: ours.validity.end.getTime(),
      serial: toHex(ours.serial).replace(/^0+/, '').toUpperCase(),
      ca: ours.isCa,
      spki: toHex(ours.publicKey.spki),
      purposes: ours.extendedKeyUsage,
    }).toEqual({
      start: Date.parse(theirs.validFrom),
      end: Date.parse(theirs.validTo),
      serial: theirs.serialNumber.replace(/^0+/, ''),
      ca: theirs.ca,
      spki: theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
      purposes: theirs.keyUsage,
    });
  },
);

/** Everything a verification may ask of a certificate. */
function readAll(certificate: Certificate): unknown[] {
  return [
    certificate.basicConstraints,
    certificate.allowsUsage('digitalSignature'),
    certificate.extendedKeyUsage,
    certificate.subjectKeyId,
    certificate.authorityKeyId,
    certificate.subjectAlternativeNames,
    certificate.subjectText,
    identityOf(certificate),
  ];
}

test('every truncation is refused with a code', () => {
  for (let length = 0; length < LEAF.length; length++) expect(codeOf(() => Certificate.parse(LEAF.subarray(0, length)))).toBe('CERT_PARSE');
});

test('every changed byte is refused with a code, or makes another certificate; no other exception comes out', () => {
  for (let at = 0; at < LEAF.length; at++) {
    for (const mask of [0x01, 0x20, 0x80, 0xff]) {
      const changed = Uint8Array.from(LEAF);
      changed[at] = (changed[at] as number) ^ mask;
      try {
        const certificate = Certificate.parse(changed);
        expect(toHex(certificate.der)).not.toBe(toHex(LEAF));
        expect(String(certificate.subjectText) + nameText(certificate.issuer)).not.toMatch(UNPRINTABLE);
        readAll(certificate);
      } catch (error) {
        if (!isTrustError(error)) throw error;
        expect(error.message).not.toMatch(UNPRINTABLE);
      }
    }
  }
});

describe('a certificate is refused', () => {
  /** The leaf with members of its TBSCertificate replaced; the signature no longer holds, which parsing does not ask. */
  const rebuilt = (change: (members: Uint8Array[]) => Uint8Array[], outer: (members: Uint8Array[]) => Uint8Array[] = (members) => members): Uint8Array => {
    const [tbs, ...rest] = Der.parse(LEAF).children();
    const members = (tbs as Der).children().map(({ raw }) => raw);
    return sequence(...outer([sequence(...change(members)), ...rest.map(({ raw }) => raw)]));
  };
  const extensions =
    (...items: Uint8Array[]) =>
    (members: Uint8Array[]) => [...members.slice(0, -1), encodeDer(0xa3, sequence(...items))];
  const san = (value: Uint8Array) => sequence(encodeDer(TAG.oid, Uint8Array.of(0x55, 0x1d, 0x11)), encodeDer(TAG.octetString, value));

  test.each<[string, Uint8Array]>([
    ['with a byte after it', concat(LEAF, Uint8Array.of(0))],
    [
      'with a fourth member',
      rebuilt(
        (members) => members,
        (members) => [...members, integer(1)],
      ),
    ],
    [
      'without a signature',
      rebuilt(
        (members) => members,
        (members) => members.slice(0, 2),
      ),
    ],
    ['with extensions but version 1', rebuilt((members) => members.slice(1))],
    ['with version 4', rebuilt((members) => [encodeDer(0xa0, integer(3)), ...members.slice(1)])],
    [
      'with two different signature algorithms',
      rebuilt(
        (members) => members,
        ([tbs, , signature]) => [tbs as Uint8Array, sequence(encodeDer(TAG.oid, Uint8Array.of(0x2a, 3))), signature as Uint8Array],
      ),
    ],
    ['with a member after the extensions', rebuilt((members) => [...members, integer(1)])],
    ['with the same extension twice', rebuilt(extensions(san(sequence()), san(sequence())))],
    [
      'with an extension that has four members',
      rebuilt(extensions(sequence(encodeDer(TAG.oid, Uint8Array.of(0x55, 0x1d, 0x11)), encodeDer(TAG.octetString), integer(1)))),
    ],
    ['whose validity has three members', rebuilt((members) => members.with(4, sequence(utcTime(new Date(0)), utcTime(new Date(0)), utcTime(new Date(0)))))],
    ['whose issuer is no name', rebuilt((members) => members.with(3, integer(1)))],
  ])('%s', (_, der) => {
    expect(codeOf(() => Certificate.parse(der))).toBe('CERT_PARSE');
  });

  test('when its key is of a kind nobody uses: with that code, so that others can go on', () => {
    const dsa = sequence(sequence(encodeDer(TAG.oid, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1))), bitString(new Uint8Array(3)));
    expect(codeOf(() => Certificate.parse(rebuilt((members) => members.with(6, dsa))))).toBe('KEY_UNSUPPORTED');
  });
});

describe('key usage', () => {
  const withUsage = (value: Uint8Array) =>
    Certificate.parse(
      instance.sign(utf8('x'), {
        alter: { certified: (fields) => ({ ...fields, extensions: fields.extensions.map((one) => (one.oid === OID.keyUsage ? { ...one, value } : one)) }) },
      }).expected.certificate as Uint8Array,
    );

  test('is read bit by bit', () => {
    const both = withUsage(keyUsage('digitalSignature', 'keyCertSign').value);
    expect([both.allowsUsage('digitalSignature'), both.allowsUsage('keyCertSign'), both.allowsUsage('crlSign')]).toEqual([true, true, false]);
    expect(withUsage(keyUsage('crlSign').value).allowsUsage('digitalSignature')).toBe(false);
  });

  test.each(['03020880', '03020781', '0300', '040180', '030207'])('of malformed bits (%s) is refused', (hex) => {
    expect(codeOf(() => withUsage(Uint8Array.from(Buffer.from(hex, 'hex'))).allowsUsage('digitalSignature'))).toBe('CERT_PARSE');
  });
});

test('names are escaped, cut and never throw', () => {
  expect(nameText(encodeName({ organization: 'o', commonName: 'c\n\u202e' }))).toBe('CN=c\\u000a\\u202e, O=o'.split(', ').join(', '));
  expect(nameText(encodeName())).toBe('(empty name)');
  expect(nameText(Uint8Array.of(1))).toBe('(unreadable name)');
  expect(nameText(encodeName({ commonName: 'x'.repeat(5000) })).length).toBeLessThan(300);
});

test('alternative names are read by kind', () => {
  const certificate = (value: Uint8Array) =>
    Certificate.parse(
      instance.sign(utf8('x'), {
        alter: {
          leaf: (fields) => ({ ...fields, extensions: fields.extensions.map((one) => (one.oid === OID.subjectAlternativeName ? { ...one, value } : one)) }),
        },
      }).expected.certificate as Uint8Array,
    );
  expect(certificate(subjectAltName([{ type: 'username', value: 'user!é' }]).value).subjectAlternativeNames).toEqual([{ kind: 'otherName', value: 'user!é' }]);
  expect(
    certificate(
      subjectAltName([
        { type: 'email', value: 'a@b' },
        { type: 'uri', value: 'https://x' },
      ]).value,
    ).subjectAlternativeNames.map(({ kind }) => kind),
  ).toEqual(['email', 'uri']);
  expect(codeOf(() => certificate(sequence(encodeDer(0x86, Uint8Array.of(0x68, 0x00)))).subjectAlternativeNames)).toBe('CERT_PARSE');
  expect(codeOf(() => certificate(sequence(encodeDer(0x86, utf8('hé')))).subjectAlternativeNames)).toBe('CERT_PARSE');
  expect(codeOf(() => certificate(encodeDer(TAG.set)).subjectAlternativeNames)).toBe('CERT_PARSE');
});

test('PEM files hold one certificate or more, and nothing malformed', () => {
  const [root] = [issueRoot({ name: {}, key: instance.issuer.key, notBefore: new Date(0), notAfter: new Date(1e12) })];
  const pem = encodePem('CERTIFICATE', LEAF) + encodePem('CERTIFICATE', root.certificate);
  expect(parseCertificatesPem(pem)).toHaveLength(2);
  for (const text of ['', 'x', encodePem('PUBLIC KEY', LEAF), `${pem}-----BEGIN CERTIFICATE-----`, encodePem('CERTIFICATE', LEAF.subarray(1))])
    expect(codeOf(() => parseCertificatesPem(text))).toBe('CERT_PARSE');
});

test('signature algorithms are known by OID; SHA-1, MD5, DSA and inherited names are not', () => {
  expect(signatureSchemeOf('1.2.840.10045.4.3.2')).toEqual({ name: 'ecdsa', hash: 'sha256' });
  for (const oid of ['1.2.840.113549.1.1.5', '1.2.840.113549.1.1.4', '1.2.840.10045.4.1', '1.2.840.10040.4.3', 'constructor', ''])
    expect(signatureSchemeOf(oid)).toBeUndefined();
});

test('a leaf is read as the identity it was made for', () => {
  expect(identityOf(leaf)).toMatchObject({ san: { kind: 'uri' }, oidcIssuer: 'https://token.actions.githubusercontent.com' });
  expect(leaf.selfIssued).toBe(false);
});
