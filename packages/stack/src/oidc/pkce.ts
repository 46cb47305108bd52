/**
 * Proof Key for Code Exchange (RFC 7636), S256 alone: with `plain`, or without it, whoever sees the code in a browser's history or a log has
 * the login.
 *
 *   code_challenge = BASE64URL(SHA-256(code_verifier)), code_verifier = 43 to 128 of [A-Za-z0-9-._~]
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { utf8 } from '@assay/core';
import { OAuthError } from './oauth-error.ts';
import type { Parameters } from './parameters.ts';

/** The challenge, or undefined when there is none. Throws `OAuthError` `invalid_request` for any method but S256. */
export function readChallenge(parameters: Parameters): string | undefined {
  const challenge = parameters.optional('code_challenge');
  const method = parameters.optional('code_challenge_method');
  if (challenge === undefined && method === undefined) return undefined;
  if (method !== 'S256') throw new OAuthError('invalid_request', 'code_challenge_method must be S256');
  if (challenge === undefined || !CHALLENGE.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge must be 43 characters of base64url');
  return challenge;
}

/** Throws `OAuthError` `invalid_grant`. A verifier where no challenge was made is refused as well: somebody took the challenge away (RFC 9700 section 4.8). */
export function verifyPkce(challenge: string | undefined, parameters: Parameters): void {
  const verifier = parameters.optional('code_verifier');
  if (challenge === undefined && verifier === undefined) return;
  if (challenge === undefined) throw new OAuthError('invalid_grant', 'code_verifier is given, but there was no code_challenge');
  if (verifier === undefined) throw new OAuthError('invalid_grant', 'code_verifier is missing');
  if (!VERIFIER.test(verifier)) throw new OAuthError('invalid_grant', 'code_verifier must be 43 to 128 unreserved characters');
  const found = createHash('sha256').update(verifier).digest('base64url');
  if (!timingSafeEqual(utf8(found), utf8(challenge))) throw new OAuthError('invalid_grant', 'code_verifier does not belong to the code_challenge');
}

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
