/** `@assay/slsa/github`: GitHub's artifact attestations, fetched and judged. Everything public, by name. */
export { BUNDLE_SCHEMA } from '../provenance/bundle-schema.ts';
export type { GithubApi } from './call-api.ts';
export { type ChosenTrust, chooseTrust, GITHUB_INSTANCE, type TrustSources } from './choose-trust.ts';
export { type Criteria, type CriteriaOptions, criteriaOf, criteriaProblem } from './criteria.ts';
export { type Attestation, type FetchAttestationsOptions, fetchAttestations } from './fetch-attestations.ts';
export { ACTIONS_ISSUER, GITHUB, hasAttestations, normalHost, tenantOf } from './hosts.ts';
export { issuerOrganizations } from './issuer-organization.ts';
export { toJson } from './json-text.ts';
export { statedPredicateType } from './predicate-type.ts';
export type { ReadBundle } from './read-bundle.ts';
export { fetchTrustDomain } from './trust-domain.ts';
export {
  type AcceptedAttestation,
  type AttestationRefusal,
  type AttestationVerdict,
  checkAuthenticity,
  type VerifyAttestationsOptions,
  verifyAttestations,
} from './verify-attestations.ts';
