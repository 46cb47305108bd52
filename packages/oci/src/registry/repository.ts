/** A repository of a registry (distribution specification 1.1): manifests, blobs, tags, referrers. */
import { quote, TrustError } from '@assay/core';
import type { BodySource, HttpResponse } from '@assay/net';
import { checkBytes, type Digest, isDigest, verified } from '../digest.ts';
import { type Descriptor, MAX_MANIFEST_BYTES, readManifest, type StoredManifest } from '../manifest.ts';
import { bareMediaType, MANIFEST_TYPES } from '../media-types.ts';
import { isTag, type RepositoryName, repositoryText } from '../reference.ts';
import type { ContentReader, ContentWriter, ReferrerFilter, ReferrerList } from '../store.ts';
import type { Ask, Connection } from './connection.ts';
import { addToFallback, listReferrers } from './referrers.ts';
import { listTags } from './tags.ts';
import { upload } from './upload.ts';

export interface RepositoryClientOptions {
  readonly connection: Connection;
  readonly name: RepositoryName;
}

export class RepositoryClient implements ContentReader, ContentWriter {
  readonly connection: Connection;
  readonly repository: RepositoryName;

  constructor({ connection, name }: RepositoryClientOptions) {
    this.connection = connection;
    this.repository = name;
  }

  get name(): string {
    return repositoryText(this.repository);
  }

  async manifest(target: Digest | string): Promise<StoredManifest | undefined> {
    if (!isTarget(target)) return undefined;
    const ask = this.#ask('GET', `manifests/${target}`, { headers: ACCEPT_MANIFESTS, maxBytes: MAX_MANIFEST_BYTES });
    const response = await this.connection.request(ask);
    if (response.status === 404) return undefined;
    this.connection.expect(ask, response, 200);
    return this.#stored(target, response);
  }

  /** The same, and an error in the registry's words when it is not there. Errors: `OCI_NOT_FOUND`, `OCI_REFERENCE`. */
  async requireManifest(target: Digest | string): Promise<StoredManifest> {
    this.#requireTarget(target);
    const ask = this.#ask('GET', `manifests/${target}`, { headers: ACCEPT_MANIFESTS, maxBytes: MAX_MANIFEST_BYTES });
    return this.#stored(target, this.connection.expect(ask, await this.connection.request(ask), 200));
  }

