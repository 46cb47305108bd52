/** Native policies over real images: who is let in, and what somebody reads who is not. */
import { utf8 } from '@assay/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import type { PolicyVerdict } from '../image-policy.ts';
import { namedImage, type SubjectOptions } from '../judge/open-subject.ts';
import { loadNativePolicies, nativePolicyOf } from './policy.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const WORKFLOW = 'https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3';
const ISSUER = 'https://token.actions.githubusercontent.com';
const CYCLONEDX = 'https://cyclonedx.org/bom';

type Spec = Readonly<Record<string, unknown>>;

function policyOf(spec: Spec, files: Readonly<Record<string, string>> = {}) {
  const text = JSON.stringify({ apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec });
  const read = (path: string): Uint8Array => utf8(files[path] ?? '');
  const [policy] = loadNativePolicies(text, { name: 'p.yaml', files: { read }, now: scene.instance.now });
  if (policy === undefined) throw new Error('one policy was written');
  return policy;
}

async function judged(image: SceneImage, spec: Spec, { tag, ...options }: Partial<SubjectOptions> & { tag?: string } = {}): Promise<PolicyVerdict> {
  const name = tag === undefined ? image.reference : image.reference.replace('@', `:${tag}@`);
  const verdict = await policyOf(spec).judge(scene.subject(name, options));
  expect(verdict.ok).toBe(verdict.errors.length === 0);
  expect(verdict.check.status === 'pass').toBe(verdict.ok);
  return verdict;
}

const ok = async (...args: Parameters<typeof judged>): Promise<boolean> => (await judged(...args)).ok;

/** Signed by the workflow that the testkit has. */
function signed(change: Parameters<SceneImage['sign']>[0] = {}): SceneImage {
  const image = scene.image();
  image.sign(change);
  return image;
}

