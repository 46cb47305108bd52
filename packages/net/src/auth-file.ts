/**
 * The files in which container tools keep registry credentials: Docker's `config.json` and Podman's `auth.json`.
 *
 *     { "auths": { "ghcr.io":                     { "auth": base64(user ":" password) },
 *                  "quay.io/team/app":            { "auth": … },                   Podman: for these repositories only
 *                  "https://index.docker.io/v1/": { "auth": …, "identitytoken": "…" },
 *                  "registry.example:5000":       { "registrytoken": "…" } },
 *       "credHelpers": { "gcr.io": "gcloud" },          docker-credential-gcloud knows this registry
 *       "credsStore": "secretservice" }                 and this helper every other one
 *
 * A key is a host, or a URL of the registry's API, whose path says nothing (`https://ghcr.io/v1/`), or a repository or the
 * beginning of some; the most specific key with credentials wins. Of two secrets in one entry the narrower one counts, as
 * for cosign: `registrytoken`, `identitytoken`, `auth`.
 *
 * No message quotes a value of these files: whatever has the wrong type may still be a secret.
 */
import { decodeBase64, decodeUtf8, isJsonObject, isTrustError, type Json, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import { readFileCapped } from './file.ts';
import { canonicalHost, DOCKER_HUB } from './registry-host.ts';

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, to be exchanged at the registry's token service. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token, used as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

export interface AuthFile {
  readonly path: string;
  readonly document: JsonObject;
}

/** What credentials are wanted for. */
export interface Target {
  /** Canonical. */
  readonly host: string;
  /** Without the host, e.g. `library/alpine`. */
  readonly repository: string | undefined;
}

/** Undefined when there is no such file. @throws TrustError AUTH_CONFIG, FILE_UNREADABLE, FILE_TOO_LARGE (4 MiB) */
export function loadAuthFile(path: string): AuthFile | undefined {
  const bytes = readIfPresent(path);
  if (bytes === undefined) return undefined;
  // Docker takes an empty file for one without settings.
  if (bytes.length === 0) return { path, document: {} };
  try {
    const document = parseJson(bytes);
    if (isJsonObject(document)) return { path, document };
  } catch (error) {
    if (error instanceof JsonError) throw authConfigError(path, `not valid JSON: ${error.message}`);
    throw error;
  }
  throw authConfigError(path, 'expected a JSON object');
}

/** How Docker and its helpers name a registry. */
export function serverName(host: string): string {
  return host === DOCKER_HUB ? `https://${DOCKER_HUB}/v1/` : host;
}

/** What the file itself holds. @throws TrustError AUTH_CONFIG */
export function storedCredential(file: AuthFile, target: Target): Credential | undefined {
  for (const [key, entry] of entriesFor(target, section(file, 'auths'))) {
    const credential = parseEntry(entry, `${quote(file.path)}: auths[${quote(key, 100)}]`);
    if (credential !== undefined) return credential;
  }
  return undefined;
}

/** NAME of the docker-credential-NAME that is set for this very registry. @throws TrustError AUTH_CONFIG */
export function registryHelper(file: AuthFile, target: Target): string | undefined {
  const [first] = entriesFor(target, section(file, 'credHelpers'));
  return first === undefined ? undefined : helperName(file, `credHelpers[${quote(first[0], 100)}]`, first[1]);
}

/** NAME of the docker-credential-NAME for registries without one of their own. @throws TrustError AUTH_CONFIG */
export function defaultHelper(file: AuthFile): string | undefined {
  return helperName(file, 'credsStore', file.document['credsStore'] ?? null);
}

/** A member that maps registries to something; empty when absent. @throws TrustError AUTH_CONFIG */
export function section({ path, document }: AuthFile, name: 'auths' | 'credHelpers'): JsonObject {
  const value = document[name] ?? {};
  if (!isJsonObject(value)) throw authConfigError(path, `${name} is not an object`);
  return value;
}

/** True for a key that stands for the whole registry. */
export function isKeyOf(key: string, host: string): boolean {
  const scope = parseKey(key);
  return scope.host === host && scope.path === '';
}

export function authConfigError(path: string, problem: string): TrustError {
  return new TrustError('AUTH_CONFIG', `${quote(path)}: ${problem}`);
}

interface Scope {
  readonly host: string;
  /** Repositories that are this or lie below it; empty for all. */
  readonly path: string;
}

function parseKey(key: string): Scope {
  const bare = key.replace(/^https?:\/\//u, '');
  const slash = bare.indexOf('/');
  if (slash < 0) return { host: canonicalHost(bare), path: '' };
  const path = bare.slice(slash + 1);
  const isApiUrl = bare !== key || path === '' || /^v[12]\/$/u.test(path);
  return { host: canonicalHost(bare.slice(0, slash)), path: isApiUrl ? '' : path };
}

/** From the most to the least specific; of equal ones the key that Docker writes comes first. */
function entriesFor(target: Target, entries: JsonObject): [string, Json][] {
  const specificity = (key: string): number => parseKey(key).path.length + (key === serverName(target.host) ? 0.5 : 0);
  return Object.entries(entries)
    .filter(([key]) => serves(parseKey(key), target))
    .sort(([a], [b]) => specificity(b) - specificity(a));
}

function serves({ host, path }: Scope, target: Target): boolean {
  return host === target.host && (path === '' || path === target.repository || target.repository?.startsWith(`${path}/`) === true);
}

function parseEntry(entry: Json, where: string): Credential | undefined {
  if (!isJsonObject(entry)) throw new TrustError('AUTH_CONFIG', `${where} is not an object`);
  const text = (name: string): string => {
    const value = entry[name] ?? '';
    if (typeof value !== 'string') throw new TrustError('AUTH_CONFIG', `${where}.${name} is not text`);
    return value;
  };
  const [registryToken, identityToken, auth] = [text('registrytoken'), text('identitytoken'), text('auth')];
  if (registryToken !== '') return { kind: 'registry-token', token: registryToken };
  if (identityToken !== '') return { kind: 'identity-token', token: identityToken };
  if (auth !== '') return parsePair(auth, where);
  const [username, password] = [text('username'), text('password')];
  return username === '' ? undefined : { kind: 'basic', username, password };
}

function parsePair(auth: string, where: string): Credential {
  const bytes = decodeBase64(auth);
  const pair = bytes && decodeUtf8(bytes);
  const colon = pair?.indexOf(':') ?? -1;
  if (pair === undefined || colon < 1) throw new TrustError('AUTH_CONFIG', `${where}.auth is not the base64 of user:password`);
  // Some tools pad the password with zero bytes; Docker drops them too.
  return { kind: 'basic', username: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/u, '') };
}

/** An empty name is how Docker switches a helper off. The pattern keeps the name a name: no path, no option. */
function helperName(file: AuthFile, where: string, value: Json): string | undefined {
  if (value === null || value === '') return undefined;
  if (typeof value === 'string' && HELPER_NAME.test(value)) return value;
  throw authConfigError(file.path, `${where} is not the name of a credential helper (docker-credential-NAME)`);
}

function readIfPresent(path: string): Uint8Array | undefined {
  try {
    return readFileCapped(path, MAX_AUTH_FILE_BYTES);
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

const MAX_AUTH_FILE_BYTES = 4 * 1024 * 1024;
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;
