/** `assay policy` and `assay verify --policy` over images that were signed for it: what the transcripts do not show. */
import { utf8 } from '@assay/core';
import type { SignOptions } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
let scene: Scene;
let root = '';
let count = 0;
let folder = '';
beforeAll(async () => {
  scene = await openScene();
  root = scratch.write('root.json', scene.instance.trustedRoot());
});
afterAll(() => scene.close());
/** Files of a test lie together. */
beforeEach(() => {
  count += 1;
  folder = `t${count}`;
});

const assay = (argv: readonly string[], env: Readonly<Record<string, string>> = { ASSAY_TRUST: root }): Promise<Run> => runCli(argv, { env, network: 'open' });
const write = (name: string, content: string | object): string => scratch.write(`${folder}/${name}`, content);
const policy = (spec: object, name = 'p'): string => write(`${name}.yaml`, { apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name }, spec });
const testImage = (file: string, image: SceneImage | string, ...more: string[]): Promise<Run> =>
  assay(['policy', 'test', file, '--image', typeof image === 'string' ? image : image.reference, ...more]);
const SIGNERS = [{ github: 'assay-testkit/widget' }];

function signed(options: SignOptions = {}): SceneImage {
  const image = scene.image();
  image.sign(options);
  return image;
}

describe('policy test', () => {
  test('several policies: each says its own, and all that enforce must be met', async () => {
    const both = [policy({ signers: SIGNERS }, 'one'), policy({ signers: [{ github: 'a/b' }] }, 'two')];
    const { status, stdout } = await testImage(both[0] ?? '', signed(), '--output', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      results: [{ result: 'pass', policy: 'one', kind: 'ImagePolicy', mode: 'enforce', errors: [], root: { status: 'pass' } }],
    });
    const together = write('both.yaml', `${await readText(both[0])}\n---\n${await readText(both[1])}`);
    const run = await testImage(together, signed());
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('passes ImagePolicy one');
    expect(run.stdout).toContain('is refused by ImagePolicy two');
    expect(run.stdout).toContain('\n1 passed, 1 refused\n');
  });

  test('keys, roots and texts lie beside the policy, wherever one stands', async () => {
    const key = newKey();
    write('k.pub', key.publicPem);
    write('root.json', scene.instance.trustedRoot());
    write('sbom.cue', 'predicate: specVersion: "1.6"\n');
    const image = scene.image();
    image.attest('https://cyclonedx.org/bom', { specVersion: '1.6' }, { key });
    const file = policy({ signers: [{ key: 'k.pub' }], trust: { file: 'root.json' }, attestations: [{ type: 'cyclonedx', cue: 'sbom.cue' }] });
    expect((await assay(['policy', 'test', file, '--image', image.reference], {})).status).toBe(0);
    write('sbom.cue', 'predicate: specVersion: "1.5"\n');
    const run = await assay(['policy', 'test', file, '--image', image.reference], {});
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('verifies, and failed evaluating cue policy for cyclonedx: ');
    expect(run.stdout).toContain('conflicting values "1.6" and "1.5"');
  }, 60_000);

  test.each<[string, () => string]>([
    ['by its name and file', () => `mine=${root}`],
    ['as a TrustRoot', () => write('trust-root.yaml', trustRoot())],
  ])('a root of the cluster is given %s', async (_, given) => {
    const file = policy({ signers: SIGNERS, trust: { root: 'mine' } });
    const image = signed();
    expect((await assay(['policy', 'test', file, '--image', image.reference, '--trust-root', given()], {})).status).toBe(0);
    const without = await assay(['policy', 'test', file, '--image', image.reference], {});
    expect(without.status).toBe(1);
    expect(without.stdout).toContain('trustRootRef mine not found');
  });

  test('an object narrows what is judged', async () => {
    const file = policy({ signers: [{ github: 'a/b' }], match: { kinds: ['Deployment'], namespaces: ['prod'] } });
    const image = signed();
    const resource = (namespace: string) =>
      write(`${namespace}.yaml`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace }, spec: {} });
    expect((await testImage(file, image, '--resource', resource('prod'))).stdout).toContain('is refused by ImagePolicy p');
    expect((await testImage(file, image, '--resource', resource('dev'))).stdout).toBe(`✘ ${image.reference} is covered by no policy\n`);
    expect((await testImage(file, image)).stdout).toContain('is refused by ImagePolicy p');
  });

  test('an exception lets in, and is told', async () => {
    const image = scene.image();
    const file = policy({ signers: SIGNERS, exceptions: [{ images: [image.name], until: '2099-12-31', reason: 'moves to the new pipeline' }] });
    const run = await testImage(file, image);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('! let in without evidence until 2099-12-31: moves to the new pipeline');
  });

  test('a registry that is not there is no unsigned image: that may pass', async () => {
    const run = await testImage(policy({ signers: SIGNERS }), `127.0.0.1:1/app@sha256:${'0'.repeat(64)}`);
    expect(run.status).toBe(3);
    expect(run.stdout).toContain('is refused by ImagePolicy p');
  });

  test.each<[string, () => readonly string[], number, string]>([
    ['nothing to judge', () => [policy({ signers: SIGNERS })], 2, 'what is to be judged is not said'],
    [
      'one bundle for two files',
      () => [policy({ signers: SIGNERS }), '--file', 'a', '--file', 'b', '--bundle', 'c'],
      2,
      '--bundle is the evidence of one file',
    ],
    ['a policy that is none', () => [policy({ signers: [] }), '--image', 'a.b/c'], 4, 'spec.signers: must not be empty'],
    ['what is no reference', () => [policy({ signers: SIGNERS }), '--image', 'NGINX'], 2, 'could not parse reference: NGINX'],
    [
      'a name that is given twice',
      () => [policy({ signers: SIGNERS }), '--image', 'a.b/c', '--trust-root', `a=${root}`, '--trust-root', `a=${root}`],
      2,
      '--trust-root names a twice',
    ],
    ['a file that is not there', () => ['nowhere.yaml', '--image', 'a.b/c'], 2, 'nowhere.yaml: no such file'],
  ])('refuses %s', async (_, argv, status, says) => {
    const run = await assay(['policy', 'test', ...argv()]);
    expect([run.status, run.stdout]).toEqual([status, '']);
    expect(run.stderr).toContain(says);
  });
});