  #stored(target: Digest | string, response: HttpResponse): StoredManifest {
    const what = this.#nameOf(target);
    const stated = response.headers['docker-content-digest'];
    const digest = isDigest(target) ? target : stated !== undefined && isDigest(stated) ? stated : undefined;
    if (digest !== undefined) checkBytes(response.body, { digest }, what);
    const stored = readManifest(response.body, response.headers['content-type'], what);
    return digest === undefined ? stored : { ...stored, descriptor: { ...stored.descriptor, digest } };
  }

  async resolve(target: Digest | string): Promise<Descriptor | undefined> {
    if (!isTarget(target)) return undefined;
    const ask = this.#ask('HEAD', `manifests/${target}`, { headers: ACCEPT_MANIFESTS });
    const { status, headers } = await this.connection.request(ask);
    if (status === 404) return undefined;
    const digest = headers['docker-content-digest'];
    const size = Number(headers['content-length'] ?? Number.NaN);
    const mediaType = bareMediaType(headers['content-type'] ?? '');
    // Some registries refuse HEAD, or answer it without a digest: then the manifest itself says.
    if (status !== 200 || digest === undefined || !isDigest(digest) || !Number.isSafeInteger(size) || !MANIFEST_TYPES.includes(mediaType)) {
      return (await this.manifest(target))?.descriptor;
    }
    if (isDigest(target) && target !== digest) {
      throw new TrustError('OCI_DIGEST_MISMATCH', `${this.#nameOf(target)}: the registry names another manifest`, { expected: target, found: digest });
    }
    return { mediaType, digest, size };
  }

  /** The same; what is not there is asked for once more with GET, whose answer says why. Errors: `OCI_NOT_FOUND`, `OCI_REFERENCE`. */
  async requireDescriptor(target: Digest | string): Promise<Descriptor> {
    return (await this.resolve(target)) ?? (await this.requireManifest(target)).descriptor;
  }

  async *blob(descriptor: Descriptor): AsyncGenerator<Uint8Array, void, void> {
    const ask = this.#ask('GET', `blobs/${descriptor.digest}`, { maxBytes: descriptor.size + MAX_ERROR_BYTES });
    const response = await this.connection.stream(ask);
    if (response.status !== 200) throw this.connection.refusal(ask, response.status, response.headers, await readSome(response.body));
    try {
      yield* verified(response.body, descriptor, this.#nameOf(descriptor.digest));
    } finally {
      response.cancel();
    }
  }

  async readBlob(descriptor: Descriptor, maxBytes: number): Promise<Uint8Array> {
    const what = this.#nameOf(descriptor.digest);
    if (descriptor.size > maxBytes) throw new TrustError('OCI_LIMIT', `${what}: ${descriptor.size} bytes, the cap is ${maxBytes}`);
    const ask = this.#ask('GET', `blobs/${descriptor.digest}`, { maxBytes: descriptor.size + MAX_ERROR_BYTES });
    const { body } = this.connection.expect(ask, await this.connection.request(ask), 200);
    checkBytes(body, descriptor, what);
    return body;
  }

  referrerLists(subject: Digest, filter: ReferrerFilter = {}): AsyncGenerator<ReferrerList, void, void> {
    return listReferrers(this, subject, filter);
  }

  tags(): Promise<string[]> {
    return listTags(this.connection, this.repository);
  }

  async hasBlob({ digest }: Descriptor): Promise<boolean> {
    const ask = this.#ask('HEAD', `blobs/${digest}`, {});
    const response = await this.connection.request(ask);
    if (response.status === 404) return false;
    this.connection.expect(ask, response, 200);
    return true;
  }

  putBlob(descriptor: Descriptor, content: BodySource, mountFrom?: string): Promise<void> {
    return upload(this.connection, this.repository, { descriptor, content, mountFrom });
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    return (await this.resolve(digest)) !== undefined;
  }

  async putManifest({ bytes, mediaType, tag }: { bytes: Uint8Array; mediaType: string; tag?: string | undefined }): Promise<Digest> {
    const { descriptor, manifest } = readManifest(bytes, mediaType, `manifest for ${this.name}`);
    const target = tag ?? descriptor.digest;
    this.#requireTarget(target);
    const ask: Ask = {
      ...this.#ask('PUT', `manifests/${target}`, { headers: { 'content-type': mediaType } }),
      body: bytes,
      scopes: this.#scopes('pull', 'push'),
    };
    const response = this.connection.expect(ask, await this.connection.request(ask), 201, 200, 202);
    const stated = response.headers['docker-content-digest'];
    if (stated !== undefined && stated !== descriptor.digest) {
      throw new TrustError('OCI_DIGEST_MISMATCH', `${this.#nameOf(target)}: the registry stored something else`, {
        expected: descriptor.digest,
        found: quote(stated),
      });
    }
    // Without `OCI-Subject` the registry does not list referrers itself, and the client keeps the list (distribution specification, "Pushing manifests with subject").
    if (manifest.subject !== undefined && response.headers['oci-subject'] === undefined)
      await addToFallback(this, manifest.subject.digest, { descriptor, manifest });
    return descriptor.digest;
  }

  /** By tag or digest; what is not there is deleted already. Errors: `OCI_UNSUPPORTED` where deletion is not allowed. */
  async deleteManifest(target: Digest | string): Promise<void> {
    this.#requireTarget(target);
    const ask: Ask = { ...this.#ask('DELETE', `manifests/${target}`, {}), scopes: this.#scopes('pull', 'push', 'delete') };
    const response = await this.connection.request(ask);
    if (response.status !== 404) this.connection.expect(ask, response, 202, 200, 204);
  }

  #requireTarget(target: Digest | string): void {
    if (!isTarget(target)) throw new TrustError('OCI_REFERENCE', `${this.name}: neither a tag nor a digest: ${quote(target)}`);
  }

  #ask(method: string, path: string, more: Pick<Ask, 'headers' | 'maxBytes'>): Ask {
    return { method, path: `${this.repository.repository}/${path}`, scopes: this.#scopes('pull'), ...more };
  }

  #scopes(...actions: ('pull' | 'push' | 'delete')[]): Ask['scopes'] {
    return [{ repository: this.repository.repository, actions }];
  }

  #nameOf(target: Digest | string): string {
    return `${this.name}${isDigest(target) ? '@' : ':'}${target}`;
  }
}

/** Tags come from lists and layouts that others made: as part of a path, anything else could lead elsewhere. */
function isTarget(target: Digest | string): boolean {
  return isDigest(target) || isTag(target);
}

/** Enough of a refusal's body to say why. */
async function readSome(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES);
}

const MAX_ERROR_BYTES = 64 * 1024;
const ACCEPT_MANIFESTS = { accept: MANIFEST_TYPES.join(', ') };
