/** `cosign initialize` beyond its transcript: what it removes and what it never does, and that either cosign goes on where the other one stopped. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, serve } from '@assay/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { ARTIFACT, COSIGN_SIGNER, instanceAndRoot, NATIVE_SIGNER } from './material.ts';
import { type RunOptions, runCli, runCosign, Scratch } from './run-cli.ts';
import { writeTufFiles } from './tuf-files.ts';

const scratch = new Scratch();
const { instance } = instanceAndRoot();
const { files } = writeTufFiles(scratch, instance);
const artifact = scratch.write('a.txt', ARTIFACT);
const bundle = scratch.write('a.json', instance.sign(ARTIFACT).bundleBytes);
const requests: string[] = [];
const server: Server = await serve(async (request) => {
  const { pathname } = new URL(request.url);
  requests.push(pathname);
  const [, mirror = '', ...path] = pathname.split('/');
  const content = files(mirror, path.join('/'));
  return content === undefined ? new Response('', { status: 404 }) : new Response(content.slice());
});
afterAll(() => server.close());

const INITIALIZE = ['initialize', '--mirror', `${server.url}/tuf`, '--root', scratch.path('tuf-root.json')];
const VERIFY = ['verify-blob', '--bundle', bundle, ...COSIGN_SIGNER, artifact];
const VERIFIED = { status: 0, stdout: '', stderr: 'Verified OK\n' };
let homes = 0;

/** A home of its own, with something in its TUF cache. */
function newHome(): string {
  const home = scratch.path(`home-${homes++}`);
  scratch.write(join(home.slice(scratch.folder.length + 1), '.sigstore/root/left-over/root.json'), '{}');
  return home;
}

const open = (env: NonNullable<RunOptions['env']>): RunOptions => ({ network: 'open', env });

test('what is initialized is used by cosign verify-blob without a flag, and without asking again', async () => {
  const HOME = newHome();
  expect(await runCosign(INITIALIZE, open({ HOME }))).toEqual({ status: 0, stdout: '', stderr: '' });
  const asked = requests.length;
  expect(await runCosign(VERIFY, { env: { HOME } })).toEqual(VERIFIED);
  expect(await runCosign(VERIFY, { env: { HOME, ASSAY_OFFLINE: '1' } })).toEqual(VERIFIED);
  expect(requests).toHaveLength(asked);
});

test('it lies in ~/.sigstore/root, and nothing else does any more', async () => {
  const HOME = newHome();
  await runCosign(INITIALIZE, open({ HOME }));
  const root = join(HOME, '.sigstore/root');
  const mirror = `${server.url.replace('http://', '').replace(':', '-')}-tuf`;
  expect(JSON.parse(readFileSync(join(root, 'remote.json'), 'utf8'))).toEqual({ mirror: `${server.url}/tuf` });
  expect(existsSync(join(root, mirror, 'targets/signing_config.v0.2.json'))).toBe(true);
  expect(existsSync(join(root, 'left-over'))).toBe(false);
});

test('assay verify does not follow it', async () => {
  const HOME = newHome();
  await runCosign(INITIALIZE, open({ HOME }));
  const run = await runCli(['verify', artifact, '--bundle', bundle, ...NATIVE_SIGNER, '--offline'], { env: { HOME } });
  expect(run.status).toBe(1);
  expect(run.stdout).toContain('public Sigstore, as shipped with Assay');
});

test('TUF_MIRROR comes before it', async () => {
  const HOME = newHome();
  await runCosign(INITIALIZE, open({ HOME }));
  const { status, stderr } = await runCosign(VERIFY, open({ HOME, TUF_MIRROR: `${server.url}/tuf-sparse` }));
  expect(status).toBe(1);
  expect(stderr).toContain(`no initial root for the TUF mirror ${server.url}/tuf-sparse`);
});

test('a remote.json that cannot be read is no reason to trust something else', async () => {
  const HOME = newHome();
  scratch.write(join(HOME.slice(scratch.folder.length + 1), '.sigstore/root/remote.json'), '{}');
  const { status, stderr } = await runCosign(VERIFY, { env: { HOME } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^Error: .*remote\.json: mirror: is missing or empty$/m);
});

describe('nothing is removed', () => {
  const kept = (home: string) => existsSync(join(home, '.sigstore/root/left-over/root.json'));

  test.each([
    ['when we must stay offline', INITIALIZE, { ASSAY_OFFLINE: '1' }, /ASSAY_OFFLINE is set/],
    ['for a root that is not there', ['initialize', '--root', scratch.path('nofile')], {}, /no such file/],
    ['for a root with another checksum', [...INITIALIZE, '--root-checksum', '00'], {}, /incorrect checksum/],
    ['for a mirror that is no URL', ['initialize', '--mirror', 'file:///tuf', '--root', scratch.path('tuf-root.json')], {}, /not an http\(s\) URL/],
    ['for the staging instance without a root', ['initialize', '--staging'], {}, /name it with --root/],
  ] as [string, string[], Record<string, string>, RegExp][])('%s', async (_, argv, env, reason) => {
    const HOME = newHome();
    const run = await runCosign(argv, { env: { HOME, ...env } });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(reason);
    expect(kept(HOME)).toBe(true);
  });

  test.each([
    ['the home', (home: string) => home],
    ['a folder above the home', (home: string) => join(home, '..')],
    ['the working folder', () => process.cwd()],
    ['everything', () => '/'],
  ])('from %s', async (_, folder) => {
    const HOME = newHome();
    const run = await runCosign(INITIALIZE, { env: { HOME, TUF_ROOT: folder(HOME) } });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('set TUF_ROOT to a folder of its own');
    expect(kept(HOME)).toBe(true);
  });
});

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`handing TUF caches to the real cosign is skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

describe.skipIf(cosign === '')('a cache', () => {
  test('that we made is used by the real cosign', async () => {
    const HOME = newHome();
    await runCosign(INITIALIZE, open({ HOME }));
    expect(await runRealCosign(cosign, VERIFY, { home: HOME })).toEqual(VERIFIED);
  });

  test('that the real cosign made is used by us', async () => {
    const home = newHome();
    expect(await runRealCosign(cosign, INITIALIZE, { home })).toEqual({ status: 0, stdout: '', stderr: '' });
    // Its file times are the machine's, which the tests' clock does not know: we ask the mirror.
    expect(await runCosign(VERIFY, open({ HOME: home }))).toEqual(VERIFIED);
    expect(await runCosign(VERIFY, { env: { HOME: home, ASSAY_OFFLINE: '1' } })).toEqual(VERIFIED);
  });
});