describe('policy check', () => {
  const kyverno = (attestors: object) => ({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'k' },
    spec: {
      rules: [
        { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', ...attestors }] },
      ],
    },
  });
  const ivp = (expression: string) => ({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'i' },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
      attestors: [{ name: 'a', cosign: { keyless: { identities: [{ issuer: 'https://i', subject: 's' }] } } }],
      validations: [{ expression }],
    },
  });

  test.each<[string, object, number, string]>([
    [
      'a ClusterPolicy',
      kyverno({ attestors: [{ entries: [{ keyless: { issuer: 'i', subject: 's', rekor: { url: 'https://rekor.sigstore.dev' } } }] }] }),
      0,
      ': ClusterPolicy k: valid',
    ],
    ['one that names nobody', kyverno({ attestors: [{ entries: [{}] }] }), 1, 'keys, certificates, keyless, or a nested attestor is required'],
    ['a field that there is none of', kyverno({ attestorz: [] }), 1, 'attestorz'],
    ['an ImageValidatingPolicy', ivp('images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)'), 0, ': ImageValidatingPolicy i: valid'],
    ['an expression that is none', ivp('images.containers.all(i, '), 1, ': ImageValidatingPolicy i: '],
    [
      'a TrustRoot without anything',
      { apiVersion: 'policy.sigstore.dev/v1alpha1', kind: 'TrustRoot', metadata: { name: 't' }, spec: {} },
      1,
      'expected exactly one, got neither: spec.remote, spec.repository, spec.sigstoreKeys',
    ],
    [
      'a key that is not there',
      { apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec: { signers: [{ key: 'nowhere.pub' }] } },
      1,
      'nowhere.pub: no such file',
    ],
  ])('%s', async (_, document, status, says) => {
    const run = await assay(['policy', 'check', write('policy.yaml', document)]);
    expect([run.status, run.stderr]).toEqual([status, '']);
    expect(run.stdout).toContain(says);
  });

  test('policies of Kyverno are about resources: they are not for policy test', async () => {
    const run = await testImage(write('k.yaml', kyverno({})), 'a.b/c');
    expect(run.status).toBe(4);
    expect(run.stderr).toContain('assay kyverno apply');
  });
});

