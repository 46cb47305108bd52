/**
 * Workflows by the URI that certificates name them by:
 *
 *   GitHub    https://github.com/owner/repository/.github/workflows/release.yml@refs/tags/v1.2.3
 *   GitLab    https://gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main
 */

export interface Workflow {
  /** Before the last `@`: refs and file names may hold others. */
  readonly name: string;
  /** '' when there is none. */
  readonly ref: string;
}

export function splitWorkflow(uri: string): Workflow {
  const at = uri.lastIndexOf('@');
  return at < 0 ? { name: uri, ref: '' } : { name: uri.slice(0, at), ref: uri.slice(at + 1) };
}

/** Whether it lies in this very repository: `group/project` is not the home of what is in `group/project/other`. */
export function isWorkflowOf(name: string, repository: string): boolean {
  const project = /^https:\/\/[^/]+\/.*?(?=\/\/)/s.exec(name)?.[0];
  return project === undefined ? name.startsWith(`${repository}/.github/workflows/`) : project === repository;
}
