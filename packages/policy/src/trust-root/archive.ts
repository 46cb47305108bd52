/**
 * The TUF repository in a TrustRoot: gzip around tar, its files in memory. Errors: `POLICY_INVALID`, with Go's text where it has one.
 *
 * It comes from who may write TrustRoots, and what is unpacked is capped all the same.
 */
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isTrustError, quote, TrustError } from '@assay/core';
import { extract } from 'tar-stream';

/** By path, without the `/repository/` in front. */
export async function unpackRepository(gzip: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const entries = extract();
  entries.end(await unzip(gzip));
  try {
    for await (const entry of entries) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      const { type, name } = entry.header;
      if (type === 'file' || type === 'contiguous-file') files.set(pathOf(name), Buffer.concat(chunks));
    }
  } catch (error) {
    if (isTrustError(error)) throw error;
    throw refused(`archive/tar: ${quote(error instanceof Error ? error.message : String(error))}`);
  }
  return files;
}

async function unzip(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < 10) throw refused('unexpected EOF');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 0x08) throw refused('gzip: invalid header');
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw refused(`more than ${MAX_UNPACKED_BYTES} bytes unpacked`);
    if (message === 'unexpected end of file') throw refused('unexpected EOF');
    throw refused(message === 'incorrect data check' ? 'gzip: invalid checksum' : `flate: ${quote(message)}`);
  }
}

/** Paths are below `/`, wherever `..` leads. */
function pathOf(name: string): string {
  const path = posix.join('/', name);
  return path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path.slice(1);
}

function refused(problem: string): TrustError {
  return new TrustError('POLICY_INVALID', `failed to uncompress: ${problem}`);
}

const PREFIX = '/repository/';
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;
