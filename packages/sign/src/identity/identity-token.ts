/**
 * Identity tokens: OpenID Connect ID tokens (JSON Web Tokens, RFC 7519) that say who is about to sign.
 *
 *   base64url({"alg":"RS256","kid":…}) . base64url({"iss":…,"sub":…,"aud":…,"exp":…,"email":…,"email_verified":true}) . base64url(signature)
 *
 * The signature is for the certificate authority to check, which knows the issuers. Here the token is only read, for what the proof of
 * possession must sign, and so that a token that cannot work is refused before it, or anything made with it, is sent.
 *
 * Whoever holds a token can sign in its subject's name until it expires: no message ever holds one, nor a part of one that was not understood.
 */
import { decodeBase64, isJsonObject, type Json, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';

export interface IdentityToken {
  /** The token itself: a secret. */
  readonly raw: string;
  /** `iss`. */
  readonly issuer: string;
  /** What the proof of possession signs: the verified e-mail address, else `sub`. */
  readonly subject: string;
  /** `aud`, in either of its forms; empty when the token names none. */
  readonly audience: readonly string[];
  readonly expires?: Date;
  readonly claims: JsonObject;
}

export interface ParseTokenOptions {
  /** Default: the clock of this machine. */
  readonly now?: Date;
}

/**
 * Reads a token in its compact form; white space around it is ignored.
 *
 * @throws TrustError TOKEN_PARSE; TOKEN_SUBJECT, cosign's texts: `not verified by identity provider` for an e-mail address that its issuer does
 * not vouch for, `no subject found in claims`; TOKEN_EXPIRED
 * @example
 * const { subject, issuer } = parseIdentityToken(process.env.SIGSTORE_ID_TOKEN ?? '');
 */
export function parseIdentityToken(raw: string, options: ParseTokenOptions = {}): IdentityToken {
  const token = raw.trim();
  const claims = claimsOf(token);
  const expires = timeClaim(claims, 'exp');
  refuseExpired(expires, options.now ?? new Date());
  return { raw: token, issuer: issuerOf(claims), subject: subjectOf(claims), audience: audienceOf(claims), ...(expires && { expires }), claims };
}

function claimsOf(token: string): JsonObject {
  if (token.length > MAX_TOKEN_LENGTH) throw malformed(`longer than the cap of ${MAX_TOKEN_LENGTH} characters`);
  const parts = token.split('.', 4);
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) throw malformed('expected three parts with dots between them');
  const { alg } = decodeObject('header', header);
  // RFC 7518 section 3.6: an unsigned token is anybody's.
  if (typeof alg !== 'string' || alg.toLowerCase() === 'none') throw malformed('it is not signed');
  if (decodeBase64Url(signature) === undefined) throw malformed('the signature is not base64url');
  return decodeObject('payload', payload);
}

function decodeObject(what: string, part: string): JsonObject {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw malformed(`the ${what} is not base64url`);
  const value = decodeJson(what, bytes);
  if (!isJsonObject(value)) throw malformed(`the ${what} is not a JSON object`);
  return value;
}

function decodeJson(what: string, bytes: Uint8Array): Json {
  try {
    return parseJson(bytes);
  } catch (error) {
    // The parser's own text may quote a member of the token.
    if (error instanceof JsonError) throw malformed(`the ${what} is not valid JSON (offset ${error.offset})`);
    throw error;
  }
}

/** RFC 7515 section 2: no padding, no white space, no stray bits, and of a token's parts none is empty. */
function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!BASE64URL.test(text)) return undefined;
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
}

function issuerOf(claims: JsonObject): string {
  const issuer = textClaim(claims, 'iss');
  if (issuer === undefined) throw malformed('it names no issuer (iss)');
  return issuer;
}

/** A certificate authority takes the e-mail address where there is one, so an address that anybody could have typed in must not get there. */
function subjectOf(claims: JsonObject): string {
  const email = textClaim(claims, 'email');
  if (email !== undefined) {
    if (!isVerified(claims['email_verified'])) throw new TrustError('TOKEN_SUBJECT', 'not verified by identity provider', { found: quote(email) });
    return email;
  }
  const subject = textClaim(claims, 'sub');
  if (subject === undefined) throw new TrustError('TOKEN_SUBJECT', 'no subject found in claims');
  return subject;
}

/** Some issuers send the boolean as text, and cosign takes it (services.md section 2). */
function isVerified(claim: Json | undefined): boolean {
  return claim === true || claim === 'true' || claim === 'True';
}

function audienceOf({ aud }: JsonObject): string[] {
  const audience = Array.isArray(aud) ? aud : [aud ?? []].flat();
  return audience.map((item) => {
    if (typeof item !== 'string') throw malformed('the audience (aud) is not text');
    return item;
  });
}

function refuseExpired(expires: Date | undefined, now: Date): void {
  if (expires === undefined || expires > now) return;
  throw new TrustError('TOKEN_EXPIRED', `the identity token expired at ${expires.toISOString()}`, {
    expected: `a token that is valid at ${now.toISOString()}`,
    found: expires.toISOString(),
  });
}

/** Absent, null and empty are the same. */
function textClaim(claims: JsonObject, name: string): string | undefined {
  const value = claims[name] ?? '';
  if (typeof value !== 'string') throw malformed(`the claim ${name} is not text`);
  return value === '' ? undefined : value;
}

/** RFC 7519 section 2, NumericDate: seconds since 1970, with or without a fraction. */
function timeClaim(claims: JsonObject, name: string): Date | undefined {
  const value = claims[name] ?? null;
  if (value === null) return undefined;
  const time = typeof value === 'number' ? new Date(value * 1000) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) throw malformed(`the claim ${name} is not a time`);
  return time;
}

function malformed(problem: string): TrustError {
  return new TrustError('TOKEN_PARSE', `the identity token is not a JSON Web Token: ${problem}`);
}

/** Beyond any header line that a server takes. */
export const MAX_TOKEN_LENGTH = 64 * 1024;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
