/** What an attestation must say of its signer and its source, made of the flags of GitHub's CLI (slsa.md section 3.2). */
import { type ExpectedIdentity, exactly, matching } from '@assay/core';
import { ACTIONS_ISSUER, actionsIssuer, webUrl } from './hosts.ts';

export interface Criteria {
  readonly predicateType: string;
  /** The certificate's subject: one text, or an RE2 pattern that is searched for. */
  readonly san: { readonly exact: string; readonly pattern?: never } | { readonly pattern: string; readonly exact?: never };
  readonly issuer: string;
  readonly ownerUri: string;
  /** Only when a repository was named. */
  readonly repositoryUri: string | undefined;
  readonly signerDigest: string | undefined;
  readonly sourceDigest: string | undefined;
  readonly sourceRef: string | undefined;
  readonly runner: 'github-hosted' | undefined;
}

/** Empty texts count as not given. */
export interface CriteriaOptions {
  /** `OWNER/REPO`; goes before `owner`. */
  readonly repo?: string;
  readonly owner?: string;
  /** Of a tenant's host. */
  readonly tenant?: string | undefined;
  /** For a signer workflow that names none. */
  readonly host: string;
  readonly predicateType: string;
  readonly san?: string;
  readonly sanPattern?: string;
  readonly signerRepo?: string;
  /** `[HOST/]OWNER/REPO/PATH[@REF]` */
  readonly signerWorkflow?: string;
  readonly issuer: string;
  readonly signerDigest?: string;
  readonly sourceDigest?: string;
  readonly sourceRef?: string;
  readonly denySelfHostedRunners?: boolean;
}

export function criteriaOf(options: CriteriaOptions): Criteria {
  const { repo, tenant, predicateType, issuer } = options;
  const owner = repo ? repo.split('/')[0] : options.owner;
  return {
    predicateType,
    san: sanRule(options, owner ?? ''),
    issuer: tenant !== undefined && issuer === ACTIONS_ISSUER ? actionsIssuer(tenant) : issuer,
    ownerUri: `${webUrl(tenant)}/${owner}`,
    repositoryUri: repo ? `${webUrl(tenant)}/${repo}` : undefined,
    signerDigest: options.signerDigest || undefined,
    sourceDigest: options.sourceDigest || undefined,
    sourceRef: options.sourceRef || undefined,
    runner: options.denySelfHostedRunners === true ? 'github-hosted' : undefined,
  };
}

/** What is missing for the criteria to be a demand; undefined when they are one. */
export function criteriaProblem({ issuer, predicateType }: Criteria): string | undefined {
  if (issuer === '') return 'Issuer must be set';
  return predicateType === '' ? 'PredicateType must be set' : undefined;
}

/** A signer elsewhere must be named: without a rule of its own it is sought in the repository, or the owner's. */
function sanRule({ san, sanPattern, signerRepo, signerWorkflow, host, tenant, repo }: CriteriaOptions, owner: string): Criteria['san'] {
  if (san) return { exact: san };
  if (sanPattern) return { pattern: sanPattern };
  const below = (place: string) => ({ pattern: `(?i)^${quoteMeta(`${webUrl(tenant)}/${place}/`)}` });
  if (signerRepo) return below(signerRepo);
  if (signerWorkflow) return { pattern: workflowPattern(HAS_HOST.test(signerWorkflow) ? signerWorkflow : `${host}/${signerWorkflow}`) };
  return below(repo || owner);
}

/**
 * Anchored at both ends: `release.yml` is not `release.yml.evil.yml`. Any ref may follow a workflow that names none; behind one that does, nothing may,
 * since a branch can be called `main@refs/heads/other`.
 */
function workflowPattern(workflow: string): string {
  const whole = `^${quoteMeta(`https://${workflow}`)}`;
  return ENDS_IN_REF.test(workflow) ? `${whole}$` : `${whole}(${REF})?$`;
}

/** As Go's `regexp.QuoteMeta`. */
function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** The issuer is judged later, without letter case; any is let through here. */
export async function expectedIdentity({ san, runner }: Criteria): Promise<ExpectedIdentity> {
  return {
    san: san.exact === undefined ? await matching(san.pattern, 'search') : exactly(san.exact),
    issuer: ANY,
    ...(runner !== undefined && { extensions: { runnerEnvironment: exactly(runner) } }),
  };
}

export const ANY = { kind: 'pattern', pattern: '.*', mode: 'search', matches: () => true } as const;
const HAS_HOST = /^[a-zA-Z0-9-]+\.[a-zA-Z0-9-]+.*$/;
const REF = '@(refs/.*|[0-9a-fA-F]+)';
const ENDS_IN_REF = new RegExp(`${REF}$`);
