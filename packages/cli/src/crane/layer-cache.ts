/** `--cache_path`: layers under their digests in a folder, read from there the next time. */
import { createReadStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { type ContentReader, type Descriptor, verified } from '@assay/oci';
import { BlobContent } from '@assay/oci/image';

/** `reader` itself when `folder` is empty. */
export function cachedContent(reader: ContentReader, folder: string): ContentReader {
  return folder === '' ? reader : new CachedContent(reader, folder);
}

class CachedContent extends BlobContent {
  readonly #reader: ContentReader;
  readonly #folder: string;

  constructor(reader: ContentReader, folder: string) {
    super(reader.name, {}, reader);
    this.#reader = reader;
    this.#folder = folder;
  }

  override blob(descriptor: Descriptor): AsyncIterable<Uint8Array> {
    const file = join(this.#folder, descriptor.digest);
    const isThere = statSync(file, { throwIfNoEntry: false })?.size === descriptor.size;
    return isThere ? verified(createReadStream(file), descriptor, file) : kept(this.#reader.blob(descriptor), file, this.#folder);
  }
}

/** Passes `chunks` on and writes them into the file, which appears when all have come: what they are was checked before they came here. */
async function* kept(chunks: AsyncIterable<Uint8Array>, file: string, folder: string): AsyncGenerator<Uint8Array, void, void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}.partial`;
  // Opened first, as in output-file.ts.
  const output = (await open(partial, 'w')).createWriteStream();
  const written = finished(output);
  written.catch(() => undefined);
  try {
    for await (const chunk of chunks) {
      if (!output.write(chunk)) await Promise.race([new Promise<void>((resume) => output.once('drain', resume)), written]);
      yield chunk;
    }
    output.end();
    await written;
    renameSync(partial, file);
  } finally {
    output.destroy();
    rmSync(partial, { force: true });
  }
}
