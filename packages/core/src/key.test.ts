import { generateKeyPairSync } from 'node:crypto';
import { nodeCrypto } from '@assay/crypto-node';
import { bitString, integer, nullValue, oid, sequence } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { concat, fromHex, toHex } from './bytes.ts';
import { defaultScheme, ed25519Spki, keyDetails, keyFingerprint, keyText, type PublicKey, parsePkcs1, parsePublicKeyPem, parseSpki } from './key.ts';
import { KEY_DETAILS_NUMBERS, parseDetailedKey, schemeOfDetails } from './key-details.ts';
import { encodePem } from './pem.ts';
import { webCrypto } from './webcrypto.ts';

const ec = (namedCurve: string) => new Uint8Array(generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' }));
const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RSA = new Uint8Array(rsaPair.publicKey.export({ type: 'spki', format: 'der' }));
const PKCS1 = new Uint8Array(rsaPair.publicKey.export({ type: 'pkcs1', format: 'der' }));
const ED25519 = new Uint8Array(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }));
const P256 = ec('prime256v1');

const EC_OID = oid('1.2.840.10045.2.1');
const RSA_OID = oid('1.2.840.113549.1.1.1');
const P256_OID = oid('1.2.840.10045.3.1.7');
const spki = (algorithm: readonly Uint8Array[], key: Uint8Array) => sequence(sequence(...algorithm), bitString(key));
const point = (parseSpki(P256) as Extract<PublicKey, { type: 'ec' }>).point;
const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array) => spki([RSA_OID, nullValue()], sequence(modulus, exponent));
/** An odd number of so many bits. */
const bigOdd = (bits: number) => integer(fromHex(((1n << BigInt(bits - 1)) + 1n).toString(16).padStart(2 * Math.ceil(bits / 8), '0')));
const E = integer(65537);

describe('a key', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['P-256', P256, 'P-256', 'PKIX_ECDSA_P256_SHA_256'],
    ['P-384', ec('secp384r1'), 'P-384', 'PKIX_ECDSA_P384_SHA_384'],
    ['P-521', ec('secp521r1'), 'P-521', 'PKIX_ECDSA_P521_SHA_512'],
    ['RSA 2048', RSA, 'RSA 2048', 'PKIX_RSA_PKCS1V15_2048_SHA256'],
    ['Ed25519', ED25519, 'Ed25519', 'PKIX_ED25519'],
  ])('of type %s is read, named and usable', async (_, der, text, details) => {
    const key = parsePublicKeyPem(encodePem('PUBLIC KEY', der));
    expect([keyText(key), keyDetails(key), schemeOfDetails(details)]).toEqual([text, details, defaultScheme(key)]);
    expect([await nodeCrypto.isUsable(key), await webCrypto.isUsable(key)]).toEqual([true, true]);
    expect((await keyFingerprint(nodeCrypto, key)).length).toBe(64);
  });

  test('in PKCS#1 becomes the SPKI that OpenSSL writes', () => {
    expect(toHex(parsePkcs1(PKCS1).spki)).toBe(toHex(RSA));
    expect(toHex(parsePublicKeyPem(encodePem('RSA PUBLIC KEY', PKCS1)).spki)).toBe(toHex(RSA));
  });

  test('of Ed25519 round trips through its raw form', () => {
    const key = parseSpki(ED25519);
    expect(key.type === 'ed25519' && toHex(ed25519Spki(key.raw))).toBe(toHex(ED25519));
  });
});

describe('malformed:', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['truncated', P256.subarray(0, -1)],
    ['a byte too many', concat(P256, Uint8Array.of(0))],
    ['a compressed point', spki([EC_OID, P256_OID], concat(Uint8Array.of(2), point.subarray(1, 33)))],
    ['the point at infinity', spki([EC_OID, P256_OID], Uint8Array.of(0))],
    ['a hybrid point', spki([EC_OID, P256_OID], concat(Uint8Array.of(6), point.subarray(1)))],
    ['a point of 64 bytes', spki([EC_OID, P256_OID], point.subarray(0, 64))],
    ['a P-256 point said to be P-384', spki([EC_OID, oid('1.3.132.0.34')], point)],
    ['explicit curve parameters', spki([EC_OID, sequence(integer(1))], point)],
    ['no curve', spki([EC_OID], point)],
    ['a value after the curve', spki([EC_OID, P256_OID, nullValue()], point)],
    ['a value after the key', sequence(sequence(EC_OID, P256_OID), bitString(point), nullValue())],
    ['a key that is no BIT STRING', sequence(sequence(EC_OID, P256_OID), integer(1))],
    ['an Ed25519 key of 31 bytes', spki([oid('1.3.101.112')], new Uint8Array(31))],
    ['an Ed25519 key with parameters', spki([oid('1.3.101.112'), nullValue()], new Uint8Array(32))],
    ['an RSA key without parameters', spki([RSA_OID], PKCS1)],
    ['an RSA key with other parameters', spki([RSA_OID, integer(1)], PKCS1)],
    ['an even modulus', rsaSpki(bigEven(2048), E)],
    ['a negative modulus', rsaSpki(negative(256), E)],
    ['exponent 1', rsaSpki(bigOdd(2048), integer(1))],
    ['an even exponent', rsaSpki(bigOdd(2048), integer(65536))],
    ['a third RSA value', spki([RSA_OID, nullValue()], sequence(bigOdd(2048), E, E))],
  ])('%s', (_, der) => {
    expect(codeOf(() => parseSpki(der))).toBe('KEY_PARSE');
    expect(codeOf(() => parseSpki(der, 'CERT_PARSE'))).toBe('CERT_PARSE');
  });

  function bigEven(bits: number): Uint8Array {
    return integer(fromHex((1n << BigInt(bits - 1)).toString(16).padStart(bits / 4, '0')));
  }
  function negative(bytes: number): Uint8Array {
    return concat(fromHex('02820100'), new Uint8Array(bytes).fill(0xff).fill(0x80, 0, 1));
  }
});

