import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  authorize,
  basic,
  CHALLENGE,
  codeOf,
  DEVICE_GRANT,
  fieldsOf,
  issued,
  logIn,
  OUT_OF_BAND,
  openIssuer,
  REDIRECT,
  tokenRequest,
  VERIFIER,
} from '../../test/login-page-issuer.ts';

describe('the authorization code flow', () => {
  test('works for sigstore-python: Basic with an empty password, an empty client_secret, out of band', async () => {
    const issuer = await openIssuer();
    const page = await authorize(issuer, { redirect_uri: OUT_OF_BAND, nonce: undefined }, '&client_secret=');
    const shown = await (await issuer.send('/login', { ...fieldsOf(await page.text()), email: 'jane@example.com' })).text();
    const code = /<code class="code"[^>]*>([\w-]+)<\/code>/.exec(shown)?.[1] ?? '';
    const form = tokenRequest(code, { redirect_uri: OUT_OF_BAND, client_id: undefined });
    const answer = await issuer.post('/token', form, basic('sigstore', ''));
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const { access_token, id_token, ...rest } = (await answer.json()) as Record<string, string>;
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 300 });
    expect(access_token).toBe(id_token);
    expect(await issuer.verify(id_token ?? '')).not.toHaveProperty('nonce');
  });

  test('works for Go: unknown parameters are ignored, and the nonce comes back', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer, { access_type: 'online', connector_id: 'https://github.com/login/oauth' });
    const answer = await issuer.post('/token', tokenRequest(code, { client_id: undefined, nonce: 'nonce' }), basic('sigstore', ''));
    expect(await issuer.verify(((await answer.json()) as { id_token: string }).id_token)).toMatchObject({ nonce: 'nonce', email: 'jane@example.com' });
  });

  test('sends the code and the state to the program, and nowhere else', async () => {
    const answer = await logIn(await openIssuer(), { redirect_uri: 'http://127.0.0.1:8080/done', state: 'a&b=c#d' });
    const location = new URL(answer.headers.get('Location') ?? '');
    expect(answer.status).toBe(303);
    expect(location.origin + location.pathname).toBe('http://127.0.0.1:8080/done');
    expect([...location.searchParams.keys()]).toEqual(['code', 'state']);
    expect(location.searchParams.get('state')).toBe('a&b=c#d');
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['another client', { client_id: 'other' }, 'invalid_client'],
    ['no client', { client_id: undefined }, 'invalid_request'],
    ['an empty client', { client_id: '' }, 'invalid_request'],
    ['no redirect', { redirect_uri: undefined }, 'invalid_request'],
    ['a redirect to another host', { redirect_uri: 'http://example.com:80/auth/callback' }, 'invalid_request'],
    ['a redirect with userinfo', { redirect_uri: 'http://localhost:80@example.com/auth/callback' }, 'invalid_request'],
    ['a redirect with a fragment', { redirect_uri: `${REDIRECT}#x` }, 'invalid_request'],
    ['a redirect with an encoded slash', { redirect_uri: 'http://127.0.0.1:80/a%2Fb' }, 'invalid_request'],
    ['a state beyond all measure', { state: 's'.repeat(5000) }, 'invalid_request'],
    ['a mistake when there is no redirect to tell it at', { redirect_uri: OUT_OF_BAND, response_type: 'token' }, 'unsupported_response_type'],
  ])('refuses %s on a page, and redirects nowhere', async (_, changes, code) => {
    const answer = await authorize(await openIssuer(), changes);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('Location')).toBeNull();
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toContain(`<code>${code}</code>`);
  });

  test('refuses a redirect that is given twice', async () => {
    const answer = await authorize(await openIssuer(), {}, `&redirect_uri=${encodeURIComponent('http://127.0.0.1:1/x')}`);
    expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge: VERIFIER, code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['a method without a challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a challenge of another length', { code_challenge: CHALLENGE.slice(1) }, 'invalid_request'],
    ['another response type', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['a scope without openid', { scope: 'email' }, 'invalid_scope'],
    ['a login without a page', { prompt: 'none' }, 'login_required'],
    ['a nonce beyond all measure', { nonce: 'n'.repeat(5000) }, 'invalid_request'],
  ])('refuses %s at the redirect', async (_, changes, error) => {
    const answer = await authorize(await openIssuer(), changes);
    const location = new URL(answer.headers.get('Location') ?? '');
    expect([answer.status, location.origin + location.pathname]).toEqual([303, REDIRECT]);
    expect(location.searchParams.get('error')).toBe(error);
    expect(location.searchParams.get('state')).toBe('state');
    expect(location.searchParams.has('code')).toBe(false);
  });

  test('refuses a parameter that is given twice at the redirect', async () => {
    const answer = await authorize(await openIssuer(), {}, `&code_challenge=${CHALLENGE}`);
    expect(new URL(answer.headers.get('Location') ?? '').searchParams.get('error')).toBe('invalid_request');
  });
});

