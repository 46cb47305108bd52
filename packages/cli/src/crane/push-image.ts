/** Putting an image into a registry, and telling of every part what became of it. */
import type { BodySource } from '@assay/net';
import {
  type ContentReader,
  type ContentWriter,
  copyImage,
  type Descriptor,
  type Digest,
  isStatus,
  type RepositoryClient,
  type StoredManifest,
} from '@assay/oci';
import { CommandError } from '../cobra/failure.ts';
import { withProgress } from '../progress.ts';
import { digestText, type Reference } from './reference.ts';
import type { Session } from './session.ts';

export interface ImageToPush {
  readonly stored: StoredManifest;
  readonly from: ContentReader;
  /** Where it was read, when that is a repository. */
  readonly origin?: Reference;
  /** Blobs at once. */
  readonly jobs?: number;
  /** Digests of blobs that the target repository has; grows with what is pushed. */
  readonly known?: Set<string>;
}

/** Nothing is sent when it is there already. Errors: those of the registry. */
export async function pushImage({ stored, from, origin, jobs, known = new Set() }: ImageToPush, target: Reference, session: Session): Promise<Digest> {
  const { digest } = stored.descriptor;
  if (target.digest !== undefined && target.digest !== digest) {
    throw new CommandError(`manifest digest: "${digest}" does not match requested digest: "${target.digest}" for "${target.text}"`);
  }
  const client = session.repository(target);
  const tag = target.digest === undefined ? (target.tag ?? 'latest') : undefined;
  if ((await digestAt(client, tag ?? digest)) === digest) {
    session.log(`existing manifest: ${tag === undefined ? '' : `${tag}@`}${digest}`);
    return digest;
  }
  const mountFrom = origin?.registry === target.registry ? origin.repository : undefined;
  return copyImage(stored, tag, {
    from,
    to: new TellingWriter(client, target, known, session),
    foreignLayers: session.foreignLayers,
    ...(mountFrom !== undefined && { mountFrom }),
    ...(jobs !== undefined && { jobs }),
  });
}

/** What is there; a registry that forbids the question may still allow the answer's purpose. */
async function digestAt(client: RepositoryClient, target: Digest | string): Promise<Digest | undefined> {
  try {
    return (await client.resolve(target))?.digest;
  } catch (error) {
    if (isStatus(error, 403)) return undefined;
    throw error;
  }
}

class TellingWriter implements ContentWriter {
  readonly #client: RepositoryClient;
  readonly #target: Reference;
  readonly #known: Set<string>;
  readonly #session: Session;

  constructor(client: RepositoryClient, target: Reference, known: Set<string>, session: Session) {
    this.#client = client;
    this.#target = target;
    this.#known = known;
    this.#session = session;
  }

  get name(): string {
    return this.#client.name;
  }

  async hasBlob(descriptor: Descriptor): Promise<boolean> {
    const { digest } = descriptor;
    if (this.#known.has(digest)) return true;
    if (!(await this.#client.hasBlob(descriptor))) return false;
    this.#known.add(digest);
    this.#session.log(`existing blob: ${digest}`);
    return true;
  }

  async putBlob(descriptor: Descriptor, content: BodySource, mountFrom?: string): Promise<void> {
    let isSent = false;
    const open = () => {
      isSent = true;
      return withProgress(content.open(), `pushing ${descriptor.digest.slice(0, SHORT_DIGEST)}`, descriptor.size, this.#session.io);
    };
    await this.#client.putBlob(descriptor, { size: content.size, open }, mountFrom);
    this.#known.add(descriptor.digest);
    this.#session.log(`${isSent ? 'pushed' : 'mounted'} blob: ${descriptor.digest}`);
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    const isThere = await this.#client.hasManifest(digest);
    if (isThere) this.#session.log(`existing manifest: ${digest}`);
    return isThere;
  }

  async putManifest(content: { bytes: Uint8Array; mediaType: string; tag?: string | undefined }): Promise<Digest> {
    const digest = await this.#client.putManifest(content);
    const name = content.tag === undefined ? digestText(this.#target, digest) : this.#target.text;
    this.#session.log(`${name}: digest: ${digest} size: ${content.bytes.length}`);
    return digest;
  }
}

/** `sha256:` and enough to tell blobs apart. */
const SHORT_DIGEST = 19;
