/** GitHub's API at a host, asked as whoever is logged in there, else as nobody. */
import type { HttpClient } from '@assay/net';
import type { GithubApi } from '@assay/slsa/github';
import type { Io } from '../io.ts';
import { tokenFor } from './login.ts';

export async function githubApi(host: string, http: HttpClient, { env }: Pick<Io, 'env'>): Promise<GithubApi> {
  return { http, host, token: await tokenFor(host, env), api: env['ASSAY_GITHUB_API'] || undefined };
}
