/**
 * Identity tokens: JSON Web Tokens of a configured issuer, for this authority, now (OpenID Connect Core section 3.1.3.7).
 *
 * The payload is read by our own strict parser, and once: what is checked, what the issuer is chosen by and what is certified are one text. A
 * parser that lets the last of two equal members win would leave it to chance which of them.
 */
import { decodeBase64, decodeUtf8, isJsonObject, JsonError, parseJson, quote } from '@assay/core';
import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from 'jose';
import type { Clock } from '../service.ts';
import { Claims, listText, textOrType } from './claims.ts';
import { type FulcioConfig, findIssuer, type IssuerConfig } from './issuer-config.ts';
import type { IssuerKeys, KeySet } from './issuer-keys.ts';
import { refuseToken } from './refusals.ts';

export interface VerifiedToken {
  readonly claims: Claims;
  readonly issuer: IssuerConfig;
}

export interface TokenContext {
  readonly config: FulcioConfig;
  readonly keys: IssuerKeys;
  readonly clock: Clock;
}

/** Throws `Refusal`. */
export async function verifyToken(token: string, { config, keys, clock }: TokenContext): Promise<VerifiedToken> {
  if (token === '') return refuseToken('the request has none');
  const claims = readClaims(token);
  const url = claims.text('iss');
  const issuer = findIssuer(config, url) ?? refuseToken(`the issuer "${quote(url)}" is not configured`);
  const header = readHeader(token);
  const found = await keys.keysOf(url, issuer.caCert);
  const isSigned = await hasSignature(token, header, found, () => keys.refreshed(url, issuer.caCert));
  if (!isSigned) return refuseToken('its signature does not verify');
  checkAudience(claims, issuer);
  checkTimes(claims, clock());
  return { claims, issuer };
}

/** Before its signature is verified: nothing but the issuer may be used. */
function readClaims(token: string): Claims {
  const parts = token.split('.');
  const [, payload = ''] = parts;
  if (parts.length !== 3 || !/^[\w-]+$/.test(payload)) return refuseToken('malformed jwt, token must have 3 parts');
  const base64 = payload.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (text === undefined) return refuseToken('malformed jwt payload');
  try {
    const json = parseJson(text);
    return isJsonObject(json) ? new Claims(json) : refuseToken('its claims are not an object');
  } catch (error) {
    if (error instanceof JsonError) return refuseToken(`its claims are not valid JSON: ${quote(error.message)}`);
    throw error;
  }
}

function readHeader(token: string): ProtectedHeaderParameters {
  try {
    const header = decodeProtectedHeader(token);
    // RFC 7519 has no use for critical extensions, and one of them (b64) changes what is signed.
    return header.crit === undefined ? header : refuseToken('its header has critical extensions');
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof errors.JOSEError) return refuseToken('malformed jwt header', cause);
    throw cause;
  }
}

async function hasSignature(token: string, { alg, kid }: ProtectedHeaderParameters, keys: KeySet, refresh: () => Promise<KeySet>): Promise<boolean> {
  const name = textOrType(alg);
  if (!keys.algorithms.includes(name)) {
    return refuseToken(`it is signed with "${quote(name, 40)}", and accepted is ${listText(keys.algorithms)}`);
  }
  const verdict = await tryKeys(token, keys);
  if (verdict !== 'no key') return verdict === 'valid';
  const again = await tryKeys(token, await refresh());
  return again === 'no key' ? refuseToken(`its issuer has no ${name} key "${quote(textOrType(kid), 80)}"`) : again === 'valid';
}

async function tryKeys(token: string, { algorithms, find }: KeySet): Promise<'valid' | 'invalid' | 'no key'> {
  try {
    await compactVerify(token, find, { algorithms: [...algorithms] });
    return 'valid';
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'no key';
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return verdictOf(error);
    // A token without a key id: any of the keys may have signed it.
    for await (const key of error) {
      try {
        await compactVerify(token, key, { algorithms: [...algorithms] });
        return 'valid';
      } catch (other) {
        verdictOf(other);
      }
    }
    return 'invalid';
  }
}

/** jose refuses with its own errors, and keys it cannot use with `TypeError`; anything else is a bug. */
function verdictOf(error: unknown): 'invalid' {
  if (error instanceof errors.JOSEError || error instanceof TypeError) return 'invalid';
  throw error;
}

function checkAudience(claims: Claims, { clientId }: IssuerConfig): void {
  const { audience } = claims;
  if (!audience.includes(clientId)) refuseToken(`expected audience "${quote(clientId, 80)}" got ${listText(audience)}`);
}

/** Clocks differ: what begins may be five minutes ahead, as Fulcio and others have it. What has ended has ended. */
function checkTimes(claims: Claims, now: Date): void {
  const expiry = claims.optionalTime('exp') ?? refuseToken('missing exp claim in ID token');
  if (expiry <= now) refuseToken(`token is expired (Token Expiry: ${expiry.toISOString()}), and it is ${now.toISOString()}`);
  for (const [name, what] of [
    ['nbf', 'not valid before'],
    ['iat', 'issued at'],
  ] as const) {
    const start = claims.optionalTime(name);
    if (start !== undefined && start.getTime() > now.getTime() + LEEWAY_MS)
      refuseToken(`token is ${what} ${start.toISOString()}, and it is ${now.toISOString()}`);
  }
}

const LEEWAY_MS = 5 * 60 * 1000;
