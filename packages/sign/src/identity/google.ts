/**
 * Tokens of Google service accounts.
 *
 * `google-workload-identity`: of the service account that this machine or workload runs as.
 *   GET http://METADATA/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full, Metadata-Flavor: Google  →  TOKEN
 * or of the service account whose key is in the credentials file, see google-credentials.ts.
 *
 * `google-impersonate`: of the service account `GOOGLE_SERVICE_ACCOUNT_NAME`, for which the own account may ask.
 *   POST IAM/v1/projects/-/serviceAccounts/NAME:generateIdToken {"audience": "sigstore", "includeEmail": true}, Authorization: Bearer ACCESS_TOKEN
 *   →  {"token": TOKEN}
 *
 * Other clients find out whether they are on Google's machines by asking its link-local address, and wait when nobody is there. Here the
 * environment or the firmware must say so first.
 */
import { decodeUtf8, isTrustError } from '@assay/core';
import { readFileCapped } from '@assay/net';
import { type AccessTokenSource, accessToken, credentialsFile, idTokenOfKey } from './google-credentials.ts';
import { type AmbientProvider, askForJson, askForText, required, textIn } from './provider.ts';
import { audienceOf, placesOf, type TokenContext } from './token-context.ts';

export const googleWorkloadIdentity: AmbientProvider = {
  /** That this is Google's machine does not mean that it has an identity, so that it is asked for one. */
  async isHere(context) {
    if (!isOnGoogle(context)) return false;
    try {
      return (await workloadToken(context)) !== '';
    } catch (error) {
      if (isTrustError(error)) return false;
      throw error;
    }
  },

  token: workloadToken,
};

export const googleImpersonate: AmbientProvider = {
  isHere: ({ environment }) => Boolean(environment[SERVICE_ACCOUNT]),

  async token(context) {
    const account = encodeURIComponent(required(context, SERVICE_ACCOUNT));
    const bearer = await accessToken(context, metadataAccess);
    const answer = await askForJson(context, `${placesOf(context).googleIam}/v1/projects/-/serviceAccounts/${account}:generateIdToken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ audience: audienceOf(context), includeEmail: true }),
      retries: 2,
      secrets: [bearer],
    });
    return textIn(answer, 'token', 'google-impersonate');
  },
};

async function workloadToken(context: TokenContext): Promise<string> {
  const credentials = credentialsFile(context);
  if (credentials !== undefined) return idTokenOfKey(context, credentials);
  const query = new URLSearchParams({ audience: audienceOf(context), format: 'full' });
  return (await askForText(context, metadataUrl(context, `identity?${query}`), METADATA_REQUEST)).trim();
}

const metadataAccess: AccessTokenSource = async (context, scope) => {
  const answer = await askForJson(context, metadataUrl(context, `token?${new URLSearchParams({ scopes: scope })}`), METADATA_REQUEST);
  return textIn(answer, 'access_token', 'the metadata server');
};

function metadataUrl({ environment }: TokenContext, path: string): string {
  return `http://${environment[METADATA_HOST] || DEFAULT_METADATA_HOST}/computeMetadata/v1/instance/service-accounts/default/${path}`;
}

function isOnGoogle(context: TokenContext): boolean {
  return Boolean(context.environment[METADATA_HOST]) || /^Google(?: Compute Engine)?$/u.test(productName(placesOf(context).productName));
}

function productName(file: string): string {
  try {
    return decodeUtf8(readFileCapped(file, MAX_PRODUCT_NAME_BYTES))?.trim() ?? '';
  } catch {
    return ''; // other systems and containers do not say
  }
}

const SERVICE_ACCOUNT = 'GOOGLE_SERVICE_ACCOUNT_NAME';
const METADATA_HOST = 'GCE_METADATA_HOST';
/** Google's link-local metadata server. */
const DEFAULT_METADATA_HOST = '169.254.169.254';
/** The header is how the server knows that nobody tricked us into asking. */
const METADATA_REQUEST = { headers: { 'metadata-flavor': 'Google' }, timeoutMs: 10_000 } as const;
const MAX_PRODUCT_NAME_BYTES = 4096;
