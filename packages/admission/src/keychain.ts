/**
 * The registry credentials of a pod (admission.md 4.6): the secrets that the pod names, those of its service account, then the logins of this process.
 *
 *   kubernetes.io/dockerconfigjson   .dockerconfigjson   { "auths": { KEY: { "auth" | "username", "password" | "identitytoken" | "registrytoken" } } }
 *   kubernetes.io/dockercfg          .dockercfg          { KEY: … }
 *
 * A KEY is `[https://]HOST[:PORT][/PATH]`, where each label of HOST may hold `*` and `?` (`*.azurecr.io`), PATH is the beginning of a repository, and `/v1/` and
 * `/v2/` are no path. Keys in reverse alphabetical order, so that the longer of two comes first; of equal ones the first secret's counts.
 *
 * Secrets and service accounts of all namespaces are not watched, which would need the right to read them all at any time: they are fetched when a pod comes,
 * and kept for half a minute. No message quotes what is in them.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { decodeBase64, decodeUtf8, isJsonObject, isTrustError, type Json, type JsonObject, quote, TrustError, tryParseJsonObject } from '@assay/core';
import type { Credential, Keychain } from '@assay/net';
import { canonicalRegistry } from '@assay/oci';
import { matchesWildcard } from '@assay/policy';
import { Kept } from './kept.ts';
import { apiStatus, type KubernetesClient } from './kubernetes/client.ts';
import type { PodLogin } from './workload.ts';

export interface PodKeychain extends Keychain {
  /** Equal for equal credentials, within one process. Says nothing of them. */
  readonly fingerprint: string;
}

export interface PodKeychainOptions {
  /** Undefined: no cluster, and no secrets. */
  readonly client: Pick<KubernetesClient, 'get'> | undefined;
  /** The logins of this process. */
  readonly fallback: Keychain;
  /** How long secrets that were read are used. Default 30 s. */
  readonly keptMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

export class PodKeychains {
  readonly #options: PodKeychainOptions;
  readonly #kept: Kept<readonly StoredKey[]>;
  /** Fingerprints stay in memory, and even there they shall not serve to guess passwords. */
  readonly #salt = randomBytes(32);

  constructor(options: PodKeychainOptions) {
    this.#options = options;
    const { keptMs = KEPT_MS, now = () => performance.now() } = options;
    this.#kept = new Kept({ maxEntries: MAX_KEPT, now, lifetimeMs: () => keptMs });
  }

  /** Errors: `ADMISSION_CREDENTIALS`. */
  async forPod({ namespace, serviceAccount, pullSecrets }: PodLogin): Promise<PodKeychain> {
    return this.#keychain(['pod', namespace, serviceAccount, ...pullSecrets], async (client) => {
      const more = await this.#secretsOf(client, namespace, serviceAccount);
      return readSecrets(client, namespace, [...pullSecrets, ...more]);
    });
  }

  /** Of the secrets alone, for `signaturePullSecrets` (admission.md 2.4). Errors: `ADMISSION_CREDENTIALS`. */
  async forSecrets(namespace: string, names: readonly string[]): Promise<PodKeychain> {
    return this.#keychain(['secrets', namespace, ...names], (client) => readSecrets(client, namespace, names));
  }

  async #keychain(parts: readonly string[], read: (client: Pick<KubernetesClient, 'get'>) => Promise<readonly StoredKey[]>): Promise<PodKeychain> {
    const { client, fallback } = this.#options;
    const keys = client === undefined ? [] : await this.#kept.get(parts, () => read(client));
    return {
      fingerprint: keys.length === 0 ? '' : createHmac('sha256', this.#salt).update(JSON.stringify(keys)).digest('base64url'),
      credentialsFor: async (host, repository) => findCredential(keys, host, repository) ?? fallback.credentialsFor(host, repository),
    };
  }

  /** Names. A service account that is not there has none: the pod will not start, but that is not ours to say. */
  async #secretsOf(client: Pick<KubernetesClient, 'get'>, namespace: string, name: string): Promise<string[]> {
    const account = await getObject(client, `/api/v1/namespaces/${segment(namespace)}/serviceaccounts/${segment(name)}`);
    const secrets: Json = account?.['imagePullSecrets'] ?? [];
    if (!Array.isArray(secrets)) return [];
    return secrets.flatMap((one) => (isJsonObject(one) && typeof one['name'] === 'string' && one['name'] !== '' ? [one['name']] : []));
  }
}

/** One key of a secret, with what logs in there. */
export interface StoredKey {
  readonly key: string;
  readonly credential: Credential;
}

