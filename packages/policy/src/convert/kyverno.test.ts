/** Native policies to and from Kyverno's, and to command lines of cosign: what is written is valid there, means the same, and what is lost is named. */
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { compilePolicy, imageValidatingPolicyOf } from '../image-validating-policy/index.ts';
import { policyOf, validateKyverno } from '../kyverno/index.ts';
import { checkNativePolicy } from '../native/parse.ts';
import { NO_FILES } from '../native/policy.ts';
import type { NativeDocument, NativeSpec } from '../native/schema.ts';
import { fromImageValidatingPolicy } from './from-image-validating-policy.ts';
import { fromKyverno } from './from-kyverno.ts';
import { Losses, lossText } from './loss.ts';
import { toCosign } from './to-cosign.ts';
import { toImageValidatingPolicy } from './to-image-validating-policy.ts';
import { toKyverno } from './to-kyverno.ts';

const PEM = `-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfnSTw0s5GoKdRLZ5zmM+SwPPq9mq\nXrDhTFmf8+3tFVNyBUVPO4p0dKXRIXBlc4AqzTIcvAaMCPA/DjVWOsaWZw==\n-----END PUBLIC KEY-----\n`;
const signer = { issuer: 'https://i', subject: 's' };
const document = (spec: NativeSpec): NativeDocument => ({ apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec });
const weaker = (losses: Losses) => losses.all.filter(({ effect }) => effect === 'weaker').map(lossText);
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function valid(documents: readonly NativeDocument[]): NativeSpec[] {
  for (const one of documents) expect(checkNativePolicy(one, new Date()).problems.filter(({ level }) => level === 'error')).toEqual([]);
  return documents.map(({ spec }) => spec);
}

function throughKyverno(spec: NativeSpec): { there: unknown; back: NativeSpec[]; losses: Losses } {
  const losses = new Losses();
  const [manifest] = plain(toKyverno(document(spec), NO_FILES, losses));
  const policy = policyOf(manifest as never);
  expect(validateKyverno(policy).errors).toEqual([]);
  return { there: manifest, back: valid(fromKyverno(policy, losses)), losses };
}

