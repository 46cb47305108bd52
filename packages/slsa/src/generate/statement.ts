/**
 * Provenance as it is signed: an in-toto statement about all subjects at once (slsa.md section 2.1), in canonical JSON, so that the same build gives the
 * same bytes and large numbers of an event stay what they are.
 */
import { canonicalJson, type JsonValue, utf8 } from '@assay/core';
import { PROVENANCE_V1, PROVENANCE_V02 } from '../provenance/statement.ts';
import type { ProvenanceSubject } from './subjects.ts';

export type ProvenanceVersion = 'v0.2' | 'v1';

export const PROVENANCE_TYPES: Readonly<Record<ProvenanceVersion, string>> = {
  'v0.2': PROVENANCE_V02,
  v1: PROVENANCE_V1,
};

export interface ProvenancePredicate {
  readonly version: ProvenanceVersion;
  readonly predicate: JsonValue;
}

/** One line of JSON. */
export function encodeProvenance(subjects: readonly ProvenanceSubject[], { version, predicate }: ProvenancePredicate): Uint8Array {
  const subject = subjects.map(({ name, digest }) => ({ name, digest: { ...digest } }));
  return utf8(canonicalJson({ _type: STATEMENT_TYPES[version], subject, predicateType: PROVENANCE_TYPES[version], predicate }));
}

/** One line of JSON. */
export function encodePredicate({ predicate }: ProvenancePredicate): string {
  return canonicalJson(predicate);
}

/** What the makers of either version write. */
const STATEMENT_TYPES: Readonly<Record<ProvenanceVersion, string>> = {
  'v0.2': 'https://in-toto.io/Statement/v0.1',
  v1: 'https://in-toto.io/Statement/v1',
};
