import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { writeHelper } from '../test/helper-script.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { createKeychain, type KeychainOptions } from './keychain.ts';
import { removeLogin, storeLogin } from './login.ts';

const ME = { username: 'me', password: 'p:w' };
const AUTH = Buffer.from('me:p:w').toString('base64');

/** A home folder, with the configuration if there is one. */
function home(config?: object | string): { options: KeychainOptions; path: string; read: () => unknown; folder: string } {
  const folder = temporaryFolder();
  const path = join(folder, '.docker', 'config.json');
  if (config !== undefined) {
    mkdirSync(join(folder, '.docker'));
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  }
  return { options: { env: {}, home: folder }, path, folder, read: () => JSON.parse(readFileSync(path, 'utf8')) };
}

describe('a login', () => {
  test('makes the file and its folder, for nobody else to read, and is found by a keychain', async () => {
    const { options, path, read, folder } = home();
    expect(await storeLogin('ghcr.io', ME, options)).toEqual({ path });
    expect(read()).toEqual({ auths: { 'ghcr.io': { auth: AUTH } } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, '.docker')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, '.docker'))).toEqual(['config.json']);
    expect(await createKeychain(options).credentialsFor('ghcr.io')).toEqual({ kind: 'basic', ...ME });
  });

  test('goes to $DOCKER_CONFIG', async () => {
    const { options, folder } = home();
    expect(await storeLogin('ghcr.io', ME, { ...options, env: { DOCKER_CONFIG: join(folder, 'else', 'where') } })).toEqual({
      path: join(folder, 'else', 'where', 'config.json'),
    });
  });

  test.each([
    ['ghcr.io', 'ghcr.io'],
    ['localhost:5000', 'localhost:5000'],
    ['docker.io', 'https://index.docker.io/v1/'],
    ['index.docker.io', 'https://index.docker.io/v1/'],
  ])('of %s is kept under the key %s', async (host, key) => {
    const { options, read } = home();
    await storeLogin(host, ME, options);
    expect(read()).toEqual({ auths: { [key]: { auth: AUTH } } });
  });

  test('keeps all else that is in the file, and closes it to others', async () => {
    const text = `{"HttpHeaders":{"X":"y"},"__proto__":{"a":1},"auths":{"quay.io":{"auth":"${AUTH}","email":"e"},"ghcr.io/team":{"auth":"${AUTH}"}},"big":12345678901234567890,"unknown":[1.5,null,true]}`;
    const { options, path, read } = home(text);
    chmodSync(path, 0o644);
    await storeLogin('ghcr.io', ME, options);
    expect(read()).toEqual({ ...JSON.parse(text), auths: { ...JSON.parse(text).auths, 'ghcr.io': { auth: AUTH } } });
    expect(readFileSync(path, 'utf8')).toContain('"big": 12345678901234567890');
    expect(readFileSync(path, 'utf8')).toContain('"__proto__"');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('replaces an older one, whatever its key', async () => {
    const { options, read } = home({ auths: { 'https://ghcr.io/v1/': { auth: 'old', email: 'e' }, 'ghcr.io': { identitytoken: 'old' } } });
    await storeLogin('ghcr.io', ME, options);
    expect(read()).toEqual({ auths: { 'ghcr.io': { auth: AUTH } } });
  });

  test('writes through a link', async () => {
    const { options, path, folder } = home();
    mkdirSync(join(folder, '.docker'));
    writeFileSync(join(folder, 'real.json'), '{"x":1}');
    symlinkSync(join(folder, 'real.json'), path);
    await storeLogin('ghcr.io', ME, options);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'real.json'), 'utf8'))).toMatchObject({ x: 1, auths: { 'ghcr.io': { auth: AUTH } } });
  });

  test.each(['', 'a:b'])('of the user "%s" cannot be kept in a file', async (username) => {
    const { options, path } = home();
    expect((await caught(storeLogin('ghcr.io', { username, password: 'hunter2' }, options))).code).toBe('USAGE');
    expect(existsSync(path)).toBe(false);
  });

  test('never replaces a file that cannot be read', async () => {
    const { options, path } = home('{"auths":');
    expect((await caught(storeLogin('ghcr.io', ME, options))).code).toBe('AUTH_CONFIG');
    expect(readFileSync(path, 'utf8')).toBe('{"auths":');
  });

  test('that cannot be written names the file and leaves nothing behind', async () => {
    const { options, folder } = home();
    writeFileSync(join(folder, '.docker'), 'in the way');
    // A file where the folder should be is read as no configuration, but nothing can be written below it.
    const error = await caught(storeLogin('ghcr.io', ME, options));
    expect(error).toMatchObject({ code: 'AUTH_CONFIG', message: expect.stringContaining('cannot be written (') });
    expect(readdirSync(folder)).toEqual(['.docker']);
  });
});

