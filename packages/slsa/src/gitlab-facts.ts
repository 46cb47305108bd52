/**
 * What provenance in GitLab's own shape says of the build (slsa.md section 2.3). It names the project without `git+`, and as builder the runner, which
 * signs nothing.
 *
 *   externalParameters { source, entryPoint, variables { CI_… } }    internalParameters { gitlab { pipeline_source, runner_environment, … } }
 *   resolvedDependencies [{ uri: PROJECT, digest { gitCommit } }]    builder { id: PROJECT/-/runners/ID }
 */
import { stated } from './certificate-facts.ts';
import type { BuildFacts } from './facts.ts';
import type { Provenance } from './provenance/provenance.ts';
import { memberOf, textIn } from './text-member.ts';

/** Undefined for provenance of others. */
export function gitlabFacts({ builderId, sourceUri, sourceDigest, environment, parameters, invocationId }: Provenance): BuildFacts | undefined {
  if (sourceUri === undefined || !builderId.startsWith(`${sourceUri}/-/runners/`)) return undefined;
  const variables = memberOf(parameters, 'variables');
  const gitlab = environment.get('gitlab');
  const [tag, branch, config] = [textIn(variables, 'CI_COMMIT_TAG'), textIn(variables, 'CI_COMMIT_REF_NAME'), textIn(gitlab, 'ci_config_ref_uri')];
  return stated({
    source: sourceUri,
    ref: tag ? `refs/tags/${tag}` : branch && `refs/heads/${branch}`,
    commit: sourceDigest.get('gitCommit'),
    workflow: config && `https://${config}`,
    builder: undefined,
    trigger: textIn(gitlab, 'pipeline_source') ?? textIn(variables, 'CI_PIPELINE_SOURCE'),
    runner: textIn(gitlab, 'runner_environment'),
    run: /^https?:\/\//.test(invocationId) ? invocationId : undefined,
  });
}
