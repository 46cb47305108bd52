/** The pages in a real browser, over a real socket. Needs Chromium (`CHROMIUM` names it, as in vitest.config.ts); without it these tests skip. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { guardOrigin, ownHosts } from '../src/http/guard.ts';
import { listen } from '../src/http/server.ts';
import { addAccount } from '../src/oidc/accounts.ts';
import { CHALLENGE, openIssuer, type TestIssuer, VERIFIER } from './login-page-issuer.ts';

const executablePath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
if (executablePath === undefined) console.warn('tests of the login page in a real browser are skipped: no Chromium found (set CHROMIUM to its path)');

describe.skipIf(executablePath === undefined)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'];
    browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args });
  });
  afterAll(() => browser?.close());

  async function openPage(): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    return page;
  }

  test('a person logs in, and the program gets the code and a token for it', async () => {
    const issuer = await serveIssuer();
    const program = await serveProgram();
    const page = await openPage();
    await page.goto(authorizationUrl(issuer, program.redirectUri));
    await page.getByLabel('E-mail address').fill('jane@example.com');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('back in the program').waitFor();

    const { searchParams } = program.called();
    expect(searchParams.get('state')).toBe('state');
    const form = { grant_type: 'authorization_code', code: searchParams.get('code') ?? '', redirect_uri: program.redirectUri, code_verifier: VERIFIER };
    const answer = await fetch(`${issuer.baseUrl}/token`, { method: 'POST', body: new URLSearchParams({ ...form, client_id: 'sigstore' }) });
    const { id_token } = (await answer.json()) as { id_token: string };
    expect(await issuer.verify(id_token)).toMatchObject({ email: 'jane@example.com' });
  });

  test('a person who mistypes the password is told so, and can try again', async () => {
    const issuer = await serveIssuer();
    await addAccount(issuer.disk, { email: 'jane@example.com', password: 'correct horse' });
    const program = await serveProgram();
    const page = await openPage();
    await page.goto(authorizationUrl(issuer, program.redirectUri));
    await page.getByLabel('E-mail address').fill('jane@example.com');
    await page.getByLabel('Password').fill('wrong horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('password is wrong');
    expect(await page.getByLabel('E-mail address').inputValue()).toBe('jane@example.com');
    await page.getByLabel('Password').fill('correct horse');
    await page.keyboard.press('Enter');
    await page.getByText('back in the program').waitFor();
    expect(program.called().searchParams.has('code')).toBe(true);
  });

  test.each([
    ['Sign in', 'Signed in', 'id_token'],
    ['Deny', 'Denied', 'error'],
  ])('a person answers a device with "%s"', async (button, title, member) => {
    const issuer = await serveIssuer();
    const begun = await fetch(`${issuer.baseUrl}/device/code`, { method: 'POST', body: new URLSearchParams({ client_id: 'sigstore', scope: 'openid email' }) });
    const device = (await begun.json()) as { device_code: string; user_code: string; verification_uri: string };
    const page = await openPage();
    await page.goto(device.verification_uri);
    await page.getByLabel('Code that the program shows').fill(device.user_code);
    if (button === 'Sign in') await page.getByLabel('E-mail address').fill('jane@example.com');
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('heading', { name: title }).waitFor();
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code };
    expect(await (await fetch(`${issuer.baseUrl}/token`, { method: 'POST', body: new URLSearchParams(form) })).json()).toHaveProperty(member);
  });

  test('a page of another origin can neither send the form nor frame it', async () => {
    // The issuer alone, without what the process puts before it.
    const issuer = await serveIssuer(() => undefined);
    const program = await serveProgram();
    const url = authorizationUrl(issuer, program.redirectUri);
    // The worst case: the attacker has fetched a form of his own, with a seal that holds.
    const sealed = /name="form" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1] ?? '';
    const attacker = await serveHtml(`<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>
      <form method="post" action="${issuer.baseUrl}/login"><input name="form" value="${sealed}"><input name="email" value="jane@example.com"><button>Win</button></form>`);
    const page = await openPage();
    await page.goto(attacker);
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    await expect.poll(() => framed?.url()).toContain('chrome-error:');
    const [answer] = await Promise.all([page.waitForResponse(`${issuer.baseUrl}/login`), page.getByRole('button', { name: 'Win' }).click()]);
    expect(answer.status()).toBe(403);
    expect(program.calls).toEqual([]);
  });

  test('no page breaks its own policy, or is wider than a phone', async () => {
    const issuer = await serveIssuer();
    const page = await openPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.setViewportSize({ width: 320, height: 640 });
    const look = async (): Promise<void> => {
      expect(await page.evaluate('getComputedStyle(document.querySelector("main")).borderRadius')).toBe('12px');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    };
    for (const url of [`${issuer.baseUrl}/auth`, `${issuer.baseUrl}/device`, authorizationUrl(issuer, 'urn:ietf:wg:oauth:2.0:oob')]) {
      await page.goto(url);
      await look();
    }
    await page.getByLabel('E-mail address').fill('jane@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your code' }).waitFor();
    await look();
    expect(complaints.filter((text) => /Content Security Policy/i.test(text))).toEqual([]);
  });
});

/** Behind the socket and the guard of the process, which refuses what browsers would send under `Referrer-Policy: no-referrer`. */
async function serveIssuer(guard = guardOrigin): Promise<TestIssuer> {
  const socket = await listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => socket.close(0));
  const origin = `http://127.0.0.1:${socket.port}`;
  const issuer = await openIssuer({ origin });
  const hosts = ownHosts(origin, socket.port);
  socket.serve((request) => {
    guard(request, hosts);
    return issuer.fetch(request);
  });
  return issuer;
}

function authorizationUrl({ baseUrl }: TestIssuer, redirectUri: string): string {
  const asked = { response_type: 'code', client_id: 'sigstore', scope: 'openid email', redirect_uri: redirectUri, state: 'state' };
  return `${baseUrl}/auth?${new URLSearchParams({ ...asked, code_challenge: CHALLENGE, code_challenge_method: 'S256' })}`;
}

/** What cosign and sigstore-python listen with, on localhost. */
async function serveProgram(): Promise<{ redirectUri: string; calls: readonly URL[]; called: () => URL }> {
  const calls: URL[] = [];
  const origin = await serveHtml('<p>back in the program</p>', (url) => url.pathname === '/auth/callback' && calls.push(url));
  const called = (): URL => {
    expect(calls).toHaveLength(1);
    return calls[0] as URL;
  };
  return { redirectUri: `${origin.replace('127.0.0.1', 'localhost')}/auth/callback`, calls, called };
}

async function serveHtml(html: string, onRequest: (url: URL) => void = () => undefined): Promise<string> {
  const server = createServer((request, response) => {
    onRequest(new URL(request.url ?? '/', 'http://localhost'));
    response.setHeader('Content-Type', 'text/html').end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
