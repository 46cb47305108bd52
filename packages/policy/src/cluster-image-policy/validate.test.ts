/** Rules of admission.md 1.3 that no vector covers; the texts were compared with those of policy-controller. */
import { describe, expect, test } from 'vitest';
import { fieldErrorText } from '../field-errors.ts';
import { parseClusterImagePolicy, type ValidateOptions, validatePolicy, WEBHOOK_RESOURCES, withDefaults } from './index.ts';

type Spec = Readonly<Record<string, unknown>>;

function parsed(spec: Spec) {
  const whole = { images: [{ glob: '**' }], authorities: [{ static: { action: 'pass' } }], ...spec };
  return parseClusterImagePolicy(
    JSON.stringify({ apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy', metadata: { name: 'p' }, spec: whole }),
  );
}

function textOf(spec: Spec, options: ValidateOptions = {}): string {
  return fieldErrorText(validatePolicy(withDefaults(parsed(spec)), { resources: WEBHOOK_RESOURCES, ...options }));
}

const authority = (fields: Spec): Spec => ({ authorities: [fields] });
const keyless = (fields: Spec): Spec => authority({ keyless: { identities: [{ issuer: 'i', subject: 's' }], ...fields } });
const withPolicy = (policy: Spec): Spec => authority({ key: { data: KEY }, attestations: [{ name: 'n', predicateType: '/t', policy }] });
const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExB6+H6054/W1SJgs5JR6AJr6J35J
RCTfQ5s1kD+hGMSE1rH7s46hmXEeyhnlRnaGF8eMU/SBJE/2NKPnxE7WzQ==
-----END PUBLIC KEY-----
`;
const A = 'spec.authorities[0]';
const P = `${A}.attestations.policy`;
const NOT_A_KEY = 'kms key should be in the format awskms://[ENDPOINT]/[ID/ALIAS/ARN] (endpoint optional)';
const ARN = 'arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const kms = (reference: string, details: string): [string, Spec, string] => [
  reference,
  authority({ key: { kms: reference } }),
  `invalid value: ${reference}: ${A}.key.kms\n${details}`,
];

const INVALID: readonly [name: string, spec: Spec, text: string][] = [
  [
    '6: an authority of no kind',
    authority({ rfc3161timestamp: { trustRootRef: 't' } }),
    `expected exactly one, got neither: ${A}.key, ${A}.keyless, ${A}.static`,
  ],
  [
    '14: a secret elsewhere',
    authority({ key: { secretRef: { name: 'a', namespace: 'b' } } }),
    `invalid value: b: ${A}.key.secretref.namespace\nsecretref.namespace is invalid. If set, it should use the same namespace where the policy-controller was deployed`,
  ],
  [
    '17: a ca-cert is checked as a key',
    keyless({ 'ca-cert': {} }),
    `expected exactly one, got neither: ${A}.keyless.ca-cert.data, ${A}.keyless.ca-cert.kms, ${A}.keyless.ca-cert.secretref`,
  ],
  [
    '11: a private key is not shown',
    authority({ key: { data: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----' } }),
    `invalid value: (a private key): ${A}.key.data`,
  ],
  [
    '26: static with everything',
    authority({ static: { action: 'fail' }, attestations: [{ name: 'n', predicateType: '/t' }], source: [{}], ctlog: {}, rfc3161timestamp: {} }),
    `expected exactly one, got both: ${A}.attestations, ${A}.ctlog, ${A}.rfc3161timestamp, ${A}.source, ${A}.static`,
  ],
  [
    '28: a repository with a star',
    authority({ key: { data: KEY }, source: [{ oci: 'ghcr.io/repo/*' }] }),
    `invalid value: ghcr.io/repo/*: ${A}.source[0].oci\nrepository can only contain the characters \`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: repo/*`,
  ],
  [
    '29: paths move under a nameless secret',
    authority({ key: { data: KEY }, source: [{ oci: 'a@b', signaturePullSecrets: [{ name: 'x' }, {}] }] }),
    `invalid value: a@b: ${A}.source[0].signaturePullSecrets[1].oci\nregistries must be valid RFC 3986 URI authorities: a@b\nmissing field(s): ${A}.source[0].signaturePullSecrets[1].name`,
  ],
  [
    '30 and 31: an attestation without anything',
    authority({ key: { data: KEY }, attestations: [{}] }),
    `missing field(s): ${A}.attestations.name, ${A}.attestations.predicateType`,
  ],
  ['33: another language', withPolicy({ type: 'cel', data: 'x' }), `invalid value: cel: ${P}.type\nonly [cue,rego] are supported at the moment`],
  [
    '36: a remote policy without TLS',
    withPolicy({ type: 'cue', remote: { url: 'http://a/b', sha256sum: 'c' } }),
    `invalid value: http://a/b: ${P}.remote.url\nurl valid is invalid. host and https scheme are expected`,
  ],
  [
    '36: a remote policy without host',
    withPolicy({ type: 'cue', remote: { url: 'https://', sha256sum: 'c' } }),
    `invalid value: https:: ${P}.remote.url\nurl valid is invalid. host and https scheme are expected`,
  ],
  ['37: a remote policy without its hash', withPolicy({ type: 'cue', remote: { url: 'https://a/b' } }), `missing field(s): ${P}.remote.sha256sum`],
  ['38: a ConfigMap without name and key', withPolicy({ type: 'cue', configMapRef: {} }), `missing field(s): ${P}.configMapRef.key, ${P}.configMapRef.name`],
  [
    '39: what only the whole may ask for, even when false',
    withPolicy({ type: 'cue', data: 'x', includeTypeMeta: false, includeObjectMeta: true }),
    `must not set the field(s): ${P}.includeObjectMeta, ${P}.includeTypeMeta`,
  ],
  ['34: the policy of the whole, whose path is shorter', { policy: { type: 'rego' } }, 'missing field(s): spec.configMapRef, spec.data, spec.remote'],
  ['41: a resource that nobody watches', { match: [{ resource: 'services' }] }, 'invalid value: services: spec.match[0].resource\nunsupported resource name'],
  kms('awskms:/x', 'malformed KMS format, should be prefixed by any of the supported providers: [awskms:// azurekms:// hashivault:// gcpkms://]'),
  kms(`awskms://${ARN}`, NOT_A_KEY),
  kms('awskms://alias/alias/x', NOT_A_KEY),
  kms(`awskms:///${ARN.replace('us-east-2', 'US')}`, NOT_A_KEY),
  kms(`awskms://a:1:2/${ARN}`, 'malformed endpoint: address a:1:2: too many colons in address'),
  kms(`awskms://a/${ARN}`, 'malformed endpoint: address a: missing port in address'),
  kms(`awskms://[a/${ARN}`, 'malformed endpoint: address [a: missing port in address'),
  kms(`awskms://[a:1/${ARN}`, "malformed endpoint: address [a:1: missing ']' in address"),
  kms(`awskms://[a]b:1/${ARN}`, 'malformed endpoint: address [a]b:1: missing port in address'),
  kms(`awskms://a]:1/${ARN}`, "malformed endpoint: address a]:1: unexpected ']' in address"),
  kms('awskms:///alias/a', 'failed to parse either key or alias arn: arn: invalid prefix'),
];

describe('what is refused', () => {
  test.for(INVALID)('%s', ([, spec, text]) => expect(textOf(spec)).toBe(text));
});

const VALID: readonly [name: string, spec: Spec, options?: ValidateOptions][] = [
  ['keys by reference', authority({ key: { secretRef: { name: 'a' } } })],
  ['a secret in the namespace of the controller', authority({ key: { secretRef: { name: 'a', namespace: 'ours' } } }), { controllerNamespace: 'ours' }],
  ['a KMS key by ARN, with an endpoint', authority({ key: { kms: `awskms://localhost:4566/${ARN}` } })],
  ['a KMS alias by ARN', authority({ key: { kms: 'awskms://[::1]:80/arn:aws-cn:kms:x:111122223333:alias/a/b' } })],
  ['hash algorithms in any case', authority({ key: { data: KEY, hashAlgorithm: ' SHA512 ' } })],
  ['keyless without a URL, which is filled in', keyless({ trustRootRef: 't' })],
  ['a source without anything', authority({ key: { data: KEY }, source: [{}] })],
  [
    'everything about the object, for the policy of the whole',
    { policy: { type: 'cue', data: 'x', fetchConfigFile: true, includeSpec: true, includeObjectMeta: true, includeTypeMeta: true } },
  ],
  ['texts that do not compile', { policy: { type: 'rego', data: 'certainly not rego' } }],
  ['any resource, where none are named', { match: [{ resource: 'services' }] }, { resources: undefined as never }],
  ['no authorities, where that is allowed', { authorities: [] }, { failOnEmptyAuthorities: false }],
];

describe('what is not', () => {
  test.for(VALID)('%s', ([, spec, options]) => expect(textOf(spec, options)).toBe(''));
});

test('15: without defaults, keyless needs a URL', () => {
  const errors = validatePolicy(parsed(keyless({})));
  expect(fieldErrorText(errors)).toBe(`expected exactly one, got neither: ${A}.keyless.ca-cert, ${A}.keyless.url`);
});
