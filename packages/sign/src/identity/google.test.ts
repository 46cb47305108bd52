import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { NOW } from '../../test/fake-issuer.ts';
import { refusal, scratchFolder } from '../../test/key-context.ts';
import { served } from '../../test/services.ts';
import { tokenContext, unsignedToken } from '../../test/token-context.ts';
import { ambientToken } from './ambient.ts';
import type { TokenContext } from './token-context.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly flavor: string | null;
  readonly authorization: string | null;
  readonly body: string;
}

/** Everything of Google's that is asked, at one address. */
async function google(answer: (asked: Asked) => Response = ordinary) {
  const asked: Asked[] = [];
  const { url, http } = await served(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const one = {
      method,
      path: `${pathname}${search}`,
      flavor: headers.get('metadata-flavor'),
      authorization: headers.get('authorization'),
      body: await request.text(),
    };
    asked.push(one);
    return answer(one);
  });
  const context = (environment: TokenContext['environment'], places = {}) =>
    tokenContext({ http, environment, places: { googleIam: url, googleOauth: url, ...places } });
  return { asked, url, host: new URL(url).host, context };
}

function ordinary({ path, body }: Asked): Response {
  if (path.includes('/identity?')) return new Response(`${unsignedToken({ sub: 'the machine' })}\n`);
  if (path.includes(':generateIdToken')) return Response.json({ token: unsignedToken({ sub: 'impersonated' }) });
  if (path === '/token' && body.includes('assertion=')) return Response.json({ id_token: unsignedToken({ sub: 'the key' }), access_token: 'of the key' });
  if (path === '/token') return Response.json({ access_token: 'of the user' });
  return Response.json({ access_token: 'of the machine' });
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function credentials(content: object | string): string {
  const file = join(scratchFolder(), 'credentials.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const serviceAccount = (changes: object = {}) => ({
  type: 'service_account',
  client_email: 'robot@example.iam',
  private_key_id: 'key 1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ...changes,
});
const user = { type: 'authorized_user', client_id: 'the id', client_secret: 'the client secret', refresh_token: 'the refresh token' };
const IDENTITY = '/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full';

describe('google-workload-identity', () => {
  test('asks the metadata server that the environment names', async () => {
    const { asked, host, context } = await google();
    expect((await ambientToken(context({ GCE_METADATA_HOST: host })))?.subject).toBe('the machine');
    expect(asked).toMatchObject(Array(2).fill({ method: 'GET', path: IDENTITY, flavor: 'Google' }));
  });

  test.each([
    ['Google\n', 'the machine'],
    ['Google Compute Engine\n', 'the machine'],
    ['Not Google\n', undefined],
  ])('on a machine that calls itself %j: %s', async (name, subject) => {
    const { host, context } = await google();
    const productName = credentials(name);
    // The variable leads to the fake, and would itself be a sign: it appears only once the machine was looked at.
    let looked = false;
    const environment = {
      get GCE_METADATA_HOST() {
        const seen = looked;
        looked = true;
        return seen ? host : undefined;
      },
    };
    expect((await ambientToken(context(environment, { productName })))?.subject).toBe(subject);
  });

  test('is not there when the machine has no identity', async () => {
    const { host, context } = await google(() => new Response('no service account', { status: 404 }));
    expect(await ambientToken(context({ GCE_METADATA_HOST: host }))).toBeUndefined();
  });

  test('by name, says why there is none', async () => {
    const { host, url, context } = await google(() => new Response('no service account', { status: 404 }));
    expect(await refusal(() => ambientToken(context({ GCE_METADATA_HOST: host }), 'google-workload-identity'))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${url}${IDENTITY.split('?')[0]}?…: server returned HTTP 404`,
    });
  });

  test('prefers the key in the credentials file, and proves that it has it', async () => {
    const { asked, url, context } = await google();
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: credentials(serviceAccount()) };
    expect((await ambientToken(context(environment), 'google-workload-identity'))?.subject).toBe('the key');
    expect(asked).toMatchObject([{ method: 'POST', path: '/token' }]);
    const form = new URLSearchParams(asked[0]?.body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const assertion = form.get('assertion') ?? '';
    await jwtVerify(assertion, publicKey, { currentDate: NOW });
    const iat = NOW.getTime() / 1000;
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key 1' });
    expect(decodeJwt(assertion)).toEqual({ iss: 'robot@example.iam', aud: `${url}/token`, target_audience: 'sigstore', iat, exp: iat + 3600 });
  });

  test.each<[string, (folder: string) => TokenContext['environment']]>([
    ['CLOUDSDK_CONFIG', (folder) => ({ CLOUDSDK_CONFIG: folder })],
    ['HOME', (folder) => ({ HOME: folder })],
  ])('finds the file that gcloud writes below %s', async (name, environment) => {
    const { context } = await google();
    const folder = scratchFolder();
    const place = name === 'HOME' ? join(folder, '.config', 'gcloud') : folder;
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'application_default_credentials.json'), JSON.stringify(serviceAccount()));
    expect((await ambientToken(context(environment(folder)), 'google-workload-identity'))?.subject).toBe('the key');
  });

  test.each<[string, object | string, string]>([
    ['credentials of a person', user, 'credentials of type "authorized_user" are not supported, expected service_account'],
    ['credentials of a federation', { type: 'external_account' }, 'credentials of type "external_account" are not supported, expected service_account'],
    ['a file that is no JSON', 'nonsense', 'not a JSON object'],
    ['a key without a name', serviceAccount({ private_key_id: '' }), 'private_key_id is missing'],
    ['a key that cannot be read', serviceAccount({ private_key: 'the private key' }), 'private_key cannot be read'],
    ['an exchange in plain text', serviceAccount({ token_uri: 'http://example.com/token' }), 'token_uri is not an https URL'],
    ['an exchange that is no URL', serviceAccount({ token_uri: 'nowhere' }), 'token_uri is not an https URL'],
  ])('refuses %s', async (_, content, problem) => {
    const { asked, context } = await google();
    const file = credentials(content);
    expect(await refusal(() => ambientToken(context({ GOOGLE_APPLICATION_CREDENTIALS: file }), 'google-workload-identity'))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${file}: ${problem}`,
    });
    expect(asked).toEqual([]);
  });
});

