/** `assay pin` over files and images that were made for it: what is written, what is refused, and that a refusal writes nothing. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { putImage, serve } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { findOnPath } from './foreign-tools.ts';
import { NATIVE_SIGNER } from './material.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const home = process.cwd();
let scene: Scene;
let root = '';
let policy = '';
let count = 0;
let folder = '';

beforeAll(async () => {
  scene = await openScene();
  root = scratch.write('root.json', scene.instance.trustedRoot());
  policy = scratch.write('policy/p.yaml', {
    apiVersion: 'assay.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: 'p' },
    spec: { signers: [{ github: 'assay-testkit/widget' }] },
  });
});
afterAll(async () => {
  process.chdir(home);
  await scene.close();
});
/** Each test stands in a folder of its own. */
beforeEach(() => {
  count += 1;
  folder = scratch.path(`t${count}`);
  mkdirSync(folder);
  process.chdir(folder);
  scene.registry.reset();
});

const assay = (...argv: readonly string[]): Promise<Run> => runCli(['pin', ...argv], { env: { ASSAY_TRUST: root }, network: 'open' });
const write = (name: string, text: string): string => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
};
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const everything = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]),
  );

function signed(): SceneImage & { readonly tagged: string } {
  const image = unsigned();
  image.sign();
  return image;
}

function unsigned(): SceneImage & { readonly tagged: string } {
  const image = scene.image();
  return { ...image, tagged: `${image.name}:1` };
}

/** The tag `1` names another image from now on. */
function moveTag({ repository }: SceneImage): string {
  return putImage(scene.registry.content, repository, { tag: '1', layers: [{ mediaType: 'text/plain', bytes: utf8(`${repository} moved`) }] }).digest;
}

const pod = (...images: readonly string[]): string =>
  `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n${images.map((image) => `  - image: ${image} # é\n`).join('')}`;

