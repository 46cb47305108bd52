/**
 * Putting a blob (distribution specification, "Pushing blobs"):
 *
 *   mount       POST …/blobs/uploads/?mount=DIGEST&from=OTHER      201: done; 202: an upload was opened instead
 *   small       POST …/blobs/uploads/, PUT LOCATION?digest=        monolithic
 *   large       POST …, PATCH LOCATION with the whole stream, PUT LOCATION?digest=
 *   refused     POST …, PATCH in pieces with Content-Range, PUT    where a registry does not take it at once
 *
 * A broken upload is begun again; a registry drops what was never finished, so nothing partial is left to be found.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import type { BodySource, HttpResponse } from '@assay/net';
import type { Descriptor } from '../manifest.ts';
import { type RepositoryName, repositoryText } from '../reference.ts';
import type { Ask, Connection } from './connection.ts';

export interface BlobUpload {
  readonly descriptor: Descriptor;
  readonly content: BodySource;
  /** A repository of the same registry that is likely to have it. */
  readonly mountFrom?: string | undefined;
}

/** Errors: `OCI_UPLOAD`, the registry's refusals, and those of `content`. */
export async function upload(connection: Connection, name: RepositoryName, blob: BlobUpload): Promise<void> {
  const uploader = new Uploader(connection, name, blob.descriptor);
  let opened = await uploader.open(blob.mountFrom);
  if (opened === 'mounted') return;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await uploader.send(opened, blob.content);
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error) || !(await connection.pause(attempt, error))) throw error;
    }
    // The answer may be what was lost.
    if (await uploader.isThere()) return;
    const again = await uploader.open(undefined);
    if (again === 'mounted') return;
    opened = again;
  }
}

class Uploader {
  readonly #connection: Connection;
  readonly #name: RepositoryName;
  readonly #descriptor: Descriptor;

  constructor(connection: Connection, name: RepositoryName, descriptor: Descriptor) {
    this.#connection = connection;
    this.#name = name;
    this.#descriptor = descriptor;
  }

  async open(mountFrom: string | undefined): Promise<Location | 'mounted'> {
    const { repository } = this.#name;
    const mount = mountFrom !== undefined && mountFrom !== repository;
    const query = mount ? `?mount=${this.#descriptor.digest}&from=${encodeURIComponent(mountFrom)}` : '';
    const ask = this.#ask('POST', `${repository}/blobs/uploads/${query}`, {}, mount ? mountFrom : undefined);
    const response = await this.#connection.request({ ...ask, retries: 2 });
    if (mount && response.status === 201) {
      this.#stored(response);
      return 'mounted';
    }
    if (mount && response.status !== 202) return this.open(undefined);
    this.#connection.expect(ask, response, 202);
    return { url: this.#location(response), minChunkBytes: Number(response.headers['oci-chunk-min-length'] ?? 0) || 0 };
  }

  async isThere(): Promise<boolean> {
    const ask = this.#ask('HEAD', `${this.#name.repository}/blobs/${this.#descriptor.digest}`, {});
    return (await this.#connection.request(ask)).status === 200;
  }

  async send(opened: Location, content: BodySource): Promise<void> {
    const small = this.#descriptor.size <= MONOLITHIC_BYTES;
    const refused = small ? await this.#monolithic(opened.url, content) : await this.#stream(opened.url, content);
    if (refused === undefined) return;
    const again = await this.open(undefined);
    if (again !== 'mounted') await this.#pieces(again, content);
  }

  /** Undefined when done, else the status of a registry that wants it otherwise. */
  async #monolithic(location: URL, content: BodySource): Promise<number | undefined> {
    const ask = this.#ask('PUT', this.#commit(location), OCTETS);
    const response = await this.#connection.request({ ...ask, body: sized(content, this.#descriptor.size), retries: 0 });
    if (WANTS_PIECES.has(response.status)) return response.status;
    this.#stored(this.#connection.expect(ask, response, 201, 204));
    return undefined;
  }

  async #stream(location: URL, content: BodySource): Promise<number | undefined> {
    const ask = this.#ask('PATCH', location, OCTETS);
    const response = await this.#connection.request({ ...ask, body: sized(content, this.#descriptor.size), retries: 0 });
    if (WANTS_PIECES.has(response.status)) return response.status;
    this.#connection.expect(ask, response, 202, 201, 204);
    await this.#finish(this.#location(response));
    return undefined;
  }

