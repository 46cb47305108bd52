import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { writeHelper } from '../test/helper-script.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { createKeychain, type Keychain, type KeychainOptions } from './keychain.ts';

const pair = (text: string): string => Buffer.from(text).toString('base64');
const basic = (username: string, password: string): object => ({ kind: 'basic', username, password });

function write(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

/** A keychain over one Docker configuration. */
function keychain(config: unknown, options: Partial<KeychainOptions> = {}): Keychain & { path: string } {
  const home = temporaryFolder();
  const path = join(home, '.docker', 'config.json');
  write(path, config);
  return { ...createKeychain({ env: {}, home, ...options }), path };
}

describe('an entry', () => {
  const auth = pair('me:pw');
  test.each<[string, object, string, string | undefined, object | undefined]>([
    ['of the host', { 'ghcr.io': { auth } }, 'ghcr.io', undefined, basic('me', 'pw')],
    ['of the host and port', { 'localhost:5000': { auth } }, 'localhost:5000', 'a', basic('me', 'pw')],
    ['of another port', { 'localhost:5000': { auth } }, 'localhost:5001', 'a', undefined],
    ['of another host', { 'ghcr.io.evil.test': { auth }, 'evil-ghcr.io': { auth }, io: { auth } }, 'ghcr.io', 'a', undefined],
    ['in capitals', { 'GHCR.IO': { auth } }, 'Ghcr.io', undefined, basic('me', 'pw')],
    ['with a scheme', { 'https://ghcr.io': { auth } }, 'ghcr.io', undefined, basic('me', 'pw')],
    ['with a scheme and an API path', { 'https://ghcr.io/v1/': { auth } }, 'ghcr.io', 'a/b', basic('me', 'pw')],
    ['with an API path', { 'ghcr.io/v2/': { auth } }, 'ghcr.io', 'a/b', basic('me', 'pw')],
    ['of Docker Hub, its historical key', { 'https://index.docker.io/v1/': { auth } }, 'index.docker.io', 'library/alpine', basic('me', 'pw')],
    ['of Docker Hub, asked as docker.io', { 'https://index.docker.io/v1/': { auth } }, 'docker.io', undefined, basic('me', 'pw')],
    ['of Docker Hub, asked as registry-1', { 'https://index.docker.io/v1/': { auth } }, 'registry-1.docker.io', undefined, basic('me', 'pw')],
    ['of Docker Hub, as Podman names it', { 'docker.io': { auth } }, 'index.docker.io', undefined, basic('me', 'pw')],
    [
      'of Docker Hub under two keys: Docker writes the historical one',
      { 'docker.io': { auth: pair('old:pw') }, 'https://index.docker.io/v1/': { auth } },
      'index.docker.io',
      undefined,
      basic('me', 'pw'),
    ],
    ['under two keys: Docker writes the plain one', { 'https://ghcr.io': { auth: pair('old:pw') }, 'ghcr.io': { auth } }, 'ghcr.io', 'a', basic('me', 'pw')],
    ['that is empty beside one that is not', { 'ghcr.io': {}, 'https://ghcr.io': { auth } }, 'ghcr.io', 'a', basic('me', 'pw')],
    ['that is empty', { 'ghcr.io': {} }, 'ghcr.io', 'a', undefined],
    ['with nulls', { 'ghcr.io': { auth: null, identitytoken: null } }, 'ghcr.io', 'a', undefined],
    ['with a colon in the password', { 'ghcr.io': { auth: pair('me:p:w') } }, 'ghcr.io', 'a', basic('me', 'p:w')],
    ['with an empty password', { 'ghcr.io': { auth: pair('me:') } }, 'ghcr.io', 'a', basic('me', '')],
    ['with a password beyond ASCII', { 'ghcr.io': { auth: pair('me:päß') } }, 'ghcr.io', 'a', basic('me', 'päß')],
    ['with zero bytes at the end', { 'ghcr.io': { auth: pair('me:pw\0\0') } }, 'ghcr.io', 'a', basic('me', 'pw')],
    ['with user and password apart', { 'ghcr.io': { username: 'me', password: 'pw' } }, 'ghcr.io', 'a', basic('me', 'pw')],
    [
      'with an identity token',
      { 'ghcr.io': { auth: pair('00000000:'), identitytoken: 'refresh' } },
      'ghcr.io',
      'a',
      { kind: 'identity-token', token: 'refresh' },
    ],
    [
      'with a registry token',
      { 'ghcr.io': { auth, identitytoken: 'x', registrytoken: 'bearer' } },
      'ghcr.io',
      'a',
      { kind: 'registry-token', token: 'bearer' },
    ],
    ['beside a malformed one of another registry', { 'quay.io': { auth: '?' }, 'ghcr.io': { auth } }, 'ghcr.io', 'a', basic('me', 'pw')],
    ['named __proto__', { ['__proto__']: { auth } }, 'ghcr.io', 'a', undefined],
  ])('%s', async (_, auths, host, repository, expected) => {
    expect(await keychain({ auths }).credentialsFor(host, repository)).toEqual(expected);
  });

  const auths = {
    'quay.io': { auth: pair('host:1') },
    'quay.io/team': { auth: pair('team:2') },
    'quay.io/team/app': { auth: pair('app:3') },
    'docker.io/library': { auth: pair('library:4') },
  };
  test.each([
    ['quay.io', 'team/app', 'app'],
    ['quay.io', 'team/app/part', 'app'],
    ['quay.io', 'team/application', 'team'],
    ['quay.io', 'team', 'team'],
    ['quay.io', 'teams/app', 'host'],
    ['quay.io', undefined, 'host'],
    ['index.docker.io', 'library/alpine', 'library'],
    ['index.docker.io', 'me/alpine', undefined],
    ['index.docker.io', undefined, undefined],
  ])('for repositories: %s %s gets the most specific one (%s)', async (host, repository, username) => {
    expect(await keychain({ auths }).credentialsFor(host, repository)).toEqual(username && expect.objectContaining({ username }));
  });
});

describe('places', () => {
  const entry = (user: string): object => ({ auths: { 'ghcr.io': { auth: pair(`${user}:pw`) } } });
  /** Every place filled, with a user named after it. */
  function allPlaces() {
    const folder = temporaryFolder();
    const [home, docker, runtime, config] = ['home', 'docker', 'runtime', 'config'].map((name) => join(folder, name)) as [string, string, string, string];
    const file = join(folder, 'auth.json');
    write(join(home, '.docker', 'config.json'), entry('home'));
    write(join(docker, 'config.json'), entry('docker'));
    write(file, entry('file'));
    write(join(runtime, 'containers', 'auth.json'), entry('runtime'));
    write(join(config, 'containers', 'auth.json'), entry('config'));
    write(join(home, '.config', 'containers', 'auth.json'), entry('home-config'));
    return { home, docker, runtime, config, file, none: join(folder, 'none') };
  }

  test.each<[string, (at: ReturnType<typeof allPlaces>) => KeychainOptions, string | undefined]>([
    ["Docker's in the home folder", ({ home, file }) => ({ home, env: { REGISTRY_AUTH_FILE: file } }), 'home'],
    ['$DOCKER_CONFIG instead', ({ home, docker }) => ({ home, env: { DOCKER_CONFIG: docker } }), 'docker'],
    ['an empty $DOCKER_CONFIG is none', ({ home }) => ({ home, env: { DOCKER_CONFIG: '' } }), 'home'],
    ['$REGISTRY_AUTH_FILE', ({ none, file, runtime }) => ({ home: none, env: { REGISTRY_AUTH_FILE: file, XDG_RUNTIME_DIR: runtime } }), 'file'],
    ['$XDG_RUNTIME_DIR', ({ none, runtime, config }) => ({ home: none, env: { XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config } }), 'runtime'],
    ['$XDG_CONFIG_HOME', ({ none, config }) => ({ home: none, env: { XDG_RUNTIME_DIR: none, XDG_CONFIG_HOME: config } }), 'config'],
    ['~/.config', ({ none, home }) => ({ home, env: { DOCKER_CONFIG: none } }), 'home-config'],
    ['nowhere', ({ none }) => ({ home: none, env: {} }), undefined],
  ])('%s', async (_, options, username) => {
    expect(await createKeychain(options(allPlaces())).credentialsFor('ghcr.io')).toEqual(username && expect.objectContaining({ username }));
  });

  test('what Docker does not know, Podman may', async () => {
    const home = temporaryFolder();
    write(join(home, '.docker', 'config.json'), entry('docker'));
    const file = join(home, 'auth.json');
    write(file, { auths: { 'ghcr.io': { auth: pair('podman:pw') }, 'quay.io': { auth: pair('podman:pw') } } });
    const { credentialsFor } = createKeychain({ home, env: { REGISTRY_AUTH_FILE: file } });
    expect(await credentialsFor('ghcr.io')).toMatchObject({ username: 'docker' });
    expect(await credentialsFor('quay.io')).toMatchObject({ username: 'podman' });
  });

  test.each(['', '{}', '{"auths":null}', '{"auths":{}}', '{"HttpHeaders":{"X":"y"}}'])('a file that holds %s has no credentials', async (content) => {
    expect(await keychain(content).credentialsFor('ghcr.io')).toBeUndefined();
  });

  test('a file is read once, and not before the first question', async () => {
    const home = temporaryFolder();
    const { credentialsFor } = createKeychain({ home, env: {} });
    write(join(home, '.docker', 'config.json'), entry('first'));
    expect(await credentialsFor('ghcr.io')).toMatchObject({ username: 'first' });
    write(join(home, '.docker', 'config.json'), entry('second'));
    expect(await credentialsFor('ghcr.io')).toMatchObject({ username: 'first' });
  });
});

describe('a malformed file is an error that names it', () => {
  test.each<[string, unknown, string]>([
    ['truncated JSON', '{"auths":{"ghcr.io":{"auth":"hunter2', 'not valid JSON: string without end at offset 28'],
    ['not JSON', 'ghcr.io hunter2', 'not valid JSON: unexpected character at offset 0'],
    ['white space only', ' \n', 'not valid JSON: unexpected end at offset 2'],
    ['a list', ['hunter2'], 'expected a JSON object'],
    ['one key twice', '{"auths":{"ghcr.io":{"auth":"hunter2"},"ghcr.io":{}}}', 'not valid JSON: duplicate member "ghcr.io" at offset 39'],
    ['auths that is text', { auths: 'hunter2' }, 'auths is not an object'],
    ['an entry that is text', { auths: { 'ghcr.io': 'hunter2' } }, 'auths[ghcr.io] is not an object'],
    ['auth that is a number', { auths: { 'ghcr.io': { auth: 42 } } }, 'auths[ghcr.io].auth is not text'],
    ['auth that is not base64', { auths: { 'ghcr.io': { auth: 'me:hunter2' } } }, 'auths[ghcr.io].auth is not the base64 of user:password'],
    ['auth without a colon', { auths: { 'ghcr.io': { auth: pair('hunter2') } } }, 'auths[ghcr.io].auth is not the base64 of user:password'],
    ['auth without a user', { auths: { 'ghcr.io': { auth: pair(':hunter2') } } }, 'auths[ghcr.io].auth is not the base64 of user:password'],
    ['auth that is not text', { auths: { 'ghcr.io': { auth: '/zr/' } } }, 'auths[ghcr.io].auth is not the base64 of user:password'],
    ['a token that is an object', { auths: { 'ghcr.io': { identitytoken: { hunter2: 1 } } } }, 'auths[ghcr.io].identitytoken is not text'],
    ['credHelpers that is a list', { credHelpers: ['hunter2'] }, 'credHelpers is not an object'],
    ['a helper that is a number', { credHelpers: { 'ghcr.io': 1 } }, 'credHelpers[ghcr.io] is not the name of a credential helper (docker-credential-NAME)'],
    [
      'a helper that is a path',
      { credHelpers: { 'ghcr.io': '../bin/x' } },
      'credHelpers[ghcr.io] is not the name of a credential helper (docker-credential-NAME)',
    ],
    ['a helper with arguments', { credsStore: 'x get; rm' }, 'credsStore is not the name of a credential helper (docker-credential-NAME)'],
    ['a helper that is an option', { credsStore: '-x' }, 'credsStore is not the name of a credential helper (docker-credential-NAME)'],
    ['a helper with a line break', { credsStore: 'x\n' }, 'credsStore is not the name of a credential helper (docker-credential-NAME)'],
  ])('%s', async (_, content, problem) => {
    const { credentialsFor, path } = keychain(content);
    const error = await caught(credentialsFor('ghcr.io'));
    expect(error).toMatchObject({ code: 'AUTH_CONFIG', kind: 'malformed', message: `${path}: ${problem}` });
    expect(`${error.message}${error.hint}${String(error.cause)}`).not.toMatch(/hunter2|aHVudGVy/);
  });

  test('also when another place has credentials', async () => {
    const home = temporaryFolder();
    const file = join(home, 'auth.json');
    write(join(home, '.docker', 'config.json'), '{');
    write(file, { auths: { 'ghcr.io': { auth: pair('me:pw') } } });
    expect((await caught(createKeychain({ home, env: { REGISTRY_AUTH_FILE: file } }).credentialsFor('ghcr.io'))).code).toBe('AUTH_CONFIG');
  });

  test('a folder in its place', async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.docker', 'config.json'), { recursive: true });
    expect((await caught(createKeychain({ home, env: {} }).credentialsFor('ghcr.io'))).code).toBe('FILE_UNREADABLE');
  });
});

