/** Where the predicate says what no certificate does: of which source the thing is made, and who is behind a delegator. */
import { type Check, fail, pass, quote } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import { splitGitUri } from '../git-ref.ts';
import { DELEGATOR_V0 } from '../provenance/build-types.ts';
import type { Provenance } from '../provenance/provenance.ts';

/** Both are known from the certificate: the repository and the ref that the build was started from, and whether a delegator signed. */
export function checkStated({ sourceUri, buildType, builderId }: Provenance, facts: BuildFacts, delegated: boolean): Check[] {
  return [...checkMaterial(sourceUri, facts), ...(delegated || buildType !== DELEGATOR_V0 ? [] : [notDelegated(builderId, facts)])];
}

/** A workflow can check out and build another repository than its own. */
function checkMaterial(uri: string | undefined, { source, ref }: BuildFacts): Check[] {
  const git = uri === undefined ? undefined : splitGitUri(uri);
  if (uri === undefined || git === undefined || source === undefined) return [];
  const id = 'agreement.material';
  const isSame = git.repository === `git+${source}` && (git.ref === '' || ref === undefined || git.ref === ref);
  if (isSame) return [pass(id, `the provenance says that it is made of ${quote(uri)}`)];
  return [
    fail(id, 'SLSA_DISAGREEMENT', 'the provenance says that it is made of another source than the one that the build was started from', {
      expected: quote(ref === undefined ? `git+${source}` : `git+${source}@${ref}`),
      found: quote(uri),
    }),
  ];
}

function notDelegated(stated: string, { builder = '' }: BuildFacts): Check {
  return fail('agreement.builder', 'SLSA_DISAGREEMENT', 'the provenance tells of a delegated build, and no delegator signed it', {
    expected: quote(builder),
    found: quote(stated),
  });
}
