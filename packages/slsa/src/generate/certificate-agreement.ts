/**
 * What is about to be put on record, held against the certificate that it is signed with: the authority has read the token too, and verified it. A
 * difference would be found by every verifier, and stay in the log for ever.
 */
import { type CertificateIdentity, failures, TrustError } from '@assay/core';
import { checkAgreement } from '../agreement.ts';
import { certificateFacts } from '../certificate-facts.ts';
import type { BuildFacts } from '../facts.ts';

/** Extensions that older authorities do not write are not asked for. Errors: `PROVENANCE_DISAGREEMENT`; `PROVENANCE_ENVIRONMENT` for a person's certificate. */
export function refuseOtherCertificate(facts: Required<BuildFacts>, { san, extensions }: CertificateIdentity): void {
  if (san.kind !== 'uri') throw new TrustError('PROVENANCE_ENVIRONMENT', 'the certificate is not one of a job');
  const certified = [certificateFacts({ san: san.value, sanKind: san.kind, extensions }), { builder: san.value }];
  const [failed] = certified.flatMap((its) => checkAgreement(its, facts)).flatMap(failures);
  if (failed === undefined) return;
  const { says, expected = '', found = '' } = failed;
  throw new TrustError('PROVENANCE_DISAGREEMENT', says, { expected, found });
}
