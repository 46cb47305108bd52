/** Searching a log by its own index, whose answers are hints: each entry is looked at, and told for what it is. */
import type { TrustError } from '@assay/core';
import { keyFingerprint } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { parseVerifier } from '../services/signing.ts';
import type { LogReader } from './log-reader.ts';
import { type RecordedEntry, readRecorded } from './recorded.ts';
import type { SearchQuery } from './search-query.ts';

export type SearchHit =
  /**
   * In a tree that the log signed. `stated`: the entry itself says what was asked for. Otherwise that is the word of the index alone, as for
   * the subjects of an attestation, of which the log keeps only the hash.
   */
  | { readonly kind: 'entry'; readonly index: bigint; readonly entry: RecordedEntry; readonly stated: boolean }
  /** The index names it, and the log does not prove that it has it. */
  | { readonly kind: 'unproven'; readonly named: string; readonly problem: TrustError };

/** Errors: `LOG_SEARCH`, `LOG_READ`, `REKOR_RESPONSE`, `TLOG_CHECKPOINT_…`, `KEY_…`, `CERT_…`, `NET_…`. */
export async function* searchLog(log: LogReader, query: SearchQuery): AsyncGenerator<SearchHit> {
  const key = query.signerPem === undefined ? undefined : await keyFingerprint(nodeCrypto, parseVerifier(query.signerPem).publicKey);
  for await (const found of log.find(query)) {
    if ('problem' in found) {
      yield { kind: 'unproven', ...found };
      continue;
    }
    const entry = await readRecorded(found.body);
    yield { kind: 'entry', index: found.index, entry, stated: states(entry, query, key) };
  }
}

/** An index compares in lower case (services.md section 5). */
function states({ signers, digests }: RecordedEntry, { digest, identity }: SearchQuery, key: string | undefined): boolean {
  const isSigner = signers.some(
    (signer) =>
      (identity === undefined || signer.names.some((name) => name.toLowerCase() === identity.toLowerCase())) && (key === undefined || signer.key === key),
  );
  return (isSigner || (identity === undefined && key === undefined)) && (digest === undefined || digests.includes(digest.toLowerCase()));
}
