/**
 * `hashivault://KEY` and `openbao://KEY`: keys in the transit engine of HashiCorp Vault or OpenBao, which never hands out private keys.
 *
 *   GET  /v1/transit/keys/KEY                { data: { latest_version, keys: { "1": { public_key: PEM, or base64 for ed25519 } } } }
 *   POST /v1/transit/sign/KEY/sha2-256       { input: b64(digest), prehashed: true, key_version, … }  →  { data: { signature: "vault:v1:b64" } }
 *
 * | Variable | Is |
 * |---|---|
 * | `VAULT_ADDR`, `BAO_ADDR` | URL of the server |
 * | `VAULT_TOKEN`, `BAO_TOKEN` | the token; else the file `~/.vault-token` |
 * | `TRANSIT_SECRET_ENGINE_PATH` | where the engine is mounted, default `transit` |
 * | `VAULT_NAMESPACE`, `BAO_NAMESPACE` | namespace, when there are several |
 * | `VAULT_CACERT`, `BAO_CACERT` | PEM file with the server's authority |
 *
 * The version whose public key was read is the version that signs, also when the key is rotated in between.
 */
import {
  decodeBase64,
  decodeUtf8,
  ed25519Spki,
  encodeBase64,
  type HashName,
  isJsonObject,
  type JsonObject,
  type PublicKey,
  parsePublicKeyPem,
  parseSpki,
  quote,
  type SignatureScheme,
  TrustError,
} from '@assay/core';
import { createHttpClient, type Environment, type HttpClient, readFileCapped } from '@assay/net';
import { callApi } from './api.ts';
import type { KeyContext, KeyProvider } from './provider.ts';
import { createSigner, digestHash } from './signer.ts';

export const vaultKeys: KeyProvider = {
  async loadSigner(reference, context) {
    const vault = openVault(reference, context);
    const { publicKey, version } = await fetchKey(vault);
    return createSigner({
      publicKey,
      signDigest: (digest, scheme) => signInVault(vault, version, digest, scheme),
      ...(publicKey.type === 'ed25519' && { signMessage: (message: Uint8Array, scheme: SignatureScheme) => signInVault(vault, version, message, scheme) }),
    });
  },

  async loadPublicKey(reference, context) {
    return (await fetchKey(openVault(reference, context))).publicKey;
  },

  async createKey(reference, context) {
    const vault = openVault(reference, context);
    await callVault(vault, `keys/${vault.key}`, { what: 'creating the transit key', method: 'POST', json: { type: 'ecdsa-p256' } });
    return (await fetchKey(vault)).publicKey;
  },
};

interface Vault {
  readonly key: string;
  /** URL of the transit engine. */
  readonly engine: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly http: HttpClient;
  readonly signal: AbortSignal | undefined;
}

function openVault(reference: string, context: KeyContext): Vault {
  const key = REFERENCE.exec(reference)?.[1];
  if (key === undefined) throw new TrustError('KEY_REFERENCE', 'kms specification should be in the format hashivault://<key>', { found: quote(reference) });
  const { env } = context;
  const address = env['VAULT_ADDR'] || env['BAO_ADDR'];
  if (!address) throw new TrustError('KEY_REFERENCE', 'VAULT_ADDR or BAO_ADDR is not set');
  const engine = env['TRANSIT_SECRET_ENGINE_PATH'] || 'transit';
  const namespace = env['VAULT_NAMESPACE'] || env['BAO_NAMESPACE'];
  return {
    key,
    engine: `${address.replace(/\/+$/, '')}/v1/${engine.split('/').filter(Boolean).map(encodeURIComponent).join('/')}`,
    headers: { 'x-vault-token': tokenOf(env), 'x-vault-request': 'true', ...(namespace && { 'x-vault-namespace': namespace }) },
    http: clientOf(context),
    signal: context.signal,
  };
}

