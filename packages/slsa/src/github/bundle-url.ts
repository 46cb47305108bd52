/**
 * A bundle where GitHub keeps it outside the API's answer: one raw block of Snappy (its framing format is another), and in it JSON.
 *
 *     varint of the length uncompressed · literals and copies          github.com/google/snappy/blob/main/format_description.txt
 */
import { TrustError } from '@assay/core';
import { redactUrl } from '@assay/net';
import type { GithubApi } from './call-api.ts';

/** The address carries a signature of its own, so that nobody needs to show a token. Errors: `ATTESTATION_API`, `NET_…`. */
export async function fetchBundle(url: string, { http }: GithubApi): Promise<Uint8Array> {
  const { status, body } = await http.request(url, { retries: RETRIES, maxBytes: MAX_BYTES });
  if (status !== 200) {
    const message = `failed to fetch bundle with URL: attestation bundle with URL ${redactUrl(url)} returned status code ${status}`;
    throw new TrustError('ATTESTATION_API', message, { data: { status } });
  }
  return decompress(body);
}

/** Errors: `ATTESTATION_API`. */
export async function decompress(block: Uint8Array): Promise<Uint8Array> {
  const length = statedLength(block);
  if (length > MAX_BYTES) throw refused(`${length} bytes uncompressed, the cap is ${MAX_BYTES}`);
  const { snappyUncompress } = await import('hysnappy'); // most bundles come in the answer itself
  try {
    const bytes = snappyUncompress(block, length);
    if (bytes.length === length) return bytes;
  } catch (error) {
    throw refused('not a Snappy block', error);
  }
  throw refused('not a Snappy block');
}

/** Little-endian groups of seven bits: five at most, since a length has 32. It is asked for before any memory is. */
function statedLength(block: Uint8Array): number {
  let length = 0;
  for (const [i, byte] of block.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw refused('not a Snappy block');
}

function refused(problem: string, cause?: unknown): TrustError {
  return new TrustError('ATTESTATION_API', `failed to fetch bundle with URL: failed to decompress with snappy: ${problem}`, { cause });
}

const RETRIES = 3;
/** The largest predicate that GitHub takes has 16 MiB, in base64. */
const MAX_BYTES = 32 * 1024 * 1024;
