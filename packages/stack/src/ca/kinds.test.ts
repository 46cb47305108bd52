import { Certificate, decodeBase64, decodeUtf8, identityOf, OID, parseBundle } from '@assay/core';
import { expect, test } from 'vitest';
import { vectors } from '../../../core/test/vectors.ts';
import { keyRequest, leafOf } from '../../test/certificate-request.ts';
import { makeScene, PERSON } from './test/scene.ts';

const SHA = '9739798945b2a848e911bcf1dddb97298cade0b1';

const GITHUB = {
  sub: 'repo:octo/widget:ref:refs/heads/main',
  job_workflow_ref: 'octo/shared/.github/workflows/sign.yml@refs/tags/v2',
  job_workflow_sha: 'a'.repeat(40),
  sha: SHA,
  ref: 'refs/heads/main',
  event_name: 'push',
  repository: 'octo/widget',
  repository_id: '632596897',
  repository_owner: 'octo',
  repository_owner_id: '131804563',
  repository_visibility: 'public',
  workflow: 'Release it',
  workflow_ref: 'octo/widget/.github/workflows/release.yml@refs/heads/main',
  workflow_sha: 'b'.repeat(40),
  run_id: '8347481628',
  run_attempt: '2',
  runner_environment: 'github-hosted',
};

const GITHUB_EXTENSIONS = {
  githubWorkflowTrigger: 'push',
  githubWorkflowSha: SHA,
  githubWorkflowName: 'Release it',
  githubWorkflowRepository: 'octo/widget',
  githubWorkflowRef: 'refs/heads/main',
  buildSignerUri: 'https://github.com/octo/shared/.github/workflows/sign.yml@refs/tags/v2',
  buildSignerDigest: 'a'.repeat(40),
  runnerEnvironment: 'github-hosted',
  sourceRepositoryUri: 'https://github.com/octo/widget',
  sourceRepositoryDigest: SHA,
  sourceRepositoryRef: 'refs/heads/main',
  sourceRepositoryIdentifier: '632596897',
  sourceRepositoryOwnerUri: 'https://github.com/octo',
  sourceRepositoryOwnerIdentifier: '131804563',
  buildConfigUri: 'https://github.com/octo/widget/.github/workflows/release.yml@refs/heads/main',
  buildConfigDigest: 'b'.repeat(40),
  buildTrigger: 'push',
  runInvocationUri: 'https://github.com/octo/widget/actions/runs/8347481628/attempts/2',
  sourceRepositoryVisibility: 'public',
};

const GITLAB = {
  sub: 'project_path:group/app:ref_type:branch:ref:main',
  project_path: 'group/app',
  project_id: '42831435',
  pipeline_source: 'push',
  pipeline_id: '757451528',
  ci_config_ref_uri: 'gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: 'c'.repeat(40),
  namespace_path: 'group',
  namespace_id: '1730270',
  job_id: '3659681386',
  ref: 'main',
  ref_type: 'branch',
  sha: SHA,
  runner_environment: 'gitlab-hosted',
  runner_id: 1,
  project_visibility: 'private',
};

const GITLAB_SIGNER = 'https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main';
const GITLAB_EXTENSIONS = {
  buildSignerUri: GITLAB_SIGNER,
  buildSignerDigest: 'c'.repeat(40),
  runnerEnvironment: 'gitlab-hosted',
  sourceRepositoryUri: 'https://gitlab.com/group/app',
  sourceRepositoryDigest: SHA,
  sourceRepositoryRef: 'refs/heads/main',
  sourceRepositoryIdentifier: '42831435',
  sourceRepositoryOwnerUri: 'https://gitlab.com/group',
  sourceRepositoryOwnerIdentifier: '1730270',
  buildConfigUri: GITLAB_SIGNER,
  buildConfigDigest: 'c'.repeat(40),
  buildTrigger: 'push',
  runInvocationUri: 'https://gitlab.com/group/app/-/jobs/3659681386',
  sourceRepositoryVisibility: 'private',
};

