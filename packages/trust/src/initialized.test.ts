import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTrustError, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { createInstance } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { bytes, type Mirror, mirrorOf, NOW, repositoryWithRoot, temporaryFolder } from '../test/mirror.ts';
import { fetchTarget, type InitializeOptions, initialize, initializedFolder, initializedSettings, SIGNING_CONFIG, TRUSTED_ROOT } from './index.ts';

const trustedRoot = utf8(JSON.stringify(createInstance().trustedRoot()));
const signingConfig = utf8('{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}');

interface Setup {
  readonly mirror: Mirror;
  readonly folder: string;
  readonly run: (options?: Partial<InitializeOptions>) => ReturnType<typeof initialize>;
}

async function setup(targets: Readonly<Record<string, Uint8Array>> = { [TRUSTED_ROOT]: trustedRoot, [SIGNING_CONFIG]: signingConfig }): Promise<Setup> {
  const repository = repositoryWithRoot({ targets });
  const mirror = await mirrorOf(repository);
  const folder = join(temporaryFolder(), 'root');
  const http = createHttpClient({ retries: 0 });
  onTestFinished(() => http.close());
  return { mirror, folder, run: (options) => initialize({ http, now: NOW, folder, mirror: mirror.url, initialRoot: repository.initialRoot, ...options }) };
}

describe('initialize', () => {
  test('leaves a folder with the mirror and its targets, for its owner alone', async () => {
    const { mirror, folder, run } = await setup();
    const { trustedRoot: root, signingConfig: config } = await run();
    expect(root).toMatchObject({ bytes: trustedRoot, source: { kind: 'tuf' }, warnings: [] });
    expect(config).toMatchObject({ bytes: signingConfig });
    expect(readFileSync(join(folder, 'remote.json'), 'utf8')).toBe(JSON.stringify({ mirror: mirror.url }));
    expect([statSync(folder).mode & 0o777, statSync(join(folder, 'remote.json')).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  test('removes what another mirror left', async () => {
    const first = await setup();
    await first.run();
    const second = await setup();
    await second.run({ folder: first.folder });
    expect(readdirSync(first.folder).toSorted()).toEqual([second.mirror.url.replace('http://', '').replace(':', '-'), 'remote.json'].toSorted());
  });

  test('needs no signing configuration, and says why there is none', async () => {
    const { run } = await setup({ [TRUSTED_ROOT]: trustedRoot });
    const { signingConfig: config } = await run();
    expect(isTrustError(config) && config.code).toBe('TUF_TARGET');
  });

  test.each([
    ['no trusted root', {}, 'TUF_TARGET'],
    ['a trusted root that is none', { [TRUSTED_ROOT]: bytes('root') }, 'TRUST_ROOT_PARSE'],
  ])('fails with %s', async (_, targets, code) => {
    const { run } = await setup(targets);
    expect((await caught(run())).code).toBe(code);
  });

  test('fails with a root that the mirror does not come from, and trusts nothing afterwards', async () => {
    const { mirror, folder, run } = await setup();
    expect((await caught(run({ initialRoot: repositoryWithRoot().initialRoot }))).code).toMatch(/^TUF_/);
    const http = createHttpClient({ retries: 0 });
    onTestFinished(() => http.close());
    expect((await caught(fetchTarget(TRUSTED_ROOT, { http, now: NOW, cacheDir: folder, tufMirror: mirror.url }))).message).toContain('could not find cached');
  });

  test('without a root trusts what public Sigstore signed, whoever serves it', async () => {
    const { run } = await setup();
    expect((await caught(run({ initialRoot: undefined as never }))).code).toMatch(/^TUF_/);
  });

  test('does not take what is embedded for what the mirror has', async () => {
    const http = createHttpClient({ offline: true });
    onTestFinished(() => http.close());
    const failure = await caught(initialize({ http, now: NOW, folder: temporaryFolder(), mirror: 'https://tuf-repo-cdn.sigstore.dev' }));
    expect(failure.code).toBe('TRUST_ROOT_STALE');
  });

  test('removes nothing for a mirror that is no URL', async () => {
    const { folder, run } = await setup();
    mkdirSync(folder);
    writeFileSync(join(folder, 'kept'), '');
    expect((await caught(run({ mirror: 'bucket' }))).code).toBe('NET_URL');
    expect(existsSync(join(folder, 'kept'))).toBe(true);
  });

  test('says when its folder cannot be made', async () => {
    const { folder, run } = await setup();
    writeFileSync(folder, 'a file');
    expect((await caught(run())).code).toBe('TUF_CACHE');
  });
});

describe('initializedFolder', () => {
  test.each([
    [{ HOME: '/home/user' }, '/home/user/.sigstore/root'],
    [{ HOME: '/home/user', TUF_ROOT: '/t' }, '/t'],
    [{ HOME: '/home/user', TUF_ROOT: '' }, '/home/user/.sigstore/root'],
  ])('%j: %s', (env, folder) => {
    expect(initializedFolder(env)).toBe(folder);
  });
});

describe('initializedSettings', () => {
  /** A home where `cosign initialize` was run; `remote` is what it left. */
  function home(remote: string): string {
    const folder = temporaryFolder();
    mkdirSync(join(folder, '.sigstore', 'root'), { recursive: true });
    writeFileSync(join(folder, '.sigstore', 'root', 'remote.json'), remote);
    return folder;
  }

  test('are those of the environment before anything was initialized', () => {
    expect(initializedSettings({ HOME: '/nowhere', TUF_MIRROR: 'https://m' })).toEqual({
      offline: false,
      cacheDir: '/nowhere/.cache/assay/tuf',
      tufMirror: 'https://m',
    });
  });

  test('follow what was initialized', () => {
    const HOME = home('{"mirror":"https://tuf.example"}');
    expect(initializedSettings({ HOME })).toEqual({ offline: false, cacheDir: join(HOME, '.sigstore', 'root'), tufMirror: 'https://tuf.example' });
  });

  test('put TUF_MIRROR first', () => {
    expect(initializedSettings({ HOME: home('{"mirror":"https://tuf.example"}'), TUF_MIRROR: 'https://m' }).tufMirror).toBe('https://m');
  });

  test('look in TUF_ROOT', () => {
    const TUF_ROOT = join(home('{"mirror":"https://tuf.example"}'), '.sigstore', 'root');
    expect(initializedSettings({ HOME: '/nowhere', TUF_ROOT })).toMatchObject({ cacheDir: TUF_ROOT, tufMirror: 'https://tuf.example' });
  });

  test.each(['', 'x', '[]', '{}', '{"mirror":1}'])('cannot be made of %j', (remote) => {
    expect(() => initializedSettings({ HOME: home(remote) })).toThrow(expect.objectContaining({ code: 'TUF_CACHE' }));
  });
});
