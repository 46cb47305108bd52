import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createKubernetesClient } from './client.ts';
import { loadKubeConfig } from './kube-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const CONFIG = `
apiVersion: v1
kind: Config
current-context: one
contexts:
- { name: one, context: { cluster: c, user: u, namespace: team } }
- { name: two, context: { cluster: d, user: nobody } }
clusters:
- { name: c, cluster: { server: "https://127.0.0.1:6443/", certificate-authority: ca.crt } }
- { name: d, cluster: { server: "http://127.0.0.1:8080" } }
users:
- { name: u, user: { token: hunter2 } }
`;

describe('a kubeconfig', () => {
  const file = write('config', CONFIG);
  const home = '/nowhere';

  test('by its current context, with paths beside it', () => {
    const config = loadKubeConfig({ env: { KUBECONFIG: file }, home });
    expect(config).toMatchObject({
      server: 'https://127.0.0.1:6443',
      namespace: 'team',
      user: { token: 'hunter2' },
      cluster: { caFile: join(folder, 'ca.crt') },
    });
  });

  test('by another one, whose user has nothing', () => {
    expect(loadKubeConfig({ env: {}, home, file, context: 'two' })).toMatchObject({
      server: 'http://127.0.0.1:8080',
      namespace: 'default',
      user: { name: '' },
    });
  });

  test.each<[string, string, string]>([
    ['a context that is not there', CONFIG.replace('current-context: one', 'current-context: gone'), 'there is no context gone'],
    ['a cluster that is not there', CONFIG.replace('cluster: c,', 'cluster: x,'), 'there is no cluster x'],
    ['a cluster without server', CONFIG.replace('server: "https://127.0.0.1:6443/", ', ''), 'server is missing'],
    ['a list', '[]', 'not a kubeconfig'],
    ['what is not YAML', '{token: hunter2', 'not valid YAML'],
  ])('with %s', (_, text, message) => {
    const broken = write('broken', text);
    let said = '';
    try {
      loadKubeConfig({ env: { KUBECONFIG: broken }, home });
    } catch (error) {
      said = (error as Error).message;
      expect(error).toMatchObject({ code: 'ADMISSION_KUBECONFIG' });
    }
    expect(said).toContain(message);
    expect(said).not.toContain('hunter2');
  });
});

describe('without a file', () => {
  test('a pod knows where it is', () => {
    write('account/token', 'first\n');
    write('account/namespace', 'cosign-system');
    write('account/ca.crt', '');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect(loadKubeConfig({ env, home: '/nowhere', serviceAccountFolder: join(folder, 'account') })).toMatchObject({
      server: 'https://[fd00::1]:6443',
      namespace: 'cosign-system',
    });
  });

  test('nobody else does', () => {
    expect(() => loadKubeConfig({ env: {}, home: '/nowhere', serviceAccountFolder: '/nowhere' })).toThrow(
      expect.objectContaining({ code: 'ADMISSION_KUBECONFIG' }),
    );
  });
});

describe('logging in', () => {
  async function headersFor(user: object): Promise<Record<string, unknown>> {
    let seen: Record<string, unknown> = {};
    const server = createServer((asked, answer) => {
      seen = asked.headers;
      answer.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = { server: url, namespace: 'n', cluster: { name: 'c', server: url, skipTLSVerify: false }, user: { name: 'u', ...user } };
    const client = createKubernetesClient({ config, env: {}, userAgent: 'assay/1' });
    onTestFinished(() => client.close());
    await client.get('/api');
    return seen;
  }

  test.each<[string, object, string | undefined]>([
    ['by a token', { token: 't' }, 'Bearer t'],
    ['by a password', { username: 'u', password: 'p' }, `Basic ${Buffer.from('u:p').toString('base64')}`],
    ['by a file that may be renewed', { authProvider: { name: 'tokenFile', config: { tokenFile: write('token', 'from-file\n') } } }, 'Bearer from-file'],
    [
      'by a plugin',
      {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: process.execPath,
          args: ['-e', 'console.log(JSON.stringify({status:{token:"plugged"}}))'],
        },
      },
      'Bearer plugged',
    ],
    ['as nobody', {}, undefined],
  ])('%s', async (_, user, authorization) => {
    expect(await headersFor(user)).toMatchObject({ 'user-agent': 'assay/1', accept: 'application/json' });
    expect((await headersFor(user))['authorization']).toBe(authorization);
  });
});
