/**
 * Blobs on their way in: bytes appended to a file, and hashed as they arrive. Only one request at a time writes to an upload.
 *
 * What arrived stays when a connection breaks, so that the client can go on from there. After a write that failed nobody knows what is in the file:
 * then the upload is dropped, as after anything else that it cannot recover from. Uploads live as long as the process.
 */
import { randomUUID } from 'node:crypto';
import type { Disk } from '../store/disk.ts';
import { type Digest, type DigestAlgorithm, Hasher, splitDigest } from './digest.ts';
import { refuse } from './refusal.ts';
import type { AppendedFile, Streams } from './streams.ts';

export interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Bytes so far. */
  readonly size: number;
}

interface UploadState extends Upload {
  size: number;
  hasher: Hasher;
  isBusy: boolean;
  isDropped: boolean;
  touched: number;
}

/** A writer of one upload, for as long as nobody else may write. */
export interface UploadWriter {
  /**
   * Appends `body`. What is not of the length that was announced is undone and refused with SIZE_INVALID, and so is what makes the blob too large.
   * Refuses with BLOB_UPLOAD_INVALID when the body breaks off.
   */
  receive(body: ReadableStream<Uint8Array> | null, announced: AnnouncedLength): Promise<void>;
  /** Ends the upload: hands its synced file to `keep`, or refuses with DIGEST_INVALID and leaves nothing. */
  finish(digest: Digest, keep: (path: string) => Promise<void>): Promise<void>;
}

export interface AnnouncedLength {
  /** By Content-Range: binding. */
  readonly length?: number;
  /** By Content-Length, which the server has enforced. */
  readonly contentLength?: number | undefined;
}