const EKS = 'https://oidc.eks.eu-west-1.amazonaws.example/id/B02C93B6A2D30341AD01E1B6D48164CB';
const KUBERNETES = { iss: EKS, sub: 'system:serviceaccount:prod:signer', 'kubernetes.io': { namespace: 'prod', serviceaccount: { name: 'signer', uid: 'x' } } };
const CODEFRESH = {
  iss: 'https://oidc.codefresh.example',
  sub: 'account:628a:pipeline:65e5',
  account_id: '628a',
  account_name: 'acme',
  pipeline_id: '65e5',
  pipeline_name: 'app/release',
  workflow_id: '64f4',
  scm_repo_url: 'https://github.com/acme/app',
  scm_ref: 'main',
};

interface Case {
  readonly claims: { readonly iss: string; readonly sub: string } & Record<string, unknown>;
  /** `sub` when absent. */
  readonly challenge?: string;
  readonly kind: 'email' | 'uri' | 'otherName';
  readonly san: string;
  /** `iss` when absent. */
  readonly issuer?: string;
  readonly extensions?: Record<string, string>;
}

const CASES: Record<string, Case> = {
  'email names the address': { claims: PERSON, challenge: PERSON.email, kind: 'email', san: PERSON.email },
  'email takes the boolean as text': { claims: { ...PERSON, email_verified: 'true' }, challenge: PERSON.email, kind: 'email', san: PERSON.email },
  'email of an issuer that verifies by other means': {
    claims: { iss: 'https://trusting.example', sub: '1', email: 'a.b+c@corp.example' },
    challenge: 'a.b+c@corp.example',
    kind: 'email',
    san: 'a.b+c@corp.example',
  },
  'email names the issuer of a federated login': {
    claims: { ...PERSON, iss: 'https://dex.example/auth', federated_claims: { connector_id: 'https://accounts.google.com', user_id: '1' } },
    challenge: PERSON.email,
    kind: 'email',
    san: PERSON.email,
    issuer: 'https://accounts.google.com',
  },
  'github-workflow': {
    claims: { iss: 'https://token.actions.example', ...GITHUB },
    kind: 'uri',
    san: GITHUB_EXTENSIONS.buildSignerUri,
    extensions: GITHUB_EXTENSIONS,
  },
  'github-workflow with an environment, and a file name that no URI may hold': {
    claims: { iss: 'https://token.actions.example', ...GITHUB, environment: 'prod', job_workflow_ref: 'octo/widget/.github/workflows/ä b.yml@refs/heads/main' },
    kind: 'uri',
    san: 'https://github.com/octo/widget/.github/workflows/%C3%A4%20b.yml@refs/heads/main',
    extensions: {
      ...GITHUB_EXTENSIONS,
      buildSignerUri: 'https://github.com/octo/widget/.github/workflows/%C3%A4%20b.yml@refs/heads/main',
      deploymentEnvironment: 'prod',
    },
  },
  'gitlab-pipeline of a branch': {
    claims: { iss: 'https://gitlab.example', ...GITLAB },
    kind: 'uri',
    san: GITLAB_SIGNER,
    extensions: GITLAB_EXTENSIONS,
  },
  'gitlab-pipeline of a tag, configured elsewhere, whose visibility is not told': {
    claims: { iss: 'https://gitlab.example', ...GITLAB, ref: 'v1', ref_type: 'tag', ci_config_sha: null, project_visibility: '' },
    kind: 'uri',
    san: GITLAB_SIGNER,
    extensions: Object.fromEntries(
      Object.entries({ ...GITLAB_EXTENSIONS, sourceRepositoryRef: 'refs/tags/v1' }).filter(
        ([name]) => !['buildSignerDigest', 'buildConfigDigest', 'sourceRepositoryVisibility'].includes(name),
      ),
    ),
  },
  'ci-provider as Fulcio configures GitHub': {
    claims: { iss: 'https://ci.github.example', ...GITHUB, environment: 'prod' },
    kind: 'uri',
    san: GITHUB_EXTENSIONS.buildSignerUri,
    extensions: { ...GITHUB_EXTENSIONS, deploymentEnvironment: 'prod' },
  },
  'ci-provider leaves out what only the defaults have, and empty': {
    claims: { iss: 'https://ci.github.example', ...GITHUB },
    kind: 'uri',
    san: GITHUB_EXTENSIONS.buildSignerUri,
    extensions: GITHUB_EXTENSIONS,
  },
  'ci-provider as Fulcio configures GitLab, with a number for an id': {
    claims: { iss: 'https://ci.gitlab.example', ...GITLAB, project_id: 42831435 },
    kind: 'uri',
    san: GITLAB_SIGNER,
    extensions: {
      buildSignerUri: GITLAB_SIGNER,
      buildSignerDigest: 'c'.repeat(40),
      sourceRepositoryRef: 'refs/heads/main',
      sourceRepositoryIdentifier: '42831435',
    },
  },
  'ci-provider takes a claim over the default': {
    claims: { iss: 'https://ci.gitlab.example', ...GITLAB, environment: 'staging', ref_type: 'tag' },
    kind: 'uri',
    san: GITLAB_SIGNER,
    extensions: {
      buildSignerUri: GITLAB_SIGNER,
      buildSignerDigest: 'c'.repeat(40),
      sourceRepositoryRef: 'refs/tags/main',
      sourceRepositoryIdentifier: '42831435',
      deploymentEnvironment: 'staging',
    },
  },
  'ci-provider as Fulcio configures CircleCI, under a wildcard': {
    claims: {
      iss: 'https://oidc.circleci.example/org/3f5e-11',
      sub: 'org/3f5e-11/project/77/user/1',
      'oidc.circleci.com/project-id': '77',
      'oidc.circleci.com/pipeline-id': 'p-1',
      'oidc.circleci.com/ssh-rerun': true,
    },
    kind: 'uri',
    san: 'https://circleci.com/api/v2/projects/77',
    // `index` of a name that is not there is empty, and so is left out.
    extensions: { buildConfigUri: 'https://circleci.com/api/v2/pipeline/p-1/config', runnerEnvironment: 'ssh-rerun' },
  },
  'kubernetes under a wildcard': { claims: KUBERNETES, kind: 'uri', san: 'https://kubernetes.io/namespaces/prod/serviceaccounts/signer' },
  spiffe: {
    claims: { iss: 'https://spire.example', sub: 'spiffe://prod.example/ns/prod/sa/signer' },
    kind: 'uri',
    san: 'spiffe://prod.example/ns/prod/sa/signer',
  },
  uri: {
    claims: { iss: 'https://accounts.shop.example', sub: 'https://users.shop.example/1234' },
    kind: 'uri',
    san: 'https://users.shop.example/1234',
  },
  username: { claims: { iss: 'https://login.forge.example', sub: 'alice' }, kind: 'otherName', san: 'alice!forge.example' },
  'buildkite-job': {
    claims: { iss: 'https://agent.buildkite.example', sub: 'organization:acme:pipeline:app', organization_slug: 'acme', pipeline_slug: 'app' },
    kind: 'uri',
    san: 'https://buildkite.com/acme/app',
  },
  'codefresh-workflow': {
    claims: CODEFRESH,
    kind: 'uri',
    san: 'https://g.codefresh.io/acme/app/release:628a/65e5',
    extensions: {
      buildSignerUri: 'https://g.codefresh.io/build/64f4',
      sourceRepositoryUri: 'https://github.com/acme/app',
      sourceRepositoryRef: 'main',
      buildConfigUri: 'https://g.codefresh.io/api/pipelines/65e5',
      runInvocationUri: 'https://g.codefresh.io/build/64f4',
    },
  },
  'chainguard-identity': {
    claims: { iss: 'https://issuer.chainguard.example', sub: 'a1b2/c3' },
    kind: 'uri',
    san: 'https://issuer.chainguard.example/a1b2/c3',
  },
  'chainguard-identity of a person, who signs her address': {
    claims: { iss: 'https://issuer.chainguard.example', sub: 'a1b2', email: 'a@b.example', email_verified: true },
    challenge: 'a@b.example',
    kind: 'uri',
    san: 'https://issuer.chainguard.example/a1b2',
  },
  'a challenge from a claim of its own, for an audience of its own': {
    claims: { iss: 'https://challenge.example', sub: 'https://challenge.example/7', nickname: 'seven', aud: ['other', 'assay'] },
    challenge: 'seven',
    kind: 'uri',
    san: 'https://challenge.example/7',
  },
};

