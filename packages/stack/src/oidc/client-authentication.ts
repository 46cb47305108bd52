/**
 * Which client is asking (RFC 6749 section 2.3). There is one, it is public, and so it has no secret to prove: Go's clients try HTTP Basic with
 * an empty password first, sigstore-python sends nothing else, and others put `client_id` into the form.
 */
import { decodeBase64, decodeUtf8 } from '@assay/core';
import { AUDIENCE } from './mint-token.ts';
import { OAuthError } from './oauth-error.ts';
import type { Parameters } from './parameters.ts';

/** Whether the client said who it is. Throws `OAuthError` `invalid_client` 401 when it is another one, or has a secret. */
export function namesClient(authorization: string | undefined, form: Parameters): boolean {
  const headers = authorization === undefined ? {} : { 'WWW-Authenticate': 'Basic realm="oidc"' };
  const refusal = (description: string): OAuthError => new OAuthError('invalid_client', description, { status: 401, headers });
  const basic = authorization === undefined ? undefined : readBasic(authorization);
  if (authorization !== undefined && basic === undefined) throw refusal('the Authorization header must be Basic');
  const fromForm = form.optional('client_id');
  const names = [basic?.name, fromForm].filter((name) => name !== undefined);
  if (names.some((name) => name !== AUDIENCE)) throw refusal(`the client must be ${AUDIENCE}`);
  if ((basic?.password ?? '') !== '' || form.optional('client_secret') !== undefined) throw refusal('the client is public: its secret is empty');
  return names.length > 0;
}

function readBasic(authorization: string): { name: string; password: string } | undefined {
  const encoded = /^basic +(\S+)$/i.exec(authorization)?.[1];
  const decoded = decodeUtf8(decodeBase64(encoded ?? '') ?? new Uint8Array(0));
  const parts = /^([^:]*):(.*)$/s.exec(decoded ?? '');
  return parts === null ? undefined : { name: parts[1] ?? '', password: parts[2] ?? '' };
}