describe('Kyverno: there and back', () => {
  test.each<[string, NativeSpec, NativeSpec[]]>([
    ['a signer', { images: ['ghcr.io/a/**'], signers: [signer] }, [{ images: ['ghcr.io/a/**'], signers: [signer] }]],
    [
      'one of several, and a pattern',
      { signers: [signer, { issuer: 'https://i', subjectPattern: 'a.*' }, { key: PEM, trust: { log: 'ignored' } }] },
      [{ signers: [signer, { issuer: 'https://i', subjectPattern: 'a.*' }, { key: PEM, trust: { log: 'ignored' } }] }],
    ],
    ['warning only', { signers: [signer], mode: 'warn' }, [{ signers: [signer], mode: 'warn' }]],
    [
      'attestations of several signers',
      { signers: [signer, { key: PEM }], attestations: [{ type: 'cyclonedx' }, { type: 'vuln', signers: [{ key: PEM }] }] },
      [
        { signers: [signer, { key: PEM }], attestations: [{ type: 'https://cyclonedx.org/bom' }] },
        { signers: [{ key: PEM }], attestations: [{ type: 'https://cosign.sigstore.dev/attestation/vuln/v1' }] },
      ],
    ],
    [
      'annotations and another repository',
      { signers: [signer], annotations: { a: 'b' }, from: { repository: 'ghcr.io/a/sigs' } },
      [{ signers: [signer], annotations: { a: 'b' }, from: { repository: 'ghcr.io/a/sigs' } }],
    ],
    [
      'objects',
      { signers: [signer], match: { kinds: ['Deployment'], namespaces: ['prod-*'], labels: { a: 'b' } } },
      [{ signers: [signer], match: { kinds: ['Deployment'], namespaces: ['prod-*'], labels: { a: 'b' } } }],
    ],
  ])('%s', (_, spec, expected) => {
    const { back, losses } = throughKyverno(spec);
    expect(weaker(losses)).toEqual([]);
    expect(back).toEqual(expected);
  });

  test('a repository of GitHub, by the extensions that are known there', () => {
    const losses = new Losses();
    const [manifest] = plain(toKyverno(document({ signers: [{ github: 'a/b', workflow: 'x.yml', tag: 'v*' }] }), NO_FILES, losses));
    expect(validateKyverno(policyOf(manifest as never)).errors).toEqual([]);
    expect(weaker(losses)).toEqual([]);
    expect(JSON.stringify(manifest)).toContain('"additionalExtensions":{"githubWorkflowRepository":"a/b","githubWorkflowRef":"refs/tags/v*"}');
  });

  test('conditions become comparisons, over the predicate', () => {
    const where = [
      { path: 'predicate["a b"].c[0]', equals: 'x' },
      { path: 'predicate.n', atLeast: 1, atMost: 3 },
      { path: 'predicate.t', in: ['a', 'b'] },
    ];
    const losses = new Losses();
    const [manifest] = plain(toKyverno(document({ signers: [signer], attestations: [{ type: 'vuln', where }] }), NO_FILES, losses));
    expect(weaker(losses)).toEqual([]);
    const { all } = (manifest as never as { spec: { rules: { verifyImages: { attestations: { conditions: { all: unknown[] }[] }[] }[] }[] } }).spec.rules[0]
      ?.verifyImages[0]?.attestations[0]?.conditions[0] ?? {
      all: [],
    };
    expect(all).toEqual([
      { key: '{{ "a b"."c"[0] }}', operator: 'Equals', value: 'x' },
      { key: '{{ "n" }}', operator: 'GreaterThanOrEquals', value: 1 },
      { key: '{{ "n" }}', operator: 'LessThanOrEquals', value: 3 },
      { key: '{{ "t" }}', operator: 'AnyIn', value: ['a', 'b'] },
    ]);
  });

  test.each<[string, NativeSpec, string[]]>([
    ['the tag', { signers: [{ issuer: 'i', subject: 'x{tag}' }] }, ['LOSS spec.signers: weaker: {tag} is not known there: any tag is enough']],
    ['age', { signers: [signer], maxAge: '1d' }, ['LOSS spec.maxAge: weaker: evidence of any age is enough']],
    [
      'CUE',
      { signers: [signer], attestations: [{ type: 'vuln', cue: 'a: 1' }] },
      ['LOSS spec.attestations[0].cue: weaker: conditions are comparisons of values there: this one is not asked for'],
    ],
    [
      'roots',
      { signers: [signer], trust: { root: 'r' } },
      ["LOSS spec.trust: weaker: the root is public Sigstore's, unless roots, rekor.pubkey and ctlog.pubkey are given: they are not"],
    ],
    ['a decision', { decision: 'deny' }, ['LOSS spec.decision: weaker: a policy that lets nothing in cannot be said: it demands a digest, and nothing else']],
    [
      'other paths',
      { signers: [signer], attestations: [{ type: 'vuln', where: [{ path: 'subject[0].name', equals: 'x' }] }] },
      ['LOSS spec.attestations[0].where[0]: weaker: only what lies in the predicate can be compared: this is not asked for'],
    ],
  ])('loses %s', (_, spec, expected) => {
    const losses = new Losses();
    toKyverno(document(spec), NO_FILES, losses);
    expect(weaker(losses)).toEqual(expected);
  });
});

