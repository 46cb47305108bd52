/**
 * Where the API server is and who we are: a kubeconfig, or the files that Kubernetes mounts into a pod.
 *
 * Of `@kubernetes/client-node` only the reading of entries, credential plugins and rotating token files are used: its `config.js` would bring another HTTP
 * client, OpenID and proxies along, for 86 MB of memory and a quarter of a second.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { decodeUtf8, isTrustError, quote, TrustError } from '@assay/core';
import { type Environment, readFileCapped } from '@assay/net';
import { type Cluster, newClusters, newContexts, newUsers, type User } from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';

export interface KubeConfigOptions {
  /** Read for KUBECONFIG, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly env: Environment;
  /** The user's home folder, for `~/.kube/config`. */
  readonly home: string;
  /** Instead of KUBECONFIG. */
  readonly file?: string | undefined;
  /** Instead of the current one. */
  readonly context?: string | undefined;
  /** Where a pod finds its token. Default: `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccountFolder?: string | undefined;
}

export interface KubeConfig {
  readonly server: string;
  readonly cluster: Cluster;
  readonly user: User;
  readonly namespace: string;
}

/** A file that is named, then the pod's own, then `~/.kube/config`. Errors: `ADMISSION_KUBECONFIG`, `FILE_…`. */
export function loadKubeConfig(options: KubeConfigOptions): KubeConfig {
  const named = options.file ?? options.env['KUBECONFIG'];
  if (named) return fromFile(named, options.context);
  const inCluster = fromServiceAccount(options);
  if (inCluster !== undefined) return inCluster;
  const usual = join(options.home, '.kube', 'config');
  if (existsSync(usual)) return fromFile(usual, options.context);
  throw problem('no cluster is known: neither KUBECONFIG, nor a service account, nor ~/.kube/config');
}

function fromFile(path: string, wanted: string | undefined): KubeConfig {
  const document = parseFile(path);
  try {
    const name = wanted ?? textOf(document['current-context']);
    const context = newContexts(document['contexts']).find((one) => one.name === name);
    if (context === undefined) throw problem(`${quote(path)}: there is no context ${quote(name)}`);
    const cluster = newClusters(document['clusters']).find((one) => one.name === context.cluster);
    if (cluster === undefined) throw problem(`${quote(path)}: there is no cluster ${quote(context.cluster)}`);
    const user = newUsers(document['users'] ?? []).find((one) => one.name === context.user) ?? { name: '' };
    return { server: cluster.server, cluster: absolute(cluster, path), user: absolute(user, path), namespace: context.namespace ?? 'default' };
  } catch (error) {
    if (isTrustError(error)) throw error;
    throw problem(`${quote(path)}: ${quote((error as Error).message)}`);
  }
}

function parseFile(path: string): Record<string, unknown> {
  const text = decodeUtf8(readFileCapped(path, MAX_BYTES));
  let document: unknown;
  try {
    document = parse(text ?? '', { maxAliasCount: 100 });
  } catch {
    // Without the parser's words: they quote the file, which holds secrets.
    throw problem(`${quote(path)}: not valid YAML`);
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as Record<string, unknown>;
  throw problem(`${quote(path)}: not a kubeconfig`);
}

/** Paths in a kubeconfig are relative to it. */
function absolute<Entry extends { caFile?: string; certFile?: string; keyFile?: string }>(entry: Entry, path: string): Entry {
  const files = (['caFile', 'certFile', 'keyFile'] as const).flatMap((name) => {
    const file = entry[name];
    return file ? [[name, resolve(dirname(path), file)]] : [];
  });
  return { ...entry, ...Object.fromEntries(files) };
}

function fromServiceAccount({ env, serviceAccountFolder = SERVICE_ACCOUNT }: KubeConfigOptions): KubeConfig | undefined {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT'] ?? '443'];
  const tokenFile = join(serviceAccountFolder, 'token');
  if (!host || !existsSync(tokenFile)) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const namespace = decodeUtf8(readFileCapped(join(serviceAccountFolder, 'namespace'), 1024))?.trim() || 'default';
  return {
    server,
    cluster: { name: 'pod', server, caFile: join(serviceAccountFolder, 'ca.crt'), skipTLSVerify: false },
    user: { name: 'pod', authProvider: { name: 'tokenFile', config: { tokenFile } } },
    namespace,
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function problem(text: string): TrustError {
  return new TrustError('ADMISSION_KUBECONFIG', text);
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const MAX_BYTES = 4 * 1024 * 1024;
