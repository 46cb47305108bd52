/** A blob that is being uploaded: bytes appended in order, in memory or in a file. */
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Body, bytesBody, fileBody } from './body.ts';
import { type DigestAlgorithm, digestOfBody } from './digest.ts';

export class Upload {
  readonly id: string = randomUUID();
  /** What the Location must keep in its query, as registries do that keep state there. */
  readonly state: string = randomUUID();
  readonly repository: string;
  /** A chunk below the minimum has arrived; it must have been the last. */
  ended = false;
  readonly #sink: Sink;
  readonly #sha256 = createHash('sha256');
  #size = 0;

  /** @param folder where the bytes go; in memory without one */
  constructor(repository: string, folder: string | undefined) {
    this.repository = repository;
    this.#sink = folder === undefined ? memorySink() : fileSink(join(folder, this.id));
  }

  get size(): number {
    return this.#size;
  }

  append(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sink.append(chunk);
    this.#size += chunk.length;
  }

  body(): Body {
    return this.#sink.body(this.#size);
  }

  async digest(algorithm: DigestAlgorithm): Promise<string> {
    return algorithm === 'sha256' ? `sha256:${this.#sha256.copy().digest('hex')}` : digestOfBody(this.body(), algorithm);
  }

  discard(): void {
    this.#sink.discard();
  }
}

interface Sink {
  append(chunk: Uint8Array): void;
  body(size: number): Body;
  discard(): void;
}

function memorySink(): Sink {
  let chunks: Uint8Array[] = [];
  return {
    append: (chunk) => void chunks.push(chunk),
    body: () => bytesBody(Buffer.concat(chunks)),
    discard: () => {
      chunks = [];
    },
  };
}

/** Opened anew for every chunk: an upload that nobody finishes leaves no handle open. */
function fileSink(path: string): Sink {
  writeFileSync(path, '');
  return {
    append: (chunk) => appendFileSync(path, chunk),
    body: (size) => fileBody(path, size),
    discard: () => rmSync(path, { force: true }),
  };
}
