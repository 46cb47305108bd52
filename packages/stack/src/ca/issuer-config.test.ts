import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { challengeClaimOf, findIssuer, ISSUER_KINDS, parseFulcioConfig } from './issuer-config.ts';
import { CONFIG } from './test/scene.ts';

const parse = (text: string) => parseFulcioConfig(text, 'issuers.yaml');

describe('the configuration file', () => {
  test('has all kinds, with their challenges', () => {
    const { issuers } = parse(CONFIG);
    expect(new Set(issuers.map(({ kind }) => kind))).toEqual(new Set(ISSUER_KINDS));
    expect(new Set(issuers.filter(({ kind }) => kind !== 'email').map(challengeClaimOf))).toEqual(new Set(['sub', 'nickname']));
    expect(new Set(issuers.filter(({ kind }) => kind === 'email').map(challengeClaimOf))).toEqual(new Set(['email']));
  });

  test('is the same in JSON, with the names that Go has for it', () => {
    const yaml = `
oidc-issuers:
  https://a.example: { issuer-url: https://a.example, client-id: x, type: spiffe, spiffe-trust-domain: a.example, contact: c, description: d }
  https://b.example: { client-id: x, type: email, issuer-claim: $.a.b, skip-email-verification: true }
  https://c.example: { client-id: x, type: ci-provider, ci-provider: ci, challenge-claim: nick }
meta-issuers: { "https://*.d.example": { client-id: x, type: uri, subject-domain: https://d.example } }
ci-issuer-metadata: { ci: { default-template-values: { u: v }, extension-templates: { build-signer-uri: u }, subject-alternative-name-template: u } }`;
    const json = {
      OIDCIssuers: {
        'https://a.example': {
          IssuerURL: 'https://a.example',
          ClientID: 'x',
          Type: 'spiffe',
          SPIFFETrustDomain: 'a.example',
          Contact: 'c',
          Description: 'd',
          CACert: null,
        },
        'https://b.example': { ClientID: 'x', Type: 'email', IssuerClaim: '$.a.b', SkipEmailVerification: true },
        'https://c.example': { ClientID: 'x', Type: 'ci-provider', CIProvider: 'ci', ChallengeClaim: 'nick' },
      },
      MetaIssuers: { 'https://*.d.example': { ClientID: 'x', Type: 'uri', SubjectDomain: 'https://d.example' } },
      CIIssuerMetadata: {
        ci: { DefaultTemplateValues: { u: 'v' }, ExtensionTemplates: { BuildSignerURI: 'u', Issuer: 'ignored' }, SubjectAlternativeNameTemplate: 'u' },
      },
    };
    const plain = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : typeof part === 'function' ? 'template' : part)));
    for (const indent of [undefined, 2, '\t']) expect(plain(parse(JSON.stringify(json, null, indent)))).toEqual(plain(parse(yaml)));
    expect(parse(yaml).issuers).toHaveLength(4);
  });

  test('may name nobody', () => {
    expect(parse('oidc-issuers:\n').issuers).toEqual([]);
    expect(parse('{}').issuers).toEqual([]);
  });

  test('takes claim paths in both notations', () => {
    const paths = ['$.a.b-c', "$['a']['b-c']", '$["a"].b-c'].map((path) => {
      const [issuer] = parse(JSON.stringify({ OIDCIssuers: { 'https://a.example': { ClientID: 'x', Type: 'email', IssuerClaim: path } } })).issuers;
      return issuer?.kind === 'email' ? issuer.issuerClaim : undefined;
    });
    expect(paths).toEqual([
      ['a', 'b-c'],
      ['a', 'b-c'],
      ['a', 'b-c'],
    ]);
  });
});

