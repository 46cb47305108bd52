/**
 * Private keys encrypted with a password, as cosign keeps them (cosign.md section 3).
 *
 *   -----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----            older: ENCRYPTED COSIGN PRIVATE KEY
 *   base64 of {"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":b64(32 bytes)},
 *              "cipher":{"name":"nacl/secretbox","nonce":b64(24 bytes)},
 *              "ciphertext":b64(16 bytes of Poly1305 ‖ XSalsa20 over PKCS#8 DER)}
 *   -----END ENCRYPTED SIGSTORE PRIVATE KEY-----
 *
 * The key of the box is scrypt of the password, 32 bytes. An empty password is legal. Only three cost settings are read: a file that may
 * choose its own could ask for any amount of memory, or for a cost that makes guessing the password cheap.
 */
import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { encodeBase64, encodePem, isTrustError, parseFields, parsePem, quote, TrustError, utf8 } from '@assay/core';

/** PEM text of the encrypted key. `pkcs8` is DER. */
export async function encryptPrivateKey(pkcs8: Uint8Array, password: Uint8Array): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const { secretbox } = await import('@noble/ciphers/salsa.js');
  const ciphertext = secretbox(await deriveKey(password, { salt, cost: DEFAULT_COST }), nonce).seal(pkcs8);
  const document = {
    kdf: { name: KDF, params: { N: DEFAULT_COST, r: BLOCK_SIZE, p: PARALLELISM }, salt: encodeBase64(salt) },
    cipher: { name: CIPHER, nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(ciphertext),
  };
  return encodePem(LABEL, utf8(JSON.stringify(document)));
}

/**
 * PKCS#8 DER. Errors: `KEY_PRIVATE_PARSE` for anything but such a PEM block, `KEY_PASSWORD` when the password does not open it.
 *
 * @example const signer = localSigner(await decryptPrivateKey(pem, utf8('password')));
 */
export async function decryptPrivateKey(pem: string, password: Uint8Array): Promise<Uint8Array> {
  const box = parseEncryptedKey(pem);
  return openBox(box, await deriveKey(password, box));
}

export interface EncryptedKey {
  readonly salt: Uint8Array;
  /** N of scrypt. */
  readonly cost: number;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** Errors: `KEY_PRIVATE_PARSE`. */
export function parseEncryptedKey(pem: string): EncryptedKey {
  const [block] = parsePem(pem).blocks;
  if (block === undefined) throw refusal('invalid pem block');
  if (block.label !== LABEL && block.label !== OLD_LABEL) throw refusal(`unsupported pem type: ${quote(block.label)}`);
  if (block.der.length > MAX_DOCUMENT_BYTES) throw refusal(`decrypt: ${block.der.length} bytes, the cap is ${MAX_DOCUMENT_BYTES}`);
  try {
    return readDocument(block.der);
  } catch (error) {
    throw isTrustError(error) ? refusal(`decrypt: ${error.message}`) : error;
  }
}

function readDocument(json: Uint8Array): EncryptedKey {
  const document = parseFields(json, { what: 'encrypted', parse: 'KEY_PRIVATE_PARSE', shape: 'KEY_PRIVATE_PARSE' });
  const kdf = document.object('kdf');
  const cipher = document.object('cipher');
  const [kdfName, cipherName] = [kdf.string('name'), cipher.string('name')];
  if (kdfName !== KDF) throw refusal(`encrypted: unknown kdf name "${quote(kdfName, 60)}"`);
  if (cipherName !== CIPHER) throw refusal(`encrypted: unknown cipher name "${quote(cipherName, 60)}"`);
  const params = kdf.object('params');
  const [cost, blockSize, parallelism] = ['N', 'r', 'p'].map((name) => Number(params.int64(name)));
  if (cost === undefined || !COSTS.includes(cost) || blockSize !== BLOCK_SIZE || parallelism !== PARALLELISM) throw refusal('unsupported scrypt parameters');
  const salt = kdf.bytes('salt');
  const nonce = cipher.bytes('nonce');
  if (salt.length !== SALT_BYTES) throw refusal('encrypted: incorrect salt size');
  if (nonce.length !== NONCE_BYTES) throw refusal('encrypted: incorrect nonce size');
  return { salt, cost, nonce, ciphertext: document.bytes('ciphertext') };
}

export function deriveKey(password: Uint8Array, { salt, cost }: Pick<EncryptedKey, 'salt' | 'cost'>): Promise<Uint8Array> {
  // OpenSSL counts 128·N·r and some more against a cap that is lower by default.
  const options: ScryptOptions = { N: cost, r: BLOCK_SIZE, p: PARALLELISM, maxmem: 2 * 128 * cost * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BOX_KEY_BYTES, options, (error, key) => (error === null ? resolve(new Uint8Array(key)) : reject(error)));
  });
}

/** Errors: `KEY_PASSWORD`. A wrong password and altered bytes cannot be told apart. */
export async function openBox({ nonce, ciphertext }: EncryptedKey, boxKey: Uint8Array): Promise<Uint8Array> {
  const { secretbox } = await import('@noble/ciphers/salsa.js'); // verifying needs none
  try {
    return secretbox(boxKey, nonce).open(ciphertext);
  } catch {
    throw new TrustError('KEY_PASSWORD', 'decrypt: encrypted: decryption failed');
  }
}

function refusal(message: string): TrustError {
  return new TrustError('KEY_PRIVATE_PARSE', message);
}

const LABEL = 'ENCRYPTED SIGSTORE PRIVATE KEY';
const OLD_LABEL = 'ENCRYPTED COSIGN PRIVATE KEY';
const KDF = 'scrypt';
const CIPHER = 'nacl/secretbox';
const COSTS = [32768, 65536, 131072];
const DEFAULT_COST = 65536;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const BOX_KEY_BYTES = 32;
/** An encrypted RSA 8192 key is a tenth of it. */
const MAX_DOCUMENT_BYTES = 64 * 1024;