describe('not supported:', () => {
  test.each<[string, Uint8Array]>([
    ['RSA 1024', rsaSpki(bigOdd(1024), E)],
    ['RSA 2047', rsaSpki(bigOdd(2047), E)],
    ['RSA 8200', rsaSpki(bigOdd(8200), E)],
    ['RSA of a million bytes, refused before computing with it', rsaSpki(integer(new Uint8Array(1_000_000).fill(0xff)), E)],
    ['an RSA exponent beyond 32 bits: platforms disagree about them', rsaSpki(bigOdd(2048), integer(2n ** 33n + 1n))],
    ['secp256k1', ec('secp256k1')],
    ['P-224', ec('secp224r1')],
    ['Ed448', new Uint8Array(generateKeyPairSync('ed448').publicKey.export({ type: 'spki', format: 'der' }))],
    ['X25519', new Uint8Array(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }))],
    ['DSA', spki([oid('1.2.840.10040.4.1'), sequence(integer(1))], integer(1))],
    ['RSA-PSS keys', new Uint8Array(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' }))],
  ])('%s', (_, der) => {
    expect(codeOf(() => parseSpki(der))).toBe('KEY_UNSUPPORTED');
  });
});

describe('a PEM text', () => {
  const privateKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

  test.each([
    ['PKCS#8', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['SEC 1', privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['cosign', encodePem('ENCRYPTED SIGSTORE PRIVATE KEY', new Uint8Array(8))],
  ])('with a private key (%s) is refused with advice to keep it secret', (_, pem) => {
    expect(() => parsePublicKeyPem(pem)).toThrow(expect.objectContaining({ code: 'KEY_PARSE', hint: expect.stringContaining('keep it secret') }));
  });

  test.each([
    ['nothing', ''],
    ['a certificate', encodePem('CERTIFICATE', P256)],
    ['a block without end', encodePem('PUBLIC KEY', P256).slice(0, -10)],
    ['no PEM', 'ssh-ed25519 AAAA'],
  ])('with %s is refused', (_, pem) => {
    expect(codeOf(() => parsePublicKeyPem(pem))).toBe('KEY_PARSE');
  });
});

describe('a point off its curve', () => {
  const off = parseSpki(spki([EC_OID, P256_OID], concat(point.subarray(0, 64), Uint8Array.of((point[64] as number) ^ 1))));
  const signature = sequence(integer(1), integer(1));

  test.each([
    ['node:crypto', nodeCrypto],
    ['Web Crypto', webCrypto],
  ])('is not usable, and verifies nothing, without an exception (%s)', async (_, crypto) => {
    expect(await crypto.isUsable(off)).toBe(false);
    expect(await crypto.verify(off, { name: 'ecdsa', hash: 'sha256' }, new Uint8Array(3), signature)).toBe(false);
  });
});

describe('key details', () => {
  const refuse = (problem: string): never => {
    throw new TypeError(problem);
  };

  test('have a name for every number, and a scheme or a refusal for every name', () => {
    const names = Object.values(KEY_DETAILS_NUMBERS);
    expect([names.length, new Set(names).size]).toEqual([23, 23]);
    for (const name of names) {
      const refused = /^(?:LMS|LMOTS|ML_DSA)/.test(name);
      if (refused) expect(parseDetailedKey(new Uint8Array(0), name, refuse)).toMatchObject({ usable: false });
      expect(schemeOfDetails(name) === undefined).toBe(refused);
    }
  });

  test.each([
    ['PKIX_ECDSA_P384_SHA_384', P256],
    ['PKIX_RSA_PKCS1V15_2048_SHA256', P256],
    ['PKIX_ED25519', RSA],
    ['PKIX_ECDSA_P256_SHA_256', ED25519],
  ])('%s does not take a key of another type', (details, der) => {
    expect(() => parseDetailedKey(der, details, refuse)).toThrow('is not what');
  });

  test.each(['', 'constructor', 'toString', '__proto__', 'PKIX_ECDSA_P256_SHA_257', 'pkix_ed25519'])('%j are unknown', (details) => {
    expect(() => parseDetailedKey(P256, details, refuse)).toThrow('unknown key details');
    expect(schemeOfDetails(details)).toBeUndefined();
  });

  test('take PKCS#1 bytes only where they say so', () => {
    expect(parseDetailedKey(PKCS1, 'PKCS1_RSA_PKCS1V5', refuse)).toMatchObject({ usable: true, scheme: { name: 'rsa-pkcs1', hash: 'sha256' } });
    expect(codeOf(() => parseDetailedKey(RSA, 'PKCS1_RSA_PKCS1V5', refuse))).toBe('TRUST_ROOT_SHAPE');
    expect(codeOf(() => parseDetailedKey(PKCS1, 'PKIX_RSA_PKCS1V5', refuse))).toBe('TRUST_ROOT_SHAPE');
  });
});
