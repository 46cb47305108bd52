/**
 * Public keys: SubjectPublicKeyInfo (RFC 5480, 8017, 8410) to a typed value.
 *
 *   SEQUENCE { SEQUENCE { algorithm OID, parameters }, BIT STRING key }
 *
 * Whether a point lies on its curve is for the crypto provider (`isUsable`); sizes and encodings are settled here.
 */

import { concat, toHex } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import type { CryptoProvider, HashName, SignatureScheme } from './crypto.ts';
import { Der, encodeDer, TAG, withDerErrors } from './der.ts';
import { quote, TrustError } from './errors.ts';
import { parsePem } from './pem.ts';

export type Curve = 'P-256' | 'P-384' | 'P-521';

export type PublicKey =
  | { readonly type: 'ec'; readonly curve: Curve; readonly spki: Uint8Array; readonly point: Uint8Array }
  | { readonly type: 'rsa'; readonly bits: number; readonly spki: Uint8Array; readonly modulus: bigint; readonly exponent: bigint }
  | { readonly type: 'ed25519'; readonly spki: Uint8Array; readonly raw: Uint8Array };

/** Errors: the given code (default `KEY_PARSE`) when malformed, `KEY_UNSUPPORTED` for other algorithms. */
export function parseSpki(spki: Uint8Array, code: ErrorCode = 'KEY_PARSE'): PublicKey {
  return withDerErrors(code, 'public key', () => {
    const outer = Der.parse(spki).sequence('public key');
    const algorithm = outer.next('algorithm').sequence('algorithm');
    const oid = algorithm.next('identifier').oid('algorithm');
    const parameters = algorithm.optionalAny();
    algorithm.end();
    const key = outer.next('key').bitStringBytes('key');
    outer.end();
    // Libraries differ about missing and superfluous parameters, and a key must mean the same everywhere.
    switch (oid) {
      case OID_EC:
        if (parameters === undefined) throw new TrustError(code, 'public key: no curve');
        return ecKey(spki, parameters.oid('curve'), key, code);
      case OID_RSA:
        if (parameters?.tag !== TAG.null) throw new TrustError(code, 'public key: an RSA key has NULL parameters');
        return rsaKey(spki, key, code);
      case OID_ED25519:
        if (parameters !== undefined) throw new TrustError(code, 'public key: an Ed25519 key has no parameters');
        if (key.length !== 32) throw new TrustError(code, `public key: an Ed25519 key has 32 bytes, found ${key.length}`);
        return { type: 'ed25519', spki, raw: key };
      default:
        throw new TrustError('KEY_UNSUPPORTED', `public key: algorithm ${oid} is not supported`);
    }
  });
}

function ecKey(spki: Uint8Array, curveOid: string, point: Uint8Array, code: ErrorCode): PublicKey {
  const curve = CURVES[curveOid];
  if (curve === undefined) throw new TrustError('KEY_UNSUPPORTED', `public key: curve ${curveOid} is not supported`);
  const expected = 1 + 2 * coordinateSize(curve);
  if (point[0] !== 4 || point.length !== expected) {
    throw new TrustError(
      code,
      `public key: expected an uncompressed ${curve} point of ${expected} bytes, found ${point.length} bytes starting ${toHex(point.subarray(0, 1))}`,
    );
  }
  return { type: 'ec', curve, spki, point };
}

function rsaKey(spki: Uint8Array, pkcs1: Uint8Array, code: ErrorCode): PublicKey {
  const inner = Der.parse(pkcs1).sequence('RSA key');
  const modulusBytes = inner.next('modulus').integerBytes('modulus');
  const exponentBytes = inner.next('exponent').integerBytes('exponent');
  inner.end();
  if ([modulusBytes, exponentBytes].some((bytes) => (bytes[0] as number) >= 0x80)) throw new TrustError(code, 'public key: a negative RSA value');
  // Before computing with them: huge values are an attack. Chromium takes exponents up to 33 bits, OpenSSL larger ones.
  if (significantBytes(modulusBytes) > MAX_MODULUS_BYTES) throw unsupportedModulus(8 * significantBytes(modulusBytes));
  if (significantBytes(exponentBytes) > MAX_EXPONENT_BYTES) throw new TrustError('KEY_UNSUPPORTED', 'public key: the RSA exponent has more than 32 bits');
  const modulus = unsigned(modulusBytes);
  const exponent = unsigned(exponentBytes);
  const bits = modulus.toString(2).length;
  if (bits < 2048 || bits > 8192) throw unsupportedModulus(bits);
  if (exponent < 3n || exponent % 2n === 0n || modulus % 2n === 0n) throw new TrustError(code, 'public key: unsound RSA key');
  return { type: 'rsa', bits, spki, modulus, exponent };
}

