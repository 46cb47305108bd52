import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { issued, newKey, openIssuer, type TestIssuer } from '../../test/login-page-issuer.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from '../store/disk.ts';
import { mintToken } from './mint-token.ts';
import { openOidc } from './oidc.ts';
import { actionsRequestUrl, mintRequestToken } from './request-token.ts';
import { signToken } from './sign-token.ts';

describe('the endpoint of GitHub Actions', () => {
  const WORKFLOW = { kind: 'github', repository: 'acme/app', workflow: 'release.yml', claims: { environment: 'production' } } as const;
  const requestToken = ({ key, baseUrl, now }: TestIssuer) => mintRequestToken(key, WORKFLOW, { baseUrl, now });
  const ask = (issuer: TestIssuer, authorization: string, query = '&audience=sigstore') =>
    issuer.fetch(new Request(actionsRequestUrl(issuer.baseUrl) + query, { headers: { Authorization: authorization } }));

  test.each(['bearer', 'Bearer', 'BEARER'])('gives a token of the workflow to %s', async (scheme) => {
    const issuer = await openIssuer();
    const answer = await ask(issuer, `${scheme} ${await requestToken(issuer)}`);
    expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    const { count, value } = (await answer.json()) as { count: number; value: string };
    expect(count).toBe(value.length);
    expect(await issuer.verify(value)).toMatchObject({
      iss: `${issuer.baseUrl}/github`,
      aud: 'sigstore',
      sub: 'repo:acme/app:environment:production',
      job_workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main',
    });
  });

  test.each([
    ['the owner, when none is asked for', '', 'https://github.com/acme'],
    ['the owner, when an empty one is asked for', '&audience=', 'https://github.com/acme'],
    ['what is asked for', `&audience=${encodeURIComponent('https://vault.example')}`, 'https://vault.example'],
  ])('makes it for %s', async (_, query, aud) => {
    const issuer = await openIssuer();
    const { value } = (await (await ask(issuer, `bearer ${await requestToken(issuer)}`, query)).json()) as { value: string };
    expect(decodeJwt(value).aud).toBe(aud);
  });

  test('gives as many as are asked for, each with an id of its own, for six hours', async () => {
    const issuer = await openIssuer();
    const token = await requestToken(issuer);
    const one = async () => ((await (await ask(issuer, `bearer ${token}`)).json()) as { value: string }).value;
    expect(decodeJwt(await one()).jti).not.toBe(decodeJwt(await one()).jti);
    issuer.now = new Date(issuer.now.getTime() + 21_599_000);
    expect((await ask(issuer, `bearer ${token}`)).status).toBe(200);
    issuer.now = new Date(issuer.now.getTime() + 2000);
    expect((await ask(issuer, `bearer ${token}`)).status).toBe(401);
  });

  test('takes the request token of a retired key', async () => {
    const [active, retired] = [await newKey(), await newKey()];
    const context = { disk: openDisk(temporaryFolder()), clock: () => new Date(), baseUrl: 'http://127.0.0.1:4100', log: pino({ level: 'silent' }) };
    const { app } = await openOidc({ ...context, keys: [active, retired] });
    const token = await mintRequestToken(retired, WORKFLOW, { baseUrl: context.baseUrl, now: new Date() });
    const answer = await app.fetch(new Request(actionsRequestUrl(context.baseUrl), { headers: { Authorization: `bearer ${token}` } }));
    expect(answer.status).toBe(200);
  });

  test.each<[string, (issuer: TestIssuer) => Promise<string>]>([
    ['no token', async () => 'bearer '],
    ['another scheme', async (issuer) => `Basic ${await requestToken(issuer)}`],
    ['a token that is none', async () => 'bearer nonsense'],
    ['a token with a changed signature', async (issuer) => `bearer ${(await requestToken(issuer)).slice(0, -4)}AAAA`],
    ['a token of another instance', async ({ baseUrl, now }) => `bearer ${await mintRequestToken(await newKey(), WORKFLOW, { baseUrl, now })}`],
    ['a token for another address', async ({ key, now }) => `bearer ${await mintRequestToken(key, WORKFLOW, { baseUrl: 'http://127.0.0.1:4101/oidc', now })}`],
    ['an identity token', async ({ key, baseUrl, now }) => `bearer ${await mintToken(key, WORKFLOW, { baseUrl, now, audience: `${baseUrl}/github/token` })}`],
    [
      'a token for another audience',
      ({ key, baseUrl, now }) =>
        signToken(
          key,
          { workflow: WORKFLOW },
          { type: 'actions-request+jwt', issuer: `${baseUrl}/github`, audience: 'sigstore', now, lifetimeSeconds: 60 },
        ).then((token) => `bearer ${token}`),
    ],
    ['a token that nobody signed', async (issuer) => `bearer ${unsigned(await requestToken(issuer))}`],
    ['a token signed with the public key as a secret', async (issuer) => `bearer ${await signedWithPublicKey(issuer)}`],
    ['a token of somebody else under our key id', async (issuer) => `bearer ${await underOurKeyId(issuer)}`],
  ])('refuses %s', async (_, authorization) => {
    const issuer = await openIssuer();
    const answer = await ask(issuer, await authorization(issuer));
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'invalid_token' }]);
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer/);
    expect(issued(issuer)).toBe(0);
  });

  test('refuses two audiences', async () => {
    const issuer = await openIssuer();
    const answer = await ask(issuer, `bearer ${await requestToken(issuer)}`, '&audience=a&audience=b');
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }]);
  });

  test('has no request token for a workflow that cannot be', async () => {
    const { key, baseUrl, now } = await openIssuer();
    await expect(mintRequestToken(key, { ...WORKFLOW, repository: 'app' }, { baseUrl, now })).rejects.toMatchObject({ code: 'USAGE' });
  });

  const unsigned = (token: string): string => `${Buffer.from('{"alg":"none","typ":"actions-request+jwt"}').toString('base64url')}.${token.split('.')[1]}.`;

  function forged({ baseUrl, now }: TestIssuer): SignJWT {
    const seconds = Math.floor(now.getTime() / 1000);
    return new SignJWT({ workflow: WORKFLOW })
      .setIssuer(`${baseUrl}/github`)
      .setAudience(`${baseUrl}/github/token`)
      .setExpirationTime(seconds + 60);
  }

  function signedWithPublicKey(issuer: TestIssuer): Promise<string> {
    const secret = Buffer.from(JSON.stringify(issuer.key.publicJwk));
    return forged(issuer).setProtectedHeader({ alg: 'HS256', typ: 'actions-request+jwt', kid: issuer.key.keyId }).sign(secret);
  }

  async function underOurKeyId(issuer: TestIssuer): Promise<string> {
    const { privateKey } = await generateKeyPair('RS256');
    return forged(issuer).setProtectedHeader({ alg: 'RS256', typ: 'actions-request+jwt', kid: issuer.key.keyId }).sign(privateKey);
  }
});
