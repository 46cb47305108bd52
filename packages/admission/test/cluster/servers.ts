/** The two servers of a cluster: etcd, which stores, and the API server in front of it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestApi } from './api.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort } from './port.ts';

export interface Server {
  /** Without a slash at the end; the same after every start. */
  readonly url: string;
  /** Throws, with what the server wrote last, if it does not come up. */
  start(): Promise<void>;
  /** Kills it; what it stored stays. */
  end(): Promise<void>;
}

export interface ApiServer extends Server {
  /** PEM: who vouches for it. There once it has started. */
  ca(): string;
}

/** How long a hook that starts both may take; they are ready after some 10 s on an idle machine. */
export const CLUSTER_START_MS = 180_000;

export async function etcd(program: string, folder: string): Promise<Server> {
  const [url, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const flags = {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
  };
  const isUp = async (): Promise<boolean> => (await fetch(`${url}/health`)).ok;
  return { url, ...starting('etcd', [program, ...asArguments(flags)], folder, isUp) };
}

/** With one user for each token, by name. `admin` may do everything, the others, each in a group of its name, only what is bound to them. */
export async function apiServer(program: string, folder: string, store: string, tokens: ReadonlyMap<string, string>): Promise<ApiServer> {
  const port = await freePort();
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates);
  const flags = {
    'etcd-servers': store,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': `${port}`,
    'cert-dir': certificates, // where it finds none it makes one
    'token-auth-file': writeTokens(folder, tokens),
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    ...writeServiceAccountKeys(folder),
    'service-cluster-ip-range': '10.0.0.0/24',
    // It waits for default accounts, which nobody makes here.
    'disable-admission-plugins': 'ServiceAccount',
    'endpoint-reconciler-type': 'none',
    profiling: 'false',
  };
  const url = `https://127.0.0.1:${port}`;
  const ca = (): string => readFileSync(join(certificates, 'apiserver.crt'), 'utf8');
  const isUp = async (): Promise<boolean> => {
    const access = { url, ca: ca(), token: tokens.get('admin') ?? '' };
    const answers = await Promise.all(['/readyz', '/api/v1/namespaces/default'].map((path) => requestApi(access, path)));
    return answers.every(({ status }) => status === 200);
  };
  return { url, ca, ...starting('kube-apiserver', [program, ...asArguments(flags)], folder, isUp) };
}

function asArguments(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

function writeTokens(folder: string, tokens: ReadonlyMap<string, string>): string {
  const lines = [...tokens].map(([name, token]) => `${token},${name},${name},${name === 'admin' ? 'system:masters' : name}\n`);
  return writeSecret(folder, 'tokens.csv', lines.join(''));
}

function writeServiceAccountKeys(folder: string): Record<string, string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    'service-account-signing-key-file': writeSecret(folder, 'service-accounts.key', privateKey.export({ type: 'sec1', format: 'pem' })),
    'service-account-key-file': writeSecret(folder, 'service-accounts.pub', publicKey.export({ type: 'spki', format: 'pem' })),
  };
}

function writeSecret(folder: string, name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function starting(name: string, command: readonly string[], folder: string, isUp: () => Promise<boolean>): Pick<Server, 'start' | 'end'> {
  let daemon: Daemon | undefined;
  return {
    start: () => {
      daemon = startDaemon(name, command, folder);
      return untilUp(daemon, name, isUp);
    },
    end: async () => daemon?.end(),
  };
}

async function untilUp(daemon: Daemon, name: string, isUp: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + CLUSTER_START_MS / 2; // both fit in the hook, which would not say what is wrong
  // Asking throws until it listens.
  while (!(await isUp().catch(() => false))) {
    if (daemon.hasEnded()) throw new Error(`${name} ended:\n${daemon.lastWords()}`);
    if (performance.now() > deadline) throw new Error(`${name} does not come up:\n${daemon.lastWords()}`);
    await sleep(100);
  }
}
