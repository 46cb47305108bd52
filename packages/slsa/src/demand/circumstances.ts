/** What started the build, and on whose machine it ran. */
import { type Check, fail, pass, quote, skip } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import type { BuildDemands } from './demands.ts';

/** `vouched`: whether the platform has said it, or only whoever signed. */
export function checkCircumstances(facts: BuildFacts, demands: BuildDemands, vouched: 'by the platform' | 'by the signer'): Check[] {
  return [checkTrigger(facts, demands, vouched), checkRunner(facts, demands)];
}

/** Code of a pull request has been written by anybody; nobody needs to have agreed to it. */
function checkTrigger({ trigger }: BuildFacts, { trigger: demanded, source }: BuildDemands, vouched: 'by the platform' | 'by the signer'): Check {
  const id = 'build.trigger';
  if (demanded !== undefined) {
    if (trigger === demanded) return pass(id, `started by ${quote(trigger)}, as demanded`);
    const expected = quote(demanded);
    return fail(id, 'SLSA_TRIGGER', 'another event started the build', { expected, found: trigger === undefined ? 'nothing' : quote(trigger) });
  }
  if (trigger === undefined) {
    // Certificates of these forges have always said it: one that does not is not what it seems.
    if (vouched === 'by the platform' && source.forge !== undefined)
      return fail(id, 'SLSA_CLAIMS', 'the certificate does not state which event started the build');
    return skip(id, 'it is not stated which event started the build, and none was demanded', { optional: true });
  }
  if (!PULL_REQUESTS.has(trigger)) return pass(id, `started by ${quote(trigger)}`);
  return fail(id, 'SLSA_TRIGGER', 'it was built for a pull request, whose code need not have been reviewed by anybody', {
    expected: 'any other event',
    found: quote(trigger),
    hint: `take a build of a branch or a tag; if this one is what you mean: --trigger ${quote(trigger)}`,
  });
}

function checkRunner({ runner }: BuildFacts, { selfHosted }: BuildDemands): Check {
  const id = 'build.runner';
  if (runner !== undefined && HOSTED.has(runner)) return pass(id, `on a machine of the platform (${quote(runner)})`);
  const told = runner === undefined ? 'it is not stated on whose machine this was built' : `built on a machine that is not the platform's (${quote(runner)})`;
  if (selfHosted !== 'refused')
    return runner === undefined ? skip(id, told, { optional: true }) : pass(id, told, { warning: `${told}: its owner can alter the build` });
  const found = runner === undefined ? 'nothing' : quote(runner);
  return fail(id, 'SLSA_RUNNER', told, { expected: [...HOSTED].join(' or '), found });
}

/** `pull_request_target` runs with the rights of the branch, on code that anybody may have proposed. */
const PULL_REQUESTS: ReadonlySet<string> = new Set(['pull_request', 'pull_request_target', 'merge_request_event', 'external_pull_request_event']);
export const HOSTED: ReadonlySet<string> = new Set(['github-hosted', 'gitlab-hosted']);
