/** The provider for browsers and every other runtime with Web Crypto. */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concat, fromHex } from './bytes.ts';
import type { CryptoProvider, HashName, SignatureScheme } from './crypto.ts';
import { coordinateSize, type PublicKey } from './key.ts';
import { parseEcdsaSignature } from './signature.ts';

/** Web Crypto imports a key for one scheme only; keys are imported once per scheme and kept as long as the key lives. */
const imported = new WeakMap<PublicKey, Map<string, Promise<CryptoKey>>>();

export const webCrypto: CryptoProvider = {
  async hash(name, data) {
    return new Uint8Array(await crypto.subtle.digest(WEB_HASH[name], data as Uint8Array<ArrayBuffer>));
  },

  // Web Crypto cannot hash piece by piece.
  createHasher(name) {
    const hasher = { sha256, sha384, sha512 }[name].create();
    return { update: (chunk) => void hasher.update(chunk), digest: () => hasher.digest() };
  },

  async isUsable(key) {
    const scheme: SignatureScheme =
      key.type === 'ec' ? { name: 'ecdsa', hash: 'sha256' } : key.type === 'rsa' ? { name: 'rsa-pkcs1', hash: 'sha256' } : { name: 'ed25519' };
    return importKey(key, scheme).then(
      () => true,
      () => false,
    );
  },

  async verify(key, scheme, data, signature) {
    // A key that cannot be imported (a point off its curve, in a forged certificate) verifies nothing; it is no exception.
    const handle = await importKey(key, scheme).catch(() => undefined);
    if (handle === undefined) return false;
    const bytes = key.type === 'ec' ? toP1363(signature, coordinateSize(key.curve)) : signature;
    return crypto.subtle.verify(verifyParameters(scheme), handle, bytes as Uint8Array<ArrayBuffer>, data as Uint8Array<ArrayBuffer>);
  },
};

function importKey(key: PublicKey, scheme: SignatureScheme): Promise<CryptoKey> {
  const handles = imported.get(key) ?? new Map<string, Promise<CryptoKey>>();
  imported.set(key, handles);
  // ECDSA takes the hash when verifying, RSA when importing.
  const name = scheme.name === 'rsa-pkcs1' || scheme.name === 'rsa-pss' ? `${scheme.name} ${scheme.hash}` : scheme.name;
  const known = handles.get(name);
  if (known !== undefined) return known;
  const handle = crypto.subtle.importKey('spki', key.spki as Uint8Array<ArrayBuffer>, importParameters(key, scheme), false, ['verify']);
  handles.set(name, handle);
  return handle;
}

function importParameters(key: PublicKey, scheme: SignatureScheme): EcKeyImportParams | RsaHashedImportParams | Algorithm {
  if (key.type === 'ec') return { name: 'ECDSA', namedCurve: key.curve };
  if (scheme.name === 'rsa-pkcs1') return { name: 'RSASSA-PKCS1-v1_5', hash: WEB_HASH[scheme.hash] };
  if (scheme.name === 'rsa-pss') return { name: 'RSA-PSS', hash: WEB_HASH[scheme.hash] };
  return { name: 'Ed25519' };
}

function verifyParameters(scheme: SignatureScheme): EcdsaParams | RsaPssParams | Algorithm {
  if (scheme.name === 'ecdsa') return { name: 'ECDSA', hash: WEB_HASH[scheme.hash] };
  if (scheme.name === 'rsa-pkcs1') return { name: 'RSASSA-PKCS1-v1_5' };
  if (scheme.name === 'rsa-pss') return { name: 'RSA-PSS', saltLength: HASH_SIZE[scheme.hash] };
  return { name: 'Ed25519' };
}

/** IEEE P1363 form: r and s at full width, which Web Crypto wants instead of DER. */
function toP1363(signature: Uint8Array, size: number): Uint8Array {
  const { r, s } = parseEcdsaSignature(signature);
  return concat(fromHex(r.toString(16).padStart(2 * size, '0')), fromHex(s.toString(16).padStart(2 * size, '0')));
}

const WEB_HASH: Readonly<Record<HashName, string>> = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };
const HASH_SIZE: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
