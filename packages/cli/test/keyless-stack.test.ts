/**
 * Signing without a key against a private instance, as people do it: with `env.sh` and nothing else, in a job of the emulated GitHub Actions, with a code, in a
 * browser; and with logs that lose their answers.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog, type Identity, issueToken, type Stack, startStack } from '@assay/stack';
import { type Server, serve } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf } from '../../stack/test/login-page-issuer.ts';
import { findOnPath } from './foreign-tools.ts';
import { requestVariables } from './github-job.ts';
import { type Run, type RunOptions, runCli, runCosign, Scratch, spawnCli } from './run-cli.ts';

const scratch = new Scratch();
const DATA = scratch.path('stack');
const FILE = scratch.write('a.txt', 'an artifact\n');
const PREDICATE = scratch.write('p.json', { a: 1 });
const EMAIL = 'person@example.com';
const PERSON: Identity = { kind: 'email', email: EMAIL };
const launcher = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
/** Of util-linux: gives a program a terminal. */
const SCRIPT = process.platform === 'linux' ? findOnPath('script') : '';
if (SCRIPT === '') console.warn('a test at a terminal is skipped: there is no script (util-linux) on PATH');
let stack: Stack;
let oidc = '';
let host = '';
let environment: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  stack = await startStack({ directory: DATA, log: createLog('silent', () => undefined) });
  oidc = stack.endpoints.oidc ?? '';
  host = stack.endpoints.registry ?? '';
  const script = readFileSync(join(DATA, 'env.sh'), 'utf8');
  environment = Object.fromEntries([...script.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]));
});
afterAll(() => stack.close());

let count = 0;
const newFile = (): string => scratch.write(`file-${count++}.txt`, `file ${count}`);
const newBundle = (): string => scratch.path(`made-${count++}.json`);
const tokenOf = (identity: Identity = PERSON): Promise<string> => issueToken(DATA, identity, { now: new Date() });

const open = (options: RunOptions = {}): RunOptions => ({ network: 'open', now: new Date(), ...options, env: { ...environment, ...options.env } });
const assay = (argv: readonly string[], options?: RunOptions): Promise<Run> => runCli(argv, open(options));
const cosign = (argv: readonly string[], options?: RunOptions): Promise<Run> => runCosign(argv, open(options));
const signer = (name = EMAIL, issuer = oidc): string[] => ['--identity', name, '--issuer', issuer];
const certified = (name = EMAIL, issuer = oidc): string[] => ['--certificate-identity', name, '--certificate-oidc-issuer', issuer];

async function newImage(): Promise<string> {
  const run = await assay(['crane', 'append', '--insecure', '--oci-empty-base', '-f', layer(), '-t', `${host}/app${count++}:1`]);
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}

/** An empty archive. */
function layer(): string {
  return scratch.write('layer.tar', Buffer.alloc(1024));
}

describe('. env.sh is all that is needed', () => {
  /** As typed into a shell. */
  const inShell = (...argv: string[]): Promise<Run> =>
    spawnCli(argv, {
      env: { HOME: scratch.folder },
      command: ['sh', '-c', '. "$1"; shift; exec "$@"', 'sh', join(DATA, 'env.sh'), process.execPath, launcher],
    });

  test('natively', async () => {
    const file = newFile();
    expect(await inShell('sign', '--identity-token', await tokenOf(), file)).toEqual({
      status: 0,
      stdout: '',
      stderr: `signing as ${EMAIL}\nwrote ${file}.sigstore.json\n`,
    });
    expect(await inShell('verify', ...signer(), file)).toMatchObject({ status: 0, stderr: '' });
    expect((await inShell('verify', ...signer('nobody@example.com'), file)).status).toBe(1);
  });

  test('as cosign', async () => {
    const bundle = newBundle();
    expect(await inShell('cosign', 'sign-blob', '--identity-token', await tokenOf(), '--bundle', bundle, FILE)).toMatchObject({ status: 0, stdout: '' });
    expect(await inShell('cosign', 'verify-blob', ...certified(), '--bundle', bundle, FILE)).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
  });
});

