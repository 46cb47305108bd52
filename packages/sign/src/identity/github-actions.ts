/**
 * The token of a GitHub Actions job that has the permission `id-token: write`.
 *
 *   GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=sigstore, Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN  →  {"value": TOKEN}
 *
 * Three attempts a second apart, with cosign's notice in between.
 */
import { isTrustError } from '@assay/core';
import { type AmbientProvider, askForJson, required, textIn } from './provider.ts';
import { audienceOf, sleepFor } from './token-context.ts';

export const githubActions: AmbientProvider = {
  isHere: ({ environment }) => Boolean(environment[REQUEST_TOKEN] && environment[REQUEST_URL]),

  async token(context) {
    const bearer = required(context, REQUEST_TOKEN);
    const url = withAudience(required(context, REQUEST_URL), audienceOf(context));
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await askForJson(context, url, {
          headers: { accept: 'application/json', authorization: `bearer ${bearer}` },
          retries: 0,
          secrets: [bearer],
        });
        return textIn(answer, 'value', 'github-actions');
      } catch (error) {
        if (attempt === ATTEMPTS || !isWorthAnother(error)) throw error;
        context.onNotice?.(`error fetching GitHub OIDC token (will retry): ${(error as Error).message}`);
        await sleepFor(context, PAUSE_MS);
      }
    }
  },
};

/** GitHub's URL has a query already; it is added to and not written anew, since its encoding is GitHub's affair. */
function withAudience(url: string, audience: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}audience=${encodeURIComponent(audience)}`;
}

/** The network failed, or the service says that it is its own fault. */
function isWorthAnother(error: unknown): boolean {
  if (!isTrustError(error)) return false;
  const { status } = error.data ?? {};
  return error.code === 'NET_UNREACHABLE' || error.code === 'NET_TIMEOUT' || (typeof status === 'number' && (status === 429 || status >= 500));
}

const REQUEST_TOKEN = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN';
const REQUEST_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL';
const ATTEMPTS = 3;
const PAUSE_MS = 1000;