/** Of the secret's own namespace and type; undefined for a secret of another kind. Errors: `ADMISSION_CREDENTIALS`. */
export function readPullSecret(secret: JsonObject, name: string): StoredKey[] | undefined {
  const { data } = secret;
  if (!isJsonObject(data)) return undefined;
  const refuse = (problem: string): never => {
    throw new TrustError('ADMISSION_CREDENTIALS', `secret ${quote(name)}: ${problem}`);
  };
  const document = (member: string): JsonObject | undefined => {
    const encoded = data[member];
    if (typeof encoded !== 'string') return undefined;
    const bytes = decodeBase64(encoded);
    return (bytes && tryParseJsonObject(bytes)) ?? refuse(`${member} is not a JSON object`);
  };
  const config = document('.dockerconfigjson');
  const auths = config === undefined ? document('.dockercfg') : (config['auths'] ?? {});
  if (auths === undefined) return undefined;
  if (!isJsonObject(auths)) return refuse('auths is not an object');
  return Object.entries(auths).flatMap(([key, entry]) => {
    const credential = isJsonObject(entry) ? readCredential(entry) : undefined;
    return credential === undefined ? [] : [{ key, credential }];
  });
}

/** What logs in to a repository, if anything does. */
export function findCredential(keys: readonly StoredKey[], host: string, repository = ''): Credential | undefined {
  const target = { host: canonicalRegistry(host), path: `/${repository}` };
  const found = keys.map((stored) => ({ stored, at: parseKey(stored.key) })).filter(({ at }) => covers(at, target));
  found.sort((a, b) => (a.at.text < b.at.text ? 1 : a.at.text > b.at.text ? -1 : 0));
  return found[0]?.stored.credential;
}

async function readSecrets(client: Pick<KubernetesClient, 'get'>, namespace: string, names: readonly string[]): Promise<readonly StoredKey[]> {
  const secrets = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const secret = await getObject(client, `/api/v1/namespaces/${segment(namespace)}/secrets/${segment(name)}`);
      return secret === undefined ? [] : (readPullSecret(secret, `${namespace}/${name}`) ?? []);
    }),
  );
  return secrets.flat();
}

/** Undefined when it is not there: the kubelet goes on without it as well. */
async function getObject(client: Pick<KubernetesClient, 'get'>, path: string): Promise<JsonObject | undefined> {
  try {
    return await client.get(path, { maxBytes: MAX_SECRET_BYTES });
  } catch (error) {
    if (!isTrustError(error)) throw error;
    if (apiStatus(error) === 404) return undefined;
    throw new TrustError('ADMISSION_CREDENTIALS', `the credentials of the pod cannot be read: ${error.message}`, { cause: error });
  }
}

/** Names come from the object under review, and must not lead elsewhere. */
function segment(name: string): string {
  if (NAME.test(name)) return name;
  throw new TrustError('ADMISSION_CREDENTIALS', `not the name of a Kubernetes object: ${quote(name, 100)}`);
}

/** As for Docker: the narrower of several secrets counts. An entry that cannot be read logs nobody in. */
function readCredential(entry: JsonObject): Credential | undefined {
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '');
  const [registry, identity] = [text('registrytoken'), text('identitytoken')];
  if (registry !== '') return { kind: 'registry-token', token: registry };
  if (identity !== '') return { kind: 'identity-token', token: identity };
  const bytes = decodeBase64(text('auth'));
  const pair = bytes === undefined ? '' : (decodeUtf8(bytes) ?? '');
  const colon = pair.indexOf(':');
  if (colon > 0) return { kind: 'basic', username: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/u, '') };
  return text('username') === '' ? undefined : { kind: 'basic', username: text('username'), password: text('password') };
}

interface KeyPlace {
  /** What is compared for order. */
  readonly text: string;
  readonly host: string;
  readonly path: string;
}

function parseKey(key: string): KeyPlace {
  const bare = key.replace(/^https?:\/\//u, '');
  const slash = bare.indexOf('/');
  const host = canonicalRegistry(slash < 0 ? bare : bare.slice(0, slash));
  const rest = slash < 0 ? '' : bare.slice(slash);
  const path = /^\/v[12](?:\/|$)/u.test(rest) ? rest.slice(3) : rest;
  return { text: `${host}${path}`, host, path: path === '/' ? '' : path };
}

function covers(key: KeyPlace, target: { readonly host: string; readonly path: string }): boolean {
  return hostMatches(key.host, target.host) && target.path.startsWith(key.path);
}

/** Label by label, so that `*.example.com` is no `a.b.example.com`; the ports are equal, or both absent. */
function hostMatches(pattern: string, host: string): boolean {
  const [patternPort, hostPort] = [portOf(pattern), portOf(host)];
  if (patternPort !== hostPort) return false;
  const [patterns, labels] = [withoutPort(pattern).split('.'), withoutPort(host).split('.')];
  return patterns.length === labels.length && patterns.every((one, i) => matchesWildcard(one, labels[i] as string));
}

function portOf(host: string): string {
  return /:(\d+)$/u.exec(host)?.[1] ?? '';
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/u, '');
}

const KEPT_MS = 30_000;
const MAX_KEPT = 1000;
const MAX_SECRET_BYTES = 4 * 1024 * 1024;
/** A DNS subdomain (RFC 1123), as names of these objects are. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/u;
