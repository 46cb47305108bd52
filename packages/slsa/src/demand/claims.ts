/**
 * Whether a certificate contradicts itself. Older extensions (.1 to .6) and newer ones (.8 and on) exist beside each other, and one fact may be read from
 * either: where both say something, they must say the same, or two verifiers would see two builds.
 */
import { type Check, fail, pass, quote, type VerifiedIdentity } from '@assay/core';
import { certificateFacts } from '../certificate-facts.ts';
import { isWorkflowOf, splitWorkflow } from './workflow.ts';

export function checkClaims(identity: VerifiedIdentity): Check {
  const id = 'build.claims';
  const { san, sanKind, extensions } = identity;
  const { source } = certificateFacts(identity);
  if (sanKind !== 'uri' || source === undefined) {
    const found = sanKind === 'uri' ? quote(san) : `${quote(sanKind)} ${quote(san)}`;
    return fail(id, 'SLSA_CLAIMS', 'the certificate is not that of a build', { expected: 'a workflow, and the repository that it built', found });
  }
  const differs = pairsOf(identity, source).find(([, older, newer]) => older !== undefined && newer !== undefined && older !== newer);
  if (differs === undefined)
    return pass(id, `the certificate is of a build of ${quote(source)}`, { evidence: { tokenSubject: extensions.tokenSubject ?? '' } });
  const [what, older = '', newer = ''] = differs;
  return fail(id, 'SLSA_CLAIMS', `the certificate states ${what} twice, and not the same`, { expected: quote(newer), found: quote(older) });
}

type Pair = readonly [what: string, older: string | undefined, newer: string | undefined];

function pairsOf({ san, extensions }: VerifiedIdentity, source: string): Pair[] {
  const { githubWorkflowRepository: repository, buildConfigUri: config } = extensions;
  const isOwnConfig = config !== undefined && isWorkflowOf(splitWorkflow(config).name, source);
  return [
    ['the event that started the build', extensions.githubWorkflowTrigger, extensions.buildTrigger],
    ['the commit of the source', extensions.githubWorkflowSha, extensions.sourceRepositoryDigest],
    ['the branch or tag', extensions.githubWorkflowRef, extensions.sourceRepositoryRef],
    ['the source repository', repository, repository === undefined ? undefined : source.replace(/^https:\/\/[^/]+\//, '')],
    // Codefresh has something else in the newer one, and no workflow in either.
    ['the workflow that signed', san.includes('@') ? san : undefined, extensions.buildSignerUri],
    // Its own workflow at another commit than what it builds: then somebody has chosen the two apart.
    ['the commit of the workflow', isOwnConfig ? extensions.buildConfigDigest : undefined, extensions.sourceRepositoryDigest],
  ];
}