describe('the issuer of a token', () => {
  const config = parse(`
oidc-issuers:
  https://ci.example/one: { client-id: exact, type: buildkite-job }
meta-issuers:
  https://ci.example/*: { client-id: wildcard, type: buildkite-job }
  https://*.k8s.example/id/*: { client-id: two, type: kubernetes }
  https://ci.example/t*: { client-id: later, type: buildkite-job }`);
  const cases: Record<string, [string, string | undefined]> = {
    'is found by its name before any wildcard': ['https://ci.example/one', 'exact'],
    'is found by the first wildcard that fits': ['https://ci.example/two', 'wildcard'],
    'may have letters, digits, hyphens and underscores for a star': ['https://a-B_9.k8s.example/id/0x', 'two'],
    'has something for each star': ['https://ci.example/', undefined],
    'has no slash for a star': ['https://ci.example/a/b', undefined],
    'has no dot for a star': ['https://a.b.k8s.example/id/c', undefined],
    'has nothing before the pattern': ['xhttps://ci.example/two', undefined],
    'has nothing after the pattern': ['https://ci.example/two?', undefined],
    'has no line end after the pattern': ['https://ci.example/two\n', undefined],
    'has dots where the pattern has them': ['https://ci-example/two', undefined],
    'is not the pattern itself': ['https://ci.example/*', undefined],
  };
  for (const [name, [url, clientId]] of Object.entries(cases)) test(name, () => expect(findIssuer(config, url)?.clientId).toBe(clientId));
});