describe('verify --policy', () => {
  test('images and files, with any policy', async () => {
    const content = `a file ${count}`;
    const file = write('app', content);
    scratch.write(`${folder}/app.sigstore.json`, scene.instance.sign(utf8(content)).bundleBytes);
    const image = signed();
    const run = await assay(['verify', image.reference, file, '--policy', policy({ signers: SIGNERS }), '--output', 'json']);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout).results).toMatchObject([
      { subject: image.reference, result: 'pass' },
      { subject: file, result: 'pass' },
    ]);
    write('app', 'another file');
    expect((await assay(['verify', file, '--policy', policy({ signers: SIGNERS })])).status).toBe(1);
  });

  test('a policy for images says nothing of a file, which is a refusal', async () => {
    const file = write('app', 'x');
    const run = await assay(['verify', file, '--policy', policy({ images: ['a.b/**'], signers: SIGNERS })]);
    expect([run.status, run.stdout]).toEqual([1, `✘ ${file} is covered by no policy\n`]);
  });

  test.each(['--type=vuln', '--source=github.com/a/b', '--key=k.pub', '--log-threshold=0', '--recursive', '--all'])(
    '%s is for the policy to say',
    async (flag) => {
      const run = await assay(['verify', 'a.b/c', '--policy', policy({ signers: SIGNERS }), flag]);
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(`--policy and ${flag.split('=')[0]} exclude each other`);
    },
  );
});

describe('policy learn', () => {
  const job = (tag: string): SignOptions => {
    const ref = `refs/tags/v${tag}`;
    const workflow = `acme/app/.github/workflows/release.yml@${ref}`;
    return { githubClaims: { repository: 'acme/app', ref, job_workflow_ref: workflow, workflow_ref: workflow } };
  };
  const release = (tag: string): SceneImage => {
    const image = scene.image({ repository: `${folder}-app`, tag });
    image.sign(job(tag));
    image.attest('https://cyclonedx.org/bom', { specVersion: '1.6' }, job(tag));
    return image;
  };
  const named = (image: SceneImage, tag: string): string => `${image.name}:${tag}`;

  test('three images, of which one has more than the others: what is printed covers them, and nobody else', async () => {
    const tags = ['1.0.0', '1.1.0', '2.0.0'];
    const images = tags.map(release);
    images[1]?.sign({ identity: { type: 'email', value: 'mallory@example.org' } });
    images[2]?.attest('https://example.org/extra', {}, job('2.0.0'));
    images[0]?.sign({ alter: { signature: (bytes) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) } });
    const references = images.map((image, i) => named(image, tags[i] ?? ''));
    const run = await assay(['policy', 'learn', ...references, '--name', 'app']);
    expect(run.status).toBe(0);
    expect(run.stdout).toBe(`apiVersion: assay.dev/v1alpha1
kind: ImagePolicy
metadata:
  name: app
spec:
  images:
    - ${images[0]?.name}
  signers:
    - github: acme/app
      workflow: release.yml
      tag: v{tag}
  attestations:
    - type: https://cyclonedx.org/bom
  signature: required
`);
    expect(run.stderr.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^outlier: .*@sha256:\w+: does not verify: /),
      'outlier: a signature by mallory@example.org: on 1 of 3 images, and others cover them',
      'outlier: https://example.org/extra: on 1 of 3 images, and demanded of none',
    ]);
    const learned = write('learned.yaml', run.stdout);
    expect((await assay(['policy', 'check', learned])).status).toBe(0);
    expect((await assay(['policy', 'test', learned, ...references.flatMap((one) => ['--image', one])])).status).toBe(0);
    const next = release('2.1.0');
    expect((await testImage(learned, named(next, '2.1.0'))).status).toBe(0);
    const forged = scene.image({ repository: `${folder}-app`, tag: '9.9.9' });
    forged.sign({ identity: { type: 'email', value: 'mallory@example.org' } });
    forged.attest('https://cyclonedx.org/bom', {}, job('2.0.0'));
    expect((await testImage(learned, named(forged, '9.9.9'))).status).toBe(1);
  });

  test('keys that are named, in either format and with a log or without', async () => {
    const key = newKey();
    const file = write('k.pub', key.publicPem);
    const [one, two] = [scene.image(), scene.image()];
    one.sign({ key, format: 'older' });
    two.sign({ key, log: 'none', timestamp: false });
    const unknown = await assay(['policy', 'learn', one.reference]);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('signed by a key that --key does not name');
    const run = await assay(['policy', 'learn', one.reference, two.reference, '--key', file]);
    expect(run.stdout).toContain(`  signers:\n    - key: ${file}\n      trust:\n        log: ignored\n`);
    const learned = write('learned.yaml', run.stdout);
    expect((await assay(['policy', 'test', learned, '--image', one.reference, '--image', two.reference])).status).toBe(0);
  });

  test('evidence in another repository, which the policy then names', async () => {
    const image = scene.image();
    image.sign({ ...job('1'), repository: `${folder}-evidence`, format: 'older' } as never);
    const run = await assay(['policy', 'learn', image.reference, '--side-repository', `${scene.registry.host}/${folder}-evidence`]);
    expect(run.stdout).toContain(`from:\n    repository: ${scene.registry.host}/${folder}-evidence\n`);
    expect((await testImage(write('learned.yaml', run.stdout), image)).status).toBe(0);
  });

  test('a registry that is not there', async () => {
    expect((await assay(['policy', 'learn', '127.0.0.1:1/app:1'])).status).toBe(3);
  });
});

