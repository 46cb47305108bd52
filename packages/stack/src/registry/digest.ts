/**
 * Content digests as the image specification writes them: `sha256:` and 64, or `sha512:` and 128 lower-case hex digits. Nothing else becomes a
 * `Digest`, so that one can be part of a path.
 */
import { createHash, type Hash, hash } from 'node:crypto';
import { refuse } from './refusal.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';
export type Digest = `${DigestAlgorithm}:${string}`;

/** Refuses what is none with DIGEST_INVALID. */
export function parseDigest(text: string): Digest {
  return isDigest(text) ? text : refuse('DIGEST_INVALID', 'the digest is neither sha256 nor sha512 in lower-case hex', { detail: text.slice(0, 200) });
}

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

export function isAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}

export function splitDigest(digest: Digest): readonly [algorithm: DigestAlgorithm, hex: string] {
  return [digest.slice(0, 6) as DigestAlgorithm, digest.slice(7)];
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`;
}

/** Of bytes that arrive one after the other. May be copied in the middle. */
export class Hasher {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm, state: Hash = createHash(algorithm)) {
    this.algorithm = algorithm;
    this.#hash = state;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  copy(): Hasher {
    return new Hasher(this.algorithm, this.#hash.copy());
  }

  digest(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest('hex')}`;
  }
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