describe('writes', () => {
  test('a folder of every kind of file: each reference is resolved once, and a second run changes nothing', async () => {
    const [one, two] = [signed(), signed()];
    write('k8s/pod.yaml', `\ufeff${pod(one.tagged, `"${two.tagged}"`)}`);
    write('chart/values.yaml', `image:\r\n  repository: ${two.name}\r\n  tag: "1"\r\n  digest: ""\r\n`);
    write('compose.yaml', `services:\n  a: {image: '${one.tagged}'}`);
    write('Dockerfile', `FROM ${one.tagged} AS a\nFROM a\n`);
    write('.github/workflows/ci.yml', `on: push\njobs:\n  a:\n    container: ${one.tagged}\n`);
    write('kustomization.yaml', `images:\n- name: x\n  newName: ${one.name}\n  newTag: "1"\n`);
    write('node_modules/x/pod.yaml', pod('never:1'));
    write('readme.md', 'image: never:1\n');
    const run = await assay('--policy', policy);
    expect(run).toMatchObject({ status: 0, stderr: '7 pinned, in 6 files\n' });
    expect(run.stdout.split('\n')[0]).toBe(`.github/workflows/ci.yml:4: ${one.tagged} → ${one.tagged}@${one.digest}`);
    expect(read('k8s/pod.yaml')).toBe(`\ufeff${pod(`${one.tagged}@${one.digest}`, `"${two.tagged}@${two.digest}"`)}`);
    expect(read('chart/values.yaml')).toBe(`image:\r\n  repository: ${two.name}\r\n  tag: "1"\r\n  digest: "${two.digest}"\r\n`);
    expect(read('compose.yaml')).toBe(`services:\n  a: {image: '${one.tagged}@${one.digest}'}`);
    expect(read('Dockerfile')).toBe(`FROM ${one.tagged}@${one.digest} AS a\nFROM a\n`);
    expect(read('kustomization.yaml')).toBe(`images:\n- name: x\n  newName: ${one.name}\n  newTag: "1"\n  digest: "${one.digest}"\n`);
    expect(read('node_modules/x/pod.yaml')).toBe(pod('never:1'));
    const asked = scene.registry.requests.filter(({ path }) => path.endsWith('/manifests/1')).map(({ path }) => path);
    expect(asked.toSorted()).toEqual([one, two].map(({ repository }) => `/v2/${repository}/manifests/1`).toSorted());

    const before = everything();
    const times = Object.keys(before).map((file) => statSync(file).mtimeMs);
    expect(await assay('--policy', policy)).toMatchObject({ status: 0, stdout: '', stderr: '7 pinned before, in 6 files\n' });
    expect(everything()).toEqual(before);
    expect(Object.keys(before).map((file) => statSync(file).mtimeMs)).toEqual(times);
    expect(await assay('--check', '--policy', policy)).toMatchObject({ status: 0, stdout: '', stderr: '7 pinned before, in 6 files\n' });
  });

  test('by who must have signed, in the place of a policy', async () => {
    const image = signed();
    write('pod.yaml', pod(image.tagged));
    expect((await assay('pod.yaml', ...NATIVE_SIGNER)).status).toBe(0);
    expect(read('pod.yaml')).toBe(pod(`${image.tagged}@${image.digest}`));
  });

  test('the digest of an index, without its tag', async () => {
    const image = signed();
    write('pod.yaml', pod(image.tagged));
    expect((await assay('--drop-tag', '--policy', policy)).stdout).toBe(`pod.yaml:5: ${image.tagged} → ${image.reference}\n`);
    expect(read('pod.yaml')).toBe(pod(image.reference));
    expect(await assay('--drop-tag', '--update', '--policy', policy)).toMatchObject({ status: 0, stdout: '' });
  });

  test('without verification only when that is said', async () => {
    const image = unsigned();
    write('pod.yaml', pod(image.tagged));
    expect((await assay('--no-verify')).status).toBe(0);
    expect(read('pod.yaml')).toBe(pod(`${image.tagged}@${image.digest}`));
    expect(scene.registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`HEAD /v2/${image.repository}/manifests/1`]);
  });

  test('what is pinned stays when its tag moves; --update follows it, as far as the policy allows', async () => {
    const image = signed();
    const pinned = pod(`${image.tagged}@${image.digest}`);
    write('pod.yaml', pinned);
    const moved = moveTag(image);
    expect(await assay('--policy', policy)).toMatchObject({ status: 0, stdout: '' });
    const refused = await assay('--update', '--policy', policy);
    expect(refused.status).toBe(1);
    expect(read('pod.yaml')).toBe(pinned);
    expect((await assay('--update', '--no-verify')).stdout).toBe(`pod.yaml:5: ${image.tagged}@${image.digest} → ${image.tagged}@${moved}\n`);
    expect(read('pod.yaml')).toBe(pod(`${image.tagged}@${moved}`));
  });

  test('the mode of a file stays, links stay links, and no draft is left', async () => {
    const image = signed();
    write('real/pod.yaml', pod(image.tagged));
    chmodSync(join(folder, 'real/pod.yaml'), 0o750);
    symlinkSync('real/pod.yaml', join(folder, 'link.yaml'));
    expect((await assay('link.yaml', '--policy', policy)).status).toBe(0);
    expect(statSync(join(folder, 'real/pod.yaml')).mode & 0o777).toBe(0o750);
    expect(readdirSync(join(folder, 'real'))).toEqual(['pod.yaml']);
    expect(read('link.yaml')).toBe(pod(`${image.tagged}@${image.digest}`));
    expect(
      readdirSync(folder, { withFileTypes: true })
        .find(({ name }) => name === 'link.yaml')
        ?.isSymbolicLink(),
    ).toBe(true);
  });

  test('in folders: a link that leads out is passed over, one within leads to its file, and loops end', async () => {
    const image = signed();
    const outside = scratch.write(`outside${count}/pod.yaml`, pod(image.tagged));
    symlinkSync(outside, join(folder, 'out.yaml'));
    symlinkSync('.', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'dangling.yaml'));
    write('data', pod(image.tagged));
    symlinkSync('data', join(folder, 'in.yaml'));
    expect(await assay('.', '--policy', policy)).toMatchObject({ status: 0, stderr: '1 pinned, in 1 file\n' });
    expect(readFileSync(outside, 'utf8')).toBe(pod(image.tagged));
    expect(read('data')).toBe(pod(`${image.tagged}@${image.digest}`));
  });

  test('a digest that charts may not know is told about', async () => {
    const image = signed();
    write('values.yaml', `image:\n  repository: ${image.name}\n  tag: "1"\n`);
    const { stderr } = await assay('--policy', policy);
    expect(stderr).toBe('a digest was added to values that had none: see that the templates of the chart read it\n1 pinned, in 1 file\n');
  });
});

