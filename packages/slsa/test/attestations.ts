/** Attestations as GitHub's workflows make them, signed by an instance of the test kit under the name of whichever organization runs it. */
import { toHex, utf8 } from '@assay/core';
import { encodeName, encodeStatement, sha256 } from '@assay/make';
import { createInstance, type Instance, type InstanceOptions, type Sample, type SignOptions } from '@assay/testkit';

export const OWNER = 'acme';
export const REPO = 'acme/widget';
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const WORKFLOW = `${REPO}/.github/workflows/release.yml`;
export const REF = 'refs/tags/v1.2.3';
export const PROVENANCE = 'https://slsa.dev/provenance/v1';
export const ARTIFACT = utf8('the artifact\n');
export const DIGEST = `sha256:${toHex(sha256(ARTIFACT))}`;

/** Root and intermediate carry the organization's name. */
export function instanceOf(organization: string, options: InstanceOptions = {}): Instance {
  const named = (commonName: string) => encodeName({ organization, commonName });
  return createInstance({
    ...options,
    alter: {
      ...options.alter,
      root: (fields) => ({ ...fields, subject: named('root'), issuer: named('root') }),
      intermediate: (fields) => ({ ...fields, subject: named('intermediate') }),
    },
  });
}

export interface AttestOptions extends SignOptions {
  readonly artifact?: Uint8Array;
  readonly predicateType?: string;
}

/** By the release workflow of `acme/widget`, unless the claims say otherwise. */
export function attest(instance: Instance, { artifact = ARTIFACT, predicateType = PROVENANCE, githubClaims = {}, ...options }: AttestOptions = {}): Sample {
  return instance.sign(artifact, {
    content: 'dsse',
    payload: encodeStatement({
      subjects: [{ name: 'widget.tar.gz', digests: { sha256: sha256(artifact) } }],
      predicateType,
      predicate: { runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } }, zeta: 1, alpha: '<&>' },
    }),
    githubClaims: {
      repository: REPO,
      repository_owner: OWNER,
      ref: REF,
      sha: COMMIT,
      workflow_sha: COMMIT,
      workflow_ref: `${WORKFLOW}@${REF}`,
      job_workflow_ref: `${WORKFLOW}@${REF}`,
      job_workflow_sha: COMMIT,
      ...githubClaims,
    },
    ...options,
  });
}

/** What turns an attestation of github.com into one of a tenant whose name has two letters: then both hosts are of the same length. */
export function forTenant(tenant: string): AttestOptions {
  const elsewhere = (bytes: Uint8Array): Uint8Array =>
    Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('https://github.com/', `https://${tenant}.ghe.com/`), 'latin1');
  return {
    oidcIssuer: `https://token.actions.${tenant}.ghe.com`,
    alter: { leaf: (fields) => ({ ...fields, extensions: fields.extensions.map((extension) => ({ ...extension, value: elsewhere(extension.value) })) }) },
  };
}

/** As GitHub's own instance does it: a timestamp, and no log. */
export const PRIVATE = { log: 'none', timestamp: true } as const;
