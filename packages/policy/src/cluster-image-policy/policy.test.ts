/** ClusterImagePolicies over real images: who is let in, and what policy-controller's users read when not (admission.md section 2). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage, type StoredSigning } from '../../test/scene.ts';
import type { PolicyVerdict } from '../image-policy.ts';
import { namedImage, type SubjectOptions } from '../judge/open-subject.ts';
import { withDefaults } from './defaults.ts';
import { parseClusterImagePolicy } from './parse.ts';
import { imagePolicyOf } from './policy.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const ISSUER = 'https://token.actions.githubusercontent.com';
const IDENTITIES = [{ issuerRegExp: `^${ISSUER}$`, subjectRegExp: '^https://github.com/' }];
const KEYLESS = { keyless: { url: 'https://fulcio.sigstore.dev', identities: IDENTITIES } };

function policy(authorities: unknown[], spec: object = {}) {
  const json = {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'p' },
    spec: { images: [{ glob: '**' }], authorities, ...spec },
  };
  return imagePolicyOf(withDefaults(parseClusterImagePolicy(JSON.stringify(json))));
}

async function judged(image: SceneImage, authorities: unknown[], spec: object = {}, options: Partial<SubjectOptions> = {}): Promise<PolicyVerdict> {
  const verdict = await policy(authorities, spec).judge(scene.subject(image.reference, options));
  expect(verdict.ok).toBe(verdict.errors.length === 0);
  expect(verdict.check.status === 'pass').toBe(verdict.ok);
  return verdict;
}

describe('signatures', () => {
  test.each(['bundle', 'older'] as const)('keyless, stored as %s', async (format) => {
    const image = scene.image();
    image.sign({ format });
    expect((await judged(image, [KEYLESS])).ok).toBe(true);
  });

  test('none', async () => {
    const image = scene.image();
    const { errors } = await judged(image, [KEYLESS]);
    expect(errors).toEqual([`signature keyless validation failed for authority authority-0 for ${image.reference}: no signatures found`]);
  });

  test('by somebody else: who, and who vouched for them', async () => {
    const image = scene.image();
    image.sign({ format: 'older', identity: { type: 'uri', value: 'https://example.org/signer' } });
    const { errors } = await judged(image, [{ name: 'ours', ...KEYLESS }]);
    expect(errors).toEqual([
      `signature keyless validation failed for authority ours for ${image.reference}: no matching signatures: none of the expected identities matched what was in the certificate, got subjects [https://example.org/signer] with issuer https://accounts.testkit.example`,
    ]);
  });

  test('by a key: any of several, and no log is asked for', async () => {
    const image = scene.image();
    const [key, other] = [newKey(), newKey()];
    image.sign({ format: 'older', key, log: 'none', timestamp: false });
    expect((await judged(image, [{ key: { data: `${other.publicPem}${key.publicPem}` } }])).ok).toBe(true);
    const { errors } = await judged(image, [{ key: { data: other.publicPem } }]);
    expect(errors).toEqual([
      `signature key validation failed for authority authority-0 for ${image.reference}: no matching signatures: invalid signature when validating ASN.1 encoded signature`,
    ]);
  });

  test('by a key with a log demanded, and none to be seen', async () => {
    const image = scene.image();
    const key = newKey();
    image.sign({ format: 'older', key, log: 'none', timestamp: false });
    const { ok } = await judged(image, [{ key: { data: key.publicPem }, ctlog: { url: 'https://rekor.example' } }]);
    expect(ok).toBe(false);
  });

  test('in another repository, under a prefix', async () => {
    const image = scene.image();
    image.sign({ format: 'older', repository: 'evidence/all', tagPrefix: 'dev-' });
    const source = (over: object) => [{ ...KEYLESS, source: [{ oci: `${scene.registry.host}/evidence/all`, tagPrefix: 'dev-', ...over }] }];
    expect((await judged(image, source({}))).ok).toBe(true);
    expect((await judged(image, source({ tagPrefix: 'prod-' }))).ok).toBe(false);
    expect((await judged(image, [KEYLESS])).ok).toBe(false);
  });

  test('under a trusted root by name', async () => {
    const image = scene.image();
    image.sign({ format: 'older' });
    const mine = [{ keyless: { identities: IDENTITIES, trustRootRef: 'mine' }, ctlog: { trustRootRef: 'mine' } }];
    const trustRoot = async () => scene.root;
    expect((await judged(image, mine, {}, { trustRoot })).ok).toBe(true);
    // Without a log there is only the present, and the certificate has expired.
    expect((await judged(image, [{ keyless: { identities: IDENTITIES, trustRootRef: 'mine' } }], {}, { trustRoot })).ok).toBe(false);
    expect((await judged(image, mine, {}, { trustRoot: async () => undefined })).errors).toEqual([
      'constructing checkOpts for authority-0: getting Fulcio certs: authority-0: trustRootRef mine not found',
    ]);
    const logged = [{ keyless: { identities: IDENTITIES }, ctlog: { trustRootRef: 'mine' } }];
    expect((await judged(image, logged, {}, { trustRoot: async () => undefined })).errors).toEqual([
      'constructing checkOpts for authority-0: getting Rekor public keys: authority-0: fetching keys for trustRootRef: trustRootRef mine not found',
    ]);
    expect((await judged(image, logged, {}, { trustRoot })).ok).toBe(true);
  });

  test('in bundles only, where the authority says so', async () => {
    const [bundled, older] = [scene.image(), scene.image()];
    bundled.sign();
    older.sign({ format: 'older' });
    const authority = [{ ...KEYLESS, signatureFormat: 'bundle' }];
    expect((await judged(bundled, authority)).ok).toBe(true);
    expect((await judged(older, authority)).ok).toBe(false);
    expect((await judged(bundled, [{ key: { data: newKey().publicPem }, signatureFormat: 'bundle' }])).errors).toEqual([
      'constructing checkOpts for authority-0: when using the new bundle format, the authority must be keyless',
    ]);
  });
});

describe('attestations', () => {
  const wanting = (...types: string[]) => [{ ...KEYLESS, attestations: types.map((predicateType) => ({ name: `must-${predicateType}`, predicateType })) }];
  const attest = (image: SceneImage, type: string, options: StoredSigning = {}) => image.attest(type, { a: 1 }, { format: 'older', ...options });
  const CYCLONEDX = 'https://cyclonedx.org/bom';

  test('of every type that is named', async () => {
    const image = scene.image();
    attest(image, CYCLONEDX);
    expect((await judged(image, wanting('cyclonedx'))).ok).toBe(true);
    expect((await judged(image, wanting('cyclonedx', 'spdxjson'))).errors).toEqual([
      `no matching attestations with type spdxjson, checked the following predicateTypes: "${CYCLONEDX}"`,
    ]);
    attest(image, 'https://spdx.dev/Document');
    expect((await judged(image, wanting('cyclonedx', 'spdxjson'))).ok).toBe(true);
  });

  test('none at all', async () => {
    const image = scene.image();
    image.sign({ format: 'older' });
    expect((await judged(image, wanting('cyclonedx'))).errors).toEqual([
      `attestation keyless validation failed for authority authority-0 for ${image.reference}: no matching attestations: `,
    ]);
  });

  test('are enough: the image need not be signed besides', async () => {
    const image = scene.image();
    attest(image, CYCLONEDX);
    expect((await judged(image, wanting('cyclonedx'))).ok).toBe(true);
    expect((await judged(image, [KEYLESS])).ok).toBe(false);
  });

  test('by every key there is', async () => {
    const image = scene.image();
    const [one, two] = [newKey(), newKey()];
    const both = [{ key: { data: `${one.publicPem}${two.publicPem}` }, attestations: [{ name: 'a', predicateType: CYCLONEDX }] }];
    attest(image, CYCLONEDX, { key: one, log: 'none', timestamp: false });
    expect((await judged(image, both)).ok).toBe(false);
    attest(image, 'https://spdx.dev/Document', { key: two, log: 'none', timestamp: false });
    expect((await judged(image, both)).ok).toBe(true);
  });
});

describe('what decides without evidence', () => {
  test('any of the authorities suffices, in whatever order', async () => {
    const image = scene.image();
    const pass = { static: { action: 'pass' } };
    const fail = { static: { action: 'fail', message: 'not today' } };
    expect((await judged(image, [fail, pass])).ok).toBe(true);
    expect((await judged(image, [fail, fail])).errors).toEqual(['disallowed by static policy: not today', 'disallowed by static policy: not today']);
    expect((await judged(image, [{ static: { action: 'fail' } }])).errors).toEqual(['disallowed by static policy: ']);
  });

  test.each([
    ['no authority', [], 'failed to process policy: p'],
    ['a secret that nobody has resolved', [{ key: { secretRef: { name: 's' } } }], 'there are no public keys for authority authority-0'],
    ['a certificate that is never used', [{ keyless: { 'ca-cert': { data: 'x' }, identities: IDENTITIES } }], 'no Keyless URL specified'],
  ])('%s denies', async (_, authorities, message) => {
    expect((await judged(scene.image(), authorities)).errors).toEqual([message]);
  });

  test('warn is said of the verdict, and changes nothing in it', async () => {
    const verdict = await judged(scene.image(), [{ static: { action: 'fail' } }], { mode: 'warn' });
    expect(verdict).toMatchObject({ ok: false, mode: 'warn' });
  });
});

test('covers what its globs and its match say', () => {
  const { covers } = policy([{ static: { action: 'pass' } }], { images: [{ glob: 'ghcr.io/a/**' }], match: [{ resource: 'pods', version: 'v1' }] });
  const pod = { group: '', version: 'v1', kind: 'Pod', namespace: 'n', metadata: {}, spec: {} };
  expect(covers(namedImage('ghcr.io/a/b:1'), pod)).toBe(true);
  expect(covers(namedImage('ghcr.io/a/b:1'), undefined)).toBe(false);
  expect(covers(namedImage('ghcr.io/b/b:1'), pod)).toBe(false);
  expect(covers(namedImage('ghcr.io/a/b:1'), { ...pod, kind: 'Job' })).toBe(false);
});