describe('refuses, and writes nothing', () => {
  test('an unsigned image, among signed ones', async () => {
    const [good, bad] = [signed(), unsigned()];
    write('a.yaml', pod(good.tagged));
    write('b.yaml', pod(good.tagged, bad.tagged));
    const before = everything();
    const byPolicy = await assay('--policy', policy);
    expect(byPolicy).toMatchObject({ status: 1, stdout: '' });
    expect(byPolicy.stderr).toContain(`b.yaml:6: ${bad.tagged} is refused: policy p: `);
    expect(byPolicy.stderr).toContain('2 to be pinned, 1 refused, in 2 files; nothing was written\n');
    expect(byPolicy.stderr).toContain(`✘ ${bad.tagged}@${bad.digest} is refused by ImagePolicy p`);
    const bySigner = await assay(...NATIVE_SIGNER);
    expect(bySigner).toMatchObject({ status: 1, stdout: '' });
    expect(bySigner.stderr).toContain(`b.yaml:6: ${bad.tagged} is refused: no evidence was found for this image  [EVIDENCE_NOT_FOUND]`);
    expect(await assay('--patch', '--policy', policy)).toMatchObject({ status: 1, stdout: '' });
    expect(everything()).toEqual(before);
  });

  test('a pinned image that the policy refuses', async () => {
    const [good, bad] = [signed(), unsigned()];
    write('pod.yaml', pod(good.tagged, bad.reference));
    const { status, stderr } = await assay('--policy', policy);
    expect(status).toBe(1);
    expect(stderr).toContain(`pod.yaml:6: ${bad.reference} is refused: policy p: `);
    expect(read('pod.yaml')).toBe(pod(good.tagged, bad.reference));
  });

  test('an image that no policy covers', async () => {
    const image = signed();
    const other = scratch.write('policy/other.yaml', {
      apiVersion: 'assay.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'other' },
      spec: { images: ['ghcr.io/other/**'], signers: [{ github: 'a/b' }] },
    });
    write('pod.yaml', pod(image.tagged));
    const { status, stderr } = await assay('--policy', other);
    expect(status).toBe(1);
    expect(stderr).toContain(`pod.yaml:5: ${image.tagged} is refused: it is covered by no policy\n`);
  });

  test('a tag that is not there, a registry that is not', async () => {
    const image = signed();
    write('pod.yaml', pod(image.tagged, `${image.name}:2`));
    const missing = await assay('--policy', policy);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain(`pod.yaml:6: ${image.name}:2 is refused: `);
    write('pod.yaml', pod(image.tagged, '127.0.0.1:1/x:1'));
    expect((await assay('--policy', policy)).status).toBe(3);
    expect(read('pod.yaml')).toBe(pod(image.tagged, '127.0.0.1:1/x:1'));
  });

  test('a file that changes meanwhile', async () => {
    const image = signed();
    const changed = pod('changed:1');
    const watched = await serve((request) => {
      if (request.url.endsWith('/manifests/1')) write('b.yaml', changed);
      return passOn(request);
    });
    try {
      const name = watched.url.slice('http://'.length);
      write('a.yaml', pod(`${name}/${image.repository}:1`));
      write('b.yaml', pod(`${name}/${image.repository}:1`));
      const before = read('a.yaml');
      const run = await assay('--policy', policy);
      expect(run).toMatchObject({ status: 3, stdout: '' });
      expect(run.stderr).toContain('b.yaml: changed while its references were verified  [PIN_CHANGED]');
      expect([read('a.yaml'), read('b.yaml')]).toEqual([before, changed]);
      expect(readdirSync(folder)).toEqual(['a.yaml', 'b.yaml']);
    } finally {
      await watched.close();
    }
  });

  test.each<[string, readonly string[], number, string]>([
    ['no demand', [], 2, 'what must be shown of a reference before it is pinned is not said'],
    ['two demands', ['--policy', 'p', '--key', 'k'], 2, '--policy and --key exclude each other'],
    ['a demand that is not looked at', ['--no-verify', '--key', 'k'], 2, '--key and --no-verify exclude each other'],
    ['a type that is not looked at', ['--no-verify', '--type', 'x'], 2, '--no-verify and --type exclude each other'],
    ['two ways to write nothing', ['--no-verify', '--check', '--patch'], 2, '--check and --patch exclude each other'],
    ['a path that is not there', ['--no-verify', 'nowhere'], 2, 'nowhere: no such file or folder'],
    ['a file of its own that cannot be read', ['--no-verify', 'broken.yaml'], 4, 'broken.yaml:3: '],
    ['bytes that are no text', ['--no-verify', 'binary.yaml'], 4, 'binary.yaml: it is not UTF-8'],
  ])('%s', async (_, argv, status, text) => {
    write('broken.yaml', 'a: 1\nb: [\n');
    writeFileSync(join(folder, 'binary.yaml'), Uint8Array.of(0xff, 0xfe, 0x61));
    const run = await assay(...argv);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toContain(text);
  });
});

