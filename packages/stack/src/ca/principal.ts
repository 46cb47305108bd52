/**
 * Who a token stands for: what becomes of its claims in the certificate, by kind of issuer (services.md section 3, the table).
 *
 * Every kind states issuer (.1, .8) and token subject (.24); the CI services more. What is made of claims is what verifiers compare with, so a
 * claim that is missing, or would not stand in a certificate as it is, refuses the token.
 */
import { quote } from '@assay/core';
import { type FulcioExtensions, type GithubClaims, githubIdentity, type SubjectName } from '@assay/make';
import { renderCiProvider } from './ci-provider.ts';
import type { Claims } from './claims.ts';
import { gitlabExtensions } from './gitlab-pipeline.ts';
import { challengeClaimOf, type IssuerConfig, type IssuerOf } from './issuer-config.ts';
import { refuseToken } from './refusals.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { hierarchicalParts } from './subject-domain.ts';
import { isEmail, isPrintableAscii, uriText } from './uri-text.ts';

export interface Principal {
  /** What a proof of possession signs, as UTF-8. */
  readonly challenge: string;
  readonly san: SubjectName;
  readonly fulcio: FulcioExtensions;
}

/** Throws `Refusal`. */
export function principalOf(claims: Claims, issuer: IssuerConfig): Principal {
  const { san, fulcio } = described(claims, issuer);
  const vouched = { issuer: claims.text('iss'), tokenSubject: claims.text('sub') };
  return { challenge: challengeOf(claims, issuer), san, fulcio: { ...vouched, ...fulcio } };
}

/** Chainguard's tokens may carry an address; clients then sign that (services.md section 2), whatever the kind says. */
function challengeOf(claims: Claims, issuer: IssuerConfig): string {
  if (issuer.kind !== 'chainguard-identity' || issuer.challengeClaim !== undefined) return claims.text(challengeClaimOf(issuer));
  const email = claims.optionalText('email');
  if (email !== undefined && !claims.isEmailVerified) return refuseToken('email_verified claim was false');
  return email ?? claims.text('sub');
}

interface Described {
  readonly san: SubjectName;
  readonly fulcio?: Partial<FulcioExtensions>;
}

function described(claims: Claims, issuer: IssuerConfig): Described {
  switch (issuer.kind) {
    case 'email':
      return emailAddress(claims, issuer);
    case 'username':
      return { san: { type: 'username', value: `${userName(claims)}!${issuer.subjectDomain}` } };
    case 'github-workflow':
      return githubWorkflow(claims);
    case 'gitlab-pipeline': {
      const san = uriSan(`https://${claims.text('ci_config_ref_uri')}`);
      return { san, fulcio: gitlabExtensions(claims, san.value) };
    }
    case 'ci-provider': {
      const { san, extensions } = renderCiProvider(issuer.provider, claims);
      return { san: uriSan(san), fulcio: extensions };
    }
    case 'codefresh-workflow':
      return codefreshWorkflow(claims);
    case 'kubernetes':
      return { san: uriSan(serviceAccount(claims)) };
    case 'spiffe':
      return { san: uriSan(workload(claims, issuer)) };
    case 'uri':
      return { san: uriSan(subjectUri(claims, issuer)) };
    case 'buildkite-job':
      return { san: uriSan(`https://buildkite.com/${claims.text('organization_slug')}/${claims.text('pipeline_slug')}`) };
    case 'chainguard-identity':
      return { san: uriSan(`${claims.text('iss').replace(/\/$/, '')}/${claims.text('sub')}`) };
  }
}

function uriSan(text: string): SubjectName {
  const value = uriText(text);
  if (value === undefined || !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value)) return refuseToken(`the subject would be "${quote(text)}", which is not a URI`);
  return { type: 'uri', value };
}

function emailAddress(claims: Claims, issuer: IssuerOf<'email'>): Described {
  const address = claims.text('email');
  if (!issuer.skipEmailVerification && !claims.isEmailVerified) return refuseToken('email_verified claim was false');
  if (!isEmail(address)) return refuseToken('email address is not valid');
  if (!isPrintableAscii(address)) return refuseToken('email address is not ASCII, and a certificate cannot hold it');
  return { san: { type: 'email', value: address }, fulcio: federatedIssuer(claims, issuer) };
}

