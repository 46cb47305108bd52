import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { authorize, fieldsOf, logIn, openIssuer, type TestIssuer, tokenRequest } from '../../test/login-page-issuer.ts';
import { addAccount } from './accounts.ts';
import { mintToken } from './mint-token.ts';

describe('the login page', () => {
  test('says that it believes the address, and asks for no password', async () => {
    const page = await (await authorize(await openIssuer())).text();
    expect(page).toContain('it believes the address that you enter');
    expect(page).not.toContain('type="password"');
  });

  test('lets the browser load, send and frame nothing else', async () => {
    const answer = await authorize(await openIssuer());
    const page = await answer.text();
    const hash = createHash('sha256')
      .update(/<style>(.*)<\/style>/s.exec(page)?.[1] ?? '')
      .digest('base64');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' http://localhost:43117; frame-ancestors 'none'; base-uri 'none'`,
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    expect(page).not.toMatch(/<script|javascript:|\son\w+=|style="/i);
  });

  const EVIL = '"><script>alert(1)</script>\'&';
  test.each<[string, (issuer: TestIssuer) => Promise<Response>]>([
    ['the state', (issuer) => authorize(issuer, { state: EVIL })],
    ['the nonce', (issuer) => authorize(issuer, { nonce: EVIL })],
    ['an address that is none', (issuer) => logIn(issuer, {}, { email: EVIL })],
    ['the user code', (issuer) => issuer.get(`/device?user_code=${encodeURIComponent(EVIL)}`)],
    ['a client', (issuer) => authorize(issuer, { client_id: EVIL })],
    ['a redirect', (issuer) => authorize(issuer, { redirect_uri: EVIL })],
  ])('shows %s as text only', async (_, ask) => {
    const page = await (await ask(await openIssuer())).text();
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toContain('<script>');
  });

  test('shows again what was typed when it is not an address', async () => {
    const answer = await logIn(await openIssuer(), {}, { email: 'jane<>@example' });
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(page).toContain('value="jane&lt;&gt;@example"');
    expect(page).toMatch(/<p class="problem" id="problem" role="alert">Enter an e-mail address/);
    expect(page).toContain('aria-describedby="problem"');
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['from its own origin', { Origin: 'http://127.0.0.1:4100', 'Sec-Fetch-Site': 'same-origin' }, true],
    ['from its own origin, by a browser without Sec-Fetch-Site', { Origin: 'http://127.0.0.1:4100' }, true],
    ['from another origin', { Origin: 'https://evil.example' }, false],
    ['from another port of this machine', { Origin: 'http://127.0.0.1:4101' }, false],
    ['from another scheme', { Origin: 'https://127.0.0.1:4100' }, false],
    ['from a sandboxed page', { Origin: 'null' }, false],
    ['from another site', { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['from another origin of the same site', { 'Sec-Fetch-Site': 'same-site' }, false],
    ['from another site that claims our origin', { Origin: 'http://127.0.0.1:4100', 'Sec-Fetch-Site': 'cross-site' }, false],
    ['from nowhere', {}, false],
  ])('takes a form %s: %j → %s', async (_, headers, isTaken) => {
    const issuer = await openIssuer();
    const fields = fieldsOf(await (await authorize(issuer)).text());
    const answer = await issuer.post('/login', { ...fields, email: 'jane@example.com' }, headers);
    expect(answer.status).toBe(isTaken ? 303 : 403);
    expect(answer.headers.has('Location')).toBe(isTaken);
    expect(issuer.service.stats?.()).toEqual({ tokens_issued: 0, logins_refused: isTaken ? 0 : 1 });
  });

  test('of the device flow takes no form from elsewhere either', async () => {
    const issuer = await openIssuer();
    const fields = fieldsOf(await (await issuer.get('/device')).text());
    expect((await issuer.post('/device', { ...fields, user_code: 'x', email: 'jane@example.com' }, { Origin: 'https://evil.example' })).status).toBe(403);
  });

  test.each<[string, (fields: Record<string, string>, issuer: TestIssuer) => Promise<Record<string, string>>]>([
    ['without a seal', async () => ({})],
    ['with a seal that was changed', async (fields) => ({ form: `${fields['form']?.slice(0, -2)}AA` })],
    ['with the seal of another process', async () => fieldsOf(await (await authorize(await openIssuer())).text())],
    ['with the seal of another page', async (_, issuer) => fieldsOf(await (await issuer.get('/device')).text())],
    [
      'with a seal that nobody signed',
      async (fields) => ({ form: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${fields['form']?.split('.')[1]}.` }),
    ],
    [
      'with a token of ours as seal',
      async (_, { key, baseUrl }) => ({
        form: await mintToken(key, { kind: 'email', email: 'jane@example.com' }, { baseUrl, now: new Date(), audience: 'login' }),
      }),
    ],
  ])('takes no form %s', async (_, change) => {
    const issuer = await openIssuer();
    const fields = fieldsOf(await (await authorize(issuer)).text());
    const answer = await issuer.send('/login', { email: 'jane@example.com', ...(await change(fields, issuer)) });
    expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
  });

  test('takes a form for ten minutes', async () => {
    const issuer = await openIssuer();
    const form = { ...fieldsOf(await (await authorize(issuer)).text()), email: 'jane@example.com' };
    issuer.now = new Date(issuer.now.getTime() + 598_000);
    expect((await issuer.send('/login', form)).status).toBe(303);
    issuer.now = new Date(issuer.now.getTime() + 3000);
    expect((await issuer.send('/login', form)).status).toBe(400);
  });

  test.each<[string, string, RequestInit, number]>([
    ['GET where the form is sent', '/login', {}, 405],
    ['POST where the page is', '/auth', { method: 'POST' }, 405],
    ['DELETE on the device page', '/device', { method: 'DELETE' }, 405],
    ['a form in JSON', '/login', { method: 'POST', body: '{}', headers: { Origin: 'http://127.0.0.1:4100', 'Content-Type': 'application/json' } }, 415],
    [
      'a form over the cap',
      '/login',
      { method: 'POST', body: new URLSearchParams({ x: 'y'.repeat(70_000) }), headers: { Origin: 'http://127.0.0.1:4100' } },
      413,
    ],
  ])('refuses %s, with a page', async (_, path, init, status) => {
    const issuer = await openIssuer();
    const answer = await issuer.fetch(new Request(issuer.baseUrl + path, init));
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([status, 'text/html; charset=utf-8']);
    expect(await answer.text()).toContain('<code>invalid_request</code>');
  });

  test('takes so many logins at a time, and tells the program that there are too many', async () => {
    const issuer = await openIssuer();
    const form = { ...fieldsOf(await (await authorize(issuer)).text()), email: 'jane@example.com' };
    for (let i = 0; i < 1000; i += 1) expect((await issuer.send('/login', form)).status).toBe(303);
    const location = new URL((await issuer.send('/login', form)).headers.get('Location') ?? '');
    expect([location.searchParams.get('error'), location.searchParams.has('code')]).toEqual(['temporarily_unavailable', false]);
  });
});

describe('with accounts', () => {
  const withAccount = async (): Promise<TestIssuer> => {
    const issuer = await openIssuer();
    await addAccount(issuer.disk, { email: 'Jane@example.com', password: 'correct horse' });
    return issuer;
  };

  test('the page asks for a password, and the right one logs in, under the name of the account', async () => {
    const issuer = await withAccount();
    const page = await (await authorize(issuer)).text();
    expect(page).toContain('type="password"');
    expect(page).not.toContain('it believes');
    const answer = await logIn(issuer, {}, { email: 'jane@EXAMPLE.com', password: 'correct horse' });
    const code = new URL(answer.headers.get('Location') ?? '').searchParams.get('code') ?? '';
    const { id_token } = (await (await issuer.post('/token', tokenRequest(code))).json()) as { id_token: string };
    expect(decodeJwt(id_token)).toMatchObject({ email: 'Jane@example.com' });
  });

  test.each([
    ['a wrong password', { password: 'wrong horse' }],
    ['no password', {}],
    ['an address without account', { email: 'joe@example.com', password: 'correct horse' }],
  ])('%s is refused, in the same words', async (_, credentials) => {
    const issuer = await withAccount();
    const answer = await logIn(issuer, {}, credentials);
    const page = await answer.text();
    expect([answer.status, answer.headers.get('Location')]).toEqual([403, null]);
    expect(page).toContain('The e-mail address or the password is wrong.');
    expect(page).not.toContain('horse');
    expect(issuer.service.stats?.()).toEqual({ tokens_issued: 0, logins_refused: 1 });
  });

  test('five guesses a minute are allowed, sent side by side too', async () => {
    const issuer = await withAccount();
    const fields = fieldsOf(await (await authorize(issuer)).text());
    const guess = (password: string) => issuer.send('/login', { ...fields, email: 'jane@example.com', password });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((i) => guess(`guess ${i}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([403, 403, 403, 403, 403, 429, 429]);
    const late = await guess('correct horse');
    expect([late.status, late.headers.get('Retry-After'), late.headers.get('Location')]).toEqual([429, '60', null]);
    issuer.now = new Date(issuer.now.getTime() + 60_000);
    expect((await guess('correct horse')).status).toBe(303);
  });

  test('the device flow asks for the password too', async () => {
    const issuer = await withAccount();
    const { user_code } = (await (await issuer.post('/device/code', { client_id: 'sigstore', scope: 'openid' })).json()) as { user_code: string };
    const fields = fieldsOf(await (await issuer.get('/device')).text());
    const enter = (password: string) => issuer.send('/device', { ...fields, user_code, email: 'jane@example.com', password, decision: 'allow' });
    expect((await enter('wrong horse')).status).toBe(403);
    expect((await enter('correct horse')).status).toBe(200);
  });

  test('that are all gone nobody can log in', async () => {
    const issuer = await openIssuer();
    await issuer.disk.write('accounts.json', Buffer.from('{"version":1,"accounts":[]}'));
    expect((await logIn(issuer, {}, { password: 'correct horse' })).status).toBe(403);
  });

  test('that are damaged nobody can log in, and no stack starts', async () => {
    const issuer = await openIssuer();
    const fields = fieldsOf(await (await authorize(issuer)).text());
    await issuer.disk.write('accounts.json', Buffer.from('{"version":1,"accounts":[{"email":'));
    const answer = await issuer.send('/login', { ...fields, email: 'jane@example.com' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain(issuer.disk.root);
    await expect(openIssuer({ disk: issuer.disk })).rejects.toMatchObject({ code: 'STACK_DATA' });
  });
});