describe('the token endpoint', () => {
  test('gives a token for a code once', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer);
    expect((await issuer.post('/token', tokenRequest(code))).status).toBe(200);
    const replayed = await issuer.post('/token', tokenRequest(code));
    expect([replayed.status, await replayed.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(issued(issuer)).toBe(1);
  });

  test('gives a token for one of two who show a code at once', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer);
    const answers = await Promise.all([1, 2, 3].map(() => issuer.post('/token', tokenRequest(code))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  test('takes a code for two minutes', async () => {
    const issuer = await openIssuer();
    const [inTime, late] = [await codeOf(issuer), await codeOf(issuer)];
    issuer.now = new Date(issuer.now.getTime() + 119_999);
    expect((await issuer.post('/token', tokenRequest(inTime))).status).toBe(200);
    issuer.now = new Date(issuer.now.getTime() + 1);
    expect(await (await issuer.post('/token', tokenRequest(late))).json()).toMatchObject({ error: 'invalid_grant' });
  });

  test('forgets a code that was shown with a wrong verifier', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer);
    await issuer.post('/token', tokenRequest(code, { code_verifier: 'x'.repeat(43) }));
    expect((await issuer.post('/token', tokenRequest(code))).status).toBe(400);
    expect(issued(issuer)).toBe(0);
  });

  test('keeps a code for its client when another one asks', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer);
    expect((await issuer.post('/token', tokenRequest(code, { client_id: 'other' }))).status).toBe(401);
    expect((await issuer.post('/token', tokenRequest(code))).status).toBe(200);
  });

  test.each<[string, Record<string, string | undefined>, Record<string, string>, number, string]>([
    ['another client in the form', { client_id: 'other' }, {}, 401, 'invalid_client'],
    ['another client by Basic', { client_id: undefined }, basic('other', ''), 401, 'invalid_client'],
    ['two clients that differ', { client_id: 'other' }, basic('sigstore', ''), 401, 'invalid_client'],
    ['no client', { client_id: undefined }, {}, 401, 'invalid_client'],
    ['a secret by Basic', {}, basic('sigstore', 'secret'), 401, 'invalid_client'],
    ['a secret in the form', { client_secret: 'secret' }, {}, 401, 'invalid_client'],
    ['Basic that is not base64', {}, { Authorization: 'Basic !!!' }, 401, 'invalid_client'],
    ['Basic without a colon', {}, { Authorization: `Basic ${Buffer.from('sigstore').toString('base64')}` }, 401, 'invalid_client'],
    ['another authentication scheme', {}, { Authorization: 'Bearer x' }, 401, 'invalid_client'],
    ['no verifier', { code_verifier: undefined }, {}, 400, 'invalid_grant'],
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, {}, 400, 'invalid_grant'],
    ['the challenge in place of the verifier', { code_verifier: CHALLENGE }, {}, 400, 'invalid_grant'],
    ['a verifier that is too short', { code_verifier: 'x'.repeat(42) }, {}, 400, 'invalid_grant'],
    ['another redirect', { redirect_uri: 'http://localhost:43118/auth/callback' }, {}, 400, 'invalid_grant'],
    ['no redirect', { redirect_uri: undefined }, {}, 400, 'invalid_request'],
    ['a code that was never issued', { code: 'A'.repeat(43) }, {}, 400, 'invalid_grant'],
    ['no code', { code: undefined }, {}, 400, 'invalid_request'],
    ['no grant type', { grant_type: undefined }, {}, 400, 'invalid_request'],
    ['a grant type that it does not have', { grant_type: 'client_credentials' }, {}, 400, 'unsupported_grant_type'],
    ['a device grant for the code', { grant_type: DEVICE_GRANT, device_code: 'x' }, {}, 400, 'invalid_grant'],
  ])('refuses %s', async (_, changes, headers, status, error) => {
    const issuer = await openIssuer();
    const answer = await issuer.post('/token', tokenRequest(await codeOf(issuer), changes), headers);
    const body = (await answer.json()) as Record<string, string>;
    expect([answer.status, body['error'], Object.keys(body)]).toEqual([status, error, ['error', 'error_description']]);
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    if (status === 401 && 'Authorization' in headers) expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Basic /);
    expect(issued(issuer)).toBe(0);
  });

  test('refuses a verifier that can be guessed, even with its challenge', async () => {
    const issuer = await openIssuer();
    const code = await codeOf(issuer, { code_challenge: createHash('sha256').update('guess').digest('base64url') });
    expect(await (await issuer.post('/token', tokenRequest(code, { code_verifier: 'guess' }))).json()).toMatchObject({ error: 'invalid_grant' });
  });

  test('refuses a parameter that is given twice', async () => {
    const issuer = await openIssuer();
    const form = tokenRequest(await codeOf(issuer)) as [string, string][];
    const answer = await issuer.post('/token', [...form, ['code', 'other']]);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }]);
  });
});