export interface UploadsOptions {
  readonly disk: Disk;
  readonly streams: Streams;
  readonly now: () => number;
  /** Bytes of one blob. */
  readonly maxBytes: number;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #open = new Map<string, UploadState>();
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  async start(repository: string, algorithm: DigestAlgorithm): Promise<Upload> {
    if (this.#isClosed) return refuse('UNKNOWN', 'the registry is stopping', { status: 503 });
    const now = this.#options.now();
    for (const upload of this.#open.values()) if (!upload.isBusy && now - upload.touched > MAX_IDLE_MS) await this.#drop(upload);
    const id = randomUUID();
    const upload: UploadState = { id, repository, size: 0, hasher: new Hasher(algorithm), isBusy: false, isDropped: false, touched: now };
    this.#open.set(id, upload);
    return upload;
  }

  /** Refuses with BLOB_UPLOAD_UNKNOWN. */
  find(repository: string, id: string): Upload {
    const upload = this.#open.get(id);
    return upload?.repository === repository ? upload : refuseUnknownUpload(id);
  }

  /** Lets `work` write, or calls `busy` while another request does. */
  async write(upload: Upload, busy: (upload: Upload) => never, work: (writer: UploadWriter) => Promise<void>): Promise<void> {
    const state = this.#open.get(upload.id) ?? refuseUnknownUpload(upload.id);
    if (state.isBusy) return busy(upload);
    state.isBusy = true;
    try {
      await work({
        receive: (body, announced) => this.#receive(state, body, announced),
        finish: (digest, keep) => this.#finish(state, digest, keep),
      });
    } finally {
      state.isBusy = false;
      state.touched = this.#options.now();
      // Its file may have been made after the one who dropped it had removed it.
      if (state.isDropped) await this.#options.disk.remove(pathOf(state));
    }
  }

  /** Ends it, also under the hands of a request that writes; not once its last byte has arrived. */
  async discard({ id }: Upload): Promise<void> {
    const state = this.#open.get(id);
    if (state !== undefined) await this.#drop(state);
  }

  /** Drops all but those whose last byte has arrived, and waits for these; nothing begins any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const upload of this.#open.values()) await this.#drop(upload);
    await Promise.allSettled(this.#ending);
  }

  async #drop(upload: UploadState): Promise<void> {
    upload.isDropped = true;
    this.#open.delete(upload.id);
    await this.#options.disk.remove(pathOf(upload));
  }

  async #receive(upload: UploadState, body: ReadableStream<Uint8Array> | null, { length, contentLength = 0 }: AnnouncedLength): Promise<void> {
    const before = { size: upload.size, hasher: upload.hasher.copy() };
    await this.#requireRoom(upload, contentLength);
    const file = await this.#options.streams.append(pathOf(upload)).catch((error: unknown) => this.#fail(upload, error));
    try {
      for await (const chunk of unbroken(body)) await this.#append(upload, file, chunk);
      if (length === undefined || upload.size - before.size === length) return;
      await file.truncate(before.size).catch((error: unknown) => this.#fail(upload, error));
      Object.assign(upload, before);
      refuse('SIZE_INVALID', 'the body is not as long as Content-Range says', { detail: { length } });
    } finally {
      await file.close();
    }
  }

  async #append(upload: UploadState, file: AppendedFile, chunk: Uint8Array): Promise<void> {
    if (upload.isDropped) refuseUnknownUpload(upload.id);
    await this.#requireRoom(upload, chunk.length);
    await file.write(chunk).catch((error: unknown) => this.#fail(upload, error));
    upload.hasher.update(chunk);
    upload.size += chunk.length;
  }

  async #requireRoom(upload: UploadState, moreBytes: number): Promise<void> {
    const { maxBytes } = this.#options;
    if (upload.size + moreBytes <= maxBytes) return;
    await this.#drop(upload);
    refuse('SIZE_INVALID', `the blob is larger than ${maxBytes} bytes`, { status: 413 });
  }

  async #finish(upload: UploadState, digest: Digest, keep: (path: string) => Promise<void>): Promise<void> {
    if (upload.isDropped) refuseUnknownUpload(upload.id);
    const [algorithm] = splitDigest(digest);
    const actual = upload.hasher.algorithm === algorithm ? upload.hasher.digest() : await this.#digestAgain(upload, algorithm);
    if (actual !== digest) {
      await this.#drop(upload);
      refuse('DIGEST_INVALID', 'provided digest did not match uploaded content', { detail: { digest: actual } });
    }
    // From here on it cannot be cancelled.
    this.#open.delete(upload.id);
    const ending = this.#sync(upload).then(() => keep(pathOf(upload)));
    this.#ending.add(ending);
    try {
      await ending;
    } catch (error) {
      await this.#fail(upload, error);
    } finally {
      this.#ending.delete(ending);
    }
  }

  /** For a client that names another algorithm at the end than it began with. */
  async #digestAgain(upload: Upload, algorithm: DigestAlgorithm): Promise<Digest> {
    const hasher = new Hasher(algorithm);
    for await (const chunk of (await this.#options.streams.read(pathOf(upload), 0, upload.size)) ?? []) hasher.update(chunk);
    return hasher.digest();
  }

  async #sync(upload: Upload): Promise<void> {
    const file = await this.#options.streams.append(pathOf(upload));
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #fail(upload: UploadState, error: unknown): Promise<never> {
    await this.#drop(upload).catch(() => undefined);
    throw error;
  }
}

/** What a process that was killed left behind. */
export async function removeUploads(disk: Disk): Promise<void> {
  await disk.remove(FOLDER);
}

function refuseUnknownUpload(id: string): never {
  return refuse('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { detail: id.slice(0, 200) });
}

/** A body that breaks off is the client's failure, not ours. */
async function* unbroken(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => refuse('BLOB_UPLOAD_INVALID', 'the body broke off'));
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

function pathOf({ id }: Upload): string {
  return `${FOLDER}/${id}`;
}

const FOLDER = 'uploads';
const MAX_IDLE_MS = 24 * 60 * 60 * 1000;