for (const [name, { claims, challenge = claims.sub, kind, san, issuer = claims.iss, extensions = {} }] of Object.entries(CASES)) {
  test(name, async () => {
    const scene = await makeScene();
    const certificate = await scene.certify(claims, challenge);
    expect(identityOf(certificate)).toEqual({ san: { kind, value: san }, oidcIssuer: issuer, extensions: { ...extensions, tokenSubject: claims.sub } });
    expect(scene.logged).toHaveLength(1);
  });
}

const REFUSED: Record<string, { claims: Record<string, unknown>; challenge?: string; reason: string }> = {
  'an address that is not verified': { claims: { ...PERSON, email_verified: false }, reason: 'email_verified claim was false' },
  'an address of which nobody says whether it is verified': { claims: { ...PERSON, email_verified: undefined }, reason: 'email_verified claim was false' },
  'a verification that is neither yes nor no': { claims: { ...PERSON, email_verified: 1 }, reason: 'the email_verified claim is not a boolean' },
  'no address': { claims: { ...PERSON, email: undefined }, reason: 'missing email claim in ID token' },
  'an address that is none': { claims: { ...PERSON, email: 'alice' }, reason: 'email address is not valid' },
  'two addresses in one': { claims: { ...PERSON, email: 'a@x.example,b@y.example' }, reason: 'email address is not valid' },
  'an address with a line end': { claims: { ...PERSON, email: 'a@x.example\n' }, reason: 'email address is not valid' },
  'an address that IA5String cannot hold': {
    claims: { ...PERSON, email: 'älice@people.example' },
    reason: 'email address is not ASCII, and a certificate cannot hold it',
  },
  'no issuer of the federated login': {
    claims: { ...PERSON, iss: 'https://dex.example/auth' },
    reason: 'missing federated_claims.connector_id claim in ID token',
  },
  'an issuer of the federated login that is no text': {
    claims: { ...PERSON, iss: 'https://dex.example/auth', federated_claims: { connector_id: 1 } },
    reason: 'the federated_claims.connector_id claim is not a string',
  },
  'a user name with an address in it': {
    claims: { iss: 'https://login.forge.example', sub: 'alice@forge.example' },
    reason: 'username should not be an email address',
  },
  'a user name that brings its own domain': { claims: { iss: 'https://login.forge.example', sub: 'a!evil' }, reason: 'username cannot contain ! character' },
  'a subject of another host': {
    claims: { iss: 'https://accounts.shop.example', sub: 'https://shop.example/1' },
    reason: 'subject hostname (shop.example) must match expected domain (users.shop.example)',
  },
  'a subject of another scheme': {
    claims: { iss: 'https://accounts.shop.example', sub: 'http://users.shop.example/1' },
    reason: 'subject URI scheme (http) must match expected domain URI scheme (https)',
  },
  'a subject whose host depends on who reads it': {
    claims: { iss: 'https://accounts.shop.example', sub: 'https://users.shop.example\\@evil.example/' },
    reason: 'the subject "https://users.shop.example\\@evil.example/" is not a URL',
  },
  'a subject that is an address, for URIs': {
    claims: { iss: 'https://accounts.shop.example', sub: 'a@users.shop.example' },
    reason: 'uri subject should not be an email address',
  },
  'a workload of another trust domain': {
    claims: { iss: 'https://spire.example', sub: 'spiffe://dev.example/x' },
    reason: "spiffe ID trust domain dev.example doesn't match configured trust domain prod.example",
  },
  'a workload that steps out of its path': {
    claims: { iss: 'https://spire.example', sub: 'spiffe://prod.example/a/../b' },
    reason: 'invalid spiffe ID provided: spiffe://prod.example/a/../b',
  },
  'a workload of a trust domain with a port': {
    claims: { iss: 'https://spire.example', sub: 'spiffe://prod.example:8443/a' },
    reason: 'invalid spiffe ID provided: spiffe://prod.example:8443/a',
  },
  'no service account': { claims: { ...KUBERNETES, 'kubernetes.io': undefined }, reason: 'missing kubernetes.io claim in ID token' },
  'a service account without a namespace': {
    claims: { ...KUBERNETES, 'kubernetes.io': { serviceaccount: { name: 'signer' } } },
    reason: 'missing namespace claim in ID token',
  },
  'a namespace that steps out of its path': {
    claims: { ...KUBERNETES, 'kubernetes.io': { namespace: 'a/serviceaccounts/b', serviceaccount: { name: 'c' } } },
    reason: 'the kubernetes.io claim names "a/serviceaccounts/b", which is not a Kubernetes name',
  },
  'an unknown kind of ref': {
    claims: { iss: 'https://gitlab.example', ...GITLAB, ref_type: 'merge' },
    reason: 'unexpected ref_type: merge',
  },
  'a runner without a number': { claims: { iss: 'https://gitlab.example', ...GITLAB, runner_id: '1' }, reason: 'the runner_id claim is not an integer' },
  'an id that is a number, where texts are expected': {
    claims: { iss: 'https://token.actions.example', ...GITHUB, run_id: 8347481628 },
    reason: 'the run_id claim is not a string',
  },
  'a workflow with a line end in its name': {
    claims: { iss: 'https://token.actions.example', ...GITHUB, job_workflow_ref: 'a\nb' },
    reason: 'the subject would be "https://github.com/a\\u000ab", which is not a URI',
  },
  'a claim that a template wants': {
    claims: { iss: 'https://ci.github.example', ...GITHUB, run_attempt: undefined },
    reason: 'value <run_attempt> not present in either claims or defaults, and runInvocationUri is made of it',
  },
  'an object where a template wants a text': {
    claims: { iss: 'https://ci.github.example', ...GITHUB, sha: { sha1: 'x' } },
    reason: 'value <sha> not present in either claims or defaults, and sha is made of it',
  },
  'no subject': { claims: { ...PERSON, sub: undefined }, reason: 'missing sub claim in ID token' },
  'a person at Chainguard whose address is not verified': {
    claims: { iss: 'https://issuer.chainguard.example', sub: 'a', email: 'a@b.example' },
    reason: 'email_verified claim was false',
  },
  'no claim to be challenged by': {
    claims: { iss: 'https://challenge.example', sub: 'https://challenge.example/7', aud: 'assay' },
    reason: 'missing nickname claim in ID token',
  },
};

