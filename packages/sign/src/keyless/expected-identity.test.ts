import { type CertificateIdentity, checkIdentity } from '@assay/core';
import { PERSON, personToken, workflowToken } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { parseIdentityToken } from '../identity/index.ts';
import { expectedIdentity } from './expected-identity.ts';

const NOW = new Date('2026-08-25T00:00:00Z');
const person = (claims: object = {}) => parseIdentityToken(personToken(claims), { now: NOW });
const machine = (claims: object) => person({ email: undefined, email_verified: undefined, ...claims });
const workflow = (claims: object = {}) => parseIdentityToken(workflowToken(claims), { now: NOW });

const REF = 'assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3';
const GITHUB = 'https://token.actions.githubusercontent.com';

function certificate(kind: CertificateIdentity['san']['kind'], value: string, oidcIssuer: string, tokenSubject?: string): CertificateIdentity {
  return { san: { kind, value }, oidcIssuer, extensions: tokenSubject === undefined ? {} : { tokenSubject } };
}

const judge = (token: ReturnType<typeof person>, found: CertificateIdentity) => checkIdentity(found, [expectedIdentity(token, found)]).status;

describe('is the owner of the token:', () => {
  test.each<[string, ReturnType<typeof person>, CertificateIdentity]>([
    ['a person, by address', person(), certificate('email', PERSON.email, PERSON.iss)],
    ['a person, with the subject too', person(), certificate('email', PERSON.email, PERSON.iss, PERSON.sub)],
    [
      'a person behind another provider',
      person({ federated_claims: { connector_id: 'https://github.com/login/oauth' } }),
      certificate('email', PERSON.email, 'https://github.com/login/oauth'),
    ],
    ['a GitHub workflow', workflow(), certificate('uri', `https://github.com/${REF}`, GITHUB)],
    ['a workflow of an enterprise server', workflow(), certificate('uri', `https://github.corp.example/${REF}`, GITHUB)],
    [
      'a GitLab pipeline',
      machine({ ci_config_ref_uri: 'gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main' }),
      certificate('uri', 'https://gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main', PERSON.iss),
    ],
    ['a workload', machine({ sub: 'spiffe://example.org/app' }), certificate('uri', 'spiffe://example.org/app', PERSON.iss)],
    ['a user name in a domain', machine({ sub: 'someone' }), certificate('otherName', 'someone!testkit.example', PERSON.iss)],
    [
      'a name made by a template, with the subject',
      machine({ sub: 'organization:o:pipeline:p' }),
      certificate('uri', 'https://ci.example/o/p', PERSON.iss, 'organization:o:pipeline:p'),
    ],
  ])('%s', (_, token, found) => {
    expect(judge(token, found)).toBe('pass');
  });
});

describe('is somebody else:', () => {
  test.each<[string, ReturnType<typeof person>, CertificateIdentity]>([
    ['another address', person(), certificate('email', 'else@testkit.example', PERSON.iss)],
    ['the address in capitals', person(), certificate('email', PERSON.email.toUpperCase(), PERSON.iss)],
    ['an address with the right subject', person(), certificate('email', 'else@testkit.example', PERSON.iss, PERSON.sub)],
    ['the right address with another subject', person(), certificate('email', PERSON.email, PERSON.iss, 'another')],
    ['the right address of another issuer', person(), certificate('email', PERSON.email, 'https://accounts.other.example')],
    ['another workflow', workflow(), certificate('uri', `https://github.com/${REF}-else`, GITHUB)],
    ['a workflow whose name only ends alike', workflow(), certificate('uri', `https://github.com/x/${REF}`, GITHUB)],
    [
      'another pipeline',
      machine({ ci_config_ref_uri: 'gitlab.com/o/r//x@refs/heads/main' }),
      certificate('uri', 'https://gitlab.com/o/r//x@refs/heads/else', PERSON.iss),
    ],
    ['another workload', machine({ sub: 'spiffe://example.org/app' }), certificate('uri', 'spiffe://example.org/app2', PERSON.iss)],
    ['a name made by a template, without the subject', machine({ sub: 'organization:o:pipeline:p' }), certificate('uri', 'https://ci.example/o/p', PERSON.iss)],
    [
      'a name made by a template, with another subject',
      machine({ sub: 'organization:o' }),
      certificate('uri', 'https://ci.example/o', PERSON.iss, 'organization:x'),
    ],
  ])('%s', (_, token, found) => {
    expect(judge(token, found)).toBe('fail');
  });
});
