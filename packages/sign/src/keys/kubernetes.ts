/**
 * `k8s://NAMESPACE/SECRET`: a key pair in a Kubernetes secret, with the data keys
 *
 *   cosign.key       the encrypted private key, PEM
 *   cosign.password  its password
 *   cosign.pub       the public key, PEM
 *
 * A secret that is written becomes immutable, as signing keys should be: to rotate, delete it or choose another name.
 */
import { decodeBase64, decodeUtf8, encodeBase64, isJsonObject, type Json, type JsonObject, quote, TrustError, utf8 } from '@assay/core';
import { createHttpClient, type HttpClient } from '@assay/net';
import { callApi, findApi } from './api.ts';
import { encryptedSigner, publicKeyFrom } from './file-keys.ts';
import { loadCluster } from './kubeconfig.ts';
import type { KeyContext, KeyProvider, StorableKeyPair } from './provider.ts';

export const kubernetesKeys: KeyProvider = {
  async loadSigner(reference, context) {
    const secret = await readSecret(reference, context);
    const password = secret.optional('cosign.password') ?? new Uint8Array(0);
    return encryptedSigner(secret.text('cosign.key'), password);
  },

  async loadPublicKey(reference, context) {
    return publicKeyFrom((await readSecret(reference, context)).text('cosign.pub'));
  },

  async storeKeyPair(reference, pair, context) {
    const { namespace, name } = parseReference(reference);
    await withApi(context, async (api) => {
      const secrets = `/api/v1/namespaces/${namespace}/secrets`;
      const present = await findApi({ ...api.call, url: api.url(`${secrets}/${name}`), what: 'checking if secret exists' });
      const action = `${present === undefined ? 'creating' : 'updating'} secret ${name} in ns ${namespace}`;
      const json = secretWith(present ?? { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } }, pair);
      const how =
        present === undefined ? ({ method: 'POST', url: api.url(secrets) } as const) : ({ method: 'PUT', url: api.url(`${secrets}/${name}`) } as const);
      await callApi({ ...api.call, ...how, what: action, json });
    });
    return [`Successfully created secret ${name} in namespace ${namespace}`];
  },
};

/** Whatever else the secret holds stays: its type cannot be changed, and other tools may keep data beside ours. */
function secretWith(secret: JsonObject, { privateKeyPem, publicKeyPem, password }: StorableKeyPair): object {
  const data = isJsonObject(secret['data']) ? secret['data'] : {};
  const ours = { 'cosign.key': utf8(privateKeyPem), 'cosign.pub': utf8(publicKeyPem), 'cosign.password': password };
  const encoded = Object.fromEntries(Object.entries(ours).map(([key, value]) => [key, encodeBase64(value)]));
  return { ...secret, data: { ...data, ...encoded }, immutable: true };
}

class Secret {
  readonly #name: string;
  readonly #data: JsonObject;

  constructor(name: string, data: Json | undefined) {
    this.#name = name;
    this.#data = isJsonObject(data) ? data : {};
  }

  /** Errors never show the value: half of them are keys and passwords. */
  optional(key: string): Uint8Array | undefined {
    const value = Object.hasOwn(this.#data, key) ? this.#data[key] : undefined;
    if (value === undefined) return undefined;
    const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
    if (bytes === undefined) throw new TrustError('KEY_PROVIDER', `secret ${this.#name}: ${key} is not base64`);
    return bytes;
  }

  text(key: string): string {
    const text = decodeUtf8(this.optional(key) ?? new Uint8Array(0));
    if (text) return text;
    throw new TrustError('KEY_PROVIDER', `secret ${this.#name}: no PEM text under ${key}`, { hint: 'make it with: generate-key-pair k8s://NAMESPACE/SECRET' });
  }
}

function readSecret(reference: string, context: KeyContext): Promise<Secret> {
  const { namespace, name } = parseReference(reference);
  return withApi(context, async (api) => {
    const { data } = await callApi({ ...api.call, url: api.url(`/api/v1/namespaces/${namespace}/secrets/${name}`), what: 'checking if secret exists' });
    return new Secret(`${namespace}/${name}`, data);
  });
}

function parseReference(reference: string): { namespace: string; name: string } {
  const [, namespace, name] = REFERENCE.exec(reference) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new TrustError('KEY_REFERENCE', 'kubernetes specification should be in the format k8s://<namespace>/<secret>', { found: quote(reference) });
}

interface Api {
  url(path: string): string;
  readonly call: { readonly http: HttpClient; readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal | undefined };
}

async function withApi<T>(context: KeyContext, use: (api: Api) => Promise<T>): Promise<T> {
  const { env, signal, createHttp = (options) => createHttpClient({ env, ...options }) } = context;
  const { server, tls, authorization } = await loadCluster(env, signal);
  const http = createHttp(tls);
  try {
    return await use({ url: (path) => `${server}${path}`, call: { http, signal, headers: authorization === undefined ? {} : { authorization } } });
  } finally {
    http.close();
  }
}

// RFC 1123 labels and subdomains, as Kubernetes names namespaces and secrets: none can leave its place in the URL.
const REFERENCE = /^k8s:\/\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;
