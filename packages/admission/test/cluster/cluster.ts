/**
 * A Kubernetes API server with its etcd on loopback ports. Nothing else runs: pods are admitted and stored, and stay pending; a namespace has
 * no default service account and never goes when it is deleted; a cluster role that gathers others, such as `view`, stays empty.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOf } from '../../../cli/test/child-run.ts';
import { type Answer, type ApiRequest, requestApi } from './api.ts';
import { temporaryFolder } from './daemon.ts';
import { kubeconfig } from './kubeconfig.ts';
import { type ApiServer, apiServer, etcd } from './servers.ts';
import { clusterTools } from './tools.ts';
import { registerWebhook, settleWebhooks, type Webhook } from './webhook.ts';

export interface Cluster {
  /** Of the API server, without a slash at the end. */
  readonly url: string;
  /** PEM: who vouches for it. */
  readonly ca: string;
  /** A file: how `admin`, who may do everything, reaches it. */
  readonly kubeconfig: string;
  /** The same for a user of `ClusterOptions`, or for a token, say one of `kubectl create token`. */
  kubeconfigOf(user: string | { readonly token: string }): string;
  kubectl(argv: readonly string[], options?: KubectlOptions): Promise<Run>;
  /** A request of `admin`, e.g. `/api/v1/namespaces`. */
  api(path: string, request?: ApiRequest): Promise<Answer>;
  /** Registers it, or replaces what has its name, and waits until the API server calls it. */
  registerWebhook(webhook: Webhook): Promise<void>;
  /** Waits until the API server calls all webhooks that are registered, by whomever. */
  settleWebhooks(): Promise<void>;
  /** Kills the API server, while etcd and what it stores stay, and starts it anew on its port once `meanwhile` is done. */
  restartApiServer(meanwhile?: () => Promise<void>): Promise<void>;
  /** Kills what runs and removes the files. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Beside `admin`: names of users, each in a group of its name, who may do nothing but what a test binds to them. Default: `developer`. */
  readonly users?: readonly string[];
}

export interface KubectlOptions {
  readonly stdin?: string;
  /** A file; default: that of `admin`. */
  readonly kubeconfig?: string;
}

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws, with what the server wrote last, if it does not come up. */
export async function startCluster({ users = ['developer'] }: ClusterOptions = {}): Promise<Cluster> {
  const tools = clusterTools();
  if (tools.missing.length > 0) throw new Error(`no ${tools.missing.join(', ')} in ASSAY_TESTBED or on PATH`);
  const tokens = new Map(['admin', ...users].map((name) => [name, randomUUID()]));
  const folder = temporaryFolder('assay-cluster-');
  const store = await etcd(tools.etcd, folder.path);
  const server = await apiServer(tools.apiServer, folder.path, store.url, tokens);
  const stop = async (): Promise<void> => {
    await server.end();
    await store.end();
    await folder.remove();
  };
  try {
    await store.start();
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...clientsOf(server, tokens, tools.kubectl, folder.path), restartApiServer: (meanwhile) => restart(server, meanwhile), stop };
}

async function restart(server: ApiServer, meanwhile?: () => Promise<void>): Promise<void> {
  await server.end();
  await meanwhile?.();
  await server.start();
}

function clientsOf(server: ApiServer, tokens: ReadonlyMap<string, string>, kubectl: string, folder: string): Omit<Cluster, 'restartApiServer' | 'stop'> {
  const { url } = server;
  const ca = server.ca();
  const api: Cluster['api'] = (path, request) => requestApi({ url, ca, token: tokens.get('admin') ?? '' }, path, request);
  const kubeconfigOf: Cluster['kubeconfigOf'] = (user) => {
    const token = typeof user === 'string' ? tokens.get(user) : user.token;
    if (token === undefined) throw new TypeError(`this cluster has no user ${user}`);
    const path = join(folder, `${typeof user === 'string' ? user : randomUUID()}.kubeconfig`);
    writeFileSync(path, kubeconfig({ url, ca, token }), { mode: 0o600 });
    return path;
  };
  const admin = kubeconfigOf('admin');
  return {
    url,
    ca,
    kubeconfig: admin,
    kubeconfigOf,
    api,
    registerWebhook: (webhook) => registerWebhook(api, webhook),
    settleWebhooks: () => settleWebhooks(api),
    kubectl: (argv, { stdin = '', kubeconfig = admin } = {}) => {
      const child = spawn(kubectl, argv, { cwd: folder, env: { HOME: folder, KUBECONFIG: kubeconfig }, timeout: 60_000 });
      child.stdin.on('error', () => undefined); // it need not read all of it
      child.stdin.end(stdin);
      return runOf(child);
    },
  };
}