function tokenOf(env: Environment): string {
  const token = env['VAULT_TOKEN'] || env['BAO_TOKEN'] || tokenFile(env);
  if (token) return token;
  throw new TrustError('KEY_REFERENCE', 'no Vault token found in VAULT_TOKEN, BAO_TOKEN or ~/.vault-token', { hint: 'set VAULT_TOKEN, or run: vault login' });
}

function tokenFile(env: Environment): string | undefined {
  const home = env['HOME'] || env['USERPROFILE'];
  if (!home) return undefined;
  try {
    return decodeUtf8(readFileCapped(`${home}/.vault-token`, MAX_TOKEN_BYTES))?.trim();
  } catch {
    return undefined; // not logged in; the caller says what can be done
  }
}

function clientOf({ env, http, createHttp = (options) => createHttpClient({ env, ...options }) }: KeyContext): HttpClient {
  const file = env['VAULT_CACERT'] || env['BAO_CACERT'];
  return file ? createHttp({ ca: { file } }) : http;
}

interface TransitKey {
  readonly publicKey: PublicKey;
  readonly version: number;
}

async function fetchKey(vault: Vault): Promise<TransitKey> {
  const { data } = await callVault(vault, `keys/${vault.key}`, { what: 'reading the transit key' });
  const version = member(data, 'latest_version');
  if (typeof version !== 'number') throw corrupted('no latest_version');
  const key = member(member(data, 'keys'), String(version));
  const text = member(key, 'public_key');
  if (typeof text !== 'string' || text === '') throw corrupted('no public key: is it a key that signs?');
  return { publicKey: parsePublic(text), version };
}

/** PEM; Ed25519 keys come as their 32 bytes. */
function parsePublic(text: string): PublicKey {
  if (text.includes('-----BEGIN ')) return parsePublicKeyPem(text);
  const raw = decodeBase64(text);
  if (raw?.length !== 32) throw corrupted('the public key is neither PEM nor 32 bytes');
  return parseSpki(ed25519Spki(raw));
}

/** `input` is the digest, for pure Ed25519 the message. */
async function signInVault(vault: Vault, version: number, input: Uint8Array, scheme: SignatureScheme): Promise<Uint8Array> {
  const hash = digestHash(scheme);
  const { data } = await callVault(vault, `sign/${vault.key}${hash === undefined ? '' : `/${HASH_NAMES[hash]}`}`, {
    what: 'signing in the transit engine',
    method: 'POST',
    json: {
      input: encodeBase64(input),
      prehashed: hash !== undefined,
      key_version: version,
      signature_algorithm: 'pkcs1v15', // of RSA; Vault's default is PSS
      marshaling_algorithm: 'asn1', // of ECDSA
    },
  });
  const marked = member(data, 'signature');
  const base64 = typeof marked === 'string' ? /^vault:v[0-9]+:(.+)$/.exec(marked)?.[1] : undefined;
  const signature = base64 === undefined ? undefined : decodeBase64(base64);
  if (signature === undefined) throw corrupted('no signature');
  return signature;
}

function callVault({ engine, headers, http, signal }: Vault, path: string, call: { what: string; method?: 'POST'; json?: object }): Promise<JsonObject> {
  return callApi({ ...call, http, signal, url: `${engine}/${path}`, headers, secretHeaders: ['x-vault-token'] });
}

function member(value: JsonObject[string] | undefined, name: string): JsonObject[string] | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function corrupted(problem: string): TrustError {
  return new TrustError('KEY_PROVIDER', `failed to read transit key: corrupted response: ${problem}`);
}

const REFERENCE = /^(?:hashivault|openbao):\/\/(\w(?:[\w.-]*\w)?)$/;
const HASH_NAMES: Readonly<Record<HashName, string>> = { sha256: 'sha2-256', sha384: 'sha2-384', sha512: 'sha2-512' };
const MAX_TOKEN_BYTES = 64 * 1024;