describe('a logout', () => {
  test('forgets every key of the registry, and nothing else', async () => {
    const others = { 'quay.io': { auth: AUTH }, 'ghcr.io/team': { auth: AUTH } };
    const { options, path, read } = home({ auths: { 'ghcr.io': { auth: AUTH }, 'https://ghcr.io/v1/': { auth: AUTH }, ...others }, other: 1 });
    expect(await removeLogin('ghcr.io', options)).toEqual({ path });
    expect(read()).toEqual({ auths: others, other: 1 });
    expect(await createKeychain(options).credentialsFor('ghcr.io')).toBeUndefined();
  });

  test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('of %s forgets Docker Hub', async (host) => {
    const { options, read } = home({ auths: { 'https://index.docker.io/v1/': { auth: AUTH }, 'docker.io': { auth: AUTH } } });
    await removeLogin(host, options);
    expect(read()).toEqual({ auths: {} });
  });

  test('without a login before leaves the file as it is', async () => {
    const text = '{ "auths": {}, "x":   1 }';
    const { options, path } = home(text);
    await removeLogin('ghcr.io', options);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('without a file makes none', async () => {
    const { options, path } = home();
    expect(await removeLogin('ghcr.io', options)).toEqual({ path });
    expect(existsSync(path)).toBe(false);
  });
});

describe('with a credential helper', () => {
  function withHelper(config: object, body = 'true') {
    const made = home(config);
    const { PATH, calls } = writeHelper(made.folder, 'it', body);
    return { ...made, calls, options: { ...made.options, env: { PATH } } };
  }

  test.each<[string, object]>([
    ['the one of the registry', { credHelpers: { 'ghcr.io': 'it' }, credsStore: 'other' }],
    ['the one for all', { credsStore: 'it' }],
  ])('%s keeps the login; the file holds an empty entry', async (_, config) => {
    const { options, path, read, calls } = withHelper({ ...config, auths: { 'ghcr.io': { auth: 'old' } } });
    expect(await storeLogin('ghcr.io', { username: 'a:b', password: 'hunter2' }, options)).toEqual({ path });
    expect(calls()).toEqual(['store {"ServerURL":"ghcr.io","Username":"a:b","Secret":"hunter2"}']);
    expect(read()).toEqual({ ...config, auths: { 'ghcr.io': {} } });
  });

  test('it is asked to erase', async () => {
    const { options, read, calls } = withHelper({ credsStore: 'it', auths: { 'https://index.docker.io/v1/': {} } });
    await removeLogin('docker.io', options);
    expect(calls()).toEqual(['erase https://index.docker.io/v1/']);
    expect(read()).toEqual({ credsStore: 'it', auths: {} });
  });

  test('that ends without reading is no failure, if it says so', async () => {
    const { options, folder } = withHelper({ credsStore: 'it' });
    writeFileSync(join(folder, 'docker-credential-it'), '#!/bin/sh\nexit 0\n');
    // More than a pipe holds: writing it fails.
    await storeLogin('ghcr.io', { username: 'me', password: 'x'.repeat(1_000_000) }, options);
  });

  test('nothing to erase is no failure', async () => {
    const { options } = withHelper({ credsStore: 'it' }, 'echo credentials not found in native keychain; exit 1');
    await removeLogin('ghcr.io', options);
  });

  test.each([
    ['store', (options: KeychainOptions) => storeLogin('ghcr.io', { username: 'me', password: 'hunter2' }, options)],
    ['erase', (options: KeychainOptions) => removeLogin('ghcr.io', options)],
  ])('that fails to %s, the file stays as it is', async (action, change) => {
    const config = { credsStore: 'it', auths: { 'ghcr.io': { auth: AUTH } } };
    const { options, read } = withHelper(config, 'echo "$input"; exit 1');
    const error = await caught(change(options));
    expect(error).toMatchObject({ code: 'AUTH_HELPER', message: `docker-credential-it ${action} failed (exit status 1)` });
    expect(read()).toEqual(config);
  });
});

const crane = findCrane();
if (crane === undefined) console.warn('tests against the real crane are skipped: no crane on PATH or in ASSAY_TESTBED');

function findCrane(): string | undefined {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  return [...(process.env['PATH'] ?? '').split(':'), join(testbed, 'crane-0.22.1')].map((folder) => join(folder, 'crane')).find((path) => existsSync(path));
}

describe.skipIf(crane === undefined)('the real crane', () => {
  function run({ home, env }: KeychainOptions, ...args: string[]): { status: number | null; stdout: string } {
    return spawnSync(crane ?? '', ['auth', ...args], { env: { HOME: home, ...env }, encoding: 'utf8' });
  }

  test.each(['ghcr.io', 'localhost:5000', 'index.docker.io'])('finds what we stored for %s, and we what it stored', async (host) => {
    const { options } = home({ auths: { 'quay.io': { auth: AUTH } } });
    await storeLogin(host, ME, options);
    expect(JSON.parse(run(options, 'get', host).stdout)).toEqual({ Username: 'me', Secret: 'p:w' });
    expect(run(options, 'login', host, '-u', 'you', '-p', 'secret').status).toBe(0);
    expect(await createKeychain(options).credentialsFor(host)).toEqual({ kind: 'basic', username: 'you', password: 'secret' });
    await removeLogin(host, options);
    expect(run(options, 'get', host)).toMatchObject({ status: 1, stdout: 'credentials not found in native keychain\n' });
  });

  test('serves us as a credential helper', async () => {
    const { options, folder } = home({ auths: { 'ghcr.io': { auth: AUTH }, 'quay.io': { identitytoken: 'refresh' } } });
    const { PATH } = writeHelper(folder, 'crane', `unset DOCKER_CONFIG; printf %s "$input" | HOME='${folder}' '${crane}' auth "$1"`);
    const config = join(folder, 'ours');
    mkdirSync(config);
    writeFileSync(join(config, 'config.json'), '{"credsStore":"crane"}');
    const { credentialsFor } = createKeychain({ ...options, env: { PATH, DOCKER_CONFIG: config } });
    expect(await credentialsFor('ghcr.io')).toEqual({ kind: 'basic', ...ME });
    expect(await credentialsFor('quay.io')).toEqual({ kind: 'identity-token', token: 'refresh' });
    expect(await credentialsFor('gcr.io')).toBeUndefined();
  });
});
