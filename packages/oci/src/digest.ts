/**
 * Content digests, `ALGORITHM:HEX` (OCI image specification, "Digests"), and streams that are checked against one while they arrive.
 *
 * Only sha256 and sha512 are registered, and hex is lower case: a second spelling of one digest would be a second identity.
 */
import { createHash, type Hash } from 'node:crypto';
import { quote, TrustError } from '@assay/core';

export type Digest = `${'sha256' | 'sha512'}:${string}`;

/** Errors: `OCI_DIGEST`. */
export function toDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new TrustError('OCI_DIGEST', `not a digest: ${quote(text)}`, { expected: 'sha256: and 64 lower-case hex digits, or sha512: and 128' });
}

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export interface Expected {
  readonly digest: Digest;
  /** Bytes. Not compared when unknown. */
  readonly size?: number | undefined;
}

/**
 * Passes `chunks` on, and throws when they are not what was expected. The last chunk is held back until size and digest are known to be right, so
 * that whoever writes them on never completes something wrong.
 *
 * Errors: `OCI_DIGEST_MISMATCH`, `OCI_SIZE_MISMATCH`.
 */
export async function* verified(chunks: AsyncIterable<Uint8Array>, expected: Expected, what: string): AsyncGenerator<Uint8Array, void, void> {
  const hash = hasherFor(expected.digest);
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    // Holding back an empty one would hold back nothing.
    if (chunk.length === 0) continue;
    size += chunk.length;
    if (expected.size !== undefined && size > expected.size) throw sizeMismatch(what, expected.size, `more than ${expected.size} bytes`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  checkEnd(hash, size, expected, what);
  if (held !== undefined) yield held;
}

/** The same for bytes at hand. */
export function checkBytes(bytes: Uint8Array, expected: Expected, what: string): void {
  checkEnd(hasherFor(expected.digest).update(bytes), bytes.length, expected, what);
}

function checkEnd(hash: Hash, size: number, expected: Expected, what: string): void {
  if (expected.size !== undefined && size !== expected.size) throw sizeMismatch(what, expected.size, `${size} bytes`);
  const found = `${algorithmOf(expected.digest)}:${hash.digest('hex')}`;
  if (found === expected.digest) return;
  throw new TrustError('OCI_DIGEST_MISMATCH', `${what}: the content is not what its digest says`, { expected: expected.digest, found });
}

function sizeMismatch(what: string, expected: number, found: string): TrustError {
  return new TrustError('OCI_SIZE_MISMATCH', `${what}: the content is not of the size its descriptor says`, { expected: `${expected} bytes`, found });
}

function hasherFor(digest: Digest): Hash {
  return createHash(algorithmOf(digest));
}

function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
