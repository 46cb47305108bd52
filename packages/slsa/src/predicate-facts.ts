/** What the predicate says of the build, in the vocabulary of certificates. Nobody but the signer vouches for it. */
import type { Json } from '@assay/core';
import { stated } from './certificate-facts.ts';
import type { BuildFacts } from './facts.ts';
import { splitGitUri } from './git-ref.ts';
import { gitlabFacts } from './gitlab-facts.ts';
import { DELEGATOR_V0, RUNNER } from './provenance/build-types.ts';
import type { Provenance } from './provenance/provenance.ts';
import { textIn } from './text-member.ts';

export function predicateFacts(provenance: Provenance): BuildFacts {
  return gitlabFacts(provenance) ?? commonFacts(provenance);
}

function commonFacts(provenance: Provenance): BuildFacts {
  const { triggerUri, sourceUri, sourceDigest, environment } = provenance;
  const trigger = triggerUri === undefined ? undefined : splitGitUri(triggerUri);
  const source = sourceUri === undefined ? undefined : splitGitUri(sourceUri);
  const repository = (trigger ?? source)?.repository.replace(/^git\+/, '');
  const ref = trigger?.ref || source?.ref;
  return stated({
    source: repository,
    ref,
    // Tools that commit while they release build what no event has started: their source has no ref.
    commit: source?.ref === '' ? undefined : (sourceDigest.get('sha1') ?? sourceDigest.get('gitCommit')),
    workflow: workflowOf(provenance, repository, ref),
    builder: builderOf(provenance),
    trigger: text(environment.get('GITHUB_EVENT_NAME')) ?? inGithub(provenance, 'event_name'),
    runner: inGithub(provenance, 'runner_environment') ?? runnerIn(provenance.builderId),
    run: runOf(provenance.invocationId, repository),
  });
}

function workflowOf({ entryPoint }: Provenance, repository: string | undefined, ref: string | undefined): string | undefined {
  if (entryPoint === undefined || repository === undefined || ref === undefined || ref === '') return undefined;
  return `${repository}/${entryPoint}@${ref}`;
}

/** The tool behind a delegator, and the runner that npm names, are no workflows that sign. */
function builderOf({ builderId, buildType }: Provenance): string | undefined {
  return buildType === DELEGATOR_V0 || builderId.startsWith(RUNNER) ? undefined : builderId;
}

function runnerIn(builderId: string): string | undefined {
  return builderId.startsWith(`${RUNNER}/`) ? builderId.slice(RUNNER.length + 1) : undefined;
}

/** `internalParameters.github`, as npm and GitHub write it. */
function inGithub({ environment }: Provenance, name: string): string | undefined {
  return textIn(environment.get('github'), name);
}

/** A URL, or `RUN-ATTEMPT` in v0.2. */
function runOf(invocationId: string, repository: string | undefined): string | undefined {
  const [, run, attempt] = /^(\d+)-(\d+)$/.exec(invocationId) ?? [];
  if (run === undefined || attempt === undefined) return /^https?:\/\//.test(invocationId) ? invocationId : undefined;
  return repository === undefined ? undefined : `${repository}/actions/runs/${run}/attempts/${attempt}`;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
