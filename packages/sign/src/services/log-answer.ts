/**
 * What a log answered, checked against what was submitted.
 *
 * A log is only believed after `verify` has seen its signatures. But an entry about something else, or one that is in no tree, must not
 * reach a bundle in the first place: whoever stores it finds out when nobody can verify it any more.
 */
import { Artifact, checkBody, checkInclusionProof, failures, isTrustError, type LogEntry, parseCheckpoint, signedContent, TrustError } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type HttpResponse, redactUrl } from '@assay/net';
import type { Signing, Verifier } from './signing.ts';

export interface Expected {
  readonly signing: Signing;
  readonly verifier: Verifier;
  /** Kind and version as one text, such as `dsse 0.0.1`. */
  readonly kind: string;
  /** Rekor v1 promises inclusion at a time, in a signed entry timestamp; Rekor v2 never does. */
  readonly promise: 'demanded' | 'forbidden';
}

/** The entry that `parse` reads out of the answer, fit for a version 0.3 bundle. Errors: `REKOR_RESPONSE`, `REKOR_ENTRY_MISMATCH`. */
export async function loggedEntry({ url, body }: HttpResponse, parse: (body: Uint8Array) => LogEntry, expected: Expected): Promise<LogEntry> {
  const where = redactUrl(url);
  const entry = parseAnswer(where, () => parse(body));
  const problem = shapeProblem(entry, expected);
  if (problem !== undefined) throw new TrustError('REKOR_RESPONSE', `${where}: ${problem}`);
  await checkEntry(where, entry, expected);
  return entry;
}

/** Whatever is wrong with an answer, the log is to blame for it. */
function parseAnswer(where: string, parse: () => LogEntry): LogEntry {
  try {
    return parse();
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('REKOR_RESPONSE', `${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

function shapeProblem({ inclusionProof, signedEntryTimestamp = new Uint8Array(0), integratedTime }: LogEntry, { promise }: Expected): string | undefined {
  if (inclusionProof === undefined) return 'the entry has no inclusion proof';
  if (promise === 'forbidden') return signedEntryTimestamp.length > 0 ? 'a Rekor v2 entry carries a signed entry timestamp' : undefined;
  return signedEntryTimestamp.length === 0 || integratedTime === 0n ? 'the entry has no signed entry timestamp' : undefined;
}

async function checkEntry(where: string, entry: LogEntry, { signing, verifier, kind }: Expected): Promise<void> {
  const { content } = signing;
  const { inclusionProof } = entry;
  const checkpoint = parseCheckpoint(inclusionProof?.checkpoint ?? '');
  if (inclusionProof === undefined || 'problem' in checkpoint) throw new TrustError('REKOR_RESPONSE', `${where}: the checkpoint of the entry is malformed`);
  if (`${entry.kind} ${entry.version}` !== kind) {
    throw new TrustError('REKOR_ENTRY_MISMATCH', `${where}: the entry is of another kind`, { expected: kind, found: `${entry.kind} ${entry.version}` });
  }
  const artifact =
    content.kind === 'message' && content.digest !== undefined ? Artifact.fromDigests({ [content.digest.algorithm]: content.digest.value }) : undefined;
  const signed = signedContent({ content }, artifact, verifier.certificate, verifier.publicKey);
  const checks = [await checkBody(entry, signed, nodeCrypto), ...(await checkInclusionProof(entry, inclusionProof, checkpoint.checkpoint, nodeCrypto))];
  const [failed] = checks.flatMap(failures);
  if (failed === undefined) return;
  throw new TrustError('REKOR_ENTRY_MISMATCH', `${where}: ${failed.says}`, {
    ...(failed.expected !== undefined && { expected: failed.expected }),
    ...(failed.found !== undefined && { found: failed.found }),
  });
}
