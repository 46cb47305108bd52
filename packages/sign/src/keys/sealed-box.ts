/**
 * libsodium's sealed box (`crypto_box_seal`): a message for the owner of an X25519 key, from a sender without one. GitHub takes secrets so.
 *
 *   box   = ephemeral public key (32) ‖ Poly1305 tag (16) ‖ XSalsa20 ciphertext
 *   nonce = BLAKE2b-192(ephemeral public key ‖ recipient's public key)
 *   key   = HSalsa20(X25519(ephemeral secret key, recipient's public key), sixteen zero bytes)
 */
import { concat, utf8 } from '@assay/core';
import { hsalsa, secretbox } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';

/**
 * @param recipient X25519 public key, 32 bytes
 * @param ephemeralSecret fresh for every message; only tests pass one
 */
export function sealBox(message: Uint8Array, recipient: Uint8Array, ephemeralSecret: Uint8Array = x25519.utils.randomSecretKey()): Uint8Array {
  const ephemeral = x25519.getPublicKey(ephemeralSecret);
  return concat(ephemeral, secretbox(boxKey(ephemeralSecret, recipient), boxNonce(ephemeral, recipient)).seal(message));
}

function boxNonce(ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return blake2b(concat(ephemeral, recipient), { dkLen: 24 });
}

function boxKey(secret: Uint8Array, peer: Uint8Array): Uint8Array {
  const key = new Uint32Array(8);
  hsalsa(SIGMA, wordsOf(x25519.getSharedSecret(secret, peer)), new Uint32Array(4), key);
  return new Uint8Array(key.buffer);
}

/** The bytes as words of this machine, as `hsalsa` wants them. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

const SIGMA = wordsOf(utf8('expand 32-byte k'));