describe('signers', () => {
  test.each<[string, object, boolean]>([
    ['the repository', { github: 'assay-testkit/widget' }, true],
    ['any of its owner', { github: 'assay-testkit/*' }, true],
    ['another repository', { github: 'assay-testkit/gadget' }, false],
    ['a repository whose name is longer', { github: 'assay-testkit/widge' }, false],
    ['the workflow', { github: 'assay-testkit/widget', workflow: 'release.yml' }, true],
    ['the workflow by its path', { github: 'assay-testkit/widget', workflow: '.github/workflows/release.yml' }, true],
    ['another workflow', { github: 'assay-testkit/widget', workflow: 'build.yml' }, false],
    ['the tag', { github: 'assay-testkit/widget', tag: 'v1.2.3' }, true],
    ['tags like it', { github: 'assay-testkit/widget', tag: 'v*' }, true],
    ['other tags', { github: 'assay-testkit/widget', tag: 'v2*' }, false],
    ['a tag of which a point is a point', { github: 'assay-testkit/widget', tag: 'v1x2*' }, false],
    ['the whole ref', { github: 'assay-testkit/widget', ref: 'refs/tags/v1.2.3' }, true],
    ['a branch', { github: 'assay-testkit/widget', branch: 'main' }, false],
    ['the same name on another forge', { gitlab: 'assay-testkit/widget' }, false],
    ['the workflow, by its whole name', { issuer: ISSUER, subject: WORKFLOW }, true],
    ['a part of its name', { issuer: ISSUER, subject: WORKFLOW.slice(0, -1) }, false],
    ['a pattern of the whole', { issuer: ISSUER, subjectPattern: 'https://github\\.com/assay-testkit/.*' }, true],
    ['a pattern of a part', { issuer: ISSUER, subjectPattern: 'assay-testkit' }, false],
    ['another issuer', { issuer: `${ISSUER}/x`, subject: WORKFLOW }, false],
    ['issuers like it', { issuerPattern: 'https://token\\..*', subject: WORKFLOW }, true],
  ])('%s', async (_, signer, accepted) => {
    expect(await ok(signed(), { signers: [signer] })).toBe(accepted);
  });

  test('a workflow that another repository has called is not of that repository, and not of the one that it lies in', async () => {
    const image = signed({ githubClaims: { repository: 'evil/app', workflow_ref: 'evil/app/.github/workflows/x.yml@refs/tags/v1.2.3' } });
    expect(await ok(image, { signers: [{ github: 'assay-testkit/widget' }] })).toBe(false);
    expect(await ok(image, { signers: [{ github: 'evil/app' }] })).toBe(false);
    const workflow = 'assay-testkit/widget/.github/workflows/release.yml';
    expect(await ok(image, { signers: [{ github: 'evil/app', workflow }] })).toBe(true);
    expect(await ok(image, { signers: [{ github: 'evil/app', workflow: `${workflow}@refs/tags/v1.2.3` }] })).toBe(true);
    expect(await ok(image, { signers: [{ github: 'evil/app', workflow: `${workflow}@refs/tags/v1.2.4` }] })).toBe(false);
  });

  test('a ref of a pull request is nobody’s release, unless it is named', async () => {
    const ref = 'refs/pull/7/merge';
    const job = `assay-testkit/widget/.github/workflows/release.yml@${ref}`;
    const image = signed({ githubClaims: { ref, job_workflow_ref: job, workflow_ref: job } });
    expect(await ok(image, { signers: [{ github: 'assay-testkit/widget' }] })).toBe(false);
    expect(await ok(image, { signers: [{ github: 'assay-testkit/widget', ref }] })).toBe(true);
  });

  test('any of several, also keys and identities', async () => {
    const [key, other] = [newKey(), newKey()];
    const image = signed({ key });
    expect(await ok(image, { signers: [{ key: other.publicPem }, { key: key.publicPem }] })).toBe(true);
    expect(await ok(image, { signers: [{ github: 'a/b' }, { key: key.publicPem }] })).toBe(true);
    expect(await ok(image, { signers: [{ github: 'a/b' }, { key: other.publicPem }] })).toBe(false);
  });

  test('a key with a log or without', async () => {
    const key = newKey();
    const image = signed({ key, log: 'none', timestamp: false });
    expect(await ok(image, { signers: [{ key: key.publicPem }] })).toBe(false);
    expect(await ok(image, { signers: [{ key: key.publicPem, trust: { log: 'ignored' } }] })).toBe(true);
    expect(await ok(image, { signers: [{ key: key.publicPem }], trust: { log: 'ignored' } })).toBe(true);
    expect(await ok(image, { signers: [{ key: key.publicPem, trust: { log: 'required' } }], trust: { log: 'ignored' } })).toBe(false);
    expect(await ok(image, { signers: [{ key: key.publicPem }], trust: { log: 'ignored', timestamp: 'required' } })).toBe(false);
  });

  test('a root by its name, which somebody must know', async () => {
    const spec = { signers: [{ github: 'assay-testkit/widget' }], trust: { root: 'mine' } };
    const other = async () => Promise.reject(new Error('nobody asked for it'));
    expect(await ok(signed(), spec, { defaultRoot: other, trustRoot: async (name) => (name === 'mine' ? scene.root : undefined) })).toBe(true);
    const { errors } = await judged(signed(), spec, { trustRoot: async () => undefined });
    expect(errors).toEqual(['not signed by github.com/assay-testkit/widget: it could not be judged: trustRootRef mine not found']);
  });

  test('keys and roots of files', async () => {
    const key = newKey();
    const image = signed({ key });
    const files = { 'k.pub': key.publicPem, 'root.json': JSON.stringify(scene.instance.trustedRoot()) };
    const policy = policyOf({ signers: [{ key: 'k.pub' }], trust: { file: 'root.json' } }, files);
    expect((await policy.judge(scene.subject(image.reference))).ok).toBe(true);
  });
});