describe('google-impersonate', () => {
  const target = { GOOGLE_SERVICE_ACCOUNT_NAME: 'other@example.iam' };

  test.each<[string, object | undefined, string]>([
    ['the machine', undefined, 'of the machine'],
    ['a person', user, 'of the user'],
    ['a key', serviceAccount(), 'of the key'],
  ])('asks in the name of %s', async (_, content, accessToken) => {
    const { asked, host, context } = await google();
    const environment = { ...target, ...(content ? { GOOGLE_APPLICATION_CREDENTIALS: credentials(content) } : { GCE_METADATA_HOST: host }) };
    expect((await ambientToken(context(environment), 'google-impersonate'))?.subject).toBe('impersonated');
    expect(asked.at(-1)).toMatchObject({
      method: 'POST',
      path: '/v1/projects/-/serviceAccounts/other%40example.iam:generateIdToken',
      authorization: `Bearer ${accessToken}`,
      body: '{"audience":"sigstore","includeEmail":true}',
    });
  });

  test('asks for no more than it needs', async () => {
    const { asked, host, context } = await google();
    await ambientToken(context({ ...target, GCE_METADATA_HOST: host }), 'google-impersonate');
    await ambientToken(context({ ...target, GOOGLE_APPLICATION_CREDENTIALS: credentials(user) }), 'google-impersonate');
    const scope = encodeURIComponent('https://www.googleapis.com/auth/cloud-platform');
    expect(asked[0]).toMatchObject({ path: `/computeMetadata/v1/instance/service-accounts/default/token?scopes=${scope}`, flavor: 'Google' });
    expect(Object.fromEntries(new URLSearchParams(asked[2]?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'the id',
      client_secret: 'the client secret',
      refresh_token: 'the refresh token',
    });
  });

  test.each<[string, (asked: Asked) => Response, string]>([
    [
      'a login that is no longer valid',
      () => Response.json({ error: 'invalid_grant', error_description: 'Token has been revoked.' }, { status: 400 }),
      'URL/token: server returned HTTP 400: Token has been revoked.',
    ],
    [
      'a service that repeats the secret',
      () => Response.json({ error: 'invalid_grant', error_description: 'bad the refresh token' }, { status: 400 }),
      'URL/token: server returned HTTP 400',
    ],
    ['an answer without an access token', () => Response.json({}), 'URL/token: the answer has no access_token'],
    [
      'an account that may not',
      (asked) => (asked.path === '/token' ? ordinary(asked) : Response.json({ error: { message: 'denied' } }, { status: 403 })),
      'URL/v1/projects/-/serviceAccounts/other%40example.iam:generateIdToken: server returned HTTP 403: denied',
    ],
    ['an answer without a token', (asked) => (asked.path === '/token' ? ordinary(asked) : Response.json({})), 'google-impersonate: the answer has no token'],
  ])('refuses %s', async (_, answer, problem) => {
    const { url, context } = await google(answer);
    const environment = { ...target, GOOGLE_APPLICATION_CREDENTIALS: credentials(user) };
    expect(await refusal(() => ambientToken(context(environment)))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${problem.replace('URL', url)}`,
    });
  });
});