test('the digest that was verified is the one that is written, though the tag moves between', async () => {
  const image = signed();
  let moved = '';
  const moving = await serve(async (request) => {
    const answer = await passOn(request);
    if (request.url.endsWith('/manifests/1')) moved = moveTag(image);
    return answer;
  });
  try {
    const name = `${moving.url.slice('http://'.length)}/${image.repository}`;
    write('pod.yaml', pod(`${name}:1`));
    expect((await assay('--policy', policy)).status).toBe(0);
    expect(moved).not.toBe(image.digest);
    expect(read('pod.yaml')).toBe(pod(`${name}:1@${image.digest}`));
  } finally {
    await moving.close();
  }
});

/** What the registry answers. */
function passOn(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return fetch(`${scene.registry.url}${pathname}${search}`, { method: request.method, headers: { accept: request.headers.get('accept') ?? '*/*' } });
}

describe('--check', () => {
  test('one line for each finding, and nothing is written', async () => {
    const [good, bad] = [signed(), unsigned()];
    write('pod.yaml', pod(good.tagged, good.reference, bad.tagged, 'a:$TAG'));
    const before = everything();
    const run = await assay('--check', '--policy', policy);
    expect(run.status).toBe(1);
    const lines = run.stdout.split('\n');
    expect(lines[0]).toBe(`pod.yaml:5: ${good.tagged} → ${good.tagged}@${good.digest}`);
    expect(lines[1]).toContain(`pod.yaml:7: ${bad.tagged} is refused: policy p: `);
    expect(lines[2]).toBe('pod.yaml:8: a:$TAG cannot be pinned: it holds a variable, which is known only where it is used');
    expect(run.stderr).toContain('1 not pinned, 1 pinned before, 1 refused, 1 cannot be pinned, in 1 file\n');
    expect(everything()).toEqual(before);
  });

  test('what is excepted, or what templates fill in, fails nothing', async () => {
    write('values.yaml', 'image: "{{ .x }}"\nsidecarImage: local/app:1\notherImage: a.b/c:$TAG\n');
    const run = await assay('--check', '--no-verify', '--except', 'local/*', '--except', 'a.b/c');
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr.split('\n')).toEqual([
      'values.yaml:1: {{ .x }} is left alone: a template fills it in',
      'values.yaml:2: local/app:1 is left alone: excepted with --except',
      'values.yaml:3: a.b/c:$TAG is left alone: excepted with --except',
      '3 left alone, in 1 file',
      '',
    ]);
  });

  test('a name that only holds a place for a kustomization', async () => {
    const image = signed();
    write('base/pod.yaml', pod('app'));
    write('base/kustomization.yaml', `images:\n- {name: app, newName: ${image.name}, digest: "${image.digest}"}\n`);
    const run = await assay('--check', '--policy', policy);
    expect(run).toMatchObject({
      status: 0,
      stderr: 'base/pod.yaml:5: app is left alone: a kustomization says which image it is\n1 pinned before, 1 left alone, in 2 files\n',
    });
  });

  test('a registry that is down is told apart, unless something is not pinned anyway', async () => {
    write('pod.yaml', pod(`127.0.0.1:1/x@sha256:${'0'.repeat(64)}`));
    expect((await assay('--check', '--policy', policy)).status).toBe(3);
    write('pod.yaml', pod('127.0.0.1:1/x:1'));
    expect((await assay('--check', '--policy', policy)).status).toBe(1);
  });

  test('a broken file in a folder is named and passed over', async () => {
    write('x/broken.yaml', 'a: 1\nb: [\n');
    const run = await assay('--check', '--no-verify', '.');
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^x\/broken\.yaml:3: passed over: .*\nno references, in 0 files\n$/);
  });

  test('as JSON', async () => {
    const image = signed();
    write('pod.yaml', pod(image.tagged, 'a:$TAG'));
    write('broken.yaml', 'a: [');
    const { status, stdout } = await assay('--check', '--policy', policy, '--output', 'json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      written: false,
      files: [
        {
          path: 'pod.yaml',
          references: [
            { line: 5, kind: 'image', format: 'kubernetes', reference: image.tagged, result: 'pin', becomes: `${image.tagged}@${image.digest}` },
            { line: 6, reference: 'a:$TAG', result: 'unpinnable', reason: 'it holds a variable, which is known only where it is used' },
          ],
        },
      ],
      passedOver: [{ path: 'broken.yaml', line: 1 }],
    });
  });
});