function federatedIssuer(claims: Claims, { issuerClaim }: IssuerOf<'email'>): Partial<FulcioExtensions> {
  if (issuerClaim === undefined) return {};
  const name = issuerClaim.join('.');
  const found = claims.at(issuerClaim) ?? '';
  if (typeof found !== 'string') return refuseToken(`the ${name} claim is not a string`);
  return found === '' ? refuseToken(`missing ${name} claim in ID token`) : { issuer: found };
}

function userName(claims: Claims): string {
  const subject = claims.text('sub');
  if (subject.includes('!')) return refuseToken('username cannot contain ! character');
  return isEmail(subject) ? refuseToken('username should not be an email address') : subject;
}

function subjectUri(claims: Claims, { subjectDomain }: IssuerOf<'uri' | 'username'>): string {
  const subject = claims.text('sub');
  if (isEmail(subject)) return refuseToken('uri subject should not be an email address');
  const expected = hierarchicalParts(subjectDomain);
  const found = hierarchicalParts(subject);
  if (found === undefined) return refuseToken(`the subject "${quote(subject)}" is not a URL`);
  if (found.scheme !== expected?.scheme) return refuseToken(`subject URI scheme (${found.scheme}) must match expected domain URI scheme (${expected?.scheme})`);
  if (found.host !== expected.host) return refuseToken(`subject hostname (${found.host}) must match expected domain (${expected.host})`);
  return subject;
}

function workload(claims: Claims, { trustDomain }: IssuerOf<'spiffe'>): string {
  const id = claims.text('sub');
  const found = parseSpiffeId(id);
  if (found === undefined) return refuseToken(`invalid spiffe ID provided: ${quote(id)}`);
  if (found !== trustDomain) return refuseToken(`spiffe ID trust domain ${found} doesn't match configured trust domain ${trustDomain}`);
  return id;
}

function serviceAccount(claims: Claims): string {
  const kubernetes = claims.object('kubernetes.io');
  const names = [kubernetes.text('namespace'), kubernetes.object('serviceaccount').text('name')];
  const strange = names.find((name) => !KUBERNETES_NAME.test(name));
  if (strange !== undefined) return refuseToken(`the kubernetes.io claim names "${quote(strange, 80)}", which is not a Kubernetes name`);
  return `https://kubernetes.io/namespaces/${names[0]}/serviceaccounts/${names[1]}`;
}

/** RFC 1123 labels with dots; anything else could step out of its place in the path. */
const KUBERNETES_NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

function githubWorkflow(claims: Claims): Described {
  const environment = claims.optionalText('environment');
  const texts = Object.fromEntries(GITHUB_CLAIMS.map((name) => [name, claims.text(name)])) as unknown as GithubClaims;
  const { san, fulcio } = githubIdentity({ ...texts, ...(environment !== undefined && { environment }) });
  const signer = uriSan(san.value);
  return { san: signer, fulcio: { ...fulcio, buildSignerUri: signer.value, buildConfigUri: uriSan(fulcio.buildConfigUri ?? '').value } };
}

const GITHUB_CLAIMS = [
  'iss',
  'sub',
  'job_workflow_ref',
  'sha',
  'event_name',
  'repository',
  'workflow',
  'ref',
  'job_workflow_sha',
  'runner_environment',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repository_visibility',
  'workflow_ref',
  'workflow_sha',
  'run_id',
  'run_attempt',
] as const satisfies readonly (keyof GithubClaims)[];

/** The account and pipeline by name, which may change, and by id, which may not. */
function codefreshWorkflow(claims: Claims): Described {
  const platform = (claims.optionalText('platform_url') ?? 'https://g.codefresh.io').replace(/\/$/, '');
  const account = `${claims.optionalText('account_name') ?? ''}/${claims.optionalText('pipeline_name') ?? ''}`.replace(/^\//, '');
  const build = uriSan(`${platform}/build/${claims.text('workflow_id')}`).value;
  return {
    san: uriSan(`${platform}/${account}:${claims.text('account_id')}/${claims.text('pipeline_id')}`),
    fulcio: {
      buildSignerUri: build,
      runnerEnvironment: claims.optionalText('runner_environment') ?? '',
      sourceRepositoryUri: claims.optionalText('scm_repo_url') ?? '',
      sourceRef: claims.optionalText('scm_ref') ?? '',
      buildConfigUri: uriSan(`${platform}/api/pipelines/${claims.text('pipeline_id')}`).value,
      runInvocationUri: build,
    },
  };
}
