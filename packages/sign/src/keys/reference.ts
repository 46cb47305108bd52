/**
 * Key references (cosign.md section 0.4): what `--key` names.
 *
 * | Reference | Key |
 * |---|---|
 * | path, `https://…`, `http://…`, `env://NAME` | PEM: an encrypted private key to sign, a public key to verify |
 * | `pkcs11:…` | on a token (RFC 7512) |
 * | `k8s://NAMESPACE/SECRET` | in a Kubernetes secret |
 * | `gitlab://PROJECT` | in CI variables of a project or group |
 * | `github://OWNER[/REPOSITORY]` | Actions secrets, which can be written only |
 * | `hashivault://KEY`, `openbao://KEY` | in the transit engine of Vault or OpenBao |
 * | `awskms://…`, `gcpkms://…`, `azurekms://…` | refused, until somebody plugs in a `KeyProvider` |
 */
import { type PublicKey, quote, TrustError } from '@assay/core';
import { fileKeys } from './file-keys.ts';
import type { KeyContext, KeyProvider, StorableKeyPair } from './provider.ts';
import type { Signer } from './signer.ts';

/**
 * The key that a reference names, ready to sign. Errors: as `KeyProvider.loadSigner`; `KEY_PROVIDER_MISSING`.
 *
 * @example const signer = await loadSigner('cosign.key', { env, http, password: async () => utf8('secret') });
 */
export async function loadSigner(reference: string, context: KeyContext): Promise<Signer> {
  return (await providerOf(reference, context)).loadSigner(reference, context);
}

/**
 * The public key that a reference names, for `verify` of core. No password is asked for. Errors: as `KeyProvider.loadPublicKey`; `KEY_PROVIDER_MISSING`.
 *
 * @example const key = await loadPublicKey('k8s://build/signing', { env, http, password });
 */
export async function loadPublicKey(reference: string, context: KeyContext): Promise<PublicKey> {
  return (await providerOf(reference, context)).loadPublicKey(reference, context);
}

/**
 * Keeps a new key pair at `k8s://…`, `gitlab://…` or `github://…`. Returns what was written and where, a sentence each.
 * Errors: as `KeyProvider.storeKeyPair`; `KEY_REFERENCE` for places that keep no keys made elsewhere.
 */
export async function storeKeyPair(reference: string, pair: StorableKeyPair, context: KeyContext): Promise<string[]> {
  const provider = await providerOf(reference, context);
  if (provider.storeKeyPair !== undefined) return provider.storeKeyPair(reference, pair, context);
  if (!reference.includes('://')) throw new TrustError('KEY_REFERENCE', 'could not parse scheme, use <scheme>://<ref> format');
  throw new TrustError('KEY_REFERENCE', `undefined provider: ${quote(schemeOf(reference) ?? '')}`, { hint: 'k8s://, gitlab:// and github:// keep key pairs' });
}

/** Makes a key in a key management service. Errors: as `KeyProvider.createKey`; `KEY_REFERENCE` for places that make no keys. */
export async function createKey(reference: string, context: KeyContext): Promise<PublicKey> {
  const provider = await providerOf(reference, context);
  if (provider.createKey !== undefined) return provider.createKey(reference, context);
  throw new TrustError('KEY_REFERENCE', `no key management service at ${quote(reference)}`, { hint: 'hashivault:// and openbao:// make keys' });
}

async function providerOf(reference: string, { providers = {} }: KeyContext): Promise<KeyProvider> {
  const scheme = schemeOf(reference) ?? '';
  if (Object.hasOwn(providers, scheme)) return providers[scheme] as KeyProvider;
  return (await BUILT_IN.get(scheme)?.()) ?? fileKeys;
}

function schemeOf(reference: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/.exec(reference)?.[1];
}

/** Loaded when a reference names them. */
const BUILT_IN: ReadonlyMap<string, () => Promise<KeyProvider>> = new Map([
  ['pkcs11', async () => (await import('./pkcs11.ts')).pkcs11Keys],
  ['k8s', async () => (await import('./kubernetes.ts')).kubernetesKeys],
  ['gitlab', async () => (await import('./gitlab.ts')).gitlabKeys],
  ['github', async () => (await import('./github.ts')).githubKeys],
  ['hashivault', async () => (await import('./vault.ts')).vaultKeys],
  ['openbao', async () => (await import('./vault.ts')).vaultKeys],
  ['awskms', async () => missing('awskms')],
  ['gcpkms', async () => missing('gcpkms')],
  ['azurekms', async () => missing('azurekms')],
]);

function missing(scheme: string): KeyProvider {
  const refuse = async (): Promise<never> => {
    throw new TrustError('KEY_PROVIDER_MISSING', `${scheme}:// keys are not supported here`, {
      hint: `export the public key to verify; to sign, a program can plug in a KeyProvider for ${scheme} (providers of KeyContext in @assay/sign)`,
    });
  };
  return { loadSigner: refuse, loadPublicKey: refuse, storeKeyPair: refuse, createKey: refuse };
}
