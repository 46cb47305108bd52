/** The HTTP client of one piece of work. */
import { createHttpClient, type HttpClient } from '@assay/net';
import type { Io } from './io.ts';
import { isOffline } from './offline.ts';

/** Closed when `work` ends. Nothing is asked for where it is `offline`, by default as the environment says. */
export async function withHttp<T>(io: Io, work: (http: HttpClient) => Promise<T>, offline: boolean = isOffline(io.env)): Promise<T> {
  const http = createHttpClient({ env: io.env, offline, userAgent: 'assay' });
  try {
    return await work(http);
  } finally {
    http.close();
  }
}