test('an image is signed and attested, and what it says is verified, natively and as cosign', async () => {
  const reference = await newImage();
  const token = ['--identity-token', await tokenOf()];
  for (const sign of [['sign'], ['attest', '--type', 'cyclonedx', '--predicate', PREDICATE]]) {
    expect(await assay([...sign, ...token, '--plain-http', reference])).toMatchObject({ status: 0, stdout: `${reference}\n` });
    expect(await cosign([...sign, ...token, reference])).toMatchObject({ status: 0, stdout: '' });
  }
  expect((await assay(['verify', ...signer(), '--plain-http', reference])).status).toBe(0);
  expect((await assay(['verify', ...signer(), '--plain-http', '--type', 'cyclonedx', reference])).status).toBe(0);
  expect((await cosign(['verify', ...certified(), reference])).status).toBe(0);
  const judged = await cosign(['verify-attestation', ...certified(), '--type', 'cyclonedx', reference]);
  expect([judged.status, judged.stdout.trim().split('\n').length]).toEqual([0, 2]);
});

describe('who signs', () => {
  test('is said by a job of GitHub Actions', async () => {
    const env = await requestVariables(DATA, oidc, { kind: 'github', repository: 'o/r', workflow: 'release.yml', ref: 'refs/tags/v1' });
    const file = newFile();
    const name = 'https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1';
    expect((await assay(['sign', file], { env })).status).toBe(0);
    expect((await assay(['verify', ...signer(name, `${oidc}/github`), file])).status).toBe(0);
    const bundle = newBundle();
    expect((await cosign(['sign-blob', '--bundle', bundle, FILE], { env })).status).toBe(0);
    const claims = ['--certificate-github-workflow-repository', 'o/r', '--certificate-github-workflow-ref', 'refs/tags/v1'];
    expect((await cosign(['verify-blob', ...certified(name, `${oidc}/github`), ...claims, '--bundle', bundle, FILE])).status).toBe(0);
  });

  test.each<[string, Identity, string]>([
    ['GitLab', { kind: 'gitlab', project: 'g/p', ref: 'main' }, 'https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main'],
    ['SPIFFE', { kind: 'spiffe', id: 'spiffe://assay.local/builder' }, 'spiffe://assay.local/builder'],
  ])('is said by a token of %s in the environment', async (_, identity, name) => {
    const file = newFile();
    expect(await assay(['sign', file], { env: { SIGSTORE_ID_TOKEN: await tokenOf(identity) } })).toMatchObject({ status: 0 });
    expect((await assay(['verify', ...signer(name, `${oidc}/${identity.kind}`), file])).status).toBe(0);
  });

  test('is said with a code, at another device', async () => {
    const file = newFile();
    const entered: Promise<string>[] = [];
    const onOutput = (text: string): void => {
      const page = /verification code \S+ in your browser at: (\S+)/.exec(text)?.[1];
      if (page !== undefined) entered.push(fillIn(page, { decision: 'allow' }));
    };
    expect((await assay(['sign', file], { onOutput })).status).toBe(0);
    await Promise.all(entered);
    expect((await assay(['verify', ...signer(), file])).status).toBe(0);
  });

  test('is said in the browser', async () => {
    const file = newFile();
    const openBrowser = async (page: string): Promise<void> => void fillIn(page, {});
    expect(await assay(['sign', '--yes', file], { interactive: true, openBrowser })).toMatchObject({ status: 0, stdout: '' });
    expect((await assay(['verify', ...signer(), file])).status).toBe(0);
  });

  // Two questions, one after the other: what answers the second must not be lost to the first, and a terminal must stay one that can be read.
  test.skipIf(SCRIPT === '')('is said at a terminal, where no browser is: consent is asked for, then the code', async () => {
    const bundle = newBundle();
    const command = [process.execPath, launcher, 'cosign', 'sign-blob', '--bundle', bundle, FILE].join(' ');
    const child = spawn(SCRIPT, ['-qec', command, '/dev/null'], { env: { ...environment, HOME: scratch.folder, PATH: '/nowhere', SHELL: '/bin/sh' } });
    let shown = '';
    let asked = 0;
    child.stdout.setEncoding('utf8').on('data', async (text: string) => {
      shown += text;
      if (asked === 0 && shown.includes('continue? [y/N] ')) {
        asked++;
        child.stdin.write('y\n');
      }
      if (asked === 1 && shown.includes('Enter verification code: ')) {
        asked++;
        const page = /^\t (\S+)/m.exec(shown)?.[1] ?? '';
        child.stdin.write(`${/class="code"[^>]*>([^<]+)</.exec(await fillIn(page, {}))?.[1] ?? ''}\n`);
      }
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status, shown).toBe(0);
    expect(asked).toBe(2);
    expect((await cosign(['verify-blob', ...certified(), '--bundle', bundle, FILE])).status).toBe(0);
  });

  /** What a person does with a page of the issuer, and her browser with the answer, which is returned. */
  async function fillIn(page: string, more: Readonly<Record<string, string>>): Promise<string> {
    const answer = await fetch(page);
    const html = await answer.text();
    const form = new URLSearchParams({ ...fieldsOf(html), email: EMAIL, ...more });
    const action = new URL(/<form\b[^>]*\baction="([^"]*)"/.exec(html)?.[1] ?? '', answer.url);
    const headers = { Origin: action.origin, 'Sec-Fetch-Site': 'same-origin' };
    const done = await fetch(action, { method: 'POST', body: form, headers });
    const text = await done.text();
    if (!done.ok) throw new Error(text);
    return text;
  }
});