describe('{tag}', () => {
  test.each<[string, object, string | undefined, boolean]>([
    ['is the tag of the image', { github: 'assay-testkit/widget', tag: 'v{tag}' }, '1.2.3', true],
    ['is no other tag', { github: 'assay-testkit/widget', tag: 'v{tag}' }, '1.2.4', false],
    ['is nothing when the image has none', { github: 'assay-testkit/widget', tag: 'v{tag}' }, undefined, false],
    ['is escaped beside a star', { github: 'assay-testkit/widget', tag: '*{tag}' }, '1.2.3', true],
    ['is text in a pattern, and not a pattern', { issuer: ISSUER, subjectPattern: '.*@refs/tags/v{tag}' }, '1.2.3', true],
    ['cannot be widened by whoever names the image', { issuer: ISSUER, subjectPattern: '.*@refs/tags/v{tag}' }, '1_2.3', false],
    ['stands in an exact name', { issuer: ISSUER, subject: WORKFLOW.replace('1.2.3', '{tag}') }, '1.2.3', true],
  ])('%s', async (_, signer, tag, accepted) => {
    expect(await ok(signed(), { signers: [signer] }, tag === undefined ? {} : { tag })).toBe(accepted);
  });

  test('a point of a tag stands for itself', async () => {
    const job = 'assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1x2';
    const image = signed({ githubClaims: { ref: 'refs/tags/v1x2', job_workflow_ref: job, workflow_ref: job } });
    const spec = { signers: [{ github: 'assay-testkit/widget', tag: 'v{tag}*' }] };
    expect(await ok(image, spec, { tag: '1.2' })).toBe(false);
    expect(await ok(image, spec, { tag: '1x2' })).toBe(true);
  });
});

describe('attestations', () => {
  const signers = [{ github: 'assay-testkit/widget' }];
  const attested = (predicate: object = { bomFormat: 'CycloneDX', specVersion: '1.6', count: 3, tools: [{ name: 'syft' }] }): SceneImage => {
    const image = scene.image();
    image.attest(CYCLONEDX, predicate as never);
    return image;
  };

  test('stand for a signature, unless that is asked for', async () => {
    expect(await ok(attested(), { signers, attestations: [{ type: 'cyclonedx' }] })).toBe(true);
    expect(await ok(attested(), { signers, attestations: [{ type: CYCLONEDX }] })).toBe(true);
    expect(await ok(attested(), { signers, signature: 'required', attestations: [{ type: 'cyclonedx' }] })).toBe(false);
    const both = attested();
    both.sign();
    expect(await ok(both, { signers, signature: 'required', attestations: [{ type: 'cyclonedx' }] })).toBe(true);
  });

  test('all of them are demanded, each of its own signers', async () => {
    const key = newKey();
    const image = attested();
    const spec = { signers, attestations: [{ type: 'cyclonedx' }, { type: 'vuln', signers: [{ key: key.publicPem }] }] };
    expect(await ok(image, spec)).toBe(false);
    image.attest('https://cosign.sigstore.dev/attestation/vuln/v1', {});
    expect(await ok(image, spec)).toBe(false);
    image.attest('https://cosign.sigstore.dev/attestation/vuln/v1', {}, { key });
    expect(await ok(image, spec)).toBe(true);
  });

  test.each<[string, object, boolean]>([
    ['equals', { path: 'predicate.specVersion', equals: '1.6' }, true],
    ['equals another', { path: 'predicate.specVersion', equals: '1.5' }, false],
    ['equals a number that is a text', { path: 'predicate.specVersion', equals: 1.6 }, false],
    ['in', { path: '$.predicate["bomFormat"]', in: ['SPDX', 'CycloneDX'] }, true],
    ['matches the whole', { path: 'predicate.tools[0].name', matches: 'sy.*' }, true],
    ['matches a part', { path: 'predicate.tools[0].name', matches: 'sy' }, false],
    ['between', { path: 'predicate.count', atLeast: 1, atMost: 3 }, true],
    ['too much', { path: 'predicate.count', atLeast: 1, atMost: 2 }, false],
    ['exists', { path: 'predicate.count', exists: true }, true],
    ['exists not', { path: 'predicate.constructor', exists: false }, true],
    ['is not there', { path: 'predicate.tools[1].name', equals: 'syft' }, false],
  ])('where: %s', async (_, where, accepted) => {
    expect(await ok(attested(), { signers, attestations: [{ type: 'cyclonedx', where: [where] }] })).toBe(accepted);
  });

  test('one that holds is enough', async () => {
    const image = attested({ specVersion: '1.4' });
    const where = [{ path: 'predicate.specVersion', equals: '1.6' }];
    expect(await ok(image, { signers, attestations: [{ type: 'cyclonedx', where }] })).toBe(false);
    image.attest(CYCLONEDX, { specVersion: '1.6' });
    expect(await ok(image, { signers, attestations: [{ type: 'cyclonedx', where }] })).toBe(true);
  });

  test('CUE and Rego, of the policy or of a file, are asked of the engine, and of nobody when there is no statement', async () => {
    const asked: string[] = [];
    const engines: SubjectOptions['engines'] = {
      async evaluate(language, { policy, data, name }) {
        asked.push(`${language} ${name} ${policy} ${JSON.parse(data).predicate.specVersion}`);
        return language === 'rego' ? { message: 'not compliant' } : undefined;
      },
    };
    const image = attested();
    expect(await ok(image, { signers, attestations: [{ type: 'cyclonedx', cue: 'predicate: {}' }] }, { engines })).toBe(true);
    const { errors } = await judged(image, { signers, attestations: [{ type: 'cyclonedx', rego: 'package sigstore' }] }, { engines });
    expect(errors).toEqual([
      expect.stringMatching(/^no attestation cyclonedx by github\.com\/assay-testkit\/widget: .*@sha256:\w+ verifies, and not compliant$/),
    ]);
    expect(await ok(scene.image(), { signers, attestations: [{ type: 'cyclonedx', cue: 'x' }] }, { engines })).toBe(false);
    expect(asked).toEqual(['cue cyclonedx predicate: {} 1.6', 'rego cyclonedx package sigstore 1.6']);
    const policy = policyOf({ signers, attestations: [{ type: 'cyclonedx', cue: 'sbom.cue' }] }, { 'sbom.cue': 'from: "a file"' });
    await policy.judge(scene.subject(image.reference, { engines }));
    expect(asked.at(-1)).toBe('cue cyclonedx from: "a file" 1.6');
  });

  test('no older than this: an hour ago is too long for 59 minutes', async () => {
    const image = attested();
    expect(await ok(image, { signers, attestations: [{ type: 'cyclonedx', maxAge: '61m' }] })).toBe(true);
    expect(await ok(image, { signers, attestations: [{ type: 'cyclonedx', maxAge: '59m' }] })).toBe(false);
    expect(await ok(image, { signers, maxAge: '59m', attestations: [{ type: 'cyclonedx' }] })).toBe(false);
    expect(await ok(image, { signers, maxAge: '59m', attestations: [{ type: 'cyclonedx', maxAge: '1d' }] })).toBe(true);
  });
});

