import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { encodeBase64, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { refusal, scratchFolder } from '../../test/key-context.ts';
import { loadCluster } from './kubeconfig.ts';

const CONTEXT = { 'current-context': 'dev', contexts: [{ name: 'dev', context: { cluster: 'c', user: 'u' } }] };
const clusters = (cluster: object) => [{ name: 'c', cluster: { server: 'https://k8s.example:6443', ...cluster } }];
const users = (user: object) => [{ name: 'u', user }];

function write(name: string, config: unknown, folder = scratchFolder()): string {
  const path = join(folder, name);
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}
const load = (config: unknown, env = {}) => loadCluster({ KUBECONFIG: write('config', config), ...env }, undefined);
const b64 = (text: string) => encodeBase64(utf8(text));

describe('a kubeconfig', () => {
  test.each<[string, object, object, object]>([
    ['a token', {}, { token: 't' }, { tls: {}, authorization: 'Bearer t' }],
    ['a name and a password', {}, { username: 'me', password: 'pw' }, { tls: {}, authorization: `Basic ${b64('me:pw')}` }],
    [
      'a client certificate',
      {},
      { 'client-certificate-data': b64('CERT'), 'client-key-data': b64('KEY') },
      { tls: { clientCertificate: 'CERT', clientKey: 'KEY' } },
    ],
    ['nothing', {}, {}, { tls: {}, authorization: undefined }],
    ['an authority', { 'certificate-authority-data': b64('CA') }, { token: 't' }, { tls: { ca: 'CA' } }],
    ['another name in the certificate', { 'tls-server-name': 'inner' }, {}, { tls: { serverName: 'inner' } }],
    ['no verification at all', { 'insecure-skip-tls-verify': true }, {}, { tls: { insecureSkipVerify: true } }],
  ])('with %s', async (_, cluster, user, expected) => {
    expect(await load({ ...CONTEXT, clusters: clusters(cluster), users: users(user) })).toMatchObject({ server: 'https://k8s.example:6443', ...expected });
  });

  test('in YAML, with paths that start where it lies', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'token'), 'from a file\n');
    const yaml = `
current-context: dev
contexts: [{ name: dev, context: { cluster: c, user: u } }]
clusters:
  - name: c
    cluster: { server: "https://k8s.example/", certificate-authority: ca.crt }
users:
  - name: u
    user: { client-certificate: /etc/me.crt, client-key: me.key, tokenFile: token }
`;
    expect(await loadCluster({ KUBECONFIG: write('config', yaml, folder) }, undefined)).toEqual({
      server: 'https://k8s.example',
      tls: { ca: { file: join(folder, 'ca.crt') }, clientCertificate: { file: '/etc/me.crt' }, clientKey: { file: join(folder, 'me.key') } },
      authorization: 'Bearer from a file',
    });
  });

  test('of several files: the first that says something wins, missing ones are passed over', async () => {
    const first = write('first', { 'current-context': 'dev', users: users({ token: 'first' }) });
    const second = write('second', { ...CONTEXT, 'current-context': 'other', clusters: clusters({}), users: users({ token: 'second' }) });
    const KUBECONFIG = ['/nowhere/config', first, second].join(delimiter);
    expect(await loadCluster({ KUBECONFIG }, undefined)).toMatchObject({ authorization: 'Bearer first' });
  });

  test('at home', async () => {
    const HOME = scratchFolder();
    mkdirSync(join(HOME, '.kube'));
    write('.kube/config', { ...CONTEXT, clusters: clusters({}), users: users({ token: 'home' }) }, HOME);
    expect(await loadCluster({ HOME }, undefined)).toMatchObject({ authorization: 'Bearer home' });
  });

  test('is not needed in a pod', async () => {
    const folder = scratchFolder();
    write('token', 'of the pod\n', folder);
    const expected = { server: 'https://10.0.0.1:6443', tls: { ca: { file: join(folder, 'ca.crt') } }, authorization: 'Bearer of the pod' };
    expect(await loadCluster({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' }, undefined, folder)).toEqual(expected);
    expect((await loadCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, undefined, folder)).server).toBe('https://[fd00::1]:443');
  });

  test.each<[string, unknown, string]>([
    ['no context is chosen', { clusters: clusters({}) }, 'kubeconfig: no current context is set'],
    ['the context is not there', { 'current-context': 'x\u0007' }, 'kubeconfig: there is no context "x\\u0007"'],
    ['the cluster is not there', CONTEXT, 'kubeconfig: there is no cluster "c"'],
    ['the user is not there', { ...CONTEXT, clusters: clusters({}) }, 'kubeconfig: there is no user "u"'],
    ['the cluster has no server', { ...CONTEXT, clusters: clusters({ server: '' }), users: users({}) }, 'kubeconfig: the cluster has no server'],
    [
      'data is not base64',
      { ...CONTEXT, clusters: clusters({ 'certificate-authority-data': '*' }), users: users({}) },
      'kubeconfig: certificate-authority-data is not base64 of PEM',
    ],
    [
      'a proxy is named',
      { ...CONTEXT, clusters: clusters({ 'proxy-url': 'http://p' }), users: users({}) },
      'kubeconfig: proxy-url is not supported; set HTTPS_PROXY instead',
    ],
    [
      'the user has an auth-provider',
      { ...CONTEXT, clusters: clusters({}), users: users({ 'auth-provider': { name: 'gcp' } }) },
      'kubeconfig: auth-provider is not supported; clusters that had it offer a credential program (exec) today',
    ],
  ])('is refused when %s', async (_, config, message) => {
    expect(await refusal(() => load(config))).toMatchObject({ code: 'KEY_REFERENCE', message });
  });

  test('that is no YAML is refused without showing its lines', async () => {
    const refused = await refusal(() => load('users: [{ token: secret-token'));
    expect(refused).toMatchObject({ code: 'KEY_REFERENCE', message: expect.stringMatching(/not well-formed YAML$/) });
    expect(refused.message).not.toContain('secret-token');
  });

  test('is missed with a word on what to set', async () => {
    expect(await refusal(() => loadCluster({ HOME: scratchFolder() }, undefined))).toMatchObject({
      code: 'KEY_REFERENCE',
      hint: expect.stringContaining('KUBECONFIG'),
    });
  });
});

