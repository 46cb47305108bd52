import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { collect, inPieces, tarOf } from '../../test/archives.ts';
import { digestOf } from '../digest.ts';
import { DOCKER_LAYER_GZIP, DOCKER_MANIFEST, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../media-types.ts';
import { sourceOf } from '../store.ts';
import { decompressed } from './compression.ts';
import { describeLayer } from './layer.ts';
import { readTar } from './tar.ts';
import { windowsLayer } from './windows-layer.ts';

const tar = await tarOf(['a', 'b']);

test.each([
  ['gzip for Docker', gzipSync(tar), DOCKER_MANIFEST, DOCKER_LAYER_GZIP],
  ['gzip for OCI', gzipSync(tar), OCI_MANIFEST, OCI_LAYER_GZIP],
  ['zstd', zstdCompressSync(tar), DOCKER_MANIFEST, OCI_LAYER_ZSTD],
])('a compressed layer is taken as it is: %s', async (_, bytes, manifestType, mediaType) => {
  const layer = await describeLayer(sourceOf(bytes), manifestType, 'layer');
  expect(layer).toMatchObject({ descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, diffId: digestOf(tar) });
  expect(await collect(layer.content.open())).toEqual(bytes);
});

test('a plain layer is compressed, to the same bytes each time', async () => {
  const { descriptor, diffId, content } = await describeLayer(sourceOf(tar), OCI_MANIFEST, 'layer');
  const bytes = await collect(content.open());
  expect([descriptor.digest, descriptor.size, diffId]).toEqual([digestOf(bytes), bytes.length, digestOf(tar)]);
  expect(gunzipSync(bytes)).toEqual(tar);
});

describe('decompression', () => {
  test.each([1, 2, 3, 7, 100_000])('wherever chunks of %i bytes end', async (size) => {
    for (const bytes of [gzipSync(tar), zstdCompressSync(tar), tar]) expect(await collect(decompressed(inPieces(bytes, size), 'layer'))).toEqual(tar);
  });

  test.each([
    ['cut gzip', gzipSync(tar).subarray(0, 40), 'unexpected EOF'],
    ['broken gzip', broken(gzipSync(tar)), 'the gzip compression is broken'],
    ['broken zstd', broken(zstdCompressSync(tar)), 'the zstd compression is broken'],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(collect(decompressed(inPieces(bytes, 16), 'layer'))).rejects.toMatchObject({ code: 'OCI_LAYER', message: `layer: ${message}` });
  });

  test('an error of the source comes out as it is', async () => {
    const error = new Error('the source broke');
    const source = async function* () {
      yield gzipSync(tar).subarray(0, 20);
      throw error;
    };
    await expect(collect(decompressed(source(), 'layer'))).rejects.toBe(error);
  });

  test('who stops reading stops the source', async () => {
    let ended = false;
    const source = async function* () {
      try {
        for (;;) yield gzipSync(Buffer.alloc(100_000, 'x'));
      } finally {
        ended = true;
      }
    };
    for await (const _ of decompressed(source(), 'layer')) break;
    await new Promise(setImmediate);
    expect(ended).toBe(true);
  });
});

test('for Windows, files go below Files/ with an owner that may run them', async () => {
  const names: string[] = [];
  for await (const { header } of readTar(windowsLayer(sourceOf(gzipSync(tar)), 'layer').open(), 'layer')) {
    names.push(header.name);
    if (header.type === 'file') expect(header.pax).toHaveProperty(['MSWINDOWS.rawsd']);
  }
  expect(names).toEqual(['Files', 'Hives', 'Files/a', 'Files/b']);
  const again = windowsLayer(sourceOf(await tarOf(['Files/a'])), 'layer');
  await expect(collect(again.open())).rejects.toThrow('file path "Files/a" already suitable for Windows');
});

function broken(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(60, 0xff), bytes.subarray(60)]);
}
