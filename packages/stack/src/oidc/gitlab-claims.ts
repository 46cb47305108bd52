/**
 * Tokens of GitLab CI jobs: text, but for `runner_id` (services.md section 3).
 *
 *   sub                project_path:G/P:ref_type:branch:ref:REF
 *   ci_config_ref_uri  gitlab.com/G/P//.gitlab-ci.yml@refs/heads/REF, which becomes the certificate's subject
 */
import { type ClaimOverrides, type Claims, checkOverrides, madeUpCommit, madeUpId, REF_NAME, requirePattern } from './ci-claims.ts';

export interface GitlabIdentity {
  readonly kind: 'gitlab';
  /** `GROUP/NAME`, or with groups between. */
  readonly project: string;
  /** Name of a branch or tag, without `refs/…`. Default `main`. */
  readonly ref?: string;
  /** Default `branch`. */
  readonly refType?: 'branch' | 'tag';
  /** In place of the defaults. */
  readonly claims?: ClaimOverrides;
}

export function gitlabClaims({ project, ref = 'main', refType = 'branch', claims = {} }: GitlabIdentity): Claims {
  requirePattern('project', project, PROJECT, 'GROUP/NAME');
  requirePattern('branch or tag', ref, REF, 'a name without refs/heads/ or refs/tags/ before it');
  const overrides = checkOverrides(claims);
  const namespace = project.slice(0, project.lastIndexOf('/'));
  const [owner = ''] = project.split('/');
  const refPath = `refs/${refType === 'tag' ? 'tags' : 'heads'}/${ref}`;
  const { sha = madeUpCommit(`${project}@${refPath}`) } = overrides;
  return {
    sub: `project_path:${project}:ref_type:${refType}:ref:${ref}`,
    namespace_id: madeUpId(namespace),
    namespace_path: namespace,
    project_id: madeUpId(project),
    project_path: project,
    project_visibility: 'public',
    user_id: madeUpId(owner),
    user_login: owner,
    pipeline_id: '1',
    pipeline_source: 'push',
    job_id: '1',
    ref,
    ref_type: refType,
    ref_path: refPath,
    ref_protected: 'false',
    sha,
    ci_config_ref_uri: `gitlab.com/${project}//.gitlab-ci.yml@${refPath}`,
    ci_config_sha: sha,
    runner_id: 1,
    runner_environment: 'gitlab-hosted',
    ...overrides,
  };
}

const PROJECT = /^\w[\w.-]*(?:\/\w[\w.-]*)+$/;
const REF = new RegExp(`^(?!refs/)${REF_NAME}$`);