describe('a log that', () => {
  const servers: Server[] = [];
  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  /** A signing configuration with one log, behind something that spoils its answers. */
  async function behind(version: 1 | 2, spoil: (request: Request, ask: () => Promise<Response>) => Promise<Response>): Promise<string> {
    const target = (version === 2 ? stack.endpoints.rekorV2 : stack.endpoints.rekor) ?? '';
    const server = await serve(async (request) => {
      const { pathname } = new URL(request.url);
      const body = request.method === 'POST' ? { body: await request.arrayBuffer() } : {};
      const headers = { 'content-type': request.headers.get('content-type') ?? '', accept: request.headers.get('accept') ?? '' };
      return spoil(request, async () => {
        const answer = await fetch(target + pathname, { method: request.method, headers, ...body });
        const kept = [...answer.headers].filter(([name]) => name === 'content-type' || name === 'location' || name === 'x-log-index');
        return new Response(await answer.arrayBuffer(), { status: answer.status, headers: Object.fromEntries(kept) });
      });
    });
    servers.push(server);
    const config = JSON.parse(readFileSync(join(DATA, 'signing_config.json'), 'utf8')) as { rekorTlogUrls: { majorApiVersion: number }[] };
    const rekorTlogUrls = config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === version).map((log) => ({ ...log, url: server.url }));
    return scratch.write(`config-${count++}.json`, { ...config, rekorTlogUrls });
  }

  test.each([1, 2] as const)('has the entry already, since its answer was lost: Rekor v%i is asked for it', async (version) => {
    let uploads = 0;
    const config = await behind(version, async ({ method }, ask) => {
      const answer = await ask();
      return method === 'POST' && uploads++ === 0 ? new Response('gone', { status: 502, headers: { 'retry-after': '0' } }) : answer;
    });
    const bundle = newBundle();
    const run = await cosign(['sign-blob', '--identity-token', await tokenOf(), '--signing-config', config, '--bundle', bundle, FILE]);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(uploads).toBe(2);
    expect((await cosign(['verify-blob', ...certified(), '--bundle', bundle, FILE])).status).toBe(0);
  });

  test.each([1, 2] as const)('is down leaves a file, with which the signing is completed: Rekor v%i', async (version) => {
    let isDown = true;
    const config = await behind(version, async (_, ask) => (isDown ? new Response('down', { status: 503, headers: { 'retry-after': '0' } }) : ask()));
    const reference = await newImage();
    const env = { XDG_STATE_HOME: scratch.path('state') };
    const run = await assay(['sign', '--identity-token', await tokenOf(), '--signing-config', config, '--plain-http', reference], { env });
    expect(run).toMatchObject({ status: 3, stdout: '', stderr: expect.stringContaining('nothing is published') });
    expect((await assay(['verify', ...signer(), '--plain-http', reference])).status).not.toBe(0);
    const state = /--resume (\S+)/.exec(run.stderr)?.[1] ?? '';
    isDown = false;
    expect(await assay(['sign', '--resume', state])).toMatchObject({ status: 0, stdout: `${reference}\n` });
    expect(existsSync(state)).toBe(false);
    expect((await assay(['verify', ...signer(), '--plain-http', reference])).status).toBe(0);
  });
});