for (const claim of Object.keys(GITHUB)) {
  REFUSED[`github-workflow without ${claim}`] = {
    claims: { iss: 'https://token.actions.example', ...GITHUB, [claim]: undefined },
    reason: `missing ${claim} claim in ID token`,
  };
}
for (const claim of Object.keys(GITLAB).filter((name) => name !== 'ci_config_sha' && name !== 'project_visibility')) {
  REFUSED[`gitlab-pipeline without ${claim}`] = {
    claims: { iss: 'https://gitlab.example', ...GITLAB, [claim]: undefined },
    reason: `missing ${claim} claim in ID token`,
  };
}
for (const claim of ['account_id', 'pipeline_id', 'workflow_id']) {
  REFUSED[`codefresh-workflow without ${claim}`] = { claims: { ...CODEFRESH, [claim]: undefined }, reason: `missing ${claim} claim in ID token` };
}
for (const claim of ['organization_slug', 'pipeline_slug']) {
  const claims = { iss: 'https://agent.buildkite.example', sub: 'x', organization_slug: 'acme', pipeline_slug: 'app', [claim]: undefined };
  REFUSED[`buildkite-job without ${claim}`] = { claims, reason: `missing ${claim} claim in ID token` };
}

for (const [name, { claims, reason }] of Object.entries(REFUSED)) {
  test(`refuses ${name}`, async () => {
    const scene = await makeScene();
    const answer = await scene.post('/api/v2/signingCert', keyRequest(await scene.token(claims), String(claims['email'] ?? claims['sub'])));
    expect(JSON.parse(answer.text)).toEqual({ code: 3, message: `There was an error processing the identity token: ${reason}`, details: [] });
    expect(answer.status).toBe(400);
    expect(scene.logged).toEqual([]);
  });
}

