/**
 * `gitlab://PROJECT` and `gitlab://GROUP`: a key pair in the CI variables of a project or group, by path or number.
 *
 * | Variable | Holds |
 * |---|---|
 * | `COSIGN_PRIVATE_KEY` | the encrypted private key, PEM |
 * | `COSIGN_PASSWORD` | its password |
 * | `COSIGN_PUBLIC_KEY` | the public key, PEM |
 *
 * `GITLAB_TOKEN` is the access token, `GITLAB_HOST` the URL of an instance other than gitlab.com.
 */
import { decodeUtf8, type PublicKey, quote, TrustError, utf8 } from '@assay/core';
import { type ApiCall, callApi, findApi } from './api.ts';
import { encryptedSigner, publicKeyFrom } from './file-keys.ts';
import type { KeyContext, KeyProvider, StorableKeyPair } from './provider.ts';
import type { Signer } from './signer.ts';

export const gitlabKeys: KeyProvider = {
  async loadSigner(reference, context): Promise<Signer> {
    const owner = await findOwner(reference, context);
    const pem = await readVariable(owner, 'COSIGN_PRIVATE_KEY');
    return encryptedSigner(pem, utf8(await readVariable(owner, 'COSIGN_PASSWORD')));
  },

  async loadPublicKey(reference, context): Promise<PublicKey> {
    return publicKeyFrom(await readVariable(await findOwner(reference, context), 'COSIGN_PUBLIC_KEY'));
  },

  async storeKeyPair(reference, pair: StorableKeyPair, context) {
    const owner = await findOwner(reference, context);
    const password = decodeUtf8(pair.password);
    if (password === undefined) throw new TrustError('KEY_PASSWORD', 'a GitLab variable cannot hold a password that is not UTF-8 text');
    await createVariable(owner, 'COSIGN_PASSWORD', password);
    await createVariable(owner, 'COSIGN_PRIVATE_KEY', pair.privateKeyPem);
    await createVariable(owner, 'COSIGN_PUBLIC_KEY', pair.publicKeyPem);
    return [
      `Password written to "COSIGN_PASSWORD" ${owner.kind} variable`,
      `Private key written to "COSIGN_PRIVATE_KEY" ${owner.kind} variable`,
      `Public key written to "COSIGN_PUBLIC_KEY" ${owner.kind} variable`,
    ];
  },
};

/** Whoever has the variables. */
interface Owner {
  readonly kind: 'project' | 'group';
  /** URL of the project or group. */
  readonly url: string;
  readonly call: Pick<ApiCall, 'http' | 'headers' | 'secretHeaders' | 'signal'>;
}

async function findOwner(reference: string, { env, http, signal }: KeyContext): Promise<Owner> {
  const name = reference.split('://')[1];
  if (name === undefined || name === '') throw new TrustError('KEY_REFERENCE', 'could not parse scheme, use <scheme>://<ref> format');
  const token = env['GITLAB_TOKEN'];
  if (token === undefined)
    throw new TrustError('KEY_REFERENCE', 'could not find "GITLAB_TOKEN"', { hint: 'set GITLAB_TOKEN to an access token with the api scope' });
  const call = { http, headers: { 'private-token': token }, secretHeaders: ['private-token'], signal };
  const api = apiUrl(env['GITLAB_HOST'] || 'https://gitlab.com');
  for (const [kind, folder] of [['project', 'projects'] as const, ['group', 'groups'] as const]) {
    const url = `${api}/${folder}/${encodeURIComponent(name)}`;
    if ((await findApi({ ...call, url, what: `looking for the ${kind}` })) !== undefined) return { kind, url, call };
  }
  throw new TrustError('KEY_REFERENCE', `reference "${quote(name)}" is neither a valid project nor group`, {
    hint: 'set GITLAB_HOST for an instance other than gitlab.com; a token sees only what it may read',
  });
}

function apiUrl(host: string): string {
  const url = (/^https?:\/\//.test(host) ? host : `https://${host}`).replace(/\/+$/, '');
  return url.endsWith('/api/v4') ? url : `${url}/api/v4`;
}

async function readVariable({ kind, url, call }: Owner, name: string): Promise<string> {
  const { value } = await callApi({ ...call, url: `${url}/variables/${name}`, what: `could not retrieve "${name}" ${kind} variable` });
  if (typeof value === 'string') return value;
  throw new TrustError('KEY_PROVIDER', `could not retrieve "${name}" ${kind} variable: the answer has no value`);
}

/** Never overwrites: GitLab refuses a name that is taken, and a signing key is not lost by a repeated command. */
async function createVariable({ kind, url, call }: Owner, key: string, value: string): Promise<void> {
  const json = { key, value, variable_type: 'env_var', protected: false, masked: false, environment_scope: '*' };
  await callApi({ ...call, url: `${url}/variables`, method: 'POST', json, what: `could not create "${key}" ${kind} variable` });
}
