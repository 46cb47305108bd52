/** One run of a command: the host, who asks there, and the client that asks. */
import { createHttpClient, type HttpClient } from '@assay/net';
import { fetchTrustDomain, type GithubApi, hasAttestations, tenantOf } from '@assay/slsa/github';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { hostOf, tokenFor } from './login.ts';

export interface Session {
  readonly io: Io;
  readonly host: string;
  /** Of a host `TENANT.ghe.com`. */
  readonly tenant: string | undefined;
  readonly api: GithubApi;
  readonly http: HttpClient;
}

/** Runs `work`, and ends its connections. Errors: `CommandError` for hosts without attestations. */
export async function withSession<T>(flags: ParsedFlags, io: Io, work: (session: Session) => Promise<T>): Promise<T> {
  const host = await hostOf(flags.text('hostname'), io.env);
  if (!hasAttestations(host)) throw new CommandError('An unsupported host was detected. Note that gh attestation does not currently support GHES');
  const http = createHttpClient({ env: io.env, offline: isOffline(io.env), userAgent: 'assay' });
  try {
    const token = await tokenFor(host, io.env);
    const api = { http, host, token, api: io.env['ASSAY_GITHUB_API'] || undefined };
    return await work({ io, host, tenant: tenantOf(host), api, http });
  } finally {
    http.close();
  }
}

/** Tenants have trusted roots of their own, which their host names; '' for everyone else. */
export async function trustDomain({ tenant, api }: Session): Promise<string> {
  if (tenant === undefined) return '';
  return wrapped('error getting trust domain, make sure you are authenticated against the host', () => fetchTrustDomain(api));
}