describe.skipIf(process.platform === 'win32')('a credential program', () => {
  /** A shell script in the folder of the kubeconfig. */
  function withProgram(script: string, exec: object = {}) {
    const folder = scratchFolder();
    const program = write('login', `#!/bin/sh\n${script}\n`, folder);
    chmodSync(program, 0o755);
    const apiVersion = 'client.authentication.k8s.io/v1';
    const config = { ...CONTEXT, clusters: clusters({ 'tls-server-name': 'inner' }), users: users({ exec: { apiVersion, command: './login', ...exec } }) };
    return loadCluster({ KUBECONFIG: write('config', config, folder), PATH: process.env['PATH'], FROM_CALLER: 'caller' }, undefined);
  }
  const answer = (status: object) => `echo '${JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status })}'`;

  test('gives a token', async () => {
    expect(await withProgram(answer({ token: 'fresh' }))).toMatchObject({ authorization: 'Bearer fresh' });
  });

  test('gives a client certificate', async () => {
    expect(await withProgram(answer({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }))).toMatchObject({
      tls: { clientCertificate: 'CERT', clientKey: 'KEY' },
      authorization: undefined,
    });
  });

  test('is told what it is asked for, with arguments and environment', async () => {
    const script = `printf '{"kind":"ExecCredential","status":{"token":"%s|%s|%s|%s"}}' "$1" "$FROM_CALLER" "$FROM_CONFIG" "$(echo "$KUBERNETES_EXEC_INFO" | tr -d '"')"`;
    const { authorization } = await withProgram(script, { args: ['login'], env: [{ name: 'FROM_CONFIG', value: 'config' }], provideClusterInfo: true });
    expect(authorization).toBe(
      'Bearer login|caller|config|{kind:ExecCredential,apiVersion:client.authentication.k8s.io/v1,' +
        'spec:{interactive:false,cluster:{server:https://k8s.example:6443,tls-server-name:inner}}}',
    );
  });

  test.each<[string, string, object, RegExp]>([
    ['fails', 'echo "no session\nlog in first" >&2; exit 3', {}, /"?\.\/login"? of the kubeconfig failed: log in first$/],
    ['fails in silence', 'exit 3', {}, /failed: it ended with 3$/],
    ['is not installed', '', { command: 'no-such-program-of-ours' }, /failed: it is not installed$/],
    ['answers no JSON', 'echo secret-token', {}, /did not answer with an ExecCredential$/],
    ['answers another document', `echo '{"kind":"Secret","status":{"token":"secret-token"}}'`, {}, /did not answer with an ExecCredential$/],
  ])('that %s is an error', async (_, script, exec, message) => {
    const refused = await refusal(() => withProgram(script, exec));
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(message) });
    expect(refused.message).not.toContain('secret-token');
  });
});
