import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { newKey, openIssuer } from '../../test/login-page-issuer.ts';
import type { Identity } from './identity.ts';
import { type MintOptions, mintToken } from './mint-token.ts';
import { oidcKey } from './oidc-key.ts';

const key = await newKey();
const now = new Date('2026-01-02T03:04:05.678Z');
const NOW = Date.parse('2026-01-02T03:04:05Z') / 1000;
const baseUrl = 'http://127.0.0.1:4100/oidc';
const mint = async (identity: Identity, options: Partial<MintOptions> = {}) => decodeJwt(await mintToken(key, identity, { baseUrl, now, ...options }));

const EMAIL = { kind: 'email', email: 'jane@example.com' } as const;
const GITHUB = { kind: 'github', repository: 'acme/app', workflow: 'release.yml' } as const;
const GITLAB = { kind: 'gitlab', project: 'acme/tools/app' } as const;
const SPIFFE = { kind: 'spiffe', id: 'spiffe://example.org/ns/build' } as const;

describe('a token', () => {
  test.each([EMAIL, GITHUB, GITLAB, SPIFFE])('of kind $kind verifies with the keys that its issuer publishes', async (identity) => {
    const issuer = await openIssuer({ key });
    issuer.now = now;
    const claims = await issuer.verify(await mintToken(key, identity, { baseUrl, now }));
    expect(claims).toMatchObject({ aud: 'sigstore', iat: NOW, nbf: NOW, exp: NOW + 300 });
    expect(claims.iss).toBe(identity.kind === 'email' ? baseUrl : `${baseUrl}/${identity.kind}`);
  });

  test('names its key by thumbprint', async () => {
    expect(decodeProtectedHeader(await mintToken(key, EMAIL, { baseUrl, now }))).toEqual({ alg: 'RS256', kid: key.keyId, typ: 'JWT' });
  });

  test('of a person carries the verified address and the nonce', async () => {
    expect(await mint(EMAIL, { nonce: 'n' })).toMatchObject({ sub: 'jane@example.com', email: 'jane@example.com', email_verified: true, nonce: 'n' });
  });

  test('of GitHub Actions carries text alone, in every claim of a job', async () => {
    const { iat, nbf, exp, jti, sha, repository_id, repository_owner_id, actor_id, ...claims } = await mint(GITHUB);
    expect(claims).toEqual({
      iss: `${baseUrl}/github`,
      aud: 'sigstore',
      sub: 'repo:acme/app:ref:refs/heads/main',
      repository: 'acme/app',
      repository_owner: 'acme',
      repository_visibility: 'public',
      ref: 'refs/heads/main',
      ref_type: 'branch',
      ref_protected: 'false',
      base_ref: '',
      head_ref: '',
      event_name: 'push',
      workflow: '.github/workflows/release.yml',
      workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main',
      workflow_sha: sha,
      job_workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main',
      job_workflow_sha: sha,
      run_id: '1',
      run_number: '1',
      run_attempt: '1',
      runner_environment: 'github-hosted',
      actor: 'acme',
    });
    expect(sha).toMatch(/^[0-9a-f]{40}$/);
    for (const id of [repository_id, repository_owner_id, actor_id]) expect(id).toMatch(/^\d+$/);
    expect(repository_id).not.toBe(repository_owner_id);
    expect(jti).not.toBe((await mint(GITHUB)).jti);
  });

  test.each([
    [
      'a tag',
      { ref: 'refs/tags/v1.0' },
      { sub: 'repo:acme/app:ref:refs/tags/v1.0', ref_type: 'tag', workflow_ref: 'acme/app/.github/workflows/release.yml@refs/tags/v1.0' },
    ],
    ['an environment', { claims: { environment: 'pro:d' } }, { sub: 'repo:acme/app:environment:pro%3Ad', environment: 'pro:d' }],
    ['a pull request', { claims: { event_name: 'pull_request' } }, { sub: 'repo:acme/app:pull_request', event_name: 'pull_request' }],
    [
      'a reusable workflow',
      { claims: { job_workflow_ref: 'o/r/.github/workflows/x.yml@refs/heads/v1' } },
      { job_workflow_ref: 'o/r/.github/workflows/x.yml@refs/heads/v1', workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main' },
    ],
    ['another commit', { claims: { sha: 'a'.repeat(40) } }, { sha: 'a'.repeat(40), workflow_sha: 'a'.repeat(40), job_workflow_sha: 'a'.repeat(40) }],
    ['a number', { claims: { run_id: 42 } }, { run_id: '42' }],
    [
      'the path of the workflow',
      { workflow: '.github/workflows/release.yml' },
      { workflow: '.github/workflows/release.yml', workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main' },
    ],
  ])('of GitHub Actions follows %s', async (_, given, expected) => expect(await mint({ ...GITHUB, ...given })).toMatchObject(expected));

  test('of GitLab carries what its certificates are made of', async () => {
    const claims = await mint(GITLAB);
    expect(claims).toMatchObject({
      sub: 'project_path:acme/tools/app:ref_type:branch:ref:main',
      namespace_path: 'acme/tools',
      project_path: 'acme/tools/app',
      ci_config_ref_uri: 'gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main',
      ci_config_sha: claims['sha'],
      ref: 'main',
      ref_type: 'branch',
      pipeline_source: 'push',
      project_visibility: 'public',
      runner_environment: 'gitlab-hosted',
      runner_id: 1,
    });
    for (const name of ['namespace_id', 'project_id', 'pipeline_id', 'job_id']) expect(claims[name]).toMatch(/^\d+$/);
  });

  test('of GitLab follows a tag', async () => {
    const tagged = { sub: 'project_path:acme/tools/app:ref_type:tag:ref:v1', ci_config_ref_uri: 'gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/tags/v1' };
    expect(await mint({ ...GITLAB, ref: 'v1', refType: 'tag' })).toMatchObject(tagged);
  });

  test('of SPIFFE has its ID as subject', async () => expect(await mint(SPIFFE)).toMatchObject({ sub: SPIFFE.id }));

  test.each([GITHUB, GITLAB, SPIFFE])('of kind $kind carries no e-mail address', async (identity) => {
    expect(Object.keys(await mint(identity)).filter((name) => name.startsWith('email'))).toEqual([]);
  });

  test.each<[string, Identity, Partial<MintOptions>]>([
    ['a repository without owner', { ...GITHUB, repository: 'app' }, {}],
    ['a repository with a path', { ...GITHUB, repository: 'acme/app/more' }, {}],
    ['a repository that climbs', { ...GITHUB, repository: 'acme/..' }, {}],
    ['a workflow that is no file', { ...GITHUB, workflow: 'Release' }, {}],
    ['a workflow that climbs', { ...GITHUB, workflow: '../release.yml' }, {}],
    ['a ref that is no ref', { ...GITHUB, ref: 'main' }, {}],
    ['a ref with a space', { ...GITHUB, ref: 'refs/heads/a b' }, {}],
    ['a ref with a line break', { ...GITHUB, ref: 'refs/heads/a\nb' }, {}],
    ['an issuer of the caller', { ...GITHUB, claims: { iss: 'https://token.actions.githubusercontent.com' } }, {}],
    ['an expiry of the caller', { ...GITHUB, claims: { exp: 9_999_999_999 } }, {}],
    ['an e-mail address in a workflow', { ...GITHUB, claims: { email: 'jane@example.com' } }, {}],
    ['a verified address in a pipeline', { ...GITLAB, claims: { email_verified: 'true' } }, {}],
    ['a project without group', { ...GITLAB, project: 'app' }, {}],
    ['a branch in full', { ...GITLAB, ref: 'refs/heads/main' }, {}],
    ['an address that is none', { kind: 'email', email: 'jane' }, {}],
    ['another scheme than spiffe', { kind: 'spiffe', id: 'https://example.org/ns' }, {}],
    ['a SPIFFE ID in capitals', { kind: 'spiffe', id: 'spiffe://Example.org/ns' }, {}],
    ['a SPIFFE ID with a slash at the end', { kind: 'spiffe', id: 'spiffe://example.org/ns/' }, {}],
    ['a SPIFFE ID that climbs', { kind: 'spiffe', id: 'spiffe://example.org/../ns' }, {}],
    ['a life of less than a minute', EMAIL, { lifetimeSeconds: 59 }],
    ['a life of more than ten minutes', EMAIL, { lifetimeSeconds: 601 }],
    ['a life that is no number', EMAIL, { lifetimeSeconds: Number.NaN }],
  ])('is not made for %s', async (_, identity, options) => expect(mint(identity, options)).rejects.toMatchObject({ code: 'USAGE' }));

  test.each([60, 600])('may live %i seconds', async (lifetimeSeconds) => {
    expect(await mint(EMAIL, { lifetimeSeconds })).toMatchObject({ exp: NOW + lifetimeSeconds });
  });

  test.each([
    ['that is too short', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['of another type', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey],
    ['that is public', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
  ])('needs an RSA key, and refuses one %s', async (_, wrong) => expect(oidcKey(wrong)).rejects.toThrow(TypeError));

  test('publishes nothing of the private key', () => expect(Object.keys(key.publicJwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']));
});
