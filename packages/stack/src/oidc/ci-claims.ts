/** What the emulated build services have in common: values that are asked for, values that follow from them, and made-up ones that stay the same. */
import { createHash } from 'node:crypto';
import { quote, TrustError } from '@assay/core';

export type Claims = Readonly<Record<string, string | number | boolean>>;

/** Claims that the caller sets in place of the defaults, by their name in the token. */
export type ClaimOverrides = Readonly<Record<string, string | number>>;

/**
 * Errors: `USAGE` for claims that a caller must not set: those of every token, and `email`, by which clients would take the token for one of
 * a person (services.md section 2).
 */
export function checkOverrides(claims: ClaimOverrides): ClaimOverrides {
  const reserved = Object.keys(claims).find((name) => RESERVED.has(name));
  if (reserved !== undefined) throw new TrustError('USAGE', `the claim ${reserved} cannot be set`);
  return claims;
}

export function requirePattern(what: string, value: string, pattern: RegExp, expected: string): string {
  if (value.length <= MAX_LENGTH && pattern.test(value)) return value;
  throw new TrustError('USAGE', `not a ${what}: ${quote(value)}`, { expected });
}

/** The same for the same name, so that two tokens of one repository agree. */
export function madeUpId(name: string): string {
  return String(digest(name).readUInt32BE() % 1_000_000_000);
}

export function madeUpCommit(name: string): string {
  return digest(name).toString('hex', 0, 20);
}

function digest(name: string): Buffer {
  return createHash('sha256').update(name).digest();
}

/** As git has them: no space, no control character, nothing that a shell or a URL would take for more. */
export const REF_NAME = '(?!.*\\.\\.)[A-Za-z0-9_][A-Za-z0-9._/@+-]*';

const RESERVED: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'email', 'email_verified']);
const MAX_LENGTH = 512;
