/** One run of a command: the host, who asks there, and the client that asks. */
import type { HttpClient } from '@assay/net';
import { fetchTrustDomain, type GithubApi, hasAttestations, tenantOf } from '@assay/slsa/github';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { withHttp } from '../with-http.ts';
import { githubApi } from './github-api.ts';
import { hostOf } from './login.ts';

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
  return withHttp(io, async (http) => work({ io, host, tenant: tenantOf(host), api: await githubApi(host, http, io), http }));
}

/** Tenants have trusted roots of their own, which their host names; '' for everyone else. */
export async function trustDomain({ tenant, api }: Session): Promise<string> {
  if (tenant === undefined) return '';
  return wrapped('error getting trust domain, make sure you are authenticated against the host', () => fetchTrustDomain(api));
}
