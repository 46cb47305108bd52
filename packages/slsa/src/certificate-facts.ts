/** What the authority that certified the signer has put on record of the build (slsa.md section 4): GitHub, GitLab and others by one vocabulary. */
import type { CertificateIdentity, VerifiedIdentity } from '@assay/core';
import type { BuildFacts } from './facts.ts';

/** Of an e-mail address nothing is known but the address: no facts. */
export function certificateFacts({
  san,
  sanKind,
  extensions,
}: Pick<VerifiedIdentity, 'san' | 'sanKind'> & Pick<CertificateIdentity, 'extensions'>): BuildFacts {
  const older = extensions.githubWorkflowRepository;
  return stated({
    source: extensions.sourceRepositoryUri || (older ? `https://github.com/${older}` : undefined),
    ref: extensions.sourceRepositoryRef || extensions.githubWorkflowRef,
    commit: extensions.sourceRepositoryDigest || extensions.githubWorkflowSha,
    workflow: extensions.buildConfigUri,
    builder: extensions.buildSignerUri || (sanKind === 'uri' && extensions.tokenSubject !== san ? san : undefined),
    trigger: extensions.buildTrigger || extensions.githubWorkflowTrigger,
    runner: extensions.runnerEnvironment,
    run: extensions.runInvocationUri,
  });
}

/** Empty texts say nothing. */
export function stated(facts: { readonly [Fact in keyof BuildFacts]: string | undefined }): BuildFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));
}
