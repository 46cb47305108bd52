/** The extensions of `gitlab-pipeline` issuers (services.md section 3). The digest of the configuration is absent when it lies elsewhere. */
import { quote } from '@assay/core';
import type { FulcioExtensions } from '@assay/make';
import type { Claims } from './claims.ts';
import { refuseToken } from './refusals.ts';

/** @param signer the subject alternative name. Throws `Refusal`. */
export function gitlabExtensions(claims: Claims, signer: string): Partial<FulcioExtensions> {
  checkRun(claims);
  const project = `${GITLAB}${claims.text('project_path')}`;
  const configDigest = claims.optionalText('ci_config_sha') ?? '';
  return {
    buildSignerUri: signer,
    buildSignerDigest: configDigest,
    runnerEnvironment: claims.text('runner_environment'),
    sourceRepositoryUri: project,
    sourceDigest: claims.text('sha'),
    sourceRef: `${refPrefix(claims.text('ref_type'))}${claims.text('ref')}`,
    sourceRepositoryId: claims.text('project_id'),
    sourceOwnerUri: `${GITLAB}${claims.text('namespace_path')}`,
    sourceOwnerId: claims.text('namespace_id'),
    buildConfigUri: signer,
    buildConfigDigest: configDigest,
    buildTrigger: claims.text('pipeline_source'),
    runInvocationUri: `${project}/-/jobs/${claims.text('job_id')}`,
    visibility: claims.optionalText('project_visibility') ?? '',
  };
}

/** In no extension, but a token without them is not of a pipeline's job. */
function checkRun(claims: Claims): void {
  claims.text('pipeline_id');
  const runner = claims.json['runner_id'] ?? 0;
  if (typeof runner !== 'number' || !Number.isInteger(runner)) refuseToken('the runner_id claim is not an integer');
  if (runner === 0) refuseToken('missing runner_id claim in ID token');
}

function refPrefix(type: string): string {
  if (type === 'branch') return 'refs/heads/';
  return type === 'tag' ? 'refs/tags/' : refuseToken(`unexpected ref_type: ${quote(type, 60)}`);
}

const GITLAB = 'https://gitlab.com/';
