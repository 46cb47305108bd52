/**
 * Who asks GitHub's API, and at which host, as gh finds it out: variables, then what `gh auth login` has kept.
 *
 *     ~/.config/gh/hosts.yml        github.com: { user: me, oauth_token: gho_… }
 *
 * A token that gh keeps in the keyring of the system is not seen; then the API is asked as nobody, which public repositories allow.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isTrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { GITHUB, normalHost, tenantOf } from '@assay/slsa/github';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';

type Hosts = ReadonlyMap<string, string | undefined>;

/** `--hostname`, `GH_HOST`, the only host that is logged in, or github.com. */
export async function hostOf(flag: string, env: Io['env']): Promise<string> {
  const named = flag || env['GH_HOST'];
  if (named) return normalHost(named);
  const [only, ...others] = (await readHosts(env)).keys();
  return only !== undefined && others.length === 0 ? normalHost(only) : GITHUB;
}

/** `GH_TOKEN` and `GITHUB_TOKEN` are for github.com and tenants, `GH_ENTERPRISE_TOKEN` and `GITHUB_ENTERPRISE_TOKEN` for every other host. */
export async function tokenFor(host: string, env: Io['env']): Promise<string | undefined> {
  const isPublic = normalHost(host) === GITHUB || tenantOf(host) !== undefined;
  const prefix = isPublic ? '' : 'ENTERPRISE_';
  return env[`GH_${prefix}TOKEN`] || env[`GITHUB_${prefix}TOKEN`] || (await readHosts(env)).get(normalHost(host));
}

/** Errors: `CommandError` with status 4 and the words of gh. */
export async function requireLogin({ env }: Io): Promise<void> {
  const isKnown = TOKENS.some((name) => env[name]) || Boolean(env['GH_HOST']) || (await readHosts(env)).size > 0;
  if (!isKnown) throw new CommandError(loginHelp(env), NOT_LOGGED_IN);
}

function loginHelp(env: Io['env']): string {
  if (env['GITHUB_ACTIONS'] === 'true')
    return `gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable. Example:\n  env:\n    GH_TOKEN: ${'$'}{{ github.token }}`;
  if (env['CI']) return 'gh: To use GitHub CLI in automation, set the GH_TOKEN environment variable.';
  return 'To get started with GitHub CLI, please run:  gh auth login\nAlternatively, populate the GH_TOKEN environment variable with a GitHub API authentication token.';
}

/** Host to token; a file that is not there or cannot be read says nothing, as for gh. */
async function readHosts(env: Io['env']): Promise<Hosts> {
  const content = readConfig(join(configFolder(env), 'hosts.yml'));
  if (content === undefined) return new Map();
  const { parse } = await import('yaml');
  try {
    const hosts: unknown = parse(new TextDecoder().decode(content));
    if (typeof hosts !== 'object' || hosts === null || Array.isArray(hosts)) return new Map();
    return new Map(Object.entries(hosts).map(([host, entry]) => [normalHost(host), oauthToken(entry)]));
  } catch {
    return new Map();
  }
}

function readConfig(path: string): Uint8Array | undefined {
  try {
    return readFileCapped(path, MAX_CONFIG_BYTES);
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function oauthToken(entry: unknown): string | undefined {
  const token = typeof entry === 'object' && entry !== null ? (entry as { oauth_token?: unknown }).oauth_token : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function configFolder(env: Io['env']): string {
  if (env['GH_CONFIG_DIR']) return env['GH_CONFIG_DIR'];
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'gh');
}

const TOKENS = ['GH_TOKEN', 'GITHUB_TOKEN', 'GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN'];
const NOT_LOGGED_IN = 4;
const MAX_CONFIG_BYTES = 1024 * 1024;
