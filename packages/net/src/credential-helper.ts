/**
 * Docker's credential helpers: programs `docker-credential-NAME` on PATH, started with one word, without a shell.
 *
 *     get     stdin: the server                             stdout: {"ServerURL","Username","Secret"}
 *     store   stdin: {"ServerURL","Username","Secret"}
 *     erase   stdin: the server
 *
 * A failure is an exit status other than 0, its reason on stdout. The user name `<token>` says that the secret is an identity token.
 * What a helper prints never enters a message: it may be the secret. Its stderr goes nowhere.
 */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { isJsonObject, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import type { Credential } from './auth-file.ts';
import type { Environment } from './environment.ts';

export interface HelperOptions {
  /** Handed to the helper; its PATH says where the helper lies. */
  env: Environment;
  /** Default 10 000. */
  helperTimeoutMs?: number;
}

/** Undefined when the helper has none. @throws TrustError AUTH_HELPER */
export async function askHelper(name: string, server: string, options: HelperOptions): Promise<Credential | undefined> {
  const output = await runHelper(name, 'get', server, options);
  return output === undefined ? undefined : parseCredential(output, program(name));
}

/** @throws TrustError AUTH_HELPER */
export async function storeInHelper(name: string, server: string, login: { username: string; password: string }, options: HelperOptions): Promise<void> {
  await runHelper(name, 'store', JSON.stringify({ ServerURL: server, Username: login.username, Secret: login.password }), options);
}

/** Nothing to erase is no failure. @throws TrustError AUTH_HELPER */
export async function eraseFromHelper(name: string, server: string, options: HelperOptions): Promise<void> {
  await runHelper(name, 'erase', server, options);
}

/** What it printed; undefined when it says that it has no credentials for the server. */
async function runHelper(name: string, action: 'get' | 'store' | 'erase', input: string, options: HelperOptions): Promise<string | undefined> {
  const { spawn } = await import('node:child_process');
  const child = spawn(program(name), [action], { env: { ...options.env }, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
  const { code, output } = await outcomeOf(child, input, `${program(name)} ${action}`, options.helperTimeoutMs ?? HELPER_TIMEOUT_MS);
  if (code === 0) return output;
  if (action !== 'store' && output.trim() === NOT_FOUND) return undefined;
  throw helperError(`${program(name)} ${action} failed (exit status ${code ?? 'none'})`);
}

type Helper = ChildProcessByStdio<Writable, Readable, null>;

function outcomeOf(child: Helper, input: string, what: string, timeoutMs: number): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const giveUp = (problem: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A process that the helper started may hold the pipe open for ever.
      child.stdout.destroy();
      reject(helperError(problem, cause));
    };
    const timer = setTimeout(() => giveUp(`${what} did not finish within ${timeoutMs} ms`), timeoutMs);
    child.once('error', (error: NodeJS.ErrnoException) =>
      giveUp(error.code === 'ENOENT' ? `${what}: no such program on PATH` : `${what} cannot be started (${error.code})`, error),
    );
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received > MAX_OUTPUT_BYTES) giveUp(`${what} printed more than the cap of ${MAX_OUTPUT_BYTES} bytes`);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output: Buffer.concat(chunks).toString() });
    });
    // A helper may end without reading: what it says and its status tell why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function parseCredential(output: string, what: string): Credential | undefined {
  const { Username: username, Secret: secret } = parseOutput(output, what);
  if (typeof username !== 'string' || typeof secret !== 'string') throw helperError(`${what} get: the answer lacks Username or Secret`);
  if (username === '' && secret === '') return undefined;
  return username === '<token>' ? { kind: 'identity-token', token: secret } : { kind: 'basic', username, password: secret };
}

function parseOutput(output: string, what: string): JsonObject {
  try {
    const document = parseJson(output);
    if (isJsonObject(document)) return document;
  } catch {
    // Without the cause: it may quote the secret.
  }
  throw helperError(`${what} get: the answer is not a JSON object`);
}

function program(name: string): string {
  return `docker-credential-${name}`;
}

function helperError(problem: string, cause?: unknown): TrustError {
  return new TrustError('AUTH_HELPER', quote(problem), { cause });
}

const NOT_FOUND = 'credentials not found in native keychain';
const HELPER_TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
