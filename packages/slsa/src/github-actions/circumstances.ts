/**
 * What started the build, and on whose machine it ran. slsa-verifier asks for neither, and what it accepts stays accepted: where a careful reader should
 * know, it is told. Those who want it refused use `assay verify --source`.
 */
import { type Check, fail, quote } from '@assay/core';
import type { GithubClaims } from './claims.ts';

export function tellCircumstances({ trigger, runner }: GithubClaims): Check[] {
  return [...(PULL_REQUESTS.has(trigger) ? [ofPullRequest(trigger)] : []), ...(runner === 'self-hosted' ? [onOwnMachine(runner)] : [])];
}

function ofPullRequest(trigger: string): Check {
  const says = 'it was built for a pull request, whose code need not have been reviewed by anybody';
  const warning = 'slsa-verifier accepts it, assay verify --source does not';
  return { ...fail('provenance.trigger', 'SLSA_TRIGGER', says, { found: quote(trigger), warning }), optional: true };
}

function onOwnMachine(runner: string): Check {
  const says = "it was not built on GitHub's machines: the owner of the runner can alter the build";
  const warning = 'slsa-verifier accepts it, assay verify --source --deny-self-hosted-runners does not';
  return { ...fail('provenance.runner', 'SLSA_RUNNER', says, { found: runner, warning }), optional: true };
}

/** The second one runs with the rights of the branch, on code that anybody may have proposed. */
const PULL_REQUESTS: ReadonlySet<string> = new Set(['pull_request', 'pull_request_target']);
