/** Access to registries as the environment and a command's flags have it: logins, mirrors, certificates, schemes. */
import { type Credential, createHttpClient, createKeychain, type HttpClient, type HttpClientOptions, loadMirrors } from '@assay/net';
import { openRegistries, type PlainHttp, type Registries } from '@assay/oci';
import type { Io } from './io.ts';
import { isOffline } from './offline.ts';

export interface RegistryAccessOptions {
  readonly userAgent: string;
  readonly plainHttp: PlainHttp;
  /** Instead of logins from files. */
  readonly credential?: Credential | undefined;
  readonly offline?: boolean;
  /** Default: the file that `ASSAY_REGISTRY_MIRRORS` names. */
  readonly mirrorsFile?: string | undefined;
  readonly tls?: Pick<HttpClientOptions, 'ca' | 'clientCertificate' | 'clientKey' | 'serverName' | 'insecureSkipVerify'>;
  /** One line for each exchange, for `-d`. */
  readonly trace?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface RegistryAccess {
  readonly registries: Registries;
  readonly http: HttpClient;
  close(): void;
}

/** Opens no socket. Errors: `MIRRORS_PARSE`, `FILE_…`. */
export function openRegistryAccess(io: Io, options: RegistryAccessOptions): RegistryAccess {
  const { env } = io;
  const { trace } = options;
  const http = createHttpClient({
    env,
    offline: options.offline === true || isOffline(env),
    userAgent: options.userAgent,
    ...options.tls,
    ...(trace !== undefined && {
      onExchange: ({ method, url, status, durationMs }) => trace(`${method} ${url} ${status} (${Math.round(durationMs)} ms)`),
    }),
  });
  const mirrorsFile = options.mirrorsFile ?? env['ASSAY_REGISTRY_MIRRORS'];
  const registries = openRegistries({
    http,
    keychain: createKeychain({ env, home: env['HOME'] ?? '' }),
    credential: options.credential,
    mirrors: mirrorsFile ? loadMirrors(mirrorsFile) : undefined,
    plainHttp: options.plainHttp,
    ...(options.signal !== undefined && { signal: options.signal }),
  });
  return { registries, http, close: () => http.close() };
}
