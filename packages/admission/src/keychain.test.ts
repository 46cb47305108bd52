import { type JsonObject, TrustError } from '@assay/core';
import type { Credential, Keychain } from '@assay/net';
import { describe, expect, test } from 'vitest';
import { findCredential, PodKeychains, readPullSecret, type StoredKey } from './keychain.ts';

const basic = (username: string): Credential => ({ kind: 'basic', username, password: 'pw' });
const stored = (...keys: string[]): StoredKey[] => keys.map((key) => ({ key, credential: basic(key) }));

describe('which key logs in', () => {
  test.each<[string, string[], string, string, string | undefined]>([
    ['the host', ['ghcr.io'], 'ghcr.io', 'a/b', 'ghcr.io'],
    ['another host', ['ghcr.io'], 'quay.io', 'a/b', undefined],
    ['a URL', ['https://ghcr.io'], 'ghcr.io', 'a/b', 'https://ghcr.io'],
    ['Docker Hub, as Docker writes it', ['https://index.docker.io/v1/'], 'index.docker.io', 'library/a', 'https://index.docker.io/v1/'],
    ['Docker Hub by its short name', ['docker.io'], 'index.docker.io', 'library/a', 'docker.io'],
    ['a path that begins the repository', ['ghcr.io/team'], 'ghcr.io', 'team/app', 'ghcr.io/team'],
    ['a path of others', ['ghcr.io/team'], 'ghcr.io', 'other/app', undefined],
    ['the longer of two', ['ghcr.io', 'ghcr.io/team', 'ghcr.io/team/app'], 'ghcr.io', 'team/app', 'ghcr.io/team/app'],
    ['one label by a star', ['*.azurecr.io'], 'mine.azurecr.io', 'a', '*.azurecr.io'],
    ['a part of a label', ['registry-*.example'], 'registry-eu.example', 'a', 'registry-*.example'],
    ['no two labels by a star', ['*.azurecr.io'], 'a.b.azurecr.io', 'a', undefined],
    ['a character by a question mark', ['r?.example'], 'r1.example', 'a', 'r?.example'],
    ['a named host before a pattern', ['*.example', 'r.example'], 'r.example', 'a', 'r.example'],
    ['the port', ['r.example:5000'], 'r.example:5000', 'a', 'r.example:5000'],
    ['another port', ['r.example:5000'], 'r.example:5001', 'a', undefined],
    ['a port where none is named', ['r.example'], 'r.example:5000', 'a', undefined],
    ['a star for a port is none', ['r.example:*'], 'r.example:5000', 'a', undefined],
  ])('%s', (_, keys, host, repository, found) => {
    const credential = findCredential(stored(...keys), host, repository);
    expect(credential?.kind === 'basic' ? credential.username : undefined).toBe(found);
  });

  test('of the same key the first secret counts', () => {
    const keys = [
      { key: 'ghcr.io', credential: basic('pod') },
      { key: 'ghcr.io', credential: basic('account') },
    ];
    expect(findCredential(keys, 'ghcr.io', 'a')).toEqual(basic('pod'));
  });

  test('a pattern that could be tried for ever is not', () => {
    expect(findCredential(stored(`${'*a'.repeat(5000)}b.example`), `${'a'.repeat(10_000)}.example`, 'a')).toBeUndefined();
  });
});

const base64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const dockerConfig = (auths: object): JsonObject => ({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64({ auths }) } });

describe('a secret', () => {
  const entry = (value: object) => readPullSecret(dockerConfig({ 'ghcr.io': value }), 's')?.map(({ credential }) => credential);

  test.each<[string, object, Credential[]]>([
    ['user and password in one', { auth: base64('robot:p:w') }, [{ kind: 'basic', username: 'robot', password: 'p:w' }]],
    ['apart', { username: 'robot', password: 'pw' }, [{ kind: 'basic', username: 'robot', password: 'pw' }]],
    ['an identity token', { auth: base64('a:b'), identitytoken: 'it' }, [{ kind: 'identity-token', token: 'it' }]],
    ['a registry token', { registrytoken: 'rt' }, [{ kind: 'registry-token', token: 'rt' }]],
    ['nothing', {}, []],
    ['what is not base64', { auth: '***' }, []],
  ])('with %s', (_, value, credentials) => expect(entry(value)).toEqual(credentials));

  test('of the older kind', () => {
    expect(readPullSecret({ data: { '.dockercfg': base64({ 'ghcr.io': { auth: base64('a:b') } }) } }, 's')).toMatchObject([{ key: 'ghcr.io' }]);
  });

  test('of another kind is none', () => expect(readPullSecret({ data: { password: 'eA==' } }, 's')).toBeUndefined());

  test('that is broken is an error that does not show it', () => {
    const secret = { data: { '.dockerconfigjson': base64('{"auths": hunter2') } };
    expect(() => readPullSecret(secret, 'team/s')).toThrow(
      expect.objectContaining({ code: 'ADMISSION_CREDENTIALS', message: 'secret team/s: .dockerconfigjson is not a JSON object' }),
    );
  });
});

