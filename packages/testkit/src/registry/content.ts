/** What a registry holds. Tests arrange and inspect it directly; nothing here is validated, so that any scene can be made. */
import { mkdirSync } from 'node:fs';
import { utf8 } from '@assay/core';
import { type Body, bytesBody } from './body.ts';
import { type DigestAlgorithm, digestOf } from './digest.ts';
import { Upload } from './upload.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface Repository {
  /** Each by digest. */
  readonly blobs: Map<string, Body>;
  readonly manifests: Map<string, StoredManifest>;
  /** Digest by tag. */
  readonly tags: Map<string, string>;
}

export interface PutManifestOptions {
  readonly tag?: string;
  /** Default: the manifest's own `mediaType`, else an OCI image manifest's. */
  readonly mediaType?: string;
  readonly algorithm?: DigestAlgorithm;
}

/** State: repositories and unfinished uploads, shared by every registry that serves this content. */
export class RegistryContent {
  readonly repositories = new Map<string, Repository>();
  readonly uploads = new Map<string, Upload>();
  readonly #blobFolder: string | undefined;

  /** @param blobFolder where pushed blobs go, instead of memory; the caller's, who removes it */
  constructor(blobFolder?: string) {
    if (blobFolder !== undefined) mkdirSync(blobFolder, { recursive: true });
    this.#blobFolder = blobFolder;
  }

  putBlob(repository: string, bytes: Uint8Array, mediaType = 'application/octet-stream'): Descriptor {
    const digest = digestOf(bytes);
    this.open(repository).blobs.set(digest, bytesBody(bytes));
    return { mediaType, digest, size: bytes.length };
  }

  getBlob(repository: string, digest: string): Uint8Array | undefined {
    return this.repositories.get(repository)?.blobs.get(digest)?.bytes();
  }

  /** @param manifest bytes and text are stored as they are, anything else as JSON */
  putManifest(repository: string, manifest: Uint8Array | string | object, options: PutManifestOptions = {}): Descriptor {
    const bytes = manifest instanceof Uint8Array ? manifest : utf8(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    const { tag, mediaType = fieldsOf(bytes).mediaType ?? OCI_MANIFEST, algorithm } = options;
    const digest = digestOf(bytes, algorithm);
    const { manifests, tags } = this.open(repository);
    manifests.set(digest, { mediaType, digest, bytes });
    if (tag !== undefined) tags.set(tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  /** @param reference a tag or a digest */
  getManifest(repository: string, reference: string): StoredManifest | undefined {
    const { manifests, tags } = this.repositories.get(repository) ?? NOTHING;
    return manifests.get(reference.includes(':') ? reference : (tags.get(reference) ?? ''));
  }

  /** Sorted as the specification demands. */
  tags(repository: string): string[] {
    return [...(this.repositories.get(repository) ?? NOTHING).tags.keys()].sort();
  }

  /** Whether there was one. */
  deleteTag(repository: string, tag: string): boolean {
    return this.repositories.get(repository)?.tags.delete(tag) === true;
  }

  /** The repository, made when it is not there. */
  open(name: string): Repository {
    const repository = this.repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.repositories.set(name, repository);
    return repository;
  }

  startUpload(repository: string): Upload {
    const upload = new Upload(repository, this.#blobFolder);
    this.uploads.set(upload.id, upload);
    return upload;
  }

  endUpload(upload: Upload): void {
    this.uploads.delete(upload.id);
  }
}

/** The members of manifests that a registry looks at. */
export interface ManifestFields {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly (Descriptor & { readonly urls?: readonly string[] })[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** No members when it is not a JSON object. */
export function fieldsOf(bytes: Uint8Array): ManifestFields {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes))) as ManifestFields;
  } catch {
    return {};
  }
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

const NOTHING: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