describe('a credential helper', () => {
  /** Asks a keychain whose configuration names the helper `it`, which does `body`. */
  function withHelper(body: string, config: object = { credHelpers: { 'ghcr.io': 'it' } }, options: Partial<KeychainOptions> = {}) {
    const folder = temporaryFolder();
    const { PATH, calls } = writeHelper(folder, 'it', body);
    return { ...keychain(config, { env: { PATH, SHARED: 'yes' }, ...options }), calls, folder };
  }

  const GIVES = `echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"hunter2"}'`;
  const HAS_NONE = 'echo "credentials not found in native keychain"; exit 1';

  test.each<[string, string, object | undefined]>([
    ['with user and secret', GIVES, basic('me', 'hunter2')],
    ['with an identity token', `echo '{"Username":"<token>","Secret":"refresh"}'`, { kind: 'identity-token', token: 'refresh' }],
    ['with nothing in it', `echo '{"Username":"","Secret":""}'`, undefined],
    ['that has none', HAS_NONE, undefined],
    ['that looks at its environment', `[ "$SHARED" = yes ] && ${GIVES}`, basic('me', 'hunter2')],
    ['that is noisy on stderr', `head -c 1000000 /dev/zero >&2; ${GIVES}`, basic('me', 'hunter2')],
  ])('%s', async (_, body, expected) => {
    const { credentialsFor, calls } = withHelper(body);
    expect(await credentialsFor('ghcr.io', 'a/b')).toEqual(expected);
    expect(calls()).toEqual(['get ghcr.io']);
  });

  test.each([
    ['that fails', 'echo "hunter2"; exit 3', 'docker-credential-it get failed (exit status 3)'],
    ['that says nothing', 'exit 0', 'docker-credential-it get: the answer is not a JSON object'],
    ['that prints something else', 'echo hunter2', 'docker-credential-it get: the answer is not a JSON object'],
    ['that prints half', `printf '{"Username":"me","Secret":"hunter2'`, 'docker-credential-it get: the answer is not a JSON object'],
    ['that prints a list', 'echo \'["hunter2"]\'', 'docker-credential-it get: the answer is not a JSON object'],
    ['that names no user', 'echo \'{"Secret":"hunter2"}\'', 'docker-credential-it get: the answer lacks Username or Secret'],
    ['that gives a secret of another type', 'echo \'{"Username":"hunter2","Secret":1}\'', 'docker-credential-it get: the answer lacks Username or Secret'],
    ['that never stops printing', 'yes hunter2', 'docker-credential-it get printed more than the cap of 65536 bytes'],
    ['that is killed', 'kill -9 $$', 'docker-credential-it get failed (exit status none)'],
    ['that has none, but says so with success', 'echo "credentials not found in native keychain"', 'docker-credential-it get: the answer is not a JSON object'],
  ])('%s is an error, without what it printed', async (_, body, message) => {
    const error = await caught(withHelper(body).credentialsFor('ghcr.io'));
    expect(error).toMatchObject({ code: 'AUTH_HELPER', kind: 'unavailable', message });
    expect(`${error.message}${error.hint}${String(error.cause)}`).not.toContain('hunter2');
  });

  test.each([
    ['itself', 'exec sleep 20'],
    ['in a process of its own', 'sleep 20 & wait'],
  ])('that hangs %s is given up', async (_, body) => {
    const { credentialsFor } = withHelper(body, undefined, { helperTimeoutMs: 300 });
    expect(await caught(credentialsFor('ghcr.io'))).toMatchObject({ code: 'AUTH_HELPER', message: 'docker-credential-it get did not finish within 300 ms' });
  });

  test('that hangs keeps no process alive', () => {
    const folder = temporaryFolder();
    const { PATH } = writeHelper(folder, 'it', 'sleep 30 & wait');
    write(join(folder, 'config.json'), { credsStore: 'it' });
    const script = `
      import { createKeychain } from '${new URL('./keychain.ts', import.meta.url).href}';
      const env = { PATH: process.env.PATH, DOCKER_CONFIG: process.argv[1] };
      await createKeychain({ env, home: '/none', helperTimeoutMs: 100 }).credentialsFor('ghcr.io').catch(({ code }) => console.log(code));
    `;
    const args = ['--input-type=module', '-e', script, folder];
    // Ends in a moment, or with the helper's own process after 30 s.
    const { status, stdout } = spawnSync(process.execPath, args, { env: { PATH }, encoding: 'utf8', timeout: 25_000 });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'AUTH_HELPER\n' });
  });

  test('that is not installed is an error', async () => {
    const { credentialsFor } = keychain({ credsStore: 'desktop' }, { env: { PATH: temporaryFolder() } });
    expect(await caught(credentialsFor('ghcr.io'))).toMatchObject({ code: 'AUTH_HELPER', message: 'docker-credential-desktop get: no such program on PATH' });
  });

  test('that may not be started is an error', async () => {
    const { credentialsFor, folder } = withHelper(GIVES);
    chmodSync(join(folder, 'docker-credential-it'), 0o644);
    expect(await caught(credentialsFor('ghcr.io'))).toMatchObject({
      code: 'AUTH_HELPER',
      message: expect.stringMatching(/cannot be started \(EACCES\)|no such program/),
    });
  });

  test('is asked once for a registry, whatever the repository, and the failure is kept too', async () => {
    const { credentialsFor, calls } = withHelper('echo no; exit 1');
    const asked = [credentialsFor('ghcr.io', 'a'), credentialsFor('ghcr.io', 'b'), credentialsFor('GHCR.io')];
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
    await caught(credentialsFor('ghcr.io', 'c'));
    expect(calls()).toEqual(['get ghcr.io']);
  });

  const stored = { auths: { 'ghcr.io': { auth: pair('file:pw') } } };
  test.each<[string, string, object, string, object | undefined, string[]]>([
    ['of the registry comes before the entry', GIVES, { ...stored, credHelpers: { 'ghcr.io': 'it' } }, 'ghcr.io', basic('me', 'hunter2'), ['get ghcr.io']],
    [
      'of the registry that has none leaves it to the entry',
      HAS_NONE,
      { ...stored, credHelpers: { 'ghcr.io': 'it' } },
      'ghcr.io',
      basic('file', 'pw'),
      ['get ghcr.io'],
    ],
    ['for all comes after the entry', GIVES, { ...stored, credsStore: 'it' }, 'ghcr.io', basic('file', 'pw'), []],
    ['for all comes after an empty entry', GIVES, { auths: { 'ghcr.io': {} }, credsStore: 'it' }, 'ghcr.io', basic('me', 'hunter2'), ['get ghcr.io']],
    ['for all serves any registry', GIVES, { credsStore: 'it' }, 'localhost:5000', basic('me', 'hunter2'), ['get localhost:5000']],
    ['of another registry is not asked', GIVES, { credHelpers: { 'ghcr.io': 'it' } }, 'quay.io', undefined, []],
    ['that is switched off with an empty name', GIVES, { credsStore: '' }, 'ghcr.io', undefined, []],
    ['hears the historical name of Docker Hub', GIVES, { credsStore: 'it' }, 'docker.io', basic('me', 'hunter2'), ['get https://index.docker.io/v1/']],
    [
      'of Docker Hub by its historical name',
      GIVES,
      { credHelpers: { 'https://index.docker.io/v1/': 'it' } },
      'index.docker.io',
      basic('me', 'hunter2'),
      ['get https://index.docker.io/v1/'],
    ],
  ])('%s', async (_, body, config, host, expected, expectedCalls) => {
    const { credentialsFor, calls } = withHelper(body, config);
    expect(await credentialsFor(host, 'a/b')).toEqual(expected);
    expect(calls()).toEqual(expectedCalls);
  });
});
