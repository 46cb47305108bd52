/** Archives for tests: made by `tar-stream` itself, entry by entry, also such as no tool would make. */
import { gzipSync } from 'node:zlib';
import { digestOf } from '@assay/oci';
import { type Header, pack } from 'tar-stream';
import type { Digest } from '../src/digest.ts';
import { BlobContent } from '../src/image/blob-content.ts';
import type { Descriptor } from '../src/manifest.ts';
import { sourceOf } from '../src/store.ts';

export type Entry = string | (Partial<Header> & { readonly name: string; readonly body?: string });

/** A name alone is a file that holds its own name, or a folder when it ends in a slash. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const packer = pack();
  for (const entry of entries) {
    const { name, body, ...header } = typeof entry === 'string' ? { name: entry } : entry;
    const type = header.type ?? (name.endsWith('/') ? 'directory' : 'file');
    packer.entry({ mtime: new Date(0), ...header, name, type }, type === 'file' ? (body ?? name) : '');
  }
  packer.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of packer as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface TestLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly bytes: Buffer;
}

export function gzipLayer(tar: Uint8Array, mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'): TestLayer {
  return layerOf(gzipSync(tar), mediaType, digestOf(tar));
}

export function layerOf(bytes: Buffer, mediaType: string, diffId: Digest): TestLayer {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, diffId, bytes };
}

/** Where the layers are read. */
export function contentOf(...blobs: readonly Uint8Array[]): BlobContent {
  return new BlobContent('test', { blobs: new Map(blobs.map((bytes) => [digestOf(bytes), sourceOf(bytes)])) });
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** In pieces of `size` bytes: nothing may rely on where chunks end. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
