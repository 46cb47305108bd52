/**
 * An envelope together with its log entry, to be kept: what was found once needs no network any more (slsa.md section 1.8 F).
 *
 * A Sigstore bundle is the better form, since other tools take it. But an intoto 0.0.1 entry commits to the text of the envelope, which a bundle does not
 * keep; for those there is a document of ours:
 *
 *   { "mediaType": "application/vnd.assay.logged-envelope.v1+json", "envelope": b64 of the file,
 *     "entry": { "<entry id>": { body = b64, integratedTime, logID = hex, logIndex,
 *       verification { signedEntryTimestamp = b64, inclusionProof { logIndex, treeSize, rootHash = hex, hashes = hex[], checkpoint } } } } }
 *
 * `entry` is as Rekor answers it. Nothing else is in there: who signed is read from the envelope or the entry, as after a search.
 */
import {
  BUNDLE_V03,
  type CryptoProvider,
  canonicalJson,
  encodeBase64,
  encodeBundle,
  type Fields,
  isTrustError,
  type JsonValue,
  type LogEntry,
  type LogInclusionProof,
  parseFields,
  readRekorEntries,
  toHex,
} from '@assay/core';
import { candidatesOf, type LogCandidate } from './candidate.ts';
import { parseEnvelopeFile } from './envelope-file.ts';

export const LOGGED_ENVELOPE = 'application/vnd.assay.logged-envelope.v1+json';

/** One line: a Sigstore bundle where one can carry the entry, else the document of this file. */
export function encodeLoggedEnvelope({ bundle, file, entry, uuid }: LogCandidate): string {
  if (entry.kind !== 'intoto' || entry.version !== '0.0.1') return encodeBundle({ ...bundle, mediaType: BUNDLE_V03 });
  return canonicalJson({ mediaType: LOGGED_ENVELOPE, envelope: encodeBase64(file.bytes), entry: { [uuid]: entryJson(entry) } });
}

/**
 * The candidates for a verification, as after a search; undefined for what is another document.
 * Errors: `SLSA_FORM`, and those of `candidatesOf`.
 */
export async function parseLoggedEnvelope(input: Uint8Array, crypto: CryptoProvider): Promise<LogCandidate[] | undefined> {
  const fields = readDocument(input);
  if (fields === undefined) return undefined;
  const [named, ...others] = readRekorEntries(fields.object('entry'));
  if (named === undefined || others.length > 0) return fields.refuse('entry', 'expected one entry, by its id');
  return candidatesOf(parseEnvelopeFile(fields.nonEmptyBytes('envelope')), named, crypto);
}

function readDocument(input: Uint8Array): Fields | undefined {
  try {
    const fields = parseFields(input, { what: 'logged envelope', parse: 'SLSA_FORM', shape: 'SLSA_FORM' });
    return fields.optionalString('mediaType') === LOGGED_ENVELOPE ? fields : undefined;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function entryJson({ body, integratedTime, logIndex, logId, signedEntryTimestamp, inclusionProof }: LogEntry): JsonValue {
  return {
    body: encodeBase64(body),
    integratedTime,
    logID: toHex(logId),
    logIndex,
    verification: {
      ...(signedEntryTimestamp && { signedEntryTimestamp: encodeBase64(signedEntryTimestamp) }),
      ...(inclusionProof && { inclusionProof: proofJson(inclusionProof) }),
    },
  };
}

function proofJson({ logIndex, treeSize, rootHash, hashes, checkpoint }: LogInclusionProof): JsonValue {
  return { logIndex, treeSize, rootHash: toHex(rootHash), hashes: hashes.map(toHex), checkpoint };
}
