/** The engine's crypto on `node:crypto`: synchronous, and the fastest there is in Node. */
import { constants, createHash, createPublicKey, hash, KeyObject, type VerifyPublicKeyInput, verify } from 'node:crypto';
import type { CryptoProvider, PublicKey, SignatureScheme } from '@assay/core';

/**
 * Keys that were used before, as OpenSSL holds them. Keys of logs and authorities verify again and again; a signing certificate's key
 * usually once, and for one use passing the bytes costs half of importing first.
 */
const handles = new WeakMap<PublicKey, KeyObject | 'used once'>();

export const nodeCrypto: CryptoProvider = {
  hash(name, data) {
    // A short string and an array of our own cost half of a Buffer, whose memory lies outside the heap; a Merkle path needs dozens.
    return bytesOf(hash(name, data, 'binary'));
  },

  createHasher(name) {
    const hasher = createHash(name);
    return { update: (chunk) => void hasher.update(chunk), digest: () => hasher.digest() };
  },

  isUsable(key) {
    try {
      createPublicKey(spkiInput(key));
      return true;
    } catch {
      return false;
    }
  },

  verify(key, scheme, data, signature) {
    try {
      return verify(digestName(scheme), data, keyInput(key, scheme), signature);
    } catch {
      return false; // an unusable key, or a malformed signature that OpenSSL could simply refuse
    }
  },
};

function bytesOf(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function keyInput(key: PublicKey, scheme: SignatureScheme): KeyObject | VerifyPublicKeyInput {
  const input = handleOf(key);
  if (scheme.name !== 'rsa-pss') return input;
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return input instanceof KeyObject ? { key: input as unknown as Buffer, ...padding } : { ...input, ...padding };
}

function handleOf(key: PublicKey): KeyObject | VerifyPublicKeyInput {
  const known = handles.get(key);
  if (known === undefined) {
    handles.set(key, 'used once');
    return spkiInput(key);
  }
  if (known !== 'used once') return known;
  const handle = createPublicKey(spkiInput(key));
  handles.set(key, handle);
  return handle;
}

function spkiInput(key: PublicKey): VerifyPublicKeyInput {
  return { key: key.spki as Buffer, format: 'der', type: 'spki' };
}

function digestName(scheme: SignatureScheme): string | null {
  return scheme.name === 'ed25519' || scheme.name === 'ed25519ph' ? null : scheme.hash;
}
