/**
 * Identity tokens that the machine has without anybody logging in: CI jobs, workloads, files that were put there.
 *
 * | Provider | Is there when | Gives |
 * |---|---|---|
 * | `envvar` | `SIGSTORE_ID_TOKEN` is set, or `SIGSTORE_IDENTITY_TOKEN` | its value (GitLab: `id_tokens`) |
 * | `github-actions` | `ACTIONS_ID_TOKEN_REQUEST_TOKEN` and `…_URL` are set | what that URL answers |
 * | `filesystem` | the file exists | its content |
 * | `spiffe` | the socket exists | a JWT-SVID of the Workload API |
 * | `buildkite-agent` | `BUILDKITE_AGENT_ACCESS_TOKEN` is set | what the agent API answers |
 * | `google-workload-identity` | on Google's machines | the metadata server's token, or one of the credentials file |
 * | `google-impersonate` | `GOOGLE_SERVICE_ACCOUNT_NAME` is set | a token of that service account |
 *
 * In this order, as cosign asks them (cosign.md section 5, point 3): the first that is there and answers. Which one it was depends on where a job
 * runs, never on who could write to it: all of these belong to whoever set up the job.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import { buildkiteAgent } from './buildkite.ts';
import { environmentVariable } from './environment-variable.ts';
import { filesystem } from './filesystem.ts';
import { githubActions } from './github-actions.ts';
import { googleImpersonate, googleWorkloadIdentity } from './google.ts';
import { type IdentityToken, parseIdentityToken } from './identity-token.ts';
import type { AmbientProvider } from './provider.ts';
import { spiffe } from './spiffe.ts';
import { nowOf, type TokenContext } from './token-context.ts';

export type AmbientProviderName = keyof typeof PROVIDERS;

/**
 * The token of the first provider that is there and gives one, or of the named one, there or not.
 *
 * @returns undefined when no provider is there
 * @throws TrustError TOKEN_PROVIDER (`fetching ambient OIDC credentials: …`) when those that are there all fail; TOKEN_PROVIDER_UNKNOWN; and what
 * `parseIdentityToken` throws
 */
export async function ambientToken(context: TokenContext, provider?: AmbientProviderName): Promise<IdentityToken | undefined> {
  const providers = provider === undefined ? await providersHere(context) : [providerNamed(provider)];
  if (providers.length === 0) return undefined;
  return parseIdentityToken(await firstToken(providers, context), { now: nowOf(context) });
}

/** The providers by name, in the order in which they are asked. */
export function ambientProviderNames(): AmbientProviderName[] {
  return Object.keys(PROVIDERS) as AmbientProviderName[];
}

async function providersHere(context: TokenContext): Promise<AmbientProvider[]> {
  const here: AmbientProvider[] = [];
  for (const provider of Object.values(PROVIDERS)) if (await provider.isHere(context)) here.push(provider);
  return here;
}

/** The name comes from a flag, so that it may be any text. */
function providerNamed(name: string): AmbientProvider {
  if (Object.hasOwn(PROVIDERS, name)) return PROVIDERS[name as AmbientProviderName];
  throw new TrustError('TOKEN_PROVIDER_UNKNOWN', `getting provider: ${quote(name)} is not a valid provider`);
}

async function firstToken(providers: readonly AmbientProvider[], context: TokenContext): Promise<string> {
  const problems: string[] = [];
  for (const provider of providers) {
    try {
      return await provider.token(context);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      problems.push(error.message);
    }
  }
  throw new TrustError('TOKEN_PROVIDER', `fetching ambient OIDC credentials: ${problems.join('; ')}`);
}

const PROVIDERS = {
  envvar: environmentVariable,
  'github-actions': githubActions,
  filesystem,
  spiffe,
  'buildkite-agent': buildkiteAgent,
  'google-workload-identity': googleWorkloadIdentity,
  'google-impersonate': googleImpersonate,
} as const satisfies Record<string, AmbientProvider>;
