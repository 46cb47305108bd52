/**
 * `github://OWNER/REPOSITORY` and `github://ORGANISATION`: a key pair in the secrets of GitHub Actions. They can be written, but only workflows
 * can read them. Each is sealed for the repository's own X25519 key before it leaves (sealed-box.ts).
 *
 * `GITHUB_TOKEN` is the access token, `GITHUB_HOST` the URL of an enterprise server.
 */
import { decodeBase64, encodeBase64, TrustError, utf8 } from '@assay/core';
import { type ApiCall, callApi } from './api.ts';
import type { KeyContext, KeyProvider } from './provider.ts';

export const githubKeys: KeyProvider = {
  loadSigner: async () => refuseReading('env://COSIGN_PRIVATE_KEY'),
  loadPublicKey: async () => refuseReading('env://COSIGN_PUBLIC_KEY'),

  async storeKeyPair(reference, pair, context) {
    const owner = ownerOf(reference, context);
    const recipient = await fetchRecipient(owner);
    await putSecret(owner, recipient, 'COSIGN_PASSWORD', pair.password);
    await putSecret(owner, recipient, 'COSIGN_PRIVATE_KEY', utf8(pair.privateKeyPem));
    await putSecret(owner, recipient, 'COSIGN_PUBLIC_KEY', utf8(pair.publicKeyPem));
    return [
      'Password written to COSIGN_PASSWORD github actions secret',
      'Private key written to COSIGN_PRIVATE_KEY github actions secret',
      'Public key written to COSIGN_PUBLIC_KEY github actions secret',
    ];
  },
};

interface Owner {
  /** URL of its Actions secrets. */
  readonly url: string;
  /** Secrets of an organisation must say who sees them. */
  readonly visibility: 'private' | undefined;
  readonly call: Pick<ApiCall, 'http' | 'headers' | 'signal'>;
}

function ownerOf(reference: string, { env, http, signal }: KeyContext): Owner {
  const [, owner, repository] = REFERENCE.exec(reference) ?? [];
  if (owner === undefined) throw new TrustError('KEY_REFERENCE', 'could not parse scheme, use github://<owner> or github://<owner>/<repo> format');
  const token = env['GITHUB_TOKEN'];
  if (token === undefined) throw new TrustError('KEY_REFERENCE', 'could not find "GITHUB_TOKEN" environment variable');
  const path = repository === undefined ? `orgs/${owner}` : `repos/${owner}/${repository}`;
  return {
    url: `${apiUrl(env['GITHUB_HOST'])}/${path}/actions/secrets`,
    visibility: repository === undefined ? 'private' : undefined,
    call: { http, signal, headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' } },
  };
}

function apiUrl(host: string | undefined): string {
  if (!host) return 'https://api.github.com';
  const url = (/^https?:\/\//.test(host) ? host : `https://${host}`).replace(/\/+$/, '');
  return url.endsWith('/api/v3') ? url : `${url}/api/v3`;
}

interface Recipient {
  readonly id: string;
  readonly key: Uint8Array;
}

async function fetchRecipient({ url, call }: Owner): Promise<Recipient> {
  const what = 'could not get repository public key';
  const { key, key_id: id } = await callApi({ ...call, url: `${url}/public-key`, what });
  const bytes = typeof key === 'string' ? decodeBase64(key) : undefined;
  if (bytes?.length !== 32 || typeof id !== 'string') throw new TrustError('KEY_PROVIDER', `${what}: the answer is not an X25519 key with an id`);
  return { id, key: bytes };
}

async function putSecret({ url, visibility, call }: Owner, recipient: Recipient, name: string, value: Uint8Array): Promise<void> {
  const { sealBox } = await import('./sealed-box.ts');
  const json = { encrypted_value: encodeBase64(sealBox(value, recipient.key)), key_id: recipient.id, ...(visibility && { visibility }) };
  await callApi({ ...call, url: `${url}/${name}`, method: 'PUT', json, what: `could not create "${name}" github actions secret` });
}

function refuseReading(instead: string): never {
  throw new TrustError('KEY_REFERENCE', 'github:// keys cannot be read: GitHub shows secrets to workflows only', {
    hint: `in a workflow, pass the secret as an environment variable, and name it: ${instead}`,
  });
}

/** Names as GitHub allows them; none can leave its place in the URL. */
const REFERENCE = /^github:\/\/([A-Za-z0-9-]+)(?:\/((?!\.{1,2}$)[\w.-]+))?$/;
