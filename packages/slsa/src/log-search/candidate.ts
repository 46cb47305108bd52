/**
 * An envelope beside an entry that a log (or a saved file) claims to be about it, as the bundle that core judges.
 *
 * Only what core cannot know is checked here: that the entry is the one that its id names, that proof and promise are both there, and who signed, where
 * the envelope does not say it. All else, above all whether the entry is about this envelope and in a trusted log, is `verify`'s to decide.
 */
import {
  type Bundle,
  bundleOf,
  type CryptoProvider,
  decodeUtf8,
  type Fields,
  type LogEntry,
  leafHash,
  type NamedLogEntry,
  parseFields,
  quote,
  TrustError,
  toHex,
} from '@assay/core';
import { type EnvelopeFile, onlyCertificate } from './envelope-file.ts';

/** Nothing of it is believed yet. */
export interface LogCandidate {
  /** For `verify`: one signature of the envelope, the certificate, the entry. */
  readonly bundle: Bundle;
  readonly file: EnvelopeFile;
  readonly entry: LogEntry;
  /** Hex: the leaf hash, behind the tree id where the log states it. */
  readonly uuid: string;
}

/** One for each signature of the envelope, at least one. Errors: `REKOR_RESPONSE`, `REKOR_ENTRY_MISMATCH`, `TLOG_KIND`, `TLOG_BODY_PARSE`. */
export async function candidatesOf(file: EnvelopeFile, { id, entry }: NamedLogEntry, crypto: CryptoProvider): Promise<LogCandidate[]> {
  const uuid = parseUuid(id);
  const hash = toHex(await leafHash(crypto, entry.body));
  if (leafDigits(uuid) !== hash) {
    throw new TrustError('REKOR_ENTRY_MISMATCH', 'the entry is not the one that its id names', { expected: leafDigits(uuid), found: hash });
  }
  // A promise alone would be enough for `verify`, as in the oldest bundles; a log that is asked today has both.
  if (entry.inclusionProof === undefined) throw new TrustError('REKOR_RESPONSE', 'the entry has no inclusion proof');
  if ((entry.signedEntryTimestamp?.length ?? 0) === 0) throw new TrustError('REKOR_RESPONSE', 'the entry has no signed entry timestamp');
  const leaf = file.lookup === 'entry' ? file.certificate : certificateIn(entry);
  return file.envelopes.map((content) => {
    return { bundle: bundleOf({ content, material: { kind: 'certificate', leaf, others: [] }, entries: [entry], timestamps: [] }), file, entry, uuid };
  });
}

/** Lower-case. Errors: `REKOR_RESPONSE`. */
export function parseUuid(id: string): string {
  if (UUID.test(id)) return id.toLowerCase();
  throw new TrustError('REKOR_RESPONSE', 'the log names an entry by something that is no entry id', { expected: '64 or 80 hex digits', found: quote(id, 100) });
}

/** Whether two ids can be of one entry: either may lack the tree. */
export function sameEntry(a: string, b: string): boolean {
  return a.length === b.length ? a === b : leafDigits(a) === leafDigits(b);
}

function leafDigits(uuid: string): string {
  return uuid.slice(-LEAF_DIGITS);
}

/** Who the entry says has signed. */
function certificateIn({ kind, version, body }: LogEntry): Uint8Array {
  const name = `${kind} ${version}`;
  const read = VERIFIERS.get(name);
  if (read === undefined) {
    throw new TrustError('TLOG_KIND', 'the entry is of a kind that is not looked for', {
      expected: [...VERIFIERS.keys()].join(' or '),
      found: quote(name, 80),
    });
  }
  const fields = parseFields(body, { what: 'log entry body', parse: 'TLOG_BODY_PARSE', shape: 'TLOG_BODY_PARSE' });
  return onlyCertificate(decodeUtf8(read(fields.object('spec'))) ?? '') ?? fields.refuse('spec', 'expected one certificate');
}

const VERIFIERS: ReadonlyMap<string, (spec: Fields) => Uint8Array> = new Map([
  ['intoto 0.0.1', (spec: Fields) => spec.bytes('publicKey')],
  ['dsse 0.0.1', (spec: Fields) => onlySignature(spec).bytes('verifier')],
]);

function onlySignature(spec: Fields): Fields {
  const [signature, ...others] = spec.objects('signatures', MAX_SIGNATURES);
  return signature === undefined || others.length > 0 ? spec.refuse('signatures', 'expected exactly one') : signature;
}

const UUID = /^(?:[\da-f]{64}|[\da-f]{80})$/i;
const LEAF_DIGITS = 64;
const MAX_SIGNATURES = 32;
