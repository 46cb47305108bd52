/**
 * The token of a Buildkite job, asked for in the agent's name.
 *
 *   POST $BUILDKITE_AGENT_ENDPOINT/jobs/$BUILDKITE_JOB_ID/oidc/tokens {"audience": "sigstore"}, Authorization: Token $BUILDKITE_AGENT_ACCESS_TOKEN
 *   →  {"token": TOKEN}
 */
import { type AmbientProvider, askForJson, required, textIn } from './provider.ts';
import { audienceOf } from './token-context.ts';

export const buildkiteAgent: AmbientProvider = {
  isHere: ({ environment }) => Boolean(environment[ACCESS_TOKEN]),

  async token(context) {
    const accessToken = required(context, ACCESS_TOKEN);
    const endpoint = context.environment['BUILDKITE_AGENT_ENDPOINT'] || DEFAULT_ENDPOINT;
    const job = encodeURIComponent(required(context, 'BUILDKITE_JOB_ID'));
    const answer = await askForJson(context, `${endpoint.replace(/\/+$/, '')}/jobs/${job}/oidc/tokens`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', authorization: `Token ${accessToken}` },
      body: JSON.stringify({ audience: audienceOf(context) }),
      retries: 2, // a token more does no harm
      secrets: [accessToken],
    });
    return textIn(answer, 'token', 'buildkite-agent');
  },
};

const ACCESS_TOKEN = 'BUILDKITE_AGENT_ACCESS_TOKEN';
const DEFAULT_ENDPOINT = 'https://agent.buildkite.com/v3';