describe('--patch', () => {
  const git = findOnPath('git');
  const patch = findOnPath('patch');
  test.skipIf(git === '').each<[string, string, readonly string[]]>([
    ['git apply', git, ['apply', 'x.diff']],
    ['patch', patch, ['-p1', '--binary', '-i', 'x.diff']],
  ])('prints what %s makes of the files what a run would have written', async (_, tool, argv) => {
    if (!existsSync(tool)) return;
    const image = signed();
    const files = {
      'deploy/pod.yaml': pod(image.tagged),
      'crlf.yaml': `\ufeff${pod(image.tagged).replaceAll('\n', '\r\n')}`,
      'no end.yaml': `# ${'x\n# '.repeat(20)}\n${pod(image.tagged)}`.trimEnd(),
      'ümlaut.yaml': `${pod(image.tagged)}${'# rest\n'.repeat(20)}`,
    };
    for (const [name, text] of Object.entries(files)) write(name, text);
    const run = await assay('--patch', '--policy', policy);
    expect(run).toMatchObject({ status: 0, stderr: '4 to be pinned, in 4 files\n' });
    for (const [name, text] of Object.entries(files)) expect(read(name)).toBe(text);
    write('x.diff', run.stdout);
    execFileSync(tool, [...argv], { cwd: folder, stdio: 'pipe' });
    const patched = Object.keys(files).map(read);
    for (const [name, text] of Object.entries(files)) write(name, text);
    expect((await assay('--policy', policy)).status).toBe(0);
    expect(patched).toEqual(Object.keys(files).map(read));
    expect((await assay('--patch', '--policy', policy)).stdout).toBe('');
  });
});

test('--help shows examples, and says what is not pinned', async () => {
  const { status, stdout } = await assay('--help');
  expect(status).toBe(0);
  for (const text of ['assay pin deploy/ --policy assay.policy.yaml', '--drop-tag', 'are no images', 'All or nothing']) expect(stdout).toContain(text);
});
