/**
 * Tokens of GitHub Actions: every claim is text, also the numbers (services.md section 2).
 *
 *   sub               repo:O/R:environment:NAME, repo:O/R:pull_request, or repo:O/R:ref:REF
 *   job_workflow_ref  O/R/.github/workflows/FILE@REF, which becomes the certificate's subject
 */
import { type ClaimOverrides, type Claims, checkOverrides, madeUpCommit, madeUpId, REF_NAME, requirePattern } from './ci-claims.ts';

export interface GithubIdentity {
  readonly kind: 'github';
  /** `OWNER/NAME` */
  readonly repository: string;
  /** The file, with or without `.github/workflows/` before it. */
  readonly workflow: string;
  /** Default `refs/heads/main`. */
  readonly ref?: string;
  /** In place of the defaults, e.g. `{ environment: 'production', event_name: 'push' }`; `sub` and the refs follow them unless set too. */
  readonly claims?: ClaimOverrides;
}

export function githubClaims({ repository, workflow, ref = 'refs/heads/main', claims = {} }: GithubIdentity): Claims {
  requirePattern('repository', repository, REPOSITORY, 'OWNER/NAME');
  requirePattern('workflow file', workflow, WORKFLOW, 'FILE.yml');
  requirePattern('ref', ref, REF, 'refs/heads/BRANCH or refs/tags/TAG');
  const overrides = textOnly(checkOverrides(claims));
  const [owner = ''] = repository.split('/');
  const path = `.github/workflows/${workflow.replace(FOLDER, '')}`;
  const { sha = madeUpCommit(`${repository}@${ref}`), event_name = 'push', workflow_ref = `${repository}/${path}@${ref}` } = overrides;
  return {
    sub: subject(repository, overrides['environment'], event_name, ref),
    repository,
    repository_id: madeUpId(repository),
    repository_owner: owner,
    repository_owner_id: madeUpId(owner),
    repository_visibility: 'public',
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: 'false',
    base_ref: '',
    head_ref: '',
    sha,
    event_name,
    // GitHub's name for a workflow that has none.
    workflow: path,
    workflow_ref,
    workflow_sha: sha,
    job_workflow_ref: workflow_ref,
    job_workflow_sha: sha,
    run_id: '1',
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    actor: owner,
    actor_id: madeUpId(owner),
    ...overrides,
  };
}

/** GitHub's audience for those who ask for none. */
export function githubDefaultAudience({ repository }: GithubIdentity): string {
  return `https://github.com/${repository.split('/')[0]}`;
}

function subject(repository: string, environment: string | undefined, eventName: string, ref: string): string {
  // GitHub escapes the colon, which parts the subject.
  if (environment !== undefined) return `repo:${repository}:environment:${environment.replaceAll(':', '%3A')}`;
  return `repo:${repository}:${eventName === 'pull_request' ? 'pull_request' : `ref:${ref}`}`;
}

function textOnly(claims: ClaimOverrides): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}

const FOLDER = '.github/workflows/';
const REPOSITORY = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/(?!\.\.?$)[\w.-]+$/;
const WORKFLOW = /^(?:\.github\/workflows\/)?[\w.-]+\.ya?ml$/;
const REF = new RegExp(`^refs/(?:heads|tags|pull)/${REF_NAME}$`);
