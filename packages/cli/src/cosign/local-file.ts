/** A file to upload: read once for its digest, and again while it is sent, so that its size does not matter. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { TrustError } from '@assay/core';
import { type FileToPut, toDigest } from '@assay/oci';

/** `mediaTypeOf` is given the beginning. Errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`, also for what cannot be read twice. */
export async function openLocalFile(path: string, mediaTypeOf: (head: Uint8Array) => string): Promise<Pick<FileToPut, 'descriptor' | 'content'>> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new TrustError('FILE_NOT_FOUND', `${path}: no such file`);
  if (!stats.isFile()) throw new TrustError('FILE_UNREADABLE', `${path}: is a folder, a file was expected`);
  const hash = createHash('sha256');
  let head: Uint8Array = new Uint8Array(0);
  let size = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      if (size === 0) head = chunk;
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: error });
  }
  const descriptor = { mediaType: mediaTypeOf(head), digest: toDigest(`sha256:${hash.digest('hex')}`), size };
  return { descriptor, content: { size, open: () => createReadStream(path) } };
}