describe('read from Kyverno', () => {
  const read = (verify: object, rule: object = {}) => {
    const losses = new Losses();
    const policy = policyOf({
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'p' },
      spec: {
        rules: [
          {
            name: 'r',
            match: { any: [{ resources: { kinds: ['Pod'] } }] },
            verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', ...verify }],
            ...rule,
          },
        ],
      },
    } as never);
    return { specs: valid(fromKyverno(policy, losses)), losses: losses.all.map(lossText) };
  };
  const P = 'spec.rules[0].verifyImages[0]';
  const keyless = { keyless: { issuer: 'https://i', subject: 's*' } };

  test.each<[string, object, NativeSpec[], string[]]>([
    ['a star in a name', { attestors: [{ entries: [keyless] }] }, [{ signers: [{ issuer: 'https://i', subjectPattern: 's(?s:.*)' }] }], []],
    [
      'all of a set',
      { attestors: [{ entries: [keyless, { keys: { publicKeys: PEM } }] }] },
      [{ all: [{ signers: [{ issuer: 'https://i', subjectPattern: 's(?s:.*)' }] }, { signers: [{ key: PEM }] }] }],
      [],
    ],
    [
      'every key of one text',
      { attestors: [{ count: 1, entries: [{ keys: { publicKeys: `${PEM}${PEM}` } }] }] },
      [{ signers: [{ key: PEM }, { key: PEM }] }],
      [],
    ],
    [
      'two of three',
      { attestors: [{ count: 2, entries: [keyless, keyless, keyless] }] },
      [{ all: [1, 2, 3].map(() => ({ signers: [{ issuer: 'https://i', subjectPattern: 's(?s:.*)' }] })) }],
      [`LOSS ${P}.attestors[0].count: stricter: some of several cannot be demanded: all 3 must have signed`],
    ],
    [
      'a key elsewhere',
      { attestors: [{ entries: [{ keys: { kms: 'awskms:///x' } }] }] },
      [{ decision: 'deny' }],
      [`LOSS ${P}.attestors[0].entries[0].keys: stricter: the key is not in the policy: nothing satisfies it`],
    ],
    [
      'attestations of anybody, with conditions',
      { attestations: [{ type: 'https://t/x', conditions: [{ all: [] }] }] },
      [{ signers: [{ issuerPattern: '(?s:.*)', subjectPattern: '(?s:.*)', trust: { sct: 'ignored' } }], attestations: [{ type: 'https://t/x' }] }],
      [`LOSS ${P}.attestations[0].conditions: weaker: is not asked for; say it with where`],
    ],
    [
      'images by tag',
      { imageReferences: ['ghcr.io/a/b:v*', 'docker.io/nginx:*'], attestors: [{ entries: [{ keys: { publicKeys: PEM } }] }] },
      [{ images: ['ghcr.io/a/b', 'docker.io/nginx', 'docker.io/library/nginx'], signers: [{ key: PEM }] }],
      [`LOSS ${P}.imageReferences[0]: stricter: what is written covers all of ghcr.io/a/b, whatever the tag`],
    ],
    ['nobody', {}, [{ decision: 'admit' }], [`LOSS ${P}: weaker: nobody is demanded to have signed, but only a digest: whatever it covers is let in`]],
  ])('%s', (_, verify, specs, losses) => {
    expect(read(verify)).toEqual({ specs, losses });
  });
});