  async #pieces(opened: Location, content: BodySource): Promise<void> {
    const pieceBytes = Math.max(PIECE_BYTES, opened.minChunkBytes);
    if (pieceBytes > MAX_PIECE_BYTES) throw this.#refuse(`the registry wants pieces of at least ${opened.minChunkBytes} bytes, the cap is ${MAX_PIECE_BYTES}`);
    let location = opened.url;
    let offset = 0;
    for await (const piece of inPieces(content.open(), pieceBytes)) {
      const range = `${offset}-${offset + piece.length - 1}`;
      const ask = this.#ask('PATCH', location, { ...OCTETS, 'content-range': range });
      const response = this.#connection.expect(ask, await this.#connection.request({ ...ask, body: piece, retries: 0 }), 202, 204);
      offset += piece.length;
      const stored = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
      if (stored !== undefined && Number(stored) !== offset - 1) throw this.#refuse(`the registry has stored up to byte ${stored} of ${offset - 1}`);
      location = this.#location(response);
    }
    await this.#finish(location);
  }

  async #finish(location: URL): Promise<void> {
    const ask = this.#ask('PUT', this.#commit(location), OCTETS);
    this.#stored(this.#connection.expect(ask, await this.#connection.request({ ...ask, body: new Uint8Array(0), retries: 0 }), 201, 204));
  }

  #stored({ headers }: HttpResponse): void {
    const stated = headers['docker-content-digest'];
    if (stated === undefined || stated === this.#descriptor.digest) return;
    throw new TrustError('OCI_DIGEST_MISMATCH', `${this.#what()}: the registry stored something else`, {
      expected: this.#descriptor.digest,
      found: quote(stated),
    });
  }

  /** Content goes to the registry that was named, wherever it would rather have it: another host would get it with nobody's consent. */
  #location(response: HttpResponse): URL {
    const location = this.#connection.resolve(response.headers['location'] ?? '', response.url);
    if (location === undefined || response.headers['location'] === undefined) throw this.#refuse('the registry does not say where to');
    if (!this.#connection.isOwn(location)) throw this.#refuse(`the registry sends it to another host: ${quote(location.host)}`);
    return location;
  }

  #commit(location: URL): URL {
    const url = new URL(location);
    url.searchParams.set('digest', this.#descriptor.digest);
    return url;
  }

  #ask(method: string, path: string | URL, headers: Readonly<Record<string, string>>, mountFrom?: string): Ask {
    const from = mountFrom === undefined ? [] : [{ repository: mountFrom, actions: ['pull' as const] }];
    return { method, path, headers, scopes: [{ repository: this.#name.repository, actions: ['pull', 'push'] }, ...from] };
  }

  #refuse(problem: string): TrustError {
    return new TrustError('OCI_UPLOAD', `${this.#what()}: ${problem}`);
  }

  #what(): string {
    return `upload of ${this.#descriptor.digest} to ${repositoryText(this.#name)}`;
  }
}

interface Location {
  readonly url: URL;
  readonly minChunkBytes: number;
}

function sized(content: BodySource, size: number): BodySource {
  return { size, open: () => content.open() };
}

async function* inPieces(chunks: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncGenerator<Uint8Array, void, void> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length; ) {
      const count = Math.min(chunk.length - taken, pieceBytes - filled);
      piece.set(chunk.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Trouble that may have passed when the upload is begun again. */
function isPassing(error: unknown): error is TrustError {
  if (!isTrustError(error)) return false;
  if (error.code === 'NET_UNREACHABLE' || error.code === 'NET_TIMEOUT' || error.code === 'OCI_RATE_LIMITED') return true;
  return error.code === 'OCI_STATUS' && Number(error.data?.['status']) >= 500;
}

/** A registry that does not take a blob at once, or not so much of it. */
const WANTS_PIECES: ReadonlySet<number> = new Set([405, 411, 413, 416, 501]);
const OCTETS = { 'content-type': 'application/octet-stream' };
const ATTEMPTS = 3;
const MONOLITHIC_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 8 * 1024 * 1024;
const MAX_PIECE_BYTES = 64 * 1024 * 1024;
