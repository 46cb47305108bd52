/**
 * A verification summary (slsa.md section 2.5): what a verifier found of an artifact, so that others need not look themselves.
 *
 *   { _type, subject [{ digest }], predicateType, predicate { verifier { id, version }, timeVerified, resourceUri, policy { uri, digest },
 *     inputAttestations [{ uri, digest }], verificationResult, verifiedLevels[], dependencyLevels { level: count }, slsaVersion } }
 */
import type { VerifiedContent } from '@assay/core';
import { type Model, type Modelled, parseModel } from '../model.ts';
import { requireHeader } from '../statement-header.ts';

export const VSA_PREDICATE_TYPE = 'https://slsa.dev/verification_summary/v1';

const RESOURCE = { uri: 'text', digest: 'texts' } as const satisfies Model;

const STATEMENT = {
  _type: 'text',
  predicateType: 'text',
  subject: [{ name: 'text', digest: 'texts', annotations: 'free' }],
  predicate: {
    verifier: { id: 'text', version: 'texts' },
    timeVerified: 'time',
    resourceUri: 'text',
    policy: RESOURCE,
    inputAttestations: [RESOURCE],
    verificationResult: 'text',
    verifiedLevels: ['text'],
    dependencyLevels: 'counts',
    slsaVersion: 'text',
  },
} as const satisfies Model;

/** Texts are '' and the rest is null where nothing is stated. */
export type VerificationSummary = Modelled<typeof STATEMENT>;

/** Unknown members are ignored, as the predicate demands of its readers. Errors: `ModelError`. */
export function readSummary({ bytes }: VerifiedContent): VerificationSummary {
  const summary = parseModel(bytes, STATEMENT);
  requireHeader(summary, VSA_PREDICATE_TYPE);
  return summary;
}