test('what is converted judges as before', async () => {
  const image = signed();
  const native = policy({ signers: [{ issuer: 'https://token.actions.githubusercontent.com', subjectPattern: 'https://github.com/assay-testkit/.*' }] });
  const other = policy({ signers: [{ issuer: 'https://token.actions.githubusercontent.com', subjectPattern: 'https://github.com/acme/.*' }] }, 'other');
  for (const [file, status] of [
    [native, 0],
    [other, 1],
  ] as const) {
    const converted = write('cip.yaml', (await assay(['policy', 'convert', file, '--to', 'cluster-image-policy'])).stdout);
    expect((await testImage(converted, image)).status).toBe(status);
    const back = write('back.yaml', (await assay(['policy', 'convert', converted, '--to', 'native'])).stdout);
    expect((await testImage(back, image)).status).toBe(status);
  }
});

async function readText(path: string | undefined): Promise<string> {
  return (await import('node:fs/promises')).readFile(path ?? '', 'utf8');
}

/** The instance as policy-controller names one. */
function trustRoot(): object {
  const { certificateAuthorities, ctlogs, tlogs } = scene.instance.trustedRoot();
  const pem = (label: string, der: string) =>
    Buffer.from(`-----BEGIN ${label}-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END ${label}-----\n`).toString('base64');
  const chain = (one: (typeof certificateAuthorities)[number]) =>
    Buffer.from(one.certChain.certificates.map(({ rawBytes }) => Buffer.from(pem('CERTIFICATE', rawBytes), 'base64').toString()).join('')).toString('base64');
  const log = (one: (typeof tlogs)[number]) => ({ baseURL: one.baseUrl, hashAlgorithm: 'sha-256', publicKey: pem('PUBLIC KEY', one.publicKey.rawBytes) });
  return {
    apiVersion: 'policy.sigstore.dev/v1alpha1',
    kind: 'TrustRoot',
    metadata: { name: 'mine' },
    spec: {
      sigstoreKeys: {
        certificateAuthorities: certificateAuthorities.map((one) => ({
          subject: { organization: 'o', commonName: 'c' },
          uri: 'https://ca.example',
          certChain: chain(one),
        })),
        ctLogs: ctlogs.map(log),
        tLogs: tlogs.slice(0, 1).map(log),
      },
    },
  };
}