function unsupportedModulus(bits: number): TrustError {
  return new TrustError('KEY_UNSUPPORTED', `public key: RSA keys of 2048 to 8192 bits are supported, found ${bits}`);
}

function unsigned(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

/** Without the zero byte that keeps an INTEGER positive. */
function significantBytes(integer: Uint8Array): number {
  return integer[0] === 0 ? integer.length - 1 : integer.length;
}

const MAX_MODULUS_BYTES = 8192 / 8;
const MAX_EXPONENT_BYTES = 4;

/** A PEM file with one `PUBLIC KEY` (or the older `RSA PUBLIC KEY`). Errors: `KEY_PARSE`, `KEY_UNSUPPORTED`. */
export function parsePublicKeyPem(text: string): PublicKey {
  const { blocks, malformed } = parsePem(text);
  if (malformed) throw new TrustError('KEY_PARSE', 'public key: malformed PEM');
  const [block] = blocks;
  if (block === undefined) throw new TrustError('KEY_PARSE', 'public key: no PEM block found');
  if (block.label === 'PUBLIC KEY') return parseSpki(block.der);
  if (block.label === 'RSA PUBLIC KEY') return parsePkcs1(block.der);
  throw new TrustError('KEY_PARSE', `public key: expected a PEM block PUBLIC KEY, found ${quote(block.label, 60)}`, {
    hint: block.label.includes('PRIVATE') ? 'this is a private key: keep it secret, and pass the public one' : 'pass a PEM PUBLIC KEY file',
  });
}

/** PKCS#1 RSAPublicKey, as old CT log keys come: wrapped into SPKI, over which the log id is computed. */
export function parsePkcs1(pkcs1: Uint8Array, code: ErrorCode = 'KEY_PARSE'): PublicKey {
  return parseSpki(encodeDer(TAG.sequence, RSA_ALGORITHM, encodeDer(TAG.bitString, Uint8Array.of(0), pkcs1)), code);
}

export function coordinateSize(curve: Curve): number {
  return { 'P-256': 32, 'P-384': 48, 'P-521': 66 }[curve];
}

/** The scheme a key signs with by default (verification.md section 13), for messages and logs alike. */
export function defaultScheme(key: PublicKey): SignatureScheme {
  if (key.type === 'ed25519') return { name: 'ed25519' };
  if (key.type === 'rsa') return { name: 'rsa-pkcs1', hash: 'sha256' };
  return { name: 'ecdsa', hash: CURVE_HASH[key.curve] };
}

/** The PublicKeyDetails name of a key with its default hash (verification.md section 3). */
export function keyDetails(key: PublicKey): string {
  if (key.type === 'ed25519') return 'PKIX_ED25519';
  if (key.type === 'rsa') return `PKIX_RSA_PKCS1V15_${key.bits}_SHA256`;
  return { 'P-256': 'PKIX_ECDSA_P256_SHA_256', 'P-384': 'PKIX_ECDSA_P384_SHA_384', 'P-521': 'PKIX_ECDSA_P521_SHA_512' }[key.curve];
}

/** `P-256`, `RSA 2048`, `Ed25519`: for messages. */
export function keyText(key: PublicKey): string {
  if (key.type === 'ec') return key.curve;
  return key.type === 'rsa' ? `RSA ${key.bits}` : 'Ed25519';
}

/** SHA-256 of the SubjectPublicKeyInfo, hex: the name under which keys are shown, and the log id of Rekor v1 and CT. */
export async function keyFingerprint(crypto: CryptoProvider, key: PublicKey): Promise<string> {
  return toHex(await crypto.hash('sha256', key.spki));
}

/** SPKI of a raw Ed25519 key. */
export function ed25519Spki(raw: Uint8Array): Uint8Array {
  return concat(ED25519_PREFIX, raw);
}

const OID_EC = '1.2.840.10045.2.1';
const OID_RSA = '1.2.840.113549.1.1.1';
const OID_ED25519 = '1.3.101.112';
const CURVES: Readonly<Record<string, Curve>> = { '1.2.840.10045.3.1.7': 'P-256', '1.3.132.0.34': 'P-384', '1.3.132.0.35': 'P-521' };
const CURVE_HASH: Readonly<Record<Curve, HashName>> = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' };
// SEQUENCE { OID 1.2.840.113549.1.1.1, NULL }
const RSA_ALGORITHM = Uint8Array.of(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00);
// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }
const ED25519_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
