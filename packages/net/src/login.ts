/** `login` and `logout`: what they change in Docker's configuration, or in the credential helper that it names. */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodeBase64, type JsonObject, TrustError, utf8 } from '@assay/core';
import { type AuthFile, authConfigError, defaultHelper, isKeyOf, loadAuthFile, registryHelper, section, serverName } from './auth-file.ts';
import { dockerConfigPath, type KeychainOptions } from './keychain.ts';
import { canonicalHost } from './registry-host.ts';

/**
 * Keeps a login for later: in the helper that is configured for the registry, or else in the file, base64 and not encrypted. All other
 * content of the file is kept. A keychain that is already in use does not see it.
 *
 * @returns the configuration file, e.g. for `logged in via PATH`
 * @throws TrustError AUTH_CONFIG, AUTH_HELPER, FILE_UNREADABLE, FILE_TOO_LARGE, USAGE (a user name that the file cannot hold)
 */
export async function storeLogin(registryHost: string, login: { username: string; password: string }, options: KeychainOptions): Promise<{ path: string }> {
  const { file, host, server, helper } = openConfig(registryHost, options);
  if (helper !== undefined) await (await import('./credential-helper.ts')).storeInHelper(helper, server, login, options);
  // With a helper the entry stays empty, as Docker does it; what it held before must not win over the helper.
  const entry = helper === undefined ? { auth: encodePair(login) } : {};
  save(file, { ...withoutRegistry(section(file, 'auths'), host), [server]: entry });
  return { path: file.path };
}

/** The other way round; a registry without a login is no error, and leaves the file untouched. Same errors. */
export async function removeLogin(registryHost: string, options: KeychainOptions): Promise<{ path: string }> {
  const { file, host, server, helper } = openConfig(registryHost, options);
  if (helper !== undefined) await (await import('./credential-helper.ts')).eraseFromHelper(helper, server, options);
  const auths = section(file, 'auths');
  if (Object.keys(auths).some((key) => isKeyOf(key, host))) save(file, withoutRegistry(auths, host));
  return { path: file.path };
}

interface Config {
  readonly file: AuthFile;
  readonly host: string;
  readonly server: string;
  readonly helper: string | undefined;
}

function openConfig(registryHost: string, options: KeychainOptions): Config {
  const path = dockerConfigPath(options);
  const file = loadAuthFile(path) ?? { path, document: {} };
  const host = canonicalHost(registryHost);
  const helper = registryHelper(file, { host, repository: undefined }) ?? defaultHelper(file);
  return { file, host, server: serverName(host), helper };
}

function encodePair({ username, password }: { username: string; password: string }): string {
  // RFC 7617 section 2: the first colon ends the user name.
  if (username === '' || username.includes(':')) throw new TrustError('USAGE', 'a registry user name must not be empty, nor contain a colon');
  return encodeBase64(utf8(`${username}:${password}`));
}

function withoutRegistry(auths: JsonObject, host: string): JsonObject {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !isKeyOf(key, host)));
}

/** A reader sees the old file or the new one, never a part; and nobody else can read it, at no moment. */
function save({ path, document }: AuthFile, auths: JsonObject): void {
  const text = `${JSON.stringify({ ...document, auths }, exactNumbers, '\t')}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(followed(path), text);
  } catch (error) {
    throw authConfigError(path, `cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A link to a file elsewhere stays a link. */
function followed(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Integers beyond 2^53 arrive as bigint, and leave with the same digits. */
function exactNumbers(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value)) : value;
}
