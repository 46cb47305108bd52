/**
 * The body of a search, in both Rekor APIs (services.md section 5):
 *
 *   { email? | subject? | hash? | publicKey? { format: "x509", content: b64(PEM) }, operator?: "or" | "and" }
 */
import { isTrustError, parseFields, TrustError } from '@assay/core';
import { Refusal } from '../http/refusal.ts';
import type { SearchQuery } from './search-index.ts';
import { type SearchKey, searchKey } from './search-keys.ts';
import { parseSignerPem, type Signer, signerDigest } from './signer.ts';

export const MAX_QUERY_BYTES = 256 * 1024;

/** Throws `Refusal` 400, and 422 for values of the wrong form. */
export function parseSearchQuery(text: string): SearchQuery {
  try {
    const fields = parseFields(text, { what: 'search', parse: 'USAGE', shape: 'USAGE' });
    const operator = fields.optionalString('operator') ?? 'or';
    if (operator !== 'or' && operator !== 'and') throw new Refusal(422, 'operator in body should be one of [and or]');
    const names = [fields.optionalString('email'), fields.optionalString('subject')].filter((name) => name !== undefined && name !== '');
    const hash = fields.optionalString('hash') ?? '';
    const publicKey = fields.optionalObject('publicKey');
    const terms: SearchKey[][] = names.map((name) => [searchKey(name as string)]);
    if (hash !== '') terms.push([searchKey(hashText(hash))]);
    if (publicKey !== undefined) {
      if (publicKey.optionalString('format') !== 'x509') throw new Refusal(400, 'the PKI format requested is not supported by this server');
      terms.push(signerKeys(parseSigner(publicKey.bytes('content'))));
    }
    return { operator, terms };
  } catch (error) {
    if (isTrustError(error)) throw new Refusal(400, error.message, { cause: error });
    throw error;
  }
}

function hashText(text: string): string {
  const [, stated, value = ''] = HASH.exec(text) ?? [];
  const name = HASH_NAMES[value.length];
  if (name === undefined || (stated ?? name).toLowerCase() !== name) throw new Refusal(422, 'hash in body should be the hex of sha1, sha256, sha384 or sha512');
  return `${name}:${value}`;
}

function parseSigner(pem: Uint8Array): Signer {
  return parseSignerPem(pem) ?? refuse();
}

function refuse(): never {
  throw new TrustError('KEY_PARSE', 'public key provided could not be parsed');
}

/** Entries of messages have the digest as it is, those of envelopes with a prefix. */
function signerKeys(signer: Signer): SearchKey[] {
  const digest = signerDigest(signer);
  return [searchKey(digest), searchKey(`sha256:${digest}`)];
}

const HASH = /^(?:(\w+):)?([\da-f]+)$/i;
const HASH_NAMES: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' };
