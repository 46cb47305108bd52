import { describe, expect, test } from 'vitest';
import { CHALLENGE, DEVICE_GRANT, type Form, fieldsOf, issued, openIssuer, type TestIssuer, tokenRequest, VERIFIER } from '../../test/login-page-issuer.ts';

describe('the device flow', () => {
  interface Device {
    device_code: string;
    user_code: string;
  }
  const START = { client_id: 'sigstore', scope: 'openid email', code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  const begin = async (issuer: TestIssuer, form: Record<string, string> = START) => (await (await issuer.post('/device/code', form)).json()) as Device;
  const ask = ({ device_code }: Device): [string, string][] => [
    ['grant_type', DEVICE_GRANT],
    ['device_code', device_code],
    ['code_verifier', VERIFIER],
    ['scope', 'openid'],
    ['scope', 'email'],
  ];
  const poll = async (issuer: TestIssuer, form: Form) => {
    const answer = await issuer.post('/token', form);
    return { ...((await answer.json()) as { id_token?: string; error?: string }), status: answer.status };
  };
  const enter = async (issuer: TestIssuer, form: Record<string, string>) => {
    const fields = fieldsOf(await (await issuer.get('/device')).text());
    return issuer.send('/device', { ...fields, email: 'jane@example.com', decision: 'allow', ...form });
  };

  test('takes polls without a client and with scope twice, as Go sends them, and gives a token once', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    expect((await enter(issuer, { user_code: device.user_code })).status).toBe(200);
    const answer = await poll(issuer, ask(device));
    expect(await issuer.verify(answer.id_token ?? '')).toMatchObject({ email: 'jane@example.com' });
    expect(await poll(issuer, ask(device))).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(issued(issuer)).toBe(1);
  });

  test('takes a user code as people type it', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    expect(device.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    const typed = ` ${device.user_code.toLowerCase().replace('-', ' ')} `;
    expect((await enter(issuer, { user_code: typed })).status).toBe(200);
    expect(await poll(issuer, ask(device))).toMatchObject({ status: 200 });
  });

  test('tells a program that asks too often to slow down, and forgives it', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    const after = async (ms: number) => {
      issuer.now = new Date(issuer.now.getTime() + ms);
      return (await poll(issuer, ask(device))).error;
    };
    expect([await after(0), await after(999), await after(2000), await after(1000)]).toEqual([
      'authorization_pending',
      'slow_down',
      'authorization_pending',
      'authorization_pending',
    ]);
  });

  test('ends after ten minutes, for the program and for the person', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    issuer.now = new Date(issuer.now.getTime() + 600_000);
    expect((await enter(issuer, { user_code: device.user_code })).status).toBe(400);
    expect(await poll(issuer, ask(device))).toMatchObject({ status: 400, error: 'expired_token' });
    issuer.now = new Date(issuer.now.getTime() + 600_000);
    expect(await poll(issuer, ask(device))).toMatchObject({ error: 'invalid_grant' });
  });

  test('stays denied', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    expect(await (await enter(issuer, { user_code: device.user_code, decision: 'deny', email: '' })).text()).toContain('Denied');
    expect((await enter(issuer, { user_code: device.user_code })).status).toBe(400);
    expect(await poll(issuer, ask(device))).toMatchObject({ error: 'access_denied' });
    expect(await poll(issuer, ask(device))).toMatchObject({ error: 'access_denied' });
  });

  test('works without a challenge, as other clients do', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer, { client_id: 'sigstore', scope: 'openid email' });
    await enter(issuer, { user_code: device.user_code });
    expect(await poll(issuer, { grant_type: DEVICE_GRANT, device_code: device.device_code, client_id: 'sigstore' })).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['another client', { ...START, client_id: 'other' }, 401, 'invalid_client'],
    ['no client', { ...START, client_id: '' }, 401, 'invalid_client'],
    ['a scope without openid', { ...START, scope: 'email' }, 400, 'invalid_scope'],
    ['plain PKCE', { ...START, code_challenge_method: 'plain' }, 400, 'invalid_request'],
    ['a challenge without method', { ...START, code_challenge_method: '' }, 400, 'invalid_request'],
  ])('does not begin for %s', async (_, form, status, error) => {
    const answer = await (await openIssuer()).post('/device/code', form);
    expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
  });

  test.each<[string, (device: Device) => Form, string]>([
    ['a wrong verifier', ({ device_code }) => ({ grant_type: DEVICE_GRANT, device_code, code_verifier: 'x'.repeat(43) }), 'invalid_grant'],
    ['no verifier', ({ device_code }) => ({ grant_type: DEVICE_GRANT, device_code }), 'invalid_grant'],
    ['another client', ({ device_code }) => ({ grant_type: DEVICE_GRANT, device_code, client_id: 'other' }), 'invalid_client'],
    ['the user code', ({ user_code }) => ({ grant_type: DEVICE_GRANT, device_code: user_code }), 'invalid_grant'],
    ['no device code', () => ({ grant_type: DEVICE_GRANT }), 'invalid_request'],
    ['the code grant', ({ device_code }) => tokenRequest(device_code), 'invalid_grant'],
  ])('gives nothing for %s, although the person has logged in', async (_, form, error) => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    await enter(issuer, { user_code: device.user_code });
    expect(await poll(issuer, form(device))).toMatchObject({ error });
    expect(issued(issuer)).toBe(0);
    expect(await poll(issuer, ask(device))).toMatchObject({ status: 200 });
  });

  test('refuses a verifier that there was no challenge for', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer, { client_id: 'sigstore', scope: 'openid' });
    await enter(issuer, { user_code: device.user_code });
    expect(await poll(issuer, ask(device))).toMatchObject({ error: 'invalid_grant' });
  });

  test('lets nobody guess user codes', async () => {
    const issuer = await openIssuer();
    const device = await begin(issuer);
    const statuses: number[] = [];
    for (let i = 0; i < 21; i += 1) statuses.push((await enter(issuer, { user_code: 'BBBB-BBBB' })).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 400), 429]);
    expect((await enter(issuer, { user_code: device.user_code })).status).toBe(429);
    issuer.now = new Date(issuer.now.getTime() + 60_000);
    expect((await enter(issuer, { user_code: device.user_code })).status).toBe(200);
  });

  test('takes so many logins at a time, and no more', async () => {
    const issuer = await openIssuer();
    for (let i = 0; i < 1000; i += 1) await begin(issuer, { client_id: 'sigstore', scope: 'openid' });
    const answer = await issuer.post('/device/code', START);
    expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'temporarily_unavailable' }]);
  });
});
