/**
 * CT log entries (RFC 6962 sections 3.3 and 3.4, c2sp.org/static-ct-api).
 *
 *   leaf input         00 | 00 | TimestampedEntry                     what the Merkle leaf hashes
 *   extra data         precert: u24 precertificate | u24 chain list;  x509: u24 chain list
 *   tile leaf          TimestampedEntry | [u24 precertificate] | u16 list of 32-byte issuer fingerprints
 */
import { concat, contextConstructed, Der, encodeDer, TAG } from '@assay/core';
import { sequence } from './der-write.ts';
import { sha256 } from './hash.ts';
import { OID } from './oids.ts';
import { type CtEntry, encodeTimestampedEntry, type SctFields, withLength } from './sct.ts';

/** version v1 ‖ leaf_type timestamped_entry ‖ TimestampedEntry. */
export function encodeLeafInput(fields: SctFields): Uint8Array {
  return concat(Uint8Array.of(0, 0), encodeTimestampedEntry(fields));
}

/** `submitted` is the (pre)certificate as it came, `chain` its issuers up to the root. */
export function encodeExtraData(entry: CtEntry, submitted: Uint8Array, chain: readonly Uint8Array[]): Uint8Array {
  const list = withLength(concat(...chain.map((certificate) => withLength(certificate, 3))), 3);
  return entry.type === 'precert' ? concat(withLength(submitted, 3), list) : list;
}

export function encodeTileLeaf(fields: SctFields, submitted: Uint8Array, chain: readonly Uint8Array[]): Uint8Array {
  const precertificate = fields.entry.type === 'precert' ? [withLength(submitted, 3)] : [];
  return concat(encodeTimestampedEntry(fields), ...precertificate, withLength(concat(...chain.map(sha256)), 2));
}

/** The TBS of a precertificate without its poison, all other bytes as they came: what the log signs. */
export function removePoison(precertificate: Uint8Array): Uint8Array {
  const [tbs] = Der.parse(precertificate).children();
  if (tbs === undefined) throw new TypeError('not a certificate');
  const members = tbs.children().map((member) => (member.tag === contextConstructed(3) ? withoutPoison(member) : member.raw));
  return sequence(...members);
}

function withoutPoison(extensions: Der): Uint8Array {
  const kept = extensions
    .inner('extensions')
    .children()
    .filter((extension) => extension.children()[0]?.oid('extension') !== OID.precertificatePoison);
  return encodeDer(contextConstructed(3), encodeDer(TAG.sequence, ...kept.map((extension) => extension.raw)));
}