const vector = vectors.find(({ name }) => name === 'rekor2-happy-path');

test.skipIf(vector === undefined)('a certificate has the profile of one that the public instance issued', async () => {
  const bundle = parseBundle(decodeBase64(vector?.bundle ?? '') as Uint8Array);
  const real = Certificate.parse('leaf' in bundle.material ? bundle.material.leaf : new Uint8Array(0));
  const identity = identityOf(real);
  const claims = claimsOf(real);
  const scene = await makeScene({ config: GITHUB_ONLY });
  const ours = await scene.certify(claims, claims.sub);

  expect(identityOf(ours)).toEqual({ ...identity, extensions: { ...identity.extensions, tokenSubject: claims.sub } });
  // Keys, and what is made of them, differ; .24 came later.
  const profile = ({ extensions }: Certificate): unknown[] =>
    extensions
      .filter(({ oid }) => oid !== `${OID.fulcio}.24`)
      .map(({ oid, critical, value }) => ({ oid, critical, value: KEYED.has(oid) ? undefined : decodeUtf8(value) || value }));
  expect(profile(ours)).toEqual(profile(real));
  expect(ours.subject).toEqual(real.subject);
  expect(ours.signatureAlgorithm).toBe(real.signatureAlgorithm);
  expect(ours.validity.end.getTime() - (ours.validity.start?.getTime() ?? 0)).toBe(real.validity.end.getTime() - (real.validity.start?.getTime() ?? 0));
});

