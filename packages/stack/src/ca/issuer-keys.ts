/**
 * The keys with which an issuer signs its tokens: discovery, then JWKS (OpenID Connect Discovery section 4).
 *
 *   ISSUER/.well-known/openid-configuration  { issuer, jwks_uri, id_token_signing_alg_values_supported }
 *   jwks_uri                                 { keys: [ … ] }
 *
 * Whoever sends a token makes us fetch, so fetching is bounded: keys are kept for an hour; a key id that is not among them makes us look again,
 * but not within ten seconds of the last time; what failed is not tried again within those ten seconds either.
 */
import { isJsonObject, JsonError, type JsonObject, parseJson, quote } from '@assay/core';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { Clock } from '../service.ts';
import { textOrType } from './claims.ts';
import { refuseToken } from './refusals.ts';

export interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** PEM certificates to trust besides the usual ones. */
  readonly caCert?: string;
}

/**
 * The body of a 200 answer to GET `url`. Rejects for other statuses, for answers over the limits, and for those that a redirect to another
 * host led to.
 */
export type FetchIssuer = (url: string, limits: FetchLimits) => Promise<Uint8Array>;

export interface KeySet {
  /** What the issuer signs with, of what we accept. */
  readonly algorithms: readonly string[];
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

export interface IssuerKeys {
  /** Throws `Refusal`. */
  keysOf(issuer: string, caCert: string | undefined): Promise<KeySet>;
  /** As `keysOf`, fetched again unless that was just done. */
  refreshed(issuer: string, caCert: string | undefined): Promise<KeySet>;
}

interface Slot {
  readonly at: number;
  readonly keys: Promise<KeySet>;
  state: 'pending' | 'fetched' | 'failed';
}

export function openIssuerKeys(fetchIssuer: FetchIssuer, clock: Clock): IssuerKeys {
  const slots = new Map<string, Slot>();

  const fetchAgain = (issuer: string, caCert: string | undefined, now: number): Slot => {
    const keys = fetchKeys(issuer, (url) => fetchJson(fetchIssuer, url, caCert));
    const slot: Slot = { at: now, keys, state: 'pending' };
    keys.then(
      () => {
        slot.state = 'fetched';
      },
      () => {
        slot.state = 'failed';
      },
    );
    // Wildcards stand for any number of issuers; the one that was fetched longest ago goes first.
    slots.delete(issuer);
    const [oldest] = slots.keys();
    if (slots.size >= MAX_ISSUERS && oldest !== undefined) slots.delete(oldest);
    slots.set(issuer, slot);
    return slot;
  };

  const slotWithin = (maxAgeMs: (slot: Slot) => number, issuer: string, caCert: string | undefined): Promise<KeySet> => {
    const now = clock().getTime();
    const slot = slots.get(issuer);
    // A clock that went back makes ages negative: those slots are as good as too old.
    const isCurrent = slot !== undefined && (slot.state === 'pending' || (now >= slot.at && now - slot.at < maxAgeMs(slot)));
    return (isCurrent ? slot : fetchAgain(issuer, caCert, now)).keys;
  };

  return {
    keysOf: (issuer, caCert) => slotWithin(({ state }) => (state === 'failed' ? PAUSE_MS : MAX_AGE_MS), issuer, caCert),
    refreshed: (issuer, caCert) => slotWithin(() => PAUSE_MS, issuer, caCert),
  };
}

async function fetchKeys(issuer: string, fetch: (url: string) => Promise<JsonObject>): Promise<KeySet> {
  const discovery = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  // Byte for byte (section 4.3): else one issuer could answer for another.
  if (discovery['issuer'] !== issuer) return refuseToken(`the issuer "${quote(issuer)}" calls itself "${quote(textOrType(discovery['issuer']))}"`);
  const jwksUri = discovery['jwks_uri'];
  if (typeof jwksUri !== 'string' || !isAllowedUrl(jwksUri, issuer)) return refuseToken(`the issuer "${quote(issuer)}" has no usable jwks_uri`);
  const jwks = await fetch(jwksUri);
  try {
    return { algorithms: algorithmsOf(discovery), find: createLocalJWKSet(jwks as unknown as JSONWebKeySet) };
  } catch (cause) {
    return refuseToken(`the keys of the issuer "${quote(issuer)}" are malformed`, cause);
  }
}

function isAllowedUrl(url: string, issuer: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && issuer.startsWith('http://'));
}

/** RS256 when the issuer does not say (section 3: it must support that). Shared secrets and `none` are never accepted. */
function algorithmsOf(discovery: JsonObject): readonly string[] {
  const stated = discovery['id_token_signing_alg_values_supported'];
  return Array.isArray(stated) ? ALGORITHMS.filter((algorithm) => stated.includes(algorithm)) : ['RS256'];
}

async function fetchJson(fetchIssuer: FetchIssuer, url: string, caCert: string | undefined): Promise<JsonObject> {
  const limits: FetchLimits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...(caCert !== undefined && { caCert }) };
  const bytes = await withinTime(fetchIssuer(url, limits)).catch((cause: unknown) => refuseToken(`${quote(url)} cannot be fetched`, cause));
  if (bytes.length > MAX_BYTES) return refuseToken(`${quote(url)} is larger than ${MAX_BYTES} bytes`);
  try {
    const json = parseJson(bytes);
    return isJsonObject(json) ? json : refuseToken(`${quote(url)} is not a JSON object`);
  } catch (error) {
    if (error instanceof JsonError) return refuseToken(`${quote(url)} is not valid JSON: ${quote(error.message)}`, error);
    throw error;
  }
}

/** Also for a fetcher that forgets about its limit. */
function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const MAX_ISSUERS = 100;
const MAX_AGE_MS = 60 * 60 * 1000;
const PAUSE_MS = 10_000;
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 256 * 1024;