describe('is refused with its place', () => {
  const issuer = (fields: string, url = 'https://accounts.example.com'): string => `oidc-issuers:\n  ${url}:\n    ${fields.split('; ').join('\n    ')}\n`;
  const cases: Record<string, [string, string]> = {
    'a list': ['- a', 'issuers.yaml:1:1: not a map'],
    'an empty file': ['', 'issuers.yaml:1:1: not a map'],
    'broken YAML': ['oidc-issuers: {', 'issuers.yaml:1:16: '],
    'an alias without an anchor': ['oidc-issuers: *nowhere', 'issuers.yaml:1:15: nothing is called &nowhere'],
    'a stray section': ['oidc_issuers: {}', 'issuers.yaml:1:1: oidc_issuers is not known'],
    'an issuer twice': [
      `${issuer('client-id: a; type: email')}  https://accounts.example.com: { client-id: b, type: email }`,
      'issuers.yaml:5:3: oidc-issuers: https://accounts.example.com stands here twice',
    ],
    'a setting in both spellings': [
      issuer('client-id: a; ClientID: b; type: email'),
      'issuers.yaml:4:5: oidc-issuers.https://accounts.example.com: ClientID stands here twice, the other time as client-id',
    ],
    'a misspelt setting': [
      issuer('client-id: a; type: email; skip-email-verifcation: true'),
      'issuers.yaml:5:5: oidc-issuers.https://accounts.example.com: skip-email-verifcation is not known',
    ],
    'an issuer that is text': ['oidc-issuers: { https://a.example: email }', 'issuers.yaml:1:17: oidc-issuers: https://a.example is not a map'],
    'an issuer without anything': ['oidc-issuers: { https://a.example: }', 'issuers.yaml:1:17: oidc-issuers: https://a.example is empty'],
    'no audience': [issuer('type: email'), 'client-id is missing'],
    'no kind': [issuer('client-id: a'), 'type is missing'],
    'an unknown kind': [issuer('client-id: a; type: mail'), 'issuers.yaml:4:5: oidc-issuers.https://accounts.example.com: type is not known'],
    'a name that is no URL': [issuer('client-id: a; type: email', 'accounts'), 'the issuer is not a URL'],
    'an address unlike the name': [issuer('issuer-url: https://b.example; client-id: a; type: email'), 'issuer-url differs from the name of the entry'],
    'a flag that is text': [issuer('client-id: a; type: email; skip-email-verification: yes'), 'skip-email-verification is not a boolean'],
    'a setting that is a list': [issuer('client-id: [a]; type: email'), 'client-id is not a text'],
    'a claim path for another kind': [issuer('client-id: a; type: kubernetes; issuer-claim: $.a'), 'issuer-claim is for e-mail issuers only'],
    'a claim path with a filter': [issuer('client-id: a; type: email; issuer-claim: "$..a[?(@.b)]"'), 'issuer-claim is not a path of member names'],
    'no trust domain': [issuer('client-id: a; type: spiffe'), 'spiffe-trust-domain is missing'],
    'a trust domain that is none': [issuer('client-id: a; type: spiffe; spiffe-trust-domain: https://a.example'), 'spiffe-trust-domain is not a trust domain'],
    'a wildcard for SPIFFE': [
      'meta-issuers: { "https://*.example": { client-id: a, type: spiffe, spiffe-trust-domain: b } }',
      'a spiffe issuer cannot have a * in its URL',
    ],
    'a wildcard without a star': ['meta-issuers: { https://a.example: { client-id: a, type: email } }', 'a meta issuer has a * in its URL'],
    'no subject domain for URIs': [issuer('client-id: a; type: uri'), 'subject-domain is missing, which a uri issuer needs'],
    'no subject domain for user names': [issuer('client-id: a; type: username'), 'subject-domain is missing, which a username issuer needs'],
    'a subject domain without a scheme, for URIs': [issuer('client-id: a; type: uri; subject-domain: example.com'), 'subject-domain is not a URL'],
    'a subject domain with another scheme': [
      issuer('client-id: a; type: uri; subject-domain: http://example.com'),
      "subject-domain has another scheme than the issuer's URL",
    ],
    'a subject domain of somebody else': [
      issuer('client-id: a; type: uri; subject-domain: https://example.org'),
      "subject-domain and the issuer's host differ in their last two labels",
    ],
    'a subject domain that only ends like it': [
      issuer('client-id: a; type: username; subject-domain: notexample.com'),
      "subject-domain and the issuer's host differ in their last two labels",
    ],
    'a subject domain that is a whole top-level domain': [
      issuer('client-id: a; type: username; subject-domain: com'),
      "subject-domain and the issuer's host differ in their last two labels",
    ],
    'a subject domain with a scheme, for user names': [
      issuer('client-id: a; type: username; subject-domain: https://example.com'),
      'subject-domain is not a host name without a scheme',
    ],
    'certificates that are none': [issuer('client-id: a; type: email; ca-cert: "-----BEGIN"'), 'ca-cert holds no certificate'],
    'a CI service without a name': [issuer('client-id: a; type: ci-provider'), 'ci-provider is missing'],
    'a CI service without metadata': [issuer('client-id: a; type: ci-provider; ci-provider: x'), 'ci-provider has no metadata'],
    'metadata without a subject': ['ci-issuer-metadata: { x: { extension-templates: {} } }', 'x has no subject-alternative-name-template'],
    'metadata with an unknown extension': [
      'ci-issuer-metadata: { x: { subject-alternative-name-template: a, extension-templates: { build: a } } }',
      'ci-issuer-metadata.x.extension-templates: build is not known',
    ],
    'a template that is not known': [
      'ci-issuer-metadata:\n  x:\n    subject-alternative-name-template: "{{ .a | len }}"',
      'issuers.yaml:3:5: ci-issuer-metadata.x: subject-alternative-name-template is not a template: ',
    ],
  };
  for (const [name, [text, message]] of Object.entries(cases)) {
    test(name, () => {
      const error = refusal(() => parse(text));
      expect(error.code).toBe('STACK_ISSUERS');
      expect(error.message).toContain(message);
      expect(error.message).toMatch(/^issuers\.yaml:\d+:\d+: /);
    });
  }

  test('what was expected and what was found', () => {
    const { expected, found } = refusal(() => parse(issuer('client-id: a; type: mail')));
    expect([expected, found]).toEqual([ISSUER_KINDS.join(', '), 'mail']);
  });

  test('a file that is not UTF-8, or too large', () => {
    expect(refusal(() => parseFulcioConfig(Uint8Array.of(0xff), 'f')).message).toBe('f: not UTF-8');
    expect(refusal(() => parseFulcioConfig(' '.repeat(1024 * 1024 + 1), 'f')).message).toBe('f: larger than 1048576 bytes');
  });
});

function refusal(parsing: () => unknown) {
  try {
    parsing();
  } catch (error) {
    if (isTrustError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}