const GITHUB_ONLY = 'oidc-issuers: { "https://token.actions.githubusercontent.com": { client-id: sigstore, type: github-workflow } }';
const KEYED: ReadonlySet<string> = new Set([OID.subjectKeyId, OID.authorityKeyId, OID.sctList]);

/** The token that must have been behind a certificate. */
function claimsOf(certificate: Certificate) {
  const { extensions: e } = identityOf(certificate);
  const text = (value: string | undefined): string => value ?? '';
  const path = (value: string | undefined): string => text(value).replace('https://github.com/', '');
  const [, run = '', attempt = ''] = /runs\/(\d+)\/attempts\/(\d+)$/.exec(text(e.runInvocationUri)) ?? [];
  return {
    iss: identityOf(certificate).oidcIssuer,
    sub: `repo:${e.githubWorkflowRepository}:ref:${e.githubWorkflowRef}`,
    job_workflow_ref: path(e.buildSignerUri),
    job_workflow_sha: text(e.buildSignerDigest),
    sha: text(e.sourceRepositoryDigest),
    ref: text(e.sourceRepositoryRef),
    event_name: text(e.buildTrigger),
    repository: path(e.sourceRepositoryUri),
    repository_id: text(e.sourceRepositoryIdentifier),
    repository_owner: path(e.sourceRepositoryOwnerUri),
    repository_owner_id: text(e.sourceRepositoryOwnerIdentifier),
    repository_visibility: text(e.sourceRepositoryVisibility),
    workflow: text(e.githubWorkflowName),
    workflow_ref: path(e.buildConfigUri),
    workflow_sha: text(e.buildConfigDigest),
    run_id: run,
    run_attempt: attempt,
    runner_environment: text(e.runnerEnvironment),
  };
}

test('the key in the certificate is that of the request, and no two serial numbers are alike', async () => {
  const scene = await makeScene();
  const token = await scene.token(PERSON);
  const leaves = await Promise.all([1, 2].map(async () => leafOf(await scene.post('/api/v2/signingCert', keyRequest(token, PERSON.email)))));
  expect(new Set(leaves.map(({ serial }) => Buffer.from(serial).toString('hex'))).size).toBe(2);
  for (const { serial } of leaves) {
    expect(serial.length).toBe(20);
    expect(serial[0]).toBeLessThan(0x80);
  }
});
