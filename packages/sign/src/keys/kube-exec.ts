/**
 * Credential programs of kubeconfig (`users[].user.exec`), by which managed clusters log people in: the program is told about us in the environment
 * variable KUBERNETES_EXEC_INFO and answers on stdout with
 *
 *   { "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 *     "status": { "token": …, "clientCertificateData": PEM, "clientKeyData": PEM } }
 *
 * The program is the user's own: it comes from the file that also says which cluster to trust. It gets no terminal.
 */
import { execFile } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { isJsonObject, type JsonObject, quote, TrustError, tryParseJson } from '@assay/core';
import type { Environment } from '@assay/net';

export interface ExecRequest {
  /** `{ apiVersion, command, args, env: [{ name, value }], provideClusterInfo }` */
  readonly exec: Readonly<Record<string, unknown>>;
  /** Where the kubeconfig lies: a command with a slash that is not absolute starts there. */
  readonly folder: string;
  /** The cluster's entry of the kubeconfig. */
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly signal: AbortSignal | undefined;
}

export interface ExecCredential {
  readonly token: string | undefined;
  readonly tls: { clientCertificate?: string; clientKey?: string };
}

/** Errors: `KEY_REFERENCE` when the entry names no command, `KEY_PROVIDER` when the program fails or answers something else. */
export async function execCredential(request: ExecRequest): Promise<ExecCredential> {
  const { exec, folder } = request;
  const command = exec['command'];
  if (typeof command !== 'string' || command === '') throw new TrustError('KEY_REFERENCE', 'kubeconfig: exec names no command');
  const path = command.includes('/') && !isAbsolute(command) ? join(folder, command) : command;
  const status = parseStatus(command, await run(path, command, request));
  const { token, clientCertificateData: clientCertificate, clientKeyData: clientKey } = status;
  return {
    token: typeof token === 'string' && token !== '' ? token : undefined,
    tls: typeof clientCertificate === 'string' && typeof clientKey === 'string' ? { clientCertificate, clientKey } : {},
  };
}

function run(path: string, command: string, request: ExecRequest): Promise<string> {
  const { exec, signal } = request;
  const args = Array.isArray(exec['args']) ? exec['args'].filter((arg) => typeof arg === 'string') : [];
  const options = { env: environmentFor(request), timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (signal?.aborted) return reject(signal.reason);
      const why = error.code === 'ENOENT' ? 'it is not installed' : lastLine(stderr) || `it ended with ${error.code ?? error.signal}`;
      reject(new TrustError('KEY_PROVIDER', `the credential program ${quote(command)} of the kubeconfig failed: ${quote(why)}`));
    });
    child.stdin?.end();
  });
}

/** Not its stdout, where a token may be. */
function lastLine(stderr: string): string {
  return stderr.trim().split('\n').at(-1) ?? '';
}

function environmentFor({ exec, cluster, env }: ExecRequest): NodeJS.ProcessEnv {
  const added = (Array.isArray(exec['env']) ? exec['env'] : [])
    .filter(isJsonObject)
    .flatMap(({ name, value }) => (typeof name === 'string' && typeof value === 'string' ? [[name, value]] : []));
  const info = {
    kind: 'ExecCredential',
    apiVersion: exec['apiVersion'],
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true && { cluster }) },
  };
  return { ...env, ...Object.fromEntries(added), KUBERNETES_EXEC_INFO: JSON.stringify(info) };
}

function parseStatus(command: string, stdout: string): JsonObject {
  const answer = tryParseJson(stdout);
  const status = isJsonObject(answer) && answer['kind'] === 'ExecCredential' ? answer['status'] : undefined;
  if (isJsonObject(status)) return status;
  throw new TrustError('KEY_PROVIDER', `the credential program ${quote(command)} of the kubeconfig did not answer with an ExecCredential`);
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
