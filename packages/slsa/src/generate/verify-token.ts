/**
 * Whether an identity token is its issuer's (OpenID Connect Discovery section 4, RFC 7515). A certificate authority does this for those who sign with
 * its certificate; for a signature with a key, and for a predicate that is signed elsewhere, nobody else would: then a token that a build step has made
 * up would be as good as the platform's.
 *
 *   ISSUER/.well-known/openid-configuration  { issuer, jwks_uri }
 *   jwks_uri                                 { keys [ { kty = RSA, kid, n, e } ] }
 */
import { type Fields, isTrustError, parseFields, quote, TrustError } from '@assay/core';
import { type HttpClient, isLoopbackHost, redactUrl } from '@assay/net';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';

export interface TokenIssuer {
  /** The one that is believed, as its tokens name it. */
  readonly issuer: string;
  /** For whom the token must be made. */
  readonly audience: string;
  readonly http: HttpClient;
  readonly now: Date;
}

/** Two requests. RS256 alone, which both platforms use. Errors: `PROVENANCE_ENVIRONMENT`, `NET_…`. */
export async function verifyTokenSignature(
  token: { readonly raw: string; readonly issuer: string },
  { issuer, audience, http, now }: TokenIssuer,
): Promise<void> {
  if (token.issuer !== issuer) {
    throw refused('the identity token is of another issuer', {
      expected: quote(issuer),
      found: quote(token.issuer),
      hint: 'name an issuer that you trust with --oidc-issuer URL',
    });
  }
  const keys = await keysOf(issuer, http);
  try {
    await jwtVerify(token.raw, createLocalJWKSet(keys), {
      issuer,
      audience,
      algorithms: ['RS256'],
      requiredClaims: ['exp'],
      currentDate: now,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
  } catch (error) {
    // Of keys that cannot be used it throws what the cryptography threw.
    throw refused(error instanceof Error ? error.message : String(error));
  }
}

/** The issuer's clock and ours are two, and tokens are used within the second in which they are made. */
const CLOCK_TOLERANCE_SECONDS = 5;

async function keysOf(issuer: string, http: HttpClient): Promise<JSONWebKeySet> {
  const discovery = await fetchFields(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, http);
  const location = read(discovery, 'what its issuer says of itself', (fields) => {
    // Byte for byte: else one issuer could answer for another.
    if (fields.string('issuer') !== issuer)
      throw refused('its issuer calls itself otherwise', { expected: quote(issuer), found: quote(fields.string('issuer')) });
    return fields.string('jwks_uri');
  });
  const document = await fetchFields(location, http);
  return read(document, 'the keys of its issuer', (fields) => {
    fields.objects('keys', MAX_KEYS);
    return fields.json as unknown as JSONWebKeySet;
  });
}

async function fetchFields(url: string, http: HttpClient): Promise<Uint8Array> {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname))) throw refused('its issuer is not at an https URL', { found: quote(url) });
  const answer = await http.request(url, { headers: { accept: 'application/json' }, maxBytes: MAX_ANSWER_BYTES });
  if (answer.status !== 200) throw refused(`${redactUrl(url)}: server returned HTTP ${answer.status}`);
  // Whoever can make the issuer redirect must not thereby become the issuer.
  if (new URL(answer.url).origin !== new URL(url).origin) throw refused(`${redactUrl(url)} redirects to another host`);
  return answer.body;
}

/** What a parser of ours refuses has no part of the token in its message: names of members alone. */
function read<T>(document: Uint8Array, what: string, parse: (fields: Fields) => T): T {
  try {
    return parse(parseFields(document, { what, parse: 'PROVENANCE_ENVIRONMENT', shape: 'PROVENANCE_ENVIRONMENT' }));
  } catch (error) {
    if (isTrustError(error) && error.code !== 'PROVENANCE_ENVIRONMENT') throw refused(`${what}: ${error.message}`);
    throw error;
  }
}

function refused(problem: string, details: { readonly expected?: string; readonly found?: string; readonly hint?: string } = {}): TrustError {
  return new TrustError('PROVENANCE_ENVIRONMENT', `the identity token is not believed: ${problem}`, details);
}

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_KEYS = 100;
