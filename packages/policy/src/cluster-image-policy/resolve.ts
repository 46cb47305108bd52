/**
 * Puts in place what a policy refers to: keys in Secrets and key management services, policies in ConfigMaps and at URLs (admission.md 1.7).
 * How they are read is the caller's: the controller reads its cluster, the command line nothing (`resolvesNothing`).
 */
import { createHash } from 'node:crypto';
import { decodeUtf8, isTrustError, parsePublicKeyPem, TrustError } from '@assay/core';
import { goQuote } from './go/quote.ts';
import { hashOf, type PolicyHash } from './hash-algorithm.ts';
import type { Authority, ClusterImagePolicy, KeyReference, PolicyReference } from './types.ts';

/** What each reads throws a TrustError for what it cannot reach; its message becomes that of the failure. */
export interface Resolver {
  /** The data of a Secret in the controller's namespace. Undefined: Secrets are not resolved here. */
  secret?(name: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** The data of a ConfigMap in the controller's namespace. */
  configMap?(name: string): Promise<ReadonlyMap<string, string>>;
  /** PEM of the public key of a key management service. */
  kmsPublicKey?(reference: string, hash: PolicyHash): Promise<string>;
  /** A GET, redirects followed, the body capped. */
  fetch?(url: string): Promise<{ readonly status: number; readonly body: Uint8Array }>;
}

export const resolvesNothing: Resolver = {};

export interface ResolveFailure {
  /** The reason of the condition that becomes false. */
  readonly reason: 'InliningKeysFailed' | 'InliningPoliciesFailed';
  readonly message: string;
}

/**
 * The policy with what could be resolved in place. References of a kind that the resolver does not read stay: such a key verifies nothing, and such a
 * policy is empty. A failure is one for the whole policy, which must then not be used: keep the last good version, or deny.
 */
export async function resolvePolicy(policy: ClusterImagePolicy, resolver: Resolver): Promise<ClusterImagePolicy | ResolveFailure> {
  const withKeys = await attempt('InliningKeysFailed', () => Promise.all(policy.spec.authorities.map((authority) => resolveKeys(authority, resolver))));
  if ('reason' in withKeys) return withKeys;
  return attempt('InliningPoliciesFailed', async () => {
    const { policy: own } = policy.spec;
    const authorities = await Promise.all(withKeys.map((authority) => resolveAttestations(authority, resolver)));
    return { ...policy, spec: { ...policy.spec, authorities, ...(own !== undefined && { policy: await resolveReference(own, resolver) }) } };
  });
}

async function attempt<T>(reason: ResolveFailure['reason'], run: () => Promise<T>): Promise<T | ResolveFailure> {
  try {
    return await run();
  } catch (error) {
    if (isTrustError(error)) return { reason, message: error.message };
    throw error;
  }
}

async function resolveKeys(authority: Authority, resolver: Resolver): Promise<Authority> {
  const { key, keyless } = authority;
  const authorityKey = keyless?.['ca-cert'];
  return {
    ...authority,
    ...(key !== undefined && { key: await fromService(await fromSecret(key, resolver), resolver) }),
    ...(keyless !== undefined && authorityKey !== undefined && { keyless: { ...keyless, 'ca-cert': await fromSecret(authorityKey, resolver) } }),
  };
}

async function fromSecret(key: KeyReference, { secret }: Resolver): Promise<KeyReference> {
  const { secretRef, ...rest } = key;
  if (secretRef === undefined || secret === undefined) return key;
  const name = goQuote(secretRef.name ?? '');
  const entries = [...(await secret(secretRef.name ?? '')).values()];
  const [entry] = entries;
  if (entry === undefined) throw unresolved(`secret ${name} contains no data`);
  if (entries.length > 1) throw unresolved(`secret ${name} contains multiple data entries, only one is supported`);
  const data = decodeUtf8(entry) ?? '';
  try {
    parsePublicKeyPem(data);
  } catch (error) {
    // The message must not show what is in the secret, nor does it.
    throw unresolved(`secret ${name} contains an invalid public key: ${publicKeyProblem(data, error)}`);
  }
  return { ...rest, data };
}

function publicKeyProblem(pem: string, error: unknown): string {
  const [, label] = /-----BEGIN ([A-Z0-9 ]{1,64})-----/.exec(pem) ?? [];
  if (label === undefined) return 'PEM decoding failed';
  if (label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY') return `unknown Public key PEM file type: ${label}. Are you passing the correct public key?`;
  return isTrustError(error) ? error.message : 'unusable';
}

async function fromService(key: KeyReference, { kmsPublicKey }: Resolver): Promise<KeyReference> {
  const { kms, ...rest } = key;
  if (kms === undefined || !kms.includes('://') || kmsPublicKey === undefined) return key;
  return { ...rest, data: await kmsPublicKey(kms, hashOf(key.hashAlgorithm)) };
}

async function resolveAttestations(authority: Authority, resolver: Resolver): Promise<Authority> {
  const attestations = authority.attestations.map(async (attestation) => {
    const { policy } = attestation;
    return policy === undefined ? attestation : { ...attestation, policy: await resolveReference(policy, resolver) };
  });
  return { ...authority, attestations: await Promise.all(attestations) };
}

async function resolveReference(reference: PolicyReference, resolver: Resolver): Promise<PolicyReference> {
  const { configMapRef, remote, ...rest } = reference;
  if (configMapRef !== undefined && resolver.configMap !== undefined) {
    return { ...rest, data: await fromConfigMap(configMapRef.name ?? '', configMapRef.key ?? '', resolver.configMap) };
  }
  if (remote !== undefined && resolver.fetch !== undefined) return { ...rest, data: await fromUrl(remote.url, remote.sha256sum ?? '', resolver.fetch) };
  return reference;
}

async function fromConfigMap(name: string, key: string, configMap: NonNullable<Resolver['configMap']>): Promise<string> {
  const data = await configMap(name);
  if (data.size === 0) throw unresolved(`configmap ${goQuote(name)} contains no data`);
  return data.get(key) || refuse(`configmap ${goQuote(name)} does not contain key ${key}`);
}

async function fromUrl(url: string, sha256sum: string, fetch: NonNullable<Resolver['fetch']>): Promise<string> {
  const { status, body } = await fetch(url).catch((error: unknown) => {
    if (isTrustError(error)) throw new TrustError(error.code, `failed to fetch content from policy url: ${error.message}`, { cause: error });
    throw error;
  });
  if (status < 200 || status > 299) throw unresolved(`failed to fetch content from policy url with code ${status}`);
  const found = createHash('sha256').update(body).digest('hex');
  if (found !== sha256sum) throw unresolved(`failed to check sha256sum from policy remote: ${sha256sum} got ${found}`);
  return decodeUtf8(body) ?? refuse('failed to read policy url response: invalid UTF-8');
}

function refuse(problem: string): never {
  throw unresolved(problem);
}

function unresolved(problem: string): TrustError {
  return new TrustError('POLICY_REFERENCE', problem);
}
