/** Digests as the image specification writes them: `sha256:` and 64, or `sha512:` and 128 lower-case hex digits. */
import { createHash, hash } from 'node:crypto';
import type { Body } from './body.ts';
import { refuse } from './refusal.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`;
}

export async function digestOfBody(body: Body, algorithm: DigestAlgorithm): Promise<string> {
  const hasher = createHash(algorithm);
  for await (const chunk of body.read()) hasher.update(chunk);
  return `${algorithm}:${hasher.digest('hex')}`;
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** The algorithm of a digest that a client sent; refuses what is none with DIGEST_INVALID. */
export function algorithmOf(digest: string): DigestAlgorithm {
  if (!isDigest(digest)) return refuse('DIGEST_INVALID', 'the digest is neither sha256 nor sha512 in lower-case hex', { detail: digest });
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
