/** The criteria as they are told before they are enforced. */
import type { Criteria } from '@assay/slsa/github';
import { bare, dotted } from './progress.ts';

/** One line for each demand; the wording is the reference's. */
export function policyText({ predicateType, san, issuer, ownerUri, repositoryUri, signerDigest, sourceDigest, sourceRef, runner }: Criteria): string {
  const rows: [string, string | undefined][] = [
    ['- Predicate type must match', predicateType],
    ['- Source Repository Owner URI must match', ownerUri],
    ['- Source Repository URI must match', repositoryUri],
    ['- Build signer digest must match', signerDigest],
    ['- Source repo digest digest must match', sourceDigest],
    ['- Source repo ref must match', sourceRef],
    ['- Subject Alternative Name must match', san.exact],
    ['- Subject Alternative Name must match regex', san.pattern],
    ['- OIDC Issuer must match', issuer],
    ['- Action workflow Runner Environment must match ', runner],
  ];
  return dotted(rows.flatMap(([key, value]) => (value === undefined ? [] : [[key, bare(value)] as const])));
}