const NOBODY: Keychain = { credentialsFor: async () => undefined };

function cluster(objects: Record<string, JsonObject | number>) {
  const asked: string[] = [];
  const get = async (path: string): Promise<JsonObject> => {
    asked.push(path.replace('/api/v1/namespaces/', ''));
    const found = objects[path.replace('/api/v1/namespaces/', '')] ?? 404;
    if (typeof found === 'number') throw new TrustError('ADMISSION_API', `status ${found}`, { data: { status: found } });
    return found;
  };
  return { client: { get }, asked };
}

describe('a pod', () => {
  const objects = {
    'team/secrets/mine': dockerConfig({ 'ghcr.io': { auth: base64('mine:pw') } }),
    'team/secrets/accounts': dockerConfig({ 'ghcr.io': { auth: base64('account:pw') }, 'quay.io': { auth: base64('account:pw') } }),
    'team/serviceaccounts/default': { imagePullSecrets: [{ name: 'accounts' }, { name: 'gone' }] },
    'team/serviceaccounts/poor': {},
  };
  const login = { namespace: 'team', serviceAccount: 'default', pullSecrets: ['mine'] };

  test('logs in with its own secrets, those of its account, and then as we do', async () => {
    const { client } = cluster(objects);
    const fallback: Keychain = { credentialsFor: async (host) => (host === 'docker.io' ? basic('process') : undefined) };
    const keychain = await new PodKeychains({ client, fallback }).forPod(login);
    const names = await Promise.all(['ghcr.io', 'quay.io', 'docker.io', 'other.example'].map((host) => keychain.credentialsFor(host, 'a/b')));
    expect(names.map((one) => (one?.kind === 'basic' ? one.username : undefined))).toEqual(['mine', 'account', 'process', undefined]);
  });

  test('has a fingerprint that is the same for the same credentials, and tells nothing', async () => {
    const { client } = cluster(objects);
    const chains = new PodKeychains({ client, fallback: NOBODY });
    const [own, again, poor, other] = await Promise.all([
      chains.forPod(login),
      chains.forPod({ ...login, pullSecrets: ['mine', 'gone'] }),
      chains.forPod({ ...login, serviceAccount: 'poor', pullSecrets: [] }),
      new PodKeychains({ client, fallback: NOBODY }).forPod(login),
    ]);
    expect(own.fingerprint).toBe(again.fingerprint);
    expect(poor.fingerprint).toBe('');
    expect(own.fingerprint).not.toBe(other.fingerprint);
  });

  test('is asked for once in half a minute, however many of them come', async () => {
    let now = 0;
    const { client, asked } = cluster(objects);
    const chains = new PodKeychains({ client, fallback: NOBODY, now: () => now });
    await Promise.all(Array.from({ length: 500 }, () => chains.forPod(login)));
    expect(asked).toHaveLength(4);
    now = 30_000;
    await chains.forPod(login);
    expect(asked).toHaveLength(8);
  });

  test.each([403, 500])('whose secrets cannot be read (%i) has no keychain', async (status) => {
    const { client } = cluster({ ...objects, 'team/secrets/mine': status });
    await expect(new PodKeychains({ client, fallback: NOBODY }).forPod(login)).rejects.toMatchObject({ code: 'ADMISSION_CREDENTIALS' });
  });

  test.each(['../../kube-system/secrets/root', 'a/b', 'a?b', 'A', ''.padEnd(300, 'a')])('that names %j leads nowhere else', async (name) => {
    const { client, asked } = cluster({});
    await expect(new PodKeychains({ client, fallback: NOBODY }).forPod({ ...login, pullSecrets: [name] })).rejects.toMatchObject({
      code: 'ADMISSION_CREDENTIALS',
    });
    expect(asked).toEqual(['team/serviceaccounts/default']);
  });

  test('secrets alone, without the account', async () => {
    const { client, asked } = cluster(objects);
    const keychain = await new PodKeychains({ client, fallback: NOBODY }).forSecrets('team', ['mine']);
    expect(await keychain.credentialsFor('ghcr.io', 'a')).toEqual(basic('mine'));
    expect(asked).toEqual(['team/secrets/mine']);
  });
});
