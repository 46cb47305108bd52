import dns from 'node:dns';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { breakTufRepository, type TufRepository } from '@assay/make';
import { createHttpClient } from '@assay/net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { bytes, DAY_MS, filesBelow, later, MINUTE_MS, type Mirror, mirrorOf, NOW, repositoryWithRoot, temporaryFolder, text } from '../test/mirror.ts';
import { embeddedPublicRoot, embeddedRepository, fetchTarget, type LoadedTarget, loadTrustedRoot, mirrorFolder, type TrustedRootOptions } from './index.ts';

interface Setup {
  readonly mirror: Mirror;
  readonly repository: TufRepository;
  readonly cacheDir: string;
  readonly folder: string;
  readonly warned: string[];
  load(options?: Partial<TrustedRootOptions>): Promise<LoadedTarget>;
}

async function setup(): Promise<Setup> {
  const repository = repositoryWithRoot();
  const mirror = await mirrorOf(repository);
  const cacheDir = temporaryFolder();
  const warned: string[] = [];
  const http = client();
  const load: Setup['load'] = (options = {}) =>
    loadTrustedRoot({
      http,
      now: NOW,
      cacheDir,
      tufMirror: mirror.url,
      initialRoot: repository.initialRoot,
      warn: (warning) => void warned.push(warning),
      ...options,
    });
  return { mirror, repository, cacheDir, folder: mirrorFolder(cacheDir, mirror.url), warned, load };
}

function client(): TrustedRootOptions['http'] {
  const http = createHttpClient({ retries: 0 });
  onTestFinished(() => http.close());
  return http;
}

function forbidNetwork(): void {
  const forbidden = (): never => {
    throw new Error('the network was touched');
  };
  vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(forbidden);
  vi.spyOn(dns, 'lookup').mockImplementation(forbidden as never);
  onTestFinished(() => void vi.restoreAllMocks());
}

describe('a reachable mirror', () => {
  test('is asked once a day', async () => {
    const { mirror, repository, load, folder, warned } = await setup();
    expect(await load()).toMatchObject({ bytes: bytes('root 1'), source: { kind: 'tuf', location: mirror.url, obtainedAt: NOW, ageMs: 0 }, warnings: [] });
    const asked = mirror.requests.length;
    repository.publish({ targets: { 'trusted_root.json': bytes('root 2') } });
    const cached = await load({ now: later(DAY_MS - 1) });
    expect({ ...cached, bytes: text(cached.bytes) }).toEqual({
      bytes: 'root 1',
      source: { kind: 'cache', location: join(folder, 'targets', 'trusted_root.json'), obtainedAt: NOW, ageMs: DAY_MS - 1 },
      warnings: [],
    });
    expect(mirror.requests).toHaveLength(asked);
    expect(text((await load({ now: later(DAY_MS) })).bytes)).toBe('root 2');
    expect(warned).toEqual([]);
  });

  test('is asked again when the clock went back behind the last refresh', async () => {
    const { load } = await setup();
    await load({ now: later(DAY_MS) });
    expect((await load({ now: NOW })).source.kind).toBe('tuf');
  });

  test('is asked again when the cached copy is damaged', async () => {
    const { load, folder } = await setup();
    await load();
    writeFileSync(join(folder, 'targets', 'trusted_root.json'), 'root X');
    expect(await load()).toMatchObject({ bytes: bytes('root 1'), source: { kind: 'tuf' } });
  });

  test('is asked for other targets too, which are cached as well', async () => {
    const { mirror, repository, cacheDir } = await setup();
    repository.publish({ targets: { 'signing_config.v0.2.json': bytes('config') } });
    const options = { http: client(), now: NOW, cacheDir, tufMirror: mirror.url, initialRoot: repository.initialRoot };
    expect((await fetchTarget('signing_config.v0.2.json', options)).source.kind).toBe('tuf');
    expect(await fetchTarget('signing_config.v0.2.json', options)).toMatchObject({ bytes: bytes('config'), source: { kind: 'cache' } });
    expect((await caught(fetchTarget('nothing.json', options))).code).toBe('TUF_TARGET');
  });

  test('whose instance was made anew is trusted through the new initial root, not before', async () => {
    const { load, mirror, repository } = await setup();
    await load();
    const anew = repositoryWithRoot({ targets: { 'trusted_root.json': bytes('anew') } });
    repository.files.clear();
    for (const [path, content] of anew.files) repository.files.set(path, content);
    expect((await caught(load({ now: later(DAY_MS) }))).code).toBe('TUF_METADATA');
    expect(await load({ initialRoot: anew.initialRoot })).toMatchObject({ bytes: bytes('anew'), source: { kind: 'tuf' } });
    expect((await load({ initialRoot: anew.initialRoot })).source.kind).toBe('cache');
    expect(mirror.requests.length).toBeGreaterThan(0);
  });

  test('needs an initial root: as bytes, as a file, or from an earlier run', async () => {
    const { load, repository, cacheDir } = await setup();
    const http = client();
    expect(await caught(load({ http, initialRoot: undefined as never }))).toMatchObject({
      code: 'TUF_CACHE',
      message: expect.stringContaining('could not find cached root.json'),
    });
    const file = join(cacheDir, 'root.json');
    expect((await caught(load({ initialRoot: { file } }))).code).toBe('FILE_NOT_FOUND');
    writeFileSync(file, repository.initialRoot);
    expect((await load({ initialRoot: { file } })).source.kind).toBe('tuf');
    expect((await load({ initialRoot: undefined as never, now: later(2 * DAY_MS) })).source.kind).toBe('tuf');
  });
});

