/**
 * Registry credentials that the user's container tools already have, asked in the order of cosign (cosign.md section 0.4):
 *
 * 1. `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`
 * 2. the first that exists of `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`,
 *    `$XDG_CONFIG_HOME/containers/auth.json` (or below `~/.config`)
 *
 * and within a file: the helper set for the registry, the entry of the file, the helper for all. A file that cannot be read
 * and a helper that fails are errors: going on without credentials would turn them into a puzzling 401.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AuthFile, type Credential, defaultHelper, loadAuthFile, registryHelper, serverName, storedCredential, type Target } from './auth-file.ts';
import type { Environment } from './environment.ts';
import { canonicalHost } from './registry-host.ts';

export type { Credential } from './auth-file.ts';

export interface KeychainOptions {
  /** Read for the variables above; credential helpers inherit it, and are looked for on its PATH. */
  env: Environment;
  /** The user's home folder. */
  home: string;
  /** How long a credential helper may take. Default 10 000. */
  helperTimeoutMs?: number;
}

export interface Keychain {
  /**
   * Undefined when nobody has credentials: the registry is asked anonymously.
   * @param registryHost as in references, with the port if it has one, e.g. `ghcr.io` or `localhost:5000`
   * @param repository without the host, e.g. `library/alpine`
   * @throws TrustError AUTH_CONFIG, AUTH_HELPER, FILE_UNREADABLE, FILE_TOO_LARGE
   */
  credentialsFor(registryHost: string, repository?: string): Promise<Credential | undefined>;
}

/**
 * Files are read once, and a helper is asked once for a registry; failures are kept too. Nothing is read before the first question.
 * @example const credential = await createKeychain({ env: process.env, home: homedir() }).credentialsFor('ghcr.io');
 */
export function createKeychain(options: KeychainOptions): Keychain {
  const files = new Map<string, Promise<AuthFile | undefined>>();
  const answers = new Map<string, Promise<Credential | undefined>>();
  const load = (path: string): Promise<AuthFile | undefined> => once(files, path, async () => loadAuthFile(path));
  const ask: Ask = (name, server) => once(answers, `${name} ${server}`, async () => (await import('./credential-helper.ts')).askHelper(name, server, options));
  return {
    async credentialsFor(registryHost, repository) {
      const target = { host: canonicalHost(registryHost), repository };
      for (const path of [dockerConfigPath(options), containersAuthPath(options)]) {
        const file = await load(path);
        const credential = file && (await search(file, target, ask));
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
  };
}

export function dockerConfigPath({ env, home }: KeychainOptions): string {
  return join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json');
}

function containersAuthPath({ env, home }: KeychainOptions): string {
  const inConfig = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), CONTAINERS_AUTH);
  const inRuntime = env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], CONTAINERS_AUTH);
  return [env['REGISTRY_AUTH_FILE'], inRuntime].find((path) => path && existsSync(path)) || inConfig;
}

type Ask = (helper: string, server: string) => Promise<Credential | undefined>;

async function search(file: AuthFile, target: Target, ask: Ask): Promise<Credential | undefined> {
  const server = serverName(target.host);
  const own = registryHelper(file, target);
  const found = (own && (await ask(own, server))) || storedCredential(file, target);
  if (found) return found;
  const common = defaultHelper(file);
  return common === undefined ? undefined : ask(common, server);
}

function once<Value>(kept: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = make();
  kept.set(key, made);
  return made;
}

const CONTAINERS_AUTH = join('containers', 'auth.json');
