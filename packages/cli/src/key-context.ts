/** What key references need of the world: the environment, clients, and a password. */
import { createHttpClient } from '@assay/net';
import type { KeyContext } from '@assay/sign';
import type { Io } from './io.ts';
import { isOffline } from './offline.ts';
import { passwordOf } from './password.ts';

export interface KeyContextOptions {
  readonly io: Io;
  readonly userAgent: string;
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
}

/** The client is closed when `work` is done. */
export async function withKeyContext<T>({ io, userAgent, offline, signal }: KeyContextOptions, work: (keys: KeyContext) => Promise<T>): Promise<T> {
  const options = { env: io.env, offline: offline === true || isOffline(io.env), userAgent };
  const http = createHttpClient(options);
  const createHttp: KeyContext['createHttp'] = (more) => createHttpClient({ ...options, ...more });
  try {
    return await work({ env: io.env, http, createHttp, password: passwordOf(io), ...(signal !== undefined && { signal }) });
  } finally {
    http.close();
  }
}
