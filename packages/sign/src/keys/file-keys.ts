/** Keys in PEM files, behind URLs and in environment variables: the file-or-URL loader of cosign.md section 0.4. */
import { decodeUtf8, type PublicKey, parsePublicKeyPem, TrustError } from '@assay/core';
import { loadFileOrUrl } from '@assay/net';
import { decryptPrivateKey } from './encrypted-key.ts';
import { localSigner } from './local-key.ts';
import type { KeyContext, KeyProvider } from './provider.ts';
import type { Signer } from './signer.ts';

export const fileKeys: KeyProvider = {
  async loadSigner(reference, context) {
    const pem = await loadText(reference, context);
    return encryptedSigner(pem, await context.password());
  },

  async loadPublicKey(reference, context) {
    return publicKeyFrom(await loadText(reference, context));
  },
};

/** Errors: as `decryptPrivateKey`; `KEY_UNSUPPORTED`. */
export async function encryptedSigner(pem: string, password: Uint8Array): Promise<Signer> {
  return localSigner(await decryptPrivateKey(pem, password));
}

/** Errors: `KEY_PARSE`, `KEY_UNSUPPORTED`, with cosign's text for what is no PEM at all. */
export function publicKeyFrom(pem: string): PublicKey {
  if (!pem.includes('-----BEGIN ')) throw new TrustError('KEY_PARSE', 'pem to public key: PEM decoding failed');
  return parsePublicKeyPem(pem);
}

async function loadText(reference: string, { http, env, signal }: KeyContext): Promise<string> {
  const bytes = await loadFileOrUrl(reference, { http, env, maxBytes: MAX_PEM_BYTES, ...(signal && { signal }) });
  return decodeUtf8(bytes) ?? '';
}

const MAX_PEM_BYTES = 1024 * 1024;
