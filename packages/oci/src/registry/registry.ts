/** Registries, by the names in references: one connection each, however many repositories are used. */
import type { Credential, HttpClient, Keychain, Mirrors } from '@assay/net';
import { canonicalRegistry, type RepositoryName } from '../reference.ts';
import { Connection, type PlainHttp } from './connection.ts';
import { RepositoryClient } from './repository.ts';

export interface RegistryOptions {
  readonly http: HttpClient;
  /** Where logins come from. Default: nobody is logged in. */
  readonly keychain?: Keychain | undefined;
  /** For every registry, instead of the keychain: what flags like `--registry-token` say. */
  readonly credential?: Credential | undefined;
  /** Requests for a registry go to its mirror; names stay. */
  readonly mirrors?: Mirrors | undefined;
  /** Default `never`: this machine aside, https only. */
  readonly plainHttp?: PlainHttp;
  readonly signal?: AbortSignal;
  /** Seams for tests. In milliseconds: the clock by which tokens expire, and the wait before an upload is begun again. */
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Registries {
  repository(name: RepositoryName): RepositoryClient;
  connection(registry: string): Connection;
}

/**
 * @example
 * const registries = openRegistries({ http, keychain: createKeychain({ env, home }) });
 * const stored = await registries.repository(parseReference('ghcr.io/owner/app:1.0')).manifest('1.0');
 */
export function openRegistries(options: RegistryOptions): Registries {
  const connections = new Map<string, Connection>();
  const connection = (registry: string): Connection => {
    const known = connections.get(registry);
    if (known !== undefined) return known;
    const opened = new Connection({
      http: options.http,
      registry,
      mirror: options.mirrors?.get(canonicalRegistry(registry)),
      plainHttp: options.plainHttp ?? 'never',
      credential: async () => options.credential ?? options.keychain?.credentialsFor(registry),
      signal: options.signal,
      now: options.now ?? Date.now,
      sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    });
    connections.set(registry, opened);
    return opened;
  };
  return { connection, repository: (name) => new RepositoryClient({ connection: connection(name.registry), name }) };
}
