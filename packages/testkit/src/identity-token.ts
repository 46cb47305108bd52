/** Identity tokens as issuers sign them: RS256, which is the one algorithm that every client of the field takes. */
import { utf8 } from '@assay/core';
import { DEFAULT_CLAIMS } from './claims.ts';
import { DEFAULT_NOW } from './instance.ts';
import { keyFor } from './key-pool.ts';

/** A person who logged in with an e-mail address. */
export const PERSON = {
  iss: 'https://accounts.testkit.example',
  sub: 'ChUxMDc2NTQzMjE',
  email: 'someone@testkit.example',
  email_verified: true,
} as const;

export interface TokenOptions {
  /** When it was made; the instances' default now. It expires ten minutes later. */
  readonly now?: Date;
}

/** A token of the GitHub workflow that signs by default, with these claims over its own. */
export function workflowToken(claims: object = {}, options: TokenOptions = {}): string {
  return identityToken({ ...DEFAULT_CLAIMS, ...claims }, options);
}

/** A token of `PERSON`, with these claims over her own. */
export function personToken(claims: object = {}, options: TokenOptions = {}): string {
  return identityToken({ ...PERSON, ...claims }, options);
}

function identityToken(claims: object, { now = DEFAULT_NOW }: TokenOptions): string {
  const seconds = Math.floor(now.getTime() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'testkit' })}.${part({ aud: 'sigstore', iat: seconds, exp: seconds + LIFETIME_SECONDS, ...claims })}`;
  return `${signed}.${Buffer.from(tokenKey().sign(utf8(signed))).toString('base64url')}`;
}

/** Of the issuers of all tokens here. */
export function tokenKey() {
  return keyFor('identity tokens', 'rsa2048');
}

const LIFETIME_SECONDS = 600;
