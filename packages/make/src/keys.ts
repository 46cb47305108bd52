/**
 * Signing keys: ECDSA P-256, P-384, P-521, RSA 2048 to 4096, Ed25519.
 *
 * A `SigningKey` knows its SubjectPublicKeyInfo, the name the trusted root has for it (`keyDetails`, verification.md
 * section 3) and how to sign. ECDSA signatures are DER, RSA ones PKCS#1 v1.5 (PSS for the `rsa-pss` types).
 */
import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { decodeBase64, encodePem, type HashName } from '@assay/core';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { nullValue, oid, sequence } from './der-write.ts';
import { OID } from './oids.ts';

export type KeyType = 'p256' | 'p384' | 'p521' | 'rsa2048' | 'rsa3072' | 'rsa4096' | 'rsa-pss2048' | 'ed25519';

interface KeyProfile {
  readonly keyDetails: string;
  readonly hash: HashName;
}

const PROFILES: Readonly<Record<KeyType, KeyProfile>> = {
  p256: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', hash: 'sha256' },
  p384: { keyDetails: 'PKIX_ECDSA_P384_SHA_384', hash: 'sha384' },
  p521: { keyDetails: 'PKIX_ECDSA_P521_SHA_512', hash: 'sha512' },
  rsa2048: { keyDetails: 'PKIX_RSA_PKCS1V15_2048_SHA256', hash: 'sha256' },
  rsa3072: { keyDetails: 'PKIX_RSA_PKCS1V15_3072_SHA256', hash: 'sha256' },
  rsa4096: { keyDetails: 'PKIX_RSA_PKCS1V15_4096_SHA256', hash: 'sha256' },
  'rsa-pss2048': { keyDetails: 'PKIX_RSA_PSS_2048_SHA256', hash: 'sha256' },
  ed25519: { keyDetails: 'PKIX_ED25519', hash: 'sha512' },
};

/** How long a PSS salt is for every `PKIX_RSA_PSS_*_SHA256` key (verification.md section 3). */
const PSS_SALT_BYTES = 32;

export function generateKey(type: KeyType): SigningKey {
  return new SigningKey(type, generatePrivateKey(type));
}

function generatePrivateKey(type: KeyType): KeyObject {
  switch (type) {
    case 'p256':
    case 'p384':
    case 'p521':
      return generateKeyPairSync('ec', { namedCurve: CURVES[type] }).privateKey;
    case 'rsa2048':
    case 'rsa-pss2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'rsa3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
    case 'rsa4096':
      return generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}

const CURVES = { p256: 'prime256v1', p384: 'secp384r1', p521: 'secp521r1' } as const;

/** A key from PKCS#8 (or SEC 1, PKCS#1) PEM. Throws `TypeError` for types that nothing of the field accepts. */
export function importKey(pem: string): SigningKey {
  const key = createPrivateKey(pem);
  return new SigningKey(typeOf(key), key);
}

function typeOf(key: KeyObject): KeyType {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const type = (Object.keys(CURVES) as (keyof typeof CURVES)[]).find((name) => CURVES[name] === namedCurve);
      if (type !== undefined) return type;
      break;
    }
    case 'rsa':
      if (modulusLength === 2048 || modulusLength === 3072 || modulusLength === 4096) return `rsa${modulusLength}`;
      break;
    case 'ed25519':
      return 'ed25519';
  }
  throw new TypeError(`unsupported key type: ${key.asymmetricKeyType} ${namedCurve ?? modulusLength ?? ''}`);
}

export class SigningKey {
  readonly type: KeyType;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** The name in the trusted root, e.g. `PKIX_ECDSA_P256_SHA_256`. */
  readonly keyDetails: string;
  /** The hash that goes with the key; for Ed25519 the one of its pre-hashed form. */
  readonly hash: HashName;
  readonly #privateKey: KeyObject;

  constructor(type: KeyType, privateKey: KeyObject) {
    this.type = type;
    this.#privateKey = privateKey;
    this.spki = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
    this.keyDetails = PROFILES[type].keyDetails;
    this.hash = PROFILES[type].hash;
  }

  get isEcdsa(): boolean {
    return this.type === 'p256' || this.type === 'p384' || this.type === 'p521';
  }

  /** Signs `data`, hashed with `hash`; Ed25519 is pure and ignores it. */
  sign(data: Uint8Array, hash: HashName = this.hash): Uint8Array<ArrayBuffer> {
    switch (this.type) {
      case 'ed25519':
        return new Uint8Array(sign(null, data, this.#privateKey));
      case 'rsa-pss2048':
        return new Uint8Array(sign(hash, data, { key: this.#privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES }));
      default:
        return new Uint8Array(sign(hash, data, this.#privateKey));
    }
  }

  /**
   * Signs an artifact as clients do (verification.md section 13): as `sign`, but Ed25519 pre-hashed (RFC 8032 section
   * 5.1, empty context), which Node does not offer.
   */
  signMessage(data: Uint8Array, hash: HashName = this.hash): Uint8Array<ArrayBuffer> {
    if (this.type !== 'ed25519') return this.sign(data, hash);
    const { d = '' } = this.#privateKey.export({ format: 'jwk' });
    const seed = decodeBase64(`${d.replaceAll('-', '+').replaceAll('_', '/')}=`) as Uint8Array;
    return new Uint8Array(ed25519ph.sign(data, seed));
  }

  /** PEM `PUBLIC KEY`. */
  get publicPem(): string {
    return encodePem('PUBLIC KEY', this.spki);
  }

  /** PKCS#8 PEM, for storing. */
  exportPrivatePem(): string {
    return this.#privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  }
}

/** The AlgorithmIdentifier of signatures that `key` makes with `hash`. */
export function signatureAlgorithm(key: SigningKey, hash: HashName = key.hash): Uint8Array<ArrayBuffer> {
  if (key.type === 'ed25519') return sequence(oid(OID.ed25519));
  if (key.type === 'rsa-pss2048') throw new TypeError('certificates and timestamps are not signed with PSS here');
  // RFC 8017 wants NULL parameters, RFC 5758 wants none.
  return key.isEcdsa ? sequence(oid(ECDSA_OIDS[hash])) : sequence(oid(RSA_OIDS[hash]), nullValue());
}

const ECDSA_OIDS = { sha256: OID.ecdsaWithSha256, sha384: OID.ecdsaWithSha384, sha512: OID.ecdsaWithSha512 } as const;
const RSA_OIDS = { sha256: OID.sha256WithRsa, sha384: OID.sha384WithRsa, sha512: OID.sha512WithRsa } as const;

/** The AlgorithmIdentifier of a hash, without parameters (RFC 5754 section 2). */
export function hashAlgorithm(hash: HashName | 'sha1'): Uint8Array<ArrayBuffer> {
  return sequence(oid(OID[hash]));
}