describe('a build', () => {
  const COMMIT = '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d';
  const built = (): SceneImage => {
    const image = scene.image();
    image.attest('https://slsa.dev/provenance/v1', {
      buildDefinition: { buildType: 'https://actions.github.io/buildtypes/workflow/v1', externalParameters: {} },
      runDetails: { builder: { id: WORKFLOW } },
    });
    return image;
  };

  test.each<[string, object, boolean]>([
    ['of the source', {}, true],
    ['of another source', { source: 'github.com/assay-testkit/gadget' }, false],
    ['of the tag', { tag: 'v1.2.3' }, true],
    ['of the tag of the image', { tag: 'v{tag}' }, true],
    ['of another tag', { tag: '{tag}' }, false],
    ['of a branch', { branch: 'main' }, false],
    ['of the commit', { commit: COMMIT }, true],
    ['of another commit', { commit: COMMIT.replace('1', '2') }, false],
    ['on machines of the platform', { selfHosted: 'refused' }, true],
    ['of level 2', { level: 2 }, true],
    ['of level 3, which its own workflow does not reach', { level: 3 }, false],
    ['by whom nobody named', { signers: [{ github: 'assay-testkit/gadget' }] }, false],
  ])('%s', async (_, demands, accepted) => {
    const spec = { build: { source: 'github.com/assay-testkit/widget', ...demands } };
    expect(await ok(built(), spec, { tag: '1.2.3' })).toBe(accepted);
  });

  test('is vouched for by the forge, whoever signs the image', async () => {
    const image = built();
    const key = newKey();
    image.sign({ key });
    const spec = { signers: [{ key: key.publicPem }], signature: 'required', build: { source: 'github.com/assay-testkit/widget' } };
    expect(await ok(image, spec)).toBe(true);
    expect(await ok(built(), spec)).toBe(false);
  });

  test('of level 3: by a builder of the SLSA project at a release, for this source', async () => {
    const workflow = 'slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml';
    const isolated = (ref: string): SceneImage => {
      const image = scene.image();
      const id = `https://github.com/${workflow}@${ref}`;
      const predicate = { buildDefinition: { buildType: 'https://x.example/type', externalParameters: {} }, runDetails: { builder: { id } } };
      image.attest('https://slsa.dev/provenance/v1', predicate, { githubClaims: { job_workflow_ref: `${workflow}@${ref}` } });
      return image;
    };
    const level = (source: string) => ({ signers: [{ github: 'a/b' }], build: { source: `github.com/${source}`, level: 3 } });
    expect(await ok(isolated('refs/tags/v2.1.0'), level('assay-testkit/widget'))).toBe(true);
    expect(await ok(isolated('refs/tags/v2.1.0'), level('assay-testkit/gadget'))).toBe(false);
    expect(await ok(isolated('refs/heads/main'), level('assay-testkit/widget'))).toBe(false);
  });

  test('needs provenance: a signature is none', async () => {
    expect(await ok(signed(), { build: { source: 'github.com/assay-testkit/widget' } })).toBe(false);
  });

  test('of the tag of an image without one', async () => {
    const image = built();
    const { errors } = await judged(image, { build: { source: 'github.com/assay-testkit/widget', tag: '{tag}' } });
    expect(errors).toEqual([`a build of the tag of the image is demanded, and ${image.reference} is named by its digest alone`]);
  });
});

