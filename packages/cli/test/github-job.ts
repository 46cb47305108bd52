/** Jobs of the GitHub Actions that a stack emulates. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from '@assay/stack';
import { actionsRequestUrl, mintRequestToken, oidcKey } from '../../stack/src/oidc/index.ts';

/**
 * The variables by which a job gets its identity tokens, for six hours.
 *
 * @param directory of the stack: its issuer's key signs
 * @param baseUrl of its issuer
 */
export async function requestVariables(
  directory: string,
  baseUrl: string,
  job: Extract<Identity, { kind: 'github' }>,
): Promise<Readonly<Record<string, string>>> {
  const key = await oidcKey(createPrivateKey(readFileSync(join(directory, 'keys/oidc-1.pem'))));
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: actionsRequestUrl(baseUrl),
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: await mintRequestToken(key, job, { baseUrl, now: new Date() }),
  };
}
