/** Loading what flags refer to: keys, certificates, signatures, timestamps (cosign.md sections 0.4 and 1). */
import {
  type Certificate,
  decodeBase64,
  decodeUtf8,
  isTrustError,
  type PublicKey,
  parseCertificatesPem,
  parsePublicKeyPem,
  parseSignatureFile,
  quote,
  TrustError,
} from '@assay/core';
import { createHttpClient, type HttpClient, loadFileOrUrl } from '@assay/net';
import type { Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import { isOffline } from '../offline.ts';
import { USER_AGENT } from './user-agent.ts';

/** Larger than any blob attestation that registries accept; COSIGN_MAX_ATTACHMENT_SIZE has the same default. */
const MAX_LOADED_BYTES = 134_217_728;

export class Loader {
  readonly #context: Context;
  readonly http: HttpClient;

  constructor(context: Context) {
    const { env } = context.io;
    this.#context = context;
    this.http = createHttpClient({ env, offline: isOffline(env), userAgent: USER_AGENT });
  }

  close(): void {
    this.http.close();
  }

  /** A path, http(s) URL or `env://NAME`. */
  async bytes(reference: string): Promise<Uint8Array> {
    const { io, signal } = this.#context;
    return loadFileOrUrl(reference, { http: this.http, env: io.env, maxBytes: MAX_LOADED_BYTES, signal });
  }

  /** `task` is what a refusal begins with. */
  async publicKey(reference: string, task = 'loading verifier from key opts: loading public key'): Promise<PublicKey> {
    return wrapped(task, async () => {
      const scheme = /^([a-z0-9]+):/.exec(reference)?.[1];
      if (scheme !== undefined && KEY_SCHEMES.has(scheme)) return this.#keptKey(reference);
      const content = await this.bytes(reference);
      return wrapped('pem to public key', () => readPublicKey(content));
    });
  }

  /** Read only when needed: most keys are files. */
  async #keptKey(reference: string): Promise<PublicKey> {
    const [{ loadPublicKey }, { withKeyContext }] = await Promise.all([import('@assay/sign'), import('../key-context.ts')]);
    return withKeyContext({ ...this.#context, userAgent: USER_AGENT }, (keys) => loadPublicKey(reference, keys));
  }

  /** The first certificate of a PEM file, or of base64 of one. */
  async certificate(reference: string): Promise<Certificate> {
    return wrapped('loading verifier from key opts: loading cert', async () => {
      const [first] = await this.certificates(reference);
      return first as Certificate;
    });
  }

  async certificates(reference: string): Promise<Certificate[]> {
    const pem = pemText(await this.bytes(reference));
    if (!pem.includes('-----BEGIN ')) throw new CommandError('error during PEM decoding');
    return parseCertificatesPem(pem);
  }

  /** A file or URL that holds the signature, or the base64 signature itself. */
  async signature(reference: string): Promise<Uint8Array> {
    try {
      return parseSignatureFile(await this.bytes(reference));
    } catch (error) {
      if (!isTrustError(error) || error.code !== 'FILE_NOT_FOUND') throw error;
      return parseSignatureFile(new TextEncoder().encode(reference));
    }
  }

  /** `{"SignedRFC3161Timestamp": b64}` as cosign writes it, or the DER response itself. */
  async timestamp(reference: string): Promise<Uint8Array> {
    const content = await this.bytes(reference);
    const text = decodeUtf8(content)?.trim();
    if (text === undefined || !text.startsWith('{')) return content;
    const member = /"SignedRFC3161Timestamp"\s*:\s*"([^"]*)"/.exec(text)?.[1];
    const der = member === undefined ? undefined : decodeBase64(member);
    if (der === undefined) throw new TrustError('TSA_PARSE', `${reference}: no SignedRFC3161Timestamp found`);
    return der;
  }
}

/** The public key of a PEM file. Throws in cosign's words. */
export function readPublicKey(content: Uint8Array): PublicKey {
  const pem = decodeUtf8(content) ?? '';
  if (!pem.includes('-----BEGIN ')) throw new CommandError('PEM decoding failed');
  const label = /-----BEGIN ([^-]*)-----/.exec(pem)?.[1] ?? '';
  if (!label.endsWith('PUBLIC KEY')) throw new CommandError(`unknown Public key PEM file type: ${quote(label)}. Are you passing the correct public key?`);
  return parsePublicKeyPem(pem);
}

/** PEM text, also when it comes as base64 of PEM. Errors: `CERT_PARSE`. */
export function pemText(content: Uint8Array): string {
  const text = decodeUtf8(content) ?? '';
  if (text.includes('-----BEGIN ')) return text;
  const decoded = decodeBase64(text.trim());
  return (decoded && decodeUtf8(decoded)) ?? '';
}

/** Key references that need a device or a service. */
const KEY_SCHEMES: ReadonlySet<string> = new Set(['awskms', 'gcpkms', 'azurekms', 'hashivault', 'openbao', 'k8s', 'gitlab', 'github', 'pkcs11']);
