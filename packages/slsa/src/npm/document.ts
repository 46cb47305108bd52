/**
 * What the registry says of a package (slsa.md section 1.10): `{"attestations": [{ "predicateType", "bundle" }, …]}`, one of the build and one of the
 * publication. Of several of one kind the last counts.
 */
import { canonicalJson, isJsonObject, type Json, JsonError, type JsonValue, parseJson, TrustError, utf8 } from '@assay/core';
import { PROVENANCE_V1, PROVENANCE_V02 } from '../provenance/statement.ts';

export interface NpmAttestations {
  /** JSON of a Sigstore bundle each. */
  readonly provenance: Uint8Array;
  readonly publish: Uint8Array;
}

/** Predicate types of publications begin so. */
export const PUBLISH_PREDICATE = 'https://github.com/npm/attestation/tree/main/specs/publish/';

/** Errors: `SLSA_NPM_DOCUMENT`; the message is the reference's. */
export function parseNpmAttestations(document: Uint8Array): NpmAttestations {
  const attestations = listIn(parse(document));
  if (attestations.length < 2) throw invalid(`invalid number of attestations: ${attestations.length}`);
  const provenance = attestations.findLast(({ type }) => type === PROVENANCE_V02 || type === PROVENANCE_V1);
  const publish = attestations.findLast(({ type }) => type.startsWith(PUBLISH_PREDICATE));
  if (provenance === undefined || publish === undefined) throw invalid('invalid attestation types');
  return { provenance: provenance.bundle, publish: publish.bundle };
}

function parse(document: Uint8Array): Json {
  try {
    return parseJson(document);
  } catch (error) {
    if (error instanceof JsonError) throw invalid(`json.Unmarshal: ${error.message}`);
    throw error;
  }
}

function listIn(document: Json): { type: string; bundle: Uint8Array }[] {
  const list = isJsonObject(document) ? (document['attestations'] ?? []) : [];
  if (!Array.isArray(list)) throw invalid('json.Unmarshal: attestations is no list');
  return list.map((one) => {
    const { predicateType, bundle } = isJsonObject(one) ? one : {};
    if (typeof predicateType !== 'string' || !isJsonObject(bundle)) throw invalid('json.Unmarshal: an attestation has a predicateType and a bundle');
    return { type: predicateType, bundle: utf8(canonicalJson(bundle as JsonValue)) };
  });
}

function invalid(problem: string): TrustError {
  return new TrustError('SLSA_NPM_DOCUMENT', `invalid npm attestations: ${problem}`);
}
