/**
 * Google's application default credentials: the file `GOOGLE_APPLICATION_CREDENTIALS` names, else the one that `gcloud` writes, else none, and then
 * the metadata server knows who we are.
 *
 *   {"type": "service_account", "client_email", "private_key_id", "private_key": PEM, "token_uri"}
 *     POST token_uri grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer, assertion=JWT signed by the key   (RFC 7523)
 *       with the claim target_audience  →  {"id_token"}, with scope  →  {"access_token"}
 *   {"type": "authorized_user", "client_id", "client_secret", "refresh_token"}
 *     POST OAUTH/token grant_type=refresh_token …  →  {"access_token"}
 */
import { existsSync } from 'node:fs';
import { described, type JsonObject, quote, tryParseJsonObject } from '@assay/core';
import { isLoopbackHost, readFileCapped, redactUrl } from '@assay/net';
import { askForJson, refuse, textIn } from './provider.ts';
import { audienceOf, nowOf, placesOf, type TokenContext } from './token-context.ts';

export interface Credentials {
  /** Of the file, for messages. */
  readonly path: string;
  readonly content: JsonObject;
}

/** Asks the metadata server. */
export type AccessTokenSource = (context: TokenContext, scope: string) => Promise<string>;

/** Undefined when there is no such file. Errors: `FILE_…`, `TOKEN_PROVIDER`. */
export function credentialsFile({ environment }: TokenContext): Credentials | undefined {
  const named = environment['GOOGLE_APPLICATION_CREDENTIALS'];
  const path = named || gcloudFile(environment);
  if (path === undefined || (!named && !existsSync(path))) return undefined;
  const content = tryParseJsonObject(readFileCapped(path, MAX_FILE_BYTES)) ?? refuse(`${quote(path)}: not a JSON object`);
  return { path, content };
}

function gcloudFile(environment: TokenContext['environment']): string | undefined {
  const folder = environment['CLOUDSDK_CONFIG'] || (environment['HOME'] && `${environment['HOME']}/.config/gcloud`);
  return folder ? `${folder}/application_default_credentials.json` : undefined;
}

/** An ID token for our audience, of the service account whose key the file holds. */
export async function idTokenOfKey(context: TokenContext, credentials: Credentials): Promise<string> {
  if (credentials.content['type'] !== 'service_account') return refuseType(credentials, 'service_account');
  return exchangeAssertion(context, credentials, { target_audience: audienceOf(context) }, 'id_token');
}

/** An access token for Google's services, of whoever we are. */
export async function accessToken(context: TokenContext, fromMetadata: AccessTokenSource): Promise<string> {
  const credentials = credentialsFile(context);
  if (credentials === undefined) return fromMetadata(context, SCOPE);
  const { type } = credentials.content;
  if (type === 'service_account') return exchangeAssertion(context, credentials, { scope: SCOPE }, 'access_token');
  if (type !== 'authorized_user') return refuseType(credentials, 'service_account or authorized_user');
  const form = Object.fromEntries(['client_id', 'client_secret', 'refresh_token'].map((name) => [name, member(credentials, name)]));
  return exchange(context, `${placesOf(context).googleOauth}/token`, { grant_type: 'refresh_token', ...form }, 'access_token');
}

async function exchangeAssertion(context: TokenContext, credentials: Credentials, claims: object, wanted: string): Promise<string> {
  const { importPKCS8, SignJWT } = await import('jose');
  const url = (credentials.content['token_uri'] && member(credentials, 'token_uri')) || `${placesOf(context).googleOauth}/token`;
  refusePlainText(credentials, url);
  const key = await importPKCS8(member(credentials, 'private_key'), 'RS256').catch(() => refuse(`${quote(credentials.path)}: private_key cannot be read`));
  const seconds = Math.floor(nowOf(context).getTime() / 1000);
  const assertion = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: member(credentials, 'private_key_id') })
    .setIssuer(member(credentials, 'client_email'))
    .setAudience(url)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIFETIME_SECONDS)
    .sign(key);
  return exchange(context, url, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }, wanted);
}

async function exchange(context: TokenContext, url: string, form: Readonly<Record<string, string>>, wanted: string): Promise<string> {
  const answer = await askForJson(context, url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    retries: 2,
    secrets: Object.values(form),
  });
  return textIn(answer, wanted, redactUrl(url));
}

function member({ path, content }: Credentials, name: string): string {
  const value = content[name];
  return typeof value === 'string' && value !== '' ? value : refuse(`${quote(path)}: ${name} is missing`);
}

function refuseType({ path, content }: Credentials, expected: string): never {
  return refuse(`${quote(path)}: credentials of type ${described(content['type'])} are not supported, expected ${expected}`);
}

function refusePlainText({ path }: Credentials, url: string): void {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname))) refuse(`${quote(path)}: token_uri is not an https URL`);
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const LIFETIME_SECONDS = 3600;
const MAX_FILE_BYTES = 256 * 1024;