describe('a mirror that fails', () => {
  test.each(['down', 'silent'] as const)('(%s) leaves the last good root in use, with a warning that names its age', async (mode) => {
    const { mirror, load, warned } = await setup();
    await load();
    mirror.mode = mode;
    const { bytes: content, source, warnings } = await load({ now: later(3 * DAY_MS), waitMs: 60 });
    expect(text(content)).toBe('root 1');
    expect(source).toMatchObject({ kind: 'cache', obtainedAt: NOW, ageMs: 3 * DAY_MS });
    const reason = mode === 'down' ? `${mirror.url}/2.root.json: server returned HTTP 503` : `${mirror.url}: no update within 60 ms`;
    expect(warnings).toEqual([`trusted_root.json could not be refreshed, using the copy confirmed 3 days ago: ${reason}`]);
    expect(warned).toEqual(warnings);
  });

  test('is not asked again for ten minutes, then it is', async () => {
    const { mirror, load } = await setup();
    await load();
    mirror.mode = 'down';
    await load({ now: later(DAY_MS) });
    const asked = mirror.requests.length;
    const again = await load({ now: later(DAY_MS + 4 * MINUTE_MS) });
    expect(again.warnings[0]).toContain('using the copy confirmed 1 day ago: NET_STATUS');
    expect(again.warnings[0]).toContain('(4 minutes ago)');
    expect(mirror.requests).toHaveLength(asked);
    mirror.mode = 'up';
    expect((await load({ now: later(DAY_MS + 10 * MINUTE_MS) })).source.kind).toBe('tuf');
    expect((await load({ now: later(DAY_MS + 11 * MINUTE_MS) })).warnings).toEqual([]);
  });

  test('is an error when there is nothing to fall back on, and is asked each time then', async () => {
    const { mirror, load } = await setup();
    mirror.mode = 'down';
    expect((await caught(load())).code).toBe('NET_STATUS');
    mirror.mode = 'up';
    expect((await load()).source.kind).toBe('tuf');
  });

  test('because its metadata expired, leaves the last good root in use', async () => {
    const { load } = await setup();
    await load();
    const { bytes: content, warnings } = await load({ now: later(30 * DAY_MS) });
    expect(text(content)).toBe('root 1');
    expect(warnings[0]).toMatch(/confirmed 30 days ago: .*timestamp\.json is expired/u);
  });

  test('because what it serves does not verify, is never passed over, and changes nothing', async () => {
    const { load, repository, folder } = await setup();
    await load();
    const before = filesBelow(folder);
    breakTufRepository(repository, 'foreign-timestamp');
    for (const minutes of [0, 1]) expect((await caught(load({ now: later(DAY_MS + minutes * MINUTE_MS) }))).code).toBe('TUF_METADATA');
    expect(filesBelow(folder)).toEqual(before);
  });

  test('is refused when a fresh root was demanded, also within the ten minutes', async () => {
    const { mirror, load } = await setup();
    await load();
    mirror.mode = 'down';
    for (const minutes of [0, 1]) {
      const error = await caught(load({ now: later(DAY_MS + minutes * MINUTE_MS), requireFresh: true }));
      expect(error).toMatchObject({ code: 'TRUST_ROOT_STALE', message: expect.stringContaining('confirmed 1 day ago') });
    }
    expect((await load({ now: later(DAY_MS - 1), requireFresh: true })).source.kind).toBe('cache');
    mirror.mode = 'up';
    expect((await load({ now: later(DAY_MS + 2 * MINUTE_MS), requireFresh: true })).source.kind).toBe('tuf');
  });

  test('for public Sigstore leaves the embedded root in use', async () => {
    const http = { request: () => Promise.reject(new Error('replaced')), stream: () => Promise.reject(new Error('replaced')), close: () => undefined };
    const unreachable = createHttpClient({
      retries: 0,
      lookup: ((_host: string, _options: unknown, callback: (error: Error) => void) => callback(Object.assign(new Error(), { code: 'ENOTFOUND' }))) as never,
    });
    onTestFinished(() => unreachable.close());
    const cacheDir = temporaryFolder();
    const { bytes: content, source, warnings } = await loadTrustedRoot({ http: unreachable, now: NOW, cacheDir });
    expect(Buffer.compare(content, await embeddedPublicRoot())).toBe(0);
    expect(source).toEqual({ kind: 'embedded', location: (await embeddedRepository('https://tuf-repo-cdn.sigstore.dev'))?.packageVersion });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^trusted_root\.json could not be refreshed, using the copy embedded in @sigstore\/tuf \d+\.\d+\.\d+: tuf-repo-cdn\.sigstore\.dev: no such host/u,
      ),
    ]);
    // A bug is no reason to fall back.
    await expect(loadTrustedRoot({ http, now: later(DAY_MS), cacheDir })).rejects.toThrow('replaced');
  });
});