describe('parts', () => {
  const signers = [{ github: 'assay-testkit/widget' }];

  test('any: one is enough, and takes its signers from the policy', async () => {
    const any = [{ attestations: [{ type: 'vuln' }] }, { signature: 'required' }];
    expect(await ok(signed(), { signers, any })).toBe(true);
    expect(await ok(scene.image(), { signers, any })).toBe(false);
  });

  test('all: besides what else is demanded', async () => {
    const all = [{ signature: 'required' }, { signers: [{ github: 'a/b' }] }];
    expect(await ok(signed(), { signers, all: all.slice(0, 1) })).toBe(true);
    expect(await ok(signed(), { signers, all })).toBe(false);
    expect(await ok(signed(), { signers, signature: 'required', all: [{ decision: 'deny', message: 'no' }] })).toBe(false);
  });

  test('a decision', async () => {
    expect(await ok(scene.image(), { decision: 'admit' })).toBe(true);
    expect((await judged(signed(), { decision: 'deny', message: 'not before May' })).errors).toEqual(['not before May']);
  });
});

describe('exceptions', () => {
  const spec = (exception: object): Spec => ({ signers: [{ github: 'a/b' }], exceptions: [{ reason: 'moves soon', ...exception }] });

  test('let in until their day has ended, and are told', async () => {
    const image = scene.image();
    const now = new Date('2026-03-31T23:59:59Z');
    const until = '2026-03-31';
    const { ok: accepted, check } = await judged(image, spec({ images: [image.name], until }), { now });
    expect(accepted).toBe(true);
    expect(check.warning).toBe('let in without evidence until 2026-03-31: moves soon');
    expect(await ok(image, spec({ images: [image.name], until }), { now: new Date('2026-04-01T00:00:00Z') })).toBe(false);
    expect(await ok(image, spec({ images: [image.name], until: '2026-03-31T12:00:00Z' }), { now })).toBe(false);
  });

  test('are for the images that they name, by digest too', async () => {
    const [image, other] = [scene.image(), scene.image()];
    const until = '2999-01-01';
    expect(await ok(other, spec({ images: [image.name], until }))).toBe(false);
    expect(await ok(image, spec({ images: [image.reference], until }))).toBe(true);
    expect((await policyOf(spec({ images: [image.reference], until })).judge(scene.subject(`${image.name}:1`))).ok).toBe(true);
    expect(await ok(image, spec({ images: [image.reference.replace(/.$/, (last) => (last === '0' ? '1' : '0'))], until }))).toBe(false);
  });
});

