/** Which of GitHub's own trust domains a tenant belongs to: each has a trusted root of its own. */
import { TrustError } from '@assay/core';
import { callApi, type GithubApi } from './call-api.ts';

/** '' for the default. Errors: `ATTESTATION_API`, `NET_…`. */
export async function fetchTrustDomain(api: GithubApi): Promise<string> {
  const { fields } = await callApi('meta', api);
  const domain = fields.optionalObject('domains')?.optionalObject('artifact_attestations')?.optionalString('trust_domain') ?? '';
  // It becomes part of a file's name.
  if (!/^[a-zA-Z0-9.-]*$/.test(domain)) throw new TrustError('ATTESTATION_API', 'the trust domain of the host is not a name');
  return domain;
}
