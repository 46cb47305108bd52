/** Native policies and ClusterImagePolicies into each other: what is lost is named, and what is not lost means the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identity, key, NOW, pieces, specs, subjectWith } from '../../test/native-arbitraries.ts';
import { imagePolicyOf as clusterImagePolicyOf, parseClusterImagePolicy, validatePolicy, withDefaults } from '../cluster-image-policy/index.ts';
import type { ImagePolicy } from '../image-policy.ts';
import { checkNativePolicy } from '../native/parse.ts';
import { imagePolicyOf, NO_FILES } from '../native/policy.ts';
import type { NativeDocument, NativeSpec } from '../native/schema.ts';
import { fromClusterImagePolicy } from './from-cluster-image-policy.ts';
import { Losses, lossText } from './loss.ts';
import { type Manifest, toClusterImagePolicies } from './to-cluster-image-policy.ts';

const document = (spec: NativeSpec): NativeDocument => ({ apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec });
const read = (manifest: Manifest) => withDefaults(parseClusterImagePolicy(JSON.stringify(manifest)));

function written(spec: NativeSpec): { manifests: readonly Manifest[]; losses: string[] } {
  const losses = new Losses();
  const manifests = toClusterImagePolicies(document(spec), NO_FILES, losses);
  for (const manifest of manifests) expect(validatePolicy(read(manifest))).toEqual([]);
  return { manifests, losses: losses.all.map(lossText) };
}

function readBack(spec: object): { documents: readonly NativeDocument[]; losses: string[] } {
  const losses = new Losses();
  const policy = read({ apiVersion: 'policy.sigstore.dev/v1alpha1', kind: 'ClusterImagePolicy', metadata: { name: 'p' }, spec: spec as never });
  const documents = fromClusterImagePolicy(policy, losses);
  for (const one of documents) expect(checkNativePolicy(one, NOW).problems.filter(({ level }) => level === 'error')).toEqual([]);
  return { documents, losses: losses.all.map(lossText) };
}

async function allow(policies: readonly ImagePolicy[], subject: ReturnType<typeof subjectWith>): Promise<boolean> {
  const verdicts = await Promise.all(policies.map((policy) => policy.judge(subject)));
  return verdicts.length > 0 && verdicts.every(({ ok }) => ok);
}

test('there and back, a policy without losses means the same', async () => {
  let admitted = 0;
  const run = fc.asyncProperty(specs(fc.oneof(identity, key), 'without conditions'), pieces, fc.infiniteStream(fc.boolean()), async (spec, there, keeps) => {
    const losses = new Losses();
    const native = imagePolicyOf(document(spec), NO_FILES);
    const manifests = toClusterImagePolicies(document(spec), NO_FILES, losses).map(read);
    expect(losses.all).toEqual([]);
    const back = manifests.flatMap((manifest) => fromClusterImagePolicy(manifest, losses));
    expect(losses.all.filter(({ effect }) => effect === 'weaker')).toEqual([]);
    const verdict = await allow([native], subjectWith(there));
    expect(await allow(manifests.map(clusterImagePolicyOf), subjectWith(there))).toBe(verdict);
    expect(
      await allow(
        back.map((one) => imagePolicyOf(one, NO_FILES)),
        subjectWith(there),
      ),
    ).toBe(verdict);
    // And whoever removes evidence lets nothing in there either.
    const fewer = there.filter(() => keeps.next().value);
    expect((await allow(manifests.map(clusterImagePolicyOf), subjectWith(fewer))) && !verdict).toBe(false);
    if (verdict) admitted += 1;
  });
  await fc.assert(run, { numRuns: 120 });
  expect(admitted).toBeGreaterThan(10);
}, 120_000);

describe('written as ClusterImagePolicy', () => {
  const signer = { issuer: 'https://i', subject: 's' };
  const signers = [signer];

  test('the images, and the digests that they go by', () => {
    const globs = (images: string[]) =>
      written({ images, signers }).manifests.flatMap(({ spec }) => (spec as { images: { glob: string }[] }).images.map(({ glob }) => glob));
    expect(globs(['ghcr.io/a/**', 'ghcr.io/a/b', 'nginx', `a.b/c@sha256:${'00'.repeat(32)}`])).toEqual([
      'ghcr.io/a/**',
      'ghcr.io/a/b@*',
      'ghcr.io/a/b:*',
      'index.docker.io/library/nginx@*',
      'index.docker.io/library/nginx:*',
      `a.b/c@sha256:${'00'.repeat(32)}`,
    ]);
  });

  test('several attestations of one signer are one authority; of several signers, several policies', () => {
    const attestations = [{ type: 'cyclonedx' }, { type: 'vuln' }];
    expect(written({ signers, attestations }).manifests.map(({ metadata, spec }) => [metadata, (spec as { authorities: unknown }).authorities])).toMatchObject([
      [
        { name: 'p' },
        [{ attestations: [{ predicateType: 'https://cyclonedx.org/bom' }, { predicateType: 'https://cosign.sigstore.dev/attestation/vuln/v1' }] }],
      ],
    ]);
    const two = [...signers, { ...signer, trust: { log: 'ignored' as const } }];
    expect(written({ signers: two, attestations }).manifests.map(({ metadata }) => metadata)).toEqual([{ name: 'p' }, { name: 'p-2' }]);
  });

  test.each<[string, NativeSpec, string[]]>([
    ['nothing', { signers }, []],
    [
      'what is excluded',
      { signers, images: ['a.b/**'], exclude: ['a.b/c'] },
      ['LOSS spec.exclude: weaker: nothing is excluded: these images are judged by the policy too'],
    ],
    [
      'namespaces',
      { signers, match: { namespaces: ['x'] } },
      ['LOSS spec.match.namespaces: weaker: a policy is for all namespaces there: images of other namespaces are judged by it too'],
    ],
    [
      'the tag, and the repository',
      { signers: [{ github: 'a/b', tag: 'v{tag}' }] },
      [
        'LOSS spec.signers: weaker: {tag} is not known there: any tag is enough',
        'LOSS spec.signers: weaker: which repository was built is not asked for, but only which workflow has signed: another repository may have called it',
      ],
    ],
    ['age', { signers, maxAge: '1d' }, ['LOSS spec.maxAge: weaker: evidence of any age is enough']],
    ['annotations', { signers, annotations: { a: 'b' } }, ['LOSS spec.annotations: weaker: what was signed with the image is not asked for']],
    [
      'the build',
      { signers, build: { source: 'github.com/a/b' } },
      ['LOSS spec.build: weaker: from what and by whom it was built is not asked for: any provenance of these signers is enough'],
    ],
    [
      'a timestamp of the default root',
      { signers, trust: { timestamp: 'required', log: 'ignored' } },
      ['LOSS spec.trust.timestamp: weaker: timestamp authorities are those of a named TrustRoot there: none is asked for'],
    ],
    [
      'log and timestamp together',
      { signers, trust: { timestamp: 'required', root: 'r' } },
      ['LOSS spec.trust.log: weaker: a timestamp stands for the log there: none is asked for'],
    ],
    [
      'two conditions',
      { signers, attestations: [{ type: 'vuln', cue: 'a: 1', where: [{ path: 'a', equals: 1 }] }] },
      ['LOSS spec.attestations[0]: weaker: one condition is asked for there: of cue, rego and where only the first is left'],
    ],
    [
      'exceptions',
      { signers, exceptions: [{ images: ['a.b/c'], until: '2030-01-01', reason: 'r' }] },
      ['LOSS spec.exceptions: stricter: there are none: these images are not let in'],
    ],
  ])('loses %s', (_, spec, losses) => {
    expect(written(spec).losses).toEqual(losses);
  });
});

describe('read from a ClusterImagePolicy', () => {
  const PEM =
    '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfnSTw0s5GoKdRLZ5zmM+SwPPq9mq\nXrDhTFmf8+3tFVNyBUVPO4p0dKXRIXBlc4AqzTIcvAaMCPA/DjVWOsaWZw==\n-----END PUBLIC KEY-----\n';
  const identities = [{ issuer: 'https://i', subject: 's' }];
  const images = [{ glob: '**' }];
  const spec = (authority: object, more: object = {}) => ({ images, authorities: [authority], ...more });

  test.each<[string, object, object]>([
    ['an identity', spec({ keyless: { identities } }), { signers: [{ issuer: 'https://i', subject: 's' }] }],
    [
      'patterns, which are searched for there',
      spec({ keyless: { identities: [{ issuerRegExp: '^https://[a-z]+$', subjectRegExp: 'acme' }] } }),
      { signers: [{ issuerPattern: 'https://[a-z]+', subjectPattern: '(?s:.*)(?:acme)(?s:.*)' }] },
    ],
    [
      'a key, of which no log says anything',
      spec({ key: { data: PEM, hashAlgorithm: 'SHA512' } }),
      { signers: [{ key: PEM, hash: 'sha512' }], trust: { log: 'ignored' } },
    ],
    [
      'several authorities',
      { images, authorities: [{ keyless: { identities } }, { static: { action: 'pass' } }] },
      { any: [{ signers: identities }, { decision: 'admit' }] },
    ],
    ['a root', spec({ keyless: { identities, trustRootRef: 'r' }, ctlog: { trustRootRef: 'r' } }), { signers: identities, trust: { root: 'r' } }],
    ['a root without a log', spec({ keyless: { identities, trustRootRef: 'r' } }), { signers: identities, trust: { root: 'r', log: 'ignored' } }],
    [
      'a timestamp',
      spec({ keyless: { identities, trustRootRef: 'r' }, rfc3161timestamp: { trustRootRef: 'r' } }),
      { signers: identities, trust: { root: 'r', log: 'ignored', timestamp: 'required' } },
    ],
    [
      'conditions and places',
      spec({
        keyless: { identities },
        source: [{ oci: 'a.b/c', tagPrefix: 'x' }],
        attestations: [{ name: 'n', predicateType: 'cyclonedx', policy: { type: 'cue', data: 'a: 1' } }],
      }),
      { signers: identities, attestations: [{ type: 'cyclonedx', cue: 'a: 1' }], from: { repository: 'a.b/c', tagPrefix: 'x' } },
    ],
  ])('%s', (_, given, expected) => {
    const { documents, losses } = readBack(given);
    expect(losses).toEqual([]);
    expect(documents.map((one) => one.spec)).toEqual([expected]);
  });

  test('objects of several kinds, and a policy for each selector', () => {
    const entry = (group: string, resource: string, app?: string) => ({
      group,
      version: '*',
      resource,
      ...(app !== undefined && { selector: { matchLabels: { app } } }),
    });
    const { documents, losses } = readBack(
      spec({ keyless: { identities } }, { match: [entry('', 'pods', 'x'), entry('apps', 'deployments', 'x'), entry('batch', 'jobs')] }),
    );
    expect(losses).toEqual([]);
    expect(documents.map(({ metadata, spec: { match } }) => [metadata.name, match])).toEqual([
      ['p', { kinds: ['Pod', 'Deployment'], labels: { app: 'x' } }],
      ['p-2', { kinds: ['Job'] }],
    ]);
  });

  test.each<[string, object, string[]]>([
    [
      'a glob that matches nothing',
      { images: [{ glob: 'ghcr.io/a/b' }], authorities: [{ keyless: { identities } }] },
      ['LOSS spec.images[0].glob: weaker: the glob matches no image by its digest, as clusters name them; what is written covers all of ghcr.io/a/b'],
    ],
    [
      'a policy over all',
      spec({ keyless: { identities } }, { policy: { type: 'cue', data: 'a: 1' } }),
      ['LOSS spec.policy: weaker: a condition over what all authorities have shown cannot be said: none is asked for'],
    ],
    [
      'a key elsewhere',
      spec({ key: { kms: 'gcpkms://x' } }),
      ['LOSS spec.authorities[0].key.kms: stricter: the key is not in the policy: the authority is left out'],
    ],
    [
      'a log that is asked',
      spec({ key: { data: PEM }, ctlog: { url: 'https://rekor.sigstore.dev' } }),
      ['LOSS spec.authorities[0].ctlog.url: stricter: evidence must carry its record: a log is not asked for it'],
    ],
    [
      'two roots',
      spec({ keyless: { identities, trustRootRef: 'a' }, ctlog: { trustRootRef: 'b' } }),
      ['LOSS spec.authorities[0].ctlog.trustRootRef: weaker: its root is another than that of the signer: a is used for both'],
    ],
    [
      'logins',
      spec({ keyless: { identities }, source: [{ oci: 'a.b/c', signaturePullSecrets: [{ name: 's' }] }] }),
      ['LOSS spec.authorities[0].source[0].signaturePullSecrets: stricter: evidence is read with the logins of the pod: what they may not read is not found'],
    ],
    [
      'an older form',
      spec({ keyless: { identities }, attestations: [{ name: 'n', predicateType: 'vuln', policy: { type: 'cue', data: 'a: 1' } }] }),
      [
        'LOSS spec.authorities[0].attestations[0].predicateType: weaker: by the short name vuln the condition saw the statement in an older form: now it sees what was signed',
      ],
    ],
    [
      'labels by expression',
      spec(
        { keyless: { identities } },
        { match: [{ group: '', version: '*', resource: 'pods', selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }] },
      ),
      ['LOSS spec.match[0].selector.matchExpressions: weaker: labels are compared exactly: objects without these are judged too'],
    ],
  ])('loses %s', (_, given, losses) => {
    expect(readBack(given).losses).toEqual(losses);
  });

  test('what nobody could satisfy lets nothing in', () => {
    expect(readBack(spec({ key: { kms: 'gcpkms://x' } })).documents[0]?.spec).toEqual({ decision: 'deny' });
  });
});