describe('covers', () => {
  const covers = (spec: Spec, image: string, object?: object): boolean =>
    policyOf({ decision: 'deny', ...spec }).covers(
      namedImage(image),
      object === undefined ? undefined : { group: '', version: 'v1', kind: 'Pod', namespace: 'prod', metadata: { labels: { app: 'x' } }, spec: {}, ...object },
    );

  test.each<[string, Spec, string, object | undefined, boolean]>([
    ['everything, when nothing is named', {}, 'a.b/c', {}, true],
    ['what matches', { images: ['a.b/**'] }, 'a.b/c', {}, true],
    ['nothing else', { images: ['a.b/**'] }, 'x.b/c', {}, false],
    ['not what is excluded', { images: ['a.b/**'], exclude: ['a.b/c'] }, 'a.b/c', {}, false],
    ['a kind', { match: { kinds: ['Deployment', 'Pod'] } }, 'a.b/c', {}, true],
    ['no other kind', { match: { kinds: ['Deployment'] } }, 'a.b/c', {}, false],
    ['namespaces like it', { match: { namespaces: ['pr*'] } }, 'a.b/c', {}, true],
    ['no other namespace', { match: { namespaces: ['pr'] } }, 'a.b/c', {}, false],
    ['labels', { match: { labels: { app: 'x' } } }, 'a.b/c', {}, true],
    ['no other labels', { match: { labels: { app: 'y' } } }, 'a.b/c', {}, false],
    ['no object without labels', { match: { labels: { app: 'x' } } }, 'a.b/c', { metadata: {} }, false],
    ['an image alone, whatever objects are meant', { match: { kinds: ['Job'], labels: { a: 'b' } } }, 'a.b/c', undefined, true],
  ])('%s', (_, spec, image, object, expected) => {
    expect(covers(spec, image, object)).toBe(expected);
  });
});

describe('says', () => {
  test.each<[string, () => SceneImage, Spec, string[]]>([
    [
      'that there is nothing',
      () => scene.image(),
      { signers: [{ github: 'a/b' }] },
      ['not signed by github.com/a/b: there is none in the 3 places that could hold it'],
    ],
    [
      'which ref differs',
      signed,
      { signers: [{ issuer: ISSUER, subject: WORKFLOW.replace('v1.2.3', 'v1.2.4') }] },
      [
        `not signed by ${WORKFLOW.replace('v1.2.3', 'v1.2.4')} (${ISSUER}): the signer differs: expected ${WORKFLOW.replace('v1.2.3', 'v1.2.4')}, found ${WORKFLOW}; the workflow matches, the ref differs: expected refs/tags/v1.2.4, found refs/tags/v1.2.3`,
      ],
    ],
    [
      'what else was found',
      signed,
      { signers: [{ github: 'assay-testkit/widget' }], attestations: [{ type: 'vuln' }] },
      ['no attestation vuln by github.com/assay-testkit/widget: found https://sigstore.dev/cosign/sign/v1'],
    ],
  ])('%s', async (_, image, spec, expected) => {
    expect((await judged(image(), spec)).errors).toEqual(expected);
  });
});

test('an object of a cluster names no files', () => {
  const object = {
    apiVersion: 'assay.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: 'p', uid: 'u', resourceVersion: '7' },
    spec: { signers: [{ key: 'k.pub' }] },
  };
  expect(() => nativePolicyOf(object, scene.instance.now)).toThrow('the policy names the file k.pub, and there are no files in a cluster');
  const { uid, resourceVersion, mode } = nativePolicyOf(
    { ...object, spec: { decision: 'deny', mode: 'warn' }, status: { conditions: [] } },
    scene.instance.now,
  );
  expect({ uid, resourceVersion, mode }).toEqual({ uid: 'u', resourceVersion: '7', mode: 'warn' });
});
