/** The real clients of the field against the registry. Each is looked for in the testbed (ASSAY_TESTBED) and on PATH; without it its tests skip. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf, putImage, type RegistryOptions, serveRegistry } from './index.ts';

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const USER = { username: 'someone', password: 'secret' };

/** A registry, an empty home to run in, and the tool. */
async function open(tool: string, options: RegistryOptions = {}) {
  const registry = await serveRegistry(options);
  const home = mkdtempSync(join(tmpdir(), 'registry-'));
  onTestFinished(async () => {
    await registry.close();
    rmSync(home, { recursive: true });
  });
  const attempt = (...argv: readonly string[]): Promise<Run> => runTool(tool, argv, home);
  const run = async (...argv: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await attempt(...argv);
    expect(status, stderr).toBe(0);
    return stdout.trim();
  };
  const login = (auth: object): void => {
    mkdirSync(join(home, '.docker'), { recursive: true });
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths: { [registry.host]: auth } }));
  };
  return { registry, content: registry.content, host: registry.host, home, attempt, run, login };
}

const crane = findTool('crane', '0.22.1');
describe.skipIf(crane === '')('crane', () => {
  const basic = { auth: Buffer.from(`${USER.username}:${USER.password}`).toString('base64') };

  test.each([
    ['', {}],
    [' with bearer tokens', { auth: { kind: 'bearer', ...USER } }],
    [' with basic credentials', { auth: { kind: 'basic', ...USER } }],
    [' with absolute locations', { locations: 'absolute' }],
    [' where mounts are refused', { mounts: 'refused' }],
  ] as const)('push, digest, ls, manifest, pull, copy and delete%s', async (_, options) => {
    const { run, login, host, content, home } = await open(crane, options);
    if ('auth' in options) login(basic);
    const layer = join(home, 'file.txt');
    writeFileSync(layer, 'in the layer');
    const tar = join(home, 'layer.tar');
    await runTool('/bin/tar', ['-cf', tar, '-C', home, 'file.txt'], home);
    await run('append', '--oci-empty-base', '-f', tar, '-t', `${host}/team/app:v1`);
    const digest = await run('digest', `${host}/team/app:v1`);
    expect(content.getManifest('team/app', 'v1')?.digest).toBe(digest);
    expect(digestOf(Buffer.from(await run('manifest', `${host}/team/app@${digest}`)))).toBe(digest);

    const pulled = join(home, 'pulled.tar');
    await run('pull', `${host}/team/app:v1`, pulled);
    await run('push', pulled, `${host}/team/app:v2`);
    expect(await run('ls', `${host}/team/app`)).toBe('v1\nv2');

    await run('copy', `${host}/team/app:v1`, `${host}/other:copied`);
    expect(content.getManifest('other', 'copied')?.digest).toBe(digest);
    expect(await run('export', `${host}/other:copied`, '-')).toContain('in the layer');

    await run('delete', `${host}/other@${digest}`);
    expect(content.tags('other')).toEqual([]);
  });

  test('lists tags over pages', async () => {
    const { run, host, content } = await open(crane, { tagsPageSize: 2 });
    const tags = ['a', 'b', 'c', 'd', 'e'];
    for (const tag of tags) putImage(content, 'app', { tag });
    expect(await run('ls', `${host}/app`)).toBe(tags.join('\n'));
  });

  // Reading only: crane cannot send a streamed layer a second time when its token ends within a push.
  test('gets another token when one is used up', async () => {
    const { run, login, host, content, registry } = await open(crane, { tagsPageSize: 1, auth: { kind: 'bearer', ...USER, requestsPerToken: 2 } });
    login(basic);
    const tags = ['a', 'b', 'c', 'd', 'e'];
    for (const tag of tags) putImage(content, 'app', { tag });
    expect(await run('ls', `${host}/app`)).toBe(tags.join('\n'));
    expect(registry.requests.filter(({ path }) => path.startsWith('/token'))).toHaveLength(3);
  });

  test('gets a token with the identity token of a login', async () => {
    const { run, login, host, content, registry } = await open(crane, { auth: { kind: 'bearer', ...USER, identityToken: 'from-login' } });
    login({ identitytoken: 'from-login', username: '<token>' });
    const { digest } = putImage(content, 'app', { tag: 'v1' });
    expect(await run('digest', `${host}/app:v1`)).toBe(digest);
    expect(registry.requests.some(({ form }) => form?.get('refresh_token') === 'from-login')).toBe(true);
  });

  test('follows a blob to another server, and leaves its token behind', async () => {
    const store = await serveRegistry();
    onTestFinished(() => store.close());
    const { run, login, host, content } = await open(crane, { auth: { kind: 'bearer', ...USER }, content: store.content, blobRedirect: store.url });
    login(basic);
    const { digest } = content.putBlob('app', Buffer.from('elsewhere'));
    expect(await run('blob', `${host}/app@${digest}`)).toBe('elsewhere');
    expect(store.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([['GET', undefined]]);
  });

  test('is refused with the wrong password', async () => {
    const { attempt, host, login } = await open(crane, { auth: { kind: 'bearer', ...USER } });
    login({ auth: Buffer.from('someone:else').toString('base64') });
    expect(await attempt('ls', `${host}/app`)).toMatchObject({ status: 1, stderr: expect.stringContaining('UNAUTHORIZED') });
  });

  test.each([
    ['other bytes of a blob', { lie: 'other-bytes', on: { path: /\/blobs\// } }],
    ['other bytes of a manifest', { lie: 'other-bytes', on: { path: /\/manifests\// } }],
    ['a truncated blob', { lie: 'truncated', on: { path: /\/blobs\// } }],
    ['malformed JSON', { lie: 'malformed-json', on: { path: /\/manifests\// } }],
  ] as const)('sees through %s', async (_, lie) => {
    const { attempt, host, home, content } = await open(crane, { lies: [lie] });
    const { digest } = putImage(content, 'app', { layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: new Uint8Array(10_240) }] });
    expect(await attempt('pull', `${host}/app@${digest}`, join(home, 'out.tar'))).toMatchObject({ status: 1 });
  });
});

const helm = findTool('helm', '3.22.0');
describe.skipIf(helm === '')('helm', () => {
  test.each([
    ['', {}],
    [' with basic credentials', { auth: { kind: 'basic', ...USER } }],
    [' with bearer tokens', { auth: { kind: 'bearer', ...USER } }],
  ] as const)('pushes and pulls a chart%s', async (_, options) => {
    const { run, host, home, content } = await open(helm, options);
    if ('auth' in options) await run('registry', 'login', host, '--plain-http', '-u', USER.username, '-p', USER.password);
    const chart = join(home, 'chart');
    mkdirSync(chart);
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: chart\nversion: 1.2.3\n');
    await run('package', chart, '-d', home);
    await run('push', join(home, 'chart-1.2.3.tgz'), `oci://${host}/charts`, '--plain-http');
    expect(content.tags('charts/chart')).toEqual(['1.2.3']);
    mkdirSync(join(home, 'pulled'));
    await run('pull', `oci://${host}/charts/chart`, '--version', '1.2.3', '--plain-http', '-d', join(home, 'pulled'));
    expect(readFileSync(join(home, 'pulled/chart-1.2.3.tgz'))).toEqual(readFileSync(join(home, 'chart-1.2.3.tgz')));
  });
});

const cosign = findTool('cosign', '3.1.3');
describe.skipIf(cosign === '')('cosign', () => {
  async function withKey(options: RegistryOptions) {
    const scene = await open(cosign, options);
    const key = join(scene.home, 'key');
    await scene.run('generate-key-pair', '--output-key-prefix', key);
    const { digest } = putImage(scene.content, 'app', { tag: 'v1' });
    const sign = () =>
      scene.attempt('sign', '--key', `${key}.key`, '--use-signing-config=false', '--tlog-upload=false', '--yes', `${scene.host}/app@${digest}`);
    const verify = (host: string, signed = digest) => scene.attempt('verify', '--key', `${key}.pub`, '--insecure-ignore-tlog', `${host}/app@${signed}`);
    return { ...scene, digest, sign, verify };
  }

  test.each([
    ['the referrers API', 'api'],
    ['the tag that stands for it', 'none'],
    ['the tag, after 400', 400],
  ] as const)('signs and verifies an image over %s', async (_, referrers) => {
    const { host, content, digest, sign, verify } = await withKey({ referrers });
    expect(await sign()).toMatchObject({ status: 0 });
    expect(content.tags('app')).toEqual(referrers === 'api' ? ['v1'] : [digest.replace(':', '-'), 'v1']);
    expect(await verify(host)).toMatchObject({ status: 0 });
    const other = putImage(content, 'app', { annotations: { not: 'signed' } });
    expect((await verify(host, other.digest)).status).not.toBe(0);
  });

  test('after 406 it finds the tag when it verifies, but does not sign', async () => {
    const { content, sign, verify } = await withKey({ referrers: 'none' });
    expect(await sign()).toMatchObject({ status: 0 });
    const front = await serveRegistry({ content, referrers: 406 });
    onTestFinished(() => front.close());
    expect(await verify(front.host)).toMatchObject({ status: 0 });
    const refusing = await withKey({ referrers: 406 });
    expect(await refusing.sign()).toMatchObject({ status: 1, stderr: expect.stringContaining('the referrers API is unsupported') });
  });
});

/** Every proxy leads nowhere, so that a lookup outside fails at once. */
function runTool(path: string, argv: readonly string[], home: string): Promise<Run> {
  const nowhere = 'http://127.0.0.1:9';
  const env = { HOME: home, PATH: '/usr/bin:/bin', COSIGN_PASSWORD: '', HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, NO_PROXY: '127.0.0.1' };
  return new Promise((resolve) => {
    const child = execFile(path, argv, { env, cwd: home, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** In the testbed the folder vouches for the version: what `go install` builds does not always know its own. */
function findTool(name: string, version: string): string {
  const testbed = join(process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed'), `${name}-${version}`, name);
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const found = existsSync(testbed) ? testbed : onPath.find((place) => existsSync(place) && isVersion(place, version));
  if (found === undefined) console.warn(`tests of the registry with ${name} are skipped: no ${name} ${version} in ASSAY_TESTBED or on PATH`);
  return found ?? '';
}

function isVersion(path: string, version: string): boolean {
  try {
    return execFileSync(path, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes(version);
  } catch {
    return false;
  }
}
