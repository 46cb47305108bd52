/**
 * A tar file as a layer: compressed it is taken as it is, else it is compressed with gzip. Content is read more than once and never held, so its
 * source must give the same bytes each time.
 *
 * The bytes that gzip makes are those of this zlib at its fastest level. Other tools compress the same tar to other bytes, and so to another digest;
 * the diff ID, which is of the tar itself, is the same everywhere. To have the same digest everywhere, give a compressed file.
 */
import { createHash } from 'node:crypto';
import { constants, createGzip } from 'node:zlib';
import type { BodySource } from '@assay/net';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { DOCKER_LAYER_GZIP, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../media-types.ts';
import { compressionOf, decompressed, through } from './compression.ts';

export interface Layer {
  readonly descriptor: Descriptor;
  /** Of the tar without compression. */
  readonly diffId: Digest;
  /** What the descriptor describes. */
  readonly content: BodySource;
}

/**
 * @param mediaType of the manifest that the layer is for
 * Errors: `OCI_LAYER` when it does not decompress, and those of the source.
 */
export async function describeLayer(tar: BodySource, mediaType: string, what: string): Promise<Layer> {
  const compression = await compressionOf(tar.open());
  const content = compression === 'none' ? gzipped(tar) : tar;
  const { digest, size } = await measure(content.open());
  const diff = await measure(decompressed(tar.open(), what));
  return { descriptor: { mediaType: compression === 'zstd' ? OCI_LAYER_ZSTD : gzipTypeFor(mediaType), digest, size }, diffId: diff.digest, content };
}

/** Compressed while it is read; the size is known only in the end. */
export function gzipped(tar: BodySource): BodySource {
  return { size: undefined, open: () => through(tar.open(), createGzip({ level: constants.Z_BEST_SPEED })) };
}

export async function measure(chunks: AsyncIterable<Uint8Array>): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

function gzipTypeFor(manifestType: string): string {
  return manifestType === OCI_MANIFEST ? OCI_LAYER_GZIP : DOCKER_LAYER_GZIP;
}
