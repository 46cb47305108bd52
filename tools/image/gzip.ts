/**
 * gzip (RFC 1952) whose bytes follow from the content and the pinned Node alone: no time, no file name, no system.
 *
 *   1f 8b 08 00  time 0  00 ff  deflate  CRC-32  length modulo 2^32
 */
import { Readable } from 'node:stream';
import { constants, crc32, createDeflateRaw } from 'node:zlib';

export async function* gzip(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sum = 0;
  let length = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      sum = crc32(chunk, sum);
      length += chunk.length;
      yield chunk;
    }
  }
  yield HEAD;
  // Nobody waits for it, and everybody fetches it.
  const deflate = createDeflateRaw({ level: constants.Z_BEST_COMPRESSION });
  const source = Readable.from(counted(), { objectMode: true });
  source.on('error', (error) => deflate.destroy(error));
  yield* source.pipe(deflate) as AsyncIterable<Uint8Array>;
  const end = Buffer.alloc(8);
  end.writeUInt32LE(sum, 0);
  end.writeUInt32LE(length % 2 ** 32, 4);
  yield end;
}

const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