describe('offline', () => {
  test('uses the cached root of any age without a socket and without a warning', async () => {
    const { load } = await setup();
    await load();
    forbidNetwork();
    expect(await load({ offline: true, now: later(400 * DAY_MS) })).toMatchObject({
      bytes: bytes('root 1'),
      source: { kind: 'cache', ageMs: 400 * DAY_MS },
      warnings: [],
    });
    expect((await caught(load({ offline: true, now: later(400 * DAY_MS), requireFresh: true }))).code).toBe('TRUST_ROOT_STALE');
  });

  test('uses the embedded root of public Sigstore', async () => {
    forbidNetwork();
    const { source, warnings } = await loadTrustedRoot({ http: client(), now: NOW, cacheDir: temporaryFolder(), offline: true });
    expect(source.kind).toBe('embedded');
    expect(warnings).toEqual([]);
  });

  test('has no root for another mirror that was never asked', async () => {
    const { load, folder } = await setup();
    forbidNetwork();
    expect((await caught(load({ offline: true }))).code).toBe('TRUST_ROOT_MISSING');
    expect(existsSync(folder)).toBe(false);
  });

  test('uses a cache that another tool made in the same layout', async () => {
    const { load, folder } = await setup();
    await load();
    rmSync(join(folder, 'assay-state'));
    const written = new Date('2026-08-20T00:00:00Z');
    utimesSync(join(folder, 'targets', 'trusted_root.json'), written, written);
    expect(await load({ offline: true })).toMatchObject({ bytes: bytes('root 1'), source: { kind: 'cache', obtainedAt: written } });
  });

  test.each(['targets.json', 'targets/trusted_root.json'])('does not use a cached root whose %s was changed', async (name) => {
    const { load, folder } = await setup();
    await load();
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'latin1').replace('1', '2'), 'latin1');
    writeFileSync(join(folder, 'targets.json'), readFileSync(join(folder, 'targets.json'), 'utf8').replace(/"sha256": "./u, '"sha256": "x'));
    expect((await caught(load({ offline: true }))).code).toBe('TRUST_ROOT_MISSING');
  });
});

describe('a file', () => {
  test('replaces everything: no mirror, no cache, no freshness', async () => {
    const { load, mirror, cacheDir } = await setup();
    const file = join(cacheDir, 'my_root.json');
    expect((await caught(load({ trustedRootFile: file }))).code).toBe('FILE_NOT_FOUND');
    writeFileSync(file, 'mine');
    expect(await load({ trustedRootFile: file, requireFresh: true, offline: true })).toMatchObject({
      bytes: bytes('mine'),
      source: { kind: 'file', location: file },
      warnings: [],
    });
    expect(mirror.requests).toEqual([]);
  });
});

describe('the cache folder', () => {
  test('that cannot be written costs a warning, not the verification', async () => {
    const { load, folder, cacheDir } = await setup();
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(folder, 'in the way');
    const { source, warnings } = await load();
    expect(source.kind).toBe('tuf');
    expect(warnings[0]).toContain('cannot be written');
  });

  test('of one mirror is not used for another with the same folder name', async () => {
    const { load, folder, cacheDir, mirror } = await setup();
    await load();
    const other = `${mirror.url.replace('http:', 'https:')}`;
    expect(mirrorFolder(cacheDir, other)).toBe(folder);
    expect(await caught(load({ tufMirror: other, offline: true }))).toMatchObject({
      code: 'TUF_CACHE',
      message: `the TUF cache ${folder} belongs to ${mirror.url}, not to ${other}`,
    });
  });

  test('can be moved', async () => {
    const { load, cacheDir } = await setup();
    await load();
    const copy = temporaryFolder();
    cpSync(cacheDir, copy, { recursive: true });
    expect((await load({ cacheDir: copy, offline: true })).source.kind).toBe('cache');
  });

  test('of an older release gives way to a newer embedded root', async () => {
    const cacheDir = temporaryFolder();
    const folder = mirrorFolder(cacheDir, 'https://tuf-repo-cdn.sigstore.dev');
    const repository = repositoryWithRoot();
    mkdirSync(join(folder, 'targets'), { recursive: true });
    writeFileSync(join(folder, 'root.json'), repository.initialRoot);
    writeFileSync(join(folder, 'targets.json'), repository.files.get('1.targets.json') as Uint8Array);
    writeFileSync(join(folder, 'targets', 'trusted_root.json'), 'root 1');
    const options = { http: client(), now: NOW, cacheDir, offline: true };
    expect((await loadTrustedRoot(options)).source.kind).toBe('embedded');
    const newer = readFileSync(join(folder, 'root.json'), 'utf8').replace('"version": 1', '"version": 99999');
    writeFileSync(join(folder, 'root.json'), newer);
    expect(await loadTrustedRoot(options)).toMatchObject({ bytes: bytes('root 1'), source: { kind: 'cache' } });
  });
});
