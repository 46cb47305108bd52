/**
 * Which Kubernetes API server to talk to, and as whom: kubeconfig files, else the service account of the pod we run in.
 *
 *   clusters: [{ name, cluster: { server, certificate-authority[-data], insecure-skip-tls-verify, tls-server-name } }]
 *   users:    [{ name, user: { token, tokenFile, client-certificate[-data], client-key[-data], username, password, exec } }]
 *   contexts: [{ name, context: { cluster, user } }]
 *   current-context: NAME
 *
 * Files come from `KUBECONFIG` (several, separated as in PATH) or `~/.kube/config`. As kubectl does: files that do not exist are passed over, the
 * first file that has a name or the current context wins, and relative paths start at the folder of their file.
 */
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { decodeBase64, decodeUtf8, encodeBase64, isTrustError, quote, TrustError, utf8 } from '@assay/core';
import { type Environment, type HttpClientOptions, readFileCapped } from '@assay/net';
import { parse } from 'yaml';
import { execCredential } from './kube-exec.ts';

export interface Cluster {
  /** URL without a slash at the end. */
  readonly server: string;
  readonly tls: HttpClientOptions;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
}

/**
 * Runs the credential program when the user's entry names one. Errors: `KEY_REFERENCE` when nothing says which cluster, or the files are not
 * what they should be; `KEY_PROVIDER` when the credential program fails; `FILE_` codes.
 *
 * @param podFolder where a pod finds its service account; only tests pass another
 */
export async function loadCluster(env: Environment, signal: AbortSignal | undefined, podFolder: string = POD_FOLDER): Promise<Cluster> {
  const config = readConfigs(configPaths(env));
  if (config.files > 0) return clusterOf(config, env, signal);
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (!host) {
    throw new TrustError('KEY_REFERENCE', 'no Kubernetes cluster: neither KUBECONFIG nor ~/.kube/config is there, and this is no pod', {
      hint: 'set KUBECONFIG to the path of a kubeconfig file',
    });
  }
  return clusterOfPod(host, env['KUBERNETES_SERVICE_PORT'] || '443', podFolder);
}

function clusterOfPod(host: string, port: string, folder: string): Cluster {
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: { file: join(folder, 'ca.crt') } },
    authorization: `Bearer ${readText(join(folder, 'token'))}`,
  };
}

/** One entry, and the folder of the file it stands in. */
interface Entry {
  readonly fields: Fields;
  readonly folder: string;
}
type Fields = Readonly<Record<string, unknown>>;

interface Config {
  /** How many files there were. */
  readonly files: number;
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

function configPaths(env: Environment): string[] {
  if (env['KUBECONFIG']) return env['KUBECONFIG'].split(delimiter).filter(Boolean);
  const home = env['HOME'] || env['USERPROFILE'];
  return home ? [join(home, '.kube', 'config')] : [];
}

function readConfigs(paths: readonly string[]): Config {
  const documents = paths.flatMap((path) => {
    const text = readIfThere(path);
    return text === undefined ? [] : [{ folder: dirname(resolve(path)), fields: parseConfig(path, text) }];
  });
  const named = (list: string, inner: string): Map<string, Entry> => {
    const entries = documents.flatMap(({ folder, fields }) => asArray(fields[list]).map((item) => ({ item: asFields(item), folder })));
    // The first one with a name wins, so the last ones are set first.
    return new Map(entries.reverse().map(({ item, folder }) => [text(item['name']), { fields: asFields(item[inner]), folder }]));
  };
  return {
    files: documents.length,
    currentContext: documents.map(({ fields }) => text(fields['current-context'])).find((name) => name !== '') ?? '',
    clusters: named('clusters', 'cluster'),
    users: named('users', 'user'),
    contexts: named('contexts', 'context'),
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

function parseConfig(path: string, content: string): Fields {
  try {
    return asFields(parse(content));
  } catch {
    // The parser's own message shows lines of the file, which holds tokens and keys.
    throw new TrustError('KEY_REFERENCE', `kubeconfig ${quote(path)}: not well-formed YAML`);
  }
}

async function clusterOf(config: Config, env: Environment, signal: AbortSignal | undefined): Promise<Cluster> {
  const context = pick(config.contexts, config.currentContext, 'context');
  const cluster = pick(config.clusters, text(context.fields['cluster']), 'cluster');
  const server = text(cluster.fields['server']).replace(/\/+$/, '');
  if (server === '') throw refusal('the cluster has no server');
  if (text(cluster.fields['proxy-url']) !== '') throw refusal('proxy-url is not supported; set HTTPS_PROXY instead');
  const userName = text(context.fields['user']);
  const identity = userName === '' ? ANONYMOUS : await identify(pick(config.users, userName, 'user'), cluster, env, signal);
  const ca = pem(cluster, 'certificate-authority');
  const serverName = text(cluster.fields['tls-server-name']);
  return {
    server,
    tls: {
      ...(ca && { ca }),
      ...(serverName !== '' && { serverName }),
      ...(cluster.fields['insecure-skip-tls-verify'] === true && { insecureSkipVerify: true }),
      ...identity.tls,
    },
    authorization: identity.authorization,
  };
}

function pick(entries: ReadonlyMap<string, Entry>, name: string, what: string): Entry {
  const entry = entries.get(name);
  if (name !== '' && entry !== undefined) return entry;
  throw refusal(name === '' ? `no current ${what} is set` : `there is no ${what} "${quote(name)}"`);
}

interface Identity {
  readonly tls: HttpClientOptions;
  readonly authorization: string | undefined;
}

const ANONYMOUS: Identity = { tls: {}, authorization: undefined };

async function identify(user: Entry, cluster: Entry, env: Environment, signal: AbortSignal | undefined): Promise<Identity> {
  const { fields, folder } = user;
  if (fields['auth-provider']) throw refusal('auth-provider is not supported; clusters that had it offer a credential program (exec) today');
  const clientCertificate = pem(user, 'client-certificate');
  const clientKey = pem(user, 'client-key');
  const tls = { ...(clientCertificate && { clientCertificate }), ...(clientKey && { clientKey }) };
  const token = fields['tokenFile'] ? readText(pathIn(folder, text(fields['tokenFile']))) : text(fields['token']);
  if (token !== '') return { tls, authorization: `Bearer ${token}` };
  if (text(fields['username']) !== '') {
    return { tls, authorization: `Basic ${encodeBase64(utf8(`${text(fields['username'])}:${text(fields['password'])}`))}` };
  }
  if (!fields['exec']) return { tls, authorization: undefined };
  const credential = await execCredential({ exec: asFields(fields['exec']), folder, cluster: cluster.fields, env, signal });
  return { tls: { ...tls, ...credential.tls }, authorization: credential.token === undefined ? undefined : `Bearer ${credential.token}` };
}

/** `NAME-data` is base64 of PEM and wins over `NAME`, a path. */
function pem({ fields, folder }: Entry, name: string): string | { file: string } | undefined {
  const data = text(fields[`${name}-data`]);
  if (data === '') return text(fields[name]) === '' ? undefined : { file: pathIn(folder, text(fields[name])) };
  const bytes = decodeBase64(data);
  const decoded = bytes && decodeUtf8(bytes);
  if (decoded === undefined) throw refusal(`${name}-data is not base64 of PEM`);
  return decoded;
}

function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function readText(path: string): string {
  return (decodeUtf8(readFileCapped(path, MAX_CONFIG_BYTES)) ?? '').trim();
}

/** Values may be secrets, so a wrong type is simply absent. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function refusal(problem: string): TrustError {
  return new TrustError('KEY_REFERENCE', `kubeconfig: ${problem}`);
}

const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