describe('ImageValidatingPolicy: there and back', () => {
  const through = (spec: NativeSpec) => {
    const losses = new Losses();
    const [manifest] = plain(toImageValidatingPolicy(document(spec), NO_FILES, losses));
    const policy = imageValidatingPolicyOf(manifest as never);
    compilePolicy(policy);
    return { back: valid(fromImageValidatingPolicy(policy, losses)), losses };
  };

  test.each<[string, NativeSpec, NativeSpec[]]>([
    ['a signer', { images: ['ghcr.io/a/**'], signers: [signer] }, [{ images: ['ghcr.io/a/**'], signers: [signer] }]],
    [
      'one of several',
      { signers: [signer, { key: PEM, trust: { log: 'ignored' } }], mode: 'warn' },
      [{ signers: [signer, { key: PEM, trust: { log: 'ignored' } }], mode: 'warn' }],
    ],
    [
      'attestations besides a signature',
      { signers: [signer], signature: 'required', attestations: [{ type: 'vuln', signers: [{ key: PEM }] }] },
      [{ all: [{ signers: [signer] }, { signers: [{ key: PEM }], attestations: [{ type: 'https://cosign.sigstore.dev/attestation/vuln/v1' }] }] }],
    ],
  ])('%s', (_, spec, expected) => {
    const { back, losses } = through(spec);
    expect(weaker(losses)).toEqual([]);
    expect(back).toEqual(expected);
  });

  test('conditions and alternatives are expressions, which are not read back', () => {
    const where = [
      { path: 'predicate.a', equals: 'x' },
      { path: 'predicate.b[0]', exists: false },
      { path: 'predicate.c', matches: 'v.*' },
    ];
    const { losses } = through({ signers: [signer], any: [{ attestations: [{ type: 'vuln', where }] }, { signature: 'required' }] });
    expect(weaker(losses)).toEqual(['LOSS spec.validations[0].expression: weaker: the expression is not of the common form, and not asked for']);
  });

  test.each([
    'images.containers.map(image, verifyImageSignatures(image, [attestors.a])).all(e, e > 0)',
    'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)',
  ])('reads %s', (expression) => {
    const losses = new Losses();
    const policy = imageValidatingPolicyOf({
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'ImageValidatingPolicy',
      metadata: { name: 'p' },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
        attestors: [{ name: 'a', cosign: { key: { data: PEM } } }],
        validations: [{ expression }],
      },
    } as never);
    expect(valid(fromImageValidatingPolicy(policy, losses))).toEqual([{ signers: [{ key: PEM }] }]);
    expect(losses.all).toEqual([]);
  });
});

describe('a command line of cosign', () => {
  test.each<[string, NativeSpec, string[]]>([
    ['a signer', { images: ['ghcr.io/a/b'], signers: [signer] }, ['cosign verify --certificate-identity s --certificate-oidc-issuer https://i ghcr.io/a/b']],
    [
      'a key, and what is signed with it',
      { signers: [{ key: 'k.pub' }], annotations: { a: "b'c" }, from: { repository: 'ghcr.io/a/s' }, trust: { log: 'ignored' } },
      ["COSIGN_REPOSITORY=ghcr.io/a/s cosign verify --key k.pub --insecure-ignore-tlog -a 'a=b'\\''c' IMAGE"],
    ],
    [
      'attestations, one line for each',
      { signers: [{ github: 'a/b', workflow: 'x.yml', ref: 'refs/heads/main' }], attestations: [{ type: 'cyclonedx' }, { type: 'vuln', cue: 'v.cue' }] },
      ['cyclonedx', 'vuln --policy v.cue'].map(
        (what) =>
          `cosign verify-attestation --certificate-identity https://github.com/a/b/.github/workflows/x.yml@refs/heads/main --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-github-workflow-repository a/b --certificate-github-workflow-ref refs/heads/main --type ${what} IMAGE`,
      ),
    ],
  ])('%s', (_, spec, lines) => {
    const losses = new Losses();
    expect(toCosign(document(spec), losses)).toEqual(lines);
    expect(weaker(losses)).toEqual([]);
  });

  test.each<[string, NativeSpec]>([
    ['several signers', { signers: [signer, signer] }],
    ['a key of the policy', { signers: [{ key: PEM }] }],
    ['a build', { signers: [signer], build: { source: 'github.com/a/b' } }],
    ['a decision', { decision: 'admit' }],
    ['alternatives', { signers: [signer], any: [{ signature: 'required' }, { attestations: [{ type: 'vuln' }] }] }],
  ])('there is none for %s', (_, spec) => {
    expect(codeOf(() => toCosign(document(spec), new Losses()))).toBe('USAGE');
  });
});
