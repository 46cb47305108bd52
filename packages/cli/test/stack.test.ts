/** The private instance as its operator meets it: `assay stack …` in processes of their own, and clients that sign and verify with it. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';
import { type StackProcess, startStackProcess } from './stack-process.ts';

const scratch = new Scratch();
const at = (...path: string[]): string => join(scratch.folder, ...path);
const assay = (argv: readonly string[], options: RunOptions = {}): Promise<Run> => runCli(argv, { network: 'open', now: new Date(), ...options });

writeFileSync(at('a.txt'), 'hello\n');

async function token(data: string, ...identity: string[]): Promise<string> {
  const run = await assay(['stack', 'token', '--data', data, ...(identity.length === 0 ? ['--email', 'me@example.com'] : identity)]);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run.stdout.trim();
}

/** Signs `a.txt` as `me@example.com`; the bundle's path. */
async function signed(data: string, name: string, identityToken?: string): Promise<string> {
  const bundle = at(`${name}.json`);
  const flags = ['--trust-config', join(data, 'client_trust_config.json'), '--identity-token', identityToken ?? (await token(data)), '--bundle', bundle];
  const run = await assay(['sign', '--yes', ...flags, at('a.txt')]);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return bundle;
}

/** By what TUF says now, to a client that has never asked before. */
function verified(data: string, bundle: string, issuer: string, identity = 'me@example.com'): Promise<Run> {
  const { tuf = '' } = JSON.parse(readFileSync(join(data, 'endpoints.json'), 'utf8')) as { tuf?: string };
  const env = { TUF_MIRROR: tuf, TUF_ROOT_JSON: join(data, 'root.json'), TUF_ROOT: at(`cache-${caches++}`) };
  return assay(['verify', at('a.txt'), '--bundle', bundle, '--identity', identity, '--issuer', issuer], { env });
}

let caches = 0;

describe('a stack', () => {
  const data = at('one');
  let stack: StackProcess;
  beforeAll(async () => {
    stack = await startStackProcess(data);
  });
  afterAll(() => stack.end());

  test('writes what clients need, and keys that its owner alone can read', () => {
    for (const file of ['trusted_root.json', 'signing_config.json', 'client_trust_config.json', 'endpoints.json', 'root.json', 'env.sh']) {
      expect(existsSync(join(data, file)), file).toBe(true);
    }
    const keys = readdirSync(join(data, 'keys'));
    expect(keys.length).toBeGreaterThan(8);
    for (const key of keys) expect(statSync(join(data, 'keys', key)).mode & 0o777, key).toBe(0o600);
  });

  test('signs, and what it signed is verified through its TUF repository', async () => {
    const run = await verified(data, await signed(data, 'first'), stack.endpoints.oidc ?? '');
    expect(run, run.stdout + run.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('signed by  me@example.com') });
  });

  test.each([
    [
      ['--github', 'repo=example/app,workflow=release.yml,ref=refs/tags/v1'],
      '/github',
      'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1',
    ],
    [['--gitlab', 'project=group/app,ref=v1,ref_type=tag'], '/gitlab', 'https://gitlab.com/group/app//.gitlab-ci.yml@refs/tags/v1'],
    [['--spiffe', 'spiffe://assay.local/ns/build'], '/spiffe', 'spiffe://assay.local/ns/build'],
  ])('certifies %j', async (identity, path, san) => {
    const run = await verified(data, await signed(data, path.slice(1), await token(data, ...identity)), `${stack.endpoints.oidc}${path}`, san);
    expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
  });

  test('tells its health, its readiness and its numbers', async () => {
    const get = async (path: string): Promise<Response> => fetch(stack.endpoints.origin + path);
    expect(await (await get('/healthz')).json()).toEqual({ status: 'SERVING' });
    expect(await (await get('/readyz')).json()).toEqual({ status: 'READY', problems: [] });
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/^assay_rekor_v2_tree_size [1-9]/m);
    expect(metrics).toMatch(/^assay_http_requests_total\{service="fulcio",method="POST",status="200"\} [1-9]/m);
    expect(metrics).toMatch(/^assay_tuf_timestamp_expires_in_seconds 60\d{4}$/m);
  });

  test('has its folder for itself', async () => {
    await expect(startStackProcess(data)).rejects.toThrow(`is in use by process ${stack.pid}`);
  });

  test('runs beside another', async () => {
    const other = await startStackProcess(at('two'));
    expect(other.endpoints.origin).not.toBe(stack.endpoints.origin);
    const run = await verified(data, await signed(at('two'), 'other'), other.endpoints.oidc ?? '');
    expect(run.status).toBe(1);
    expect(await other.end()).toBe(0);
  });

  test('logs JSON, and no token', async () => {
    await signed(data, 'logged');
    const lines = stack.log().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({ level: 'info', service: 'ca', san: 'me@example.com', msg: 'issued' });
    expect(stack.log()).not.toMatch(/eyJ/);
  });
});

describe('over restarts', () => {
  test('the address and all trust stay, and what was signed before is verified after', async () => {
    const data = at('restarted');
    const first = await startStackProcess(data);
    const bundle = await signed(data, 'restarted');
    const before = readFileSync(join(data, 'trusted_root.json'), 'utf8');
    expect(await first.end('SIGINT')).toBe(0);
    const second = await startStackProcess(data);
    expect(second.endpoints).toEqual(first.endpoints);
    expect(readFileSync(join(data, 'trusted_root.json'), 'utf8')).toBe(before);
    expect(await verified(data, bundle, second.endpoints.oidc ?? '')).toMatchObject({ status: 0 });
    expect(await second.end()).toBe(0);
  });

  test('a passphrase is needed for keys that were made with one', async () => {
    const data = at('encrypted');
    const env = { ASSAY_STACK_PASSPHRASE: 'correct horse' };
    const stack = await startStackProcess(data, [], env);
    expect(readFileSync(join(data, 'keys/ca-1.pem'), 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect((await assay(['stack', 'token', '--data', data, '--email', 'me@example.com'], { env })).status).toBe(0);
    expect(await stack.end()).toBe(0);
    await expect(startStackProcess(data)).rejects.toThrow('the key is encrypted, and no passphrase was given');
    await expect(startStackProcess(data, [], { ASSAY_STACK_PASSPHRASE: 'wrong' })).rejects.toThrow('the passphrase does not open the key');
  });
});

describe('rotation', () => {
  const data = at('rotated');
  let stack: StackProcess;
  let oldest: string;
  beforeAll(async () => {
    stack = await startStackProcess(data);
    oldest = await signed(data, 'oldest');
  });
  afterAll(() => stack.end());

  test.each(['ca', 'log', 'tsa', 'tuf', 'oidc'])('of %s is in use at once; old and new signatures are verified', async (what) => {
    const rotated = await assay(['stack', 'rotate', what, '--data', data]);
    expect(rotated, rotated.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('are in use, and published') });
    const newest = await signed(data, `newest-${what}`);
    for (const bundle of [newest, oldest]) {
      const run = await verified(data, bundle, stack.endpoints.oidc ?? '');
      expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
    }
  });

  test('went to new shards', () => {
    const { tlogs } = JSON.parse(readFileSync(join(data, 'trusted_root.json'), 'utf8')) as { tlogs: { baseUrl: string }[] };
    const { origin } = stack.endpoints;
    expect(tlogs.map(({ baseUrl }) => baseUrl)).toEqual([origin, origin, `${origin}/rekor/1`, `${origin}/rekor/2`]);
    const logged = readFileSync(at('newest-log.json'), 'utf8');
    expect(JSON.parse(logged)).toMatchObject({ verificationMaterial: { tlogEntries: [{ logIndex: '0' }] } });
  });

  test('of a stack that does not run waits for its start', async () => {
    expect(await stack.end()).toBe(0);
    const run = await assay(['stack', 'rotate', 'ca', '--data', data]);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('when the stack starts') });
    stack = await startStackProcess(data);
    expect(await verified(data, await signed(data, 'later'), stack.endpoints.oidc ?? '')).toMatchObject({ status: 0 });
    expect(await verified(data, oldest, stack.endpoints.oidc ?? '')).toMatchObject({ status: 0 });
  });

  test('of nothing is refused', async () => {
    expect(await assay(['stack', 'rotate', 'ca', '--data', at('nowhere')])).toMatchObject({ status: 4, stderr: expect.stringContaining('[STACK_DATA]') });
    expect(await assay(['stack', 'rotate', 'everything', '--data', data])).toMatchObject({ status: 2 });
  });
});

describe('services elsewhere', () => {
  let there: StackProcess;
  beforeAll(async () => {
    there = await startStackProcess(at('there'));
  });
  afterAll(() => there.end());

  const trust = (): string[] => ['--elsewhere-trust', at('there/trusted_root.json')];
  const lead = (name: string, url: string | undefined): string[] => ['--elsewhere', `${name}=${url}`];

  test.each<[string, (endpoints: StackProcess['endpoints']) => string[], 'here' | 'there']>([
    ['the issuer', ({ oidc }) => lead('oidc', oidc), 'there'],
    ['the CT log', ({ ctlog }) => [...lead('ctlog', ctlog), ...trust()], 'here'],
    ['Rekor v1 and v2', ({ rekor, rekorV2 }) => [...lead('rekor', rekor), ...lead('rekor-v2', rekorV2), ...trust()], 'here'],
    ['the timestamp authority', ({ tsa }) => [...lead('tsa', tsa), ...trust()], 'here'],
  ])('%s', async (name, flags, issuer) => {
    const data = at(`without ${name}`);
    const here = await startStackProcess(data, flags(there.endpoints));
    // The CT log over there does not know our authority.
    if (name === 'the CT log') {
      const run = await assay([
        'sign',
        '--yes',
        '--trust-config',
        join(data, 'client_trust_config.json'),
        '--identity-token',
        await token(data),
        '--bundle',
        at('no.json'),
        at('a.txt'),
      ]);
      expect(run, run.stderr).toMatchObject({ status: 3, stderr: expect.stringContaining('Error entering certificate in CTL') });
      expect(existsSync(at('no.json'))).toBe(false);
    } else {
      const identityToken = await token(issuer === 'there' ? at('there') : data);
      const run = await verified(data, await signed(data, name, identityToken), (issuer === 'there' ? there : here).endpoints.oidc ?? '');
      expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
    }
    expect(await here.end()).toBe(0);
  });

  test('the certificate authority, with its log', async () => {
    const data = at('without-ca');
    const { fulcio, oidc } = there.endpoints;
    const here = await startStackProcess(data, [...lead('fulcio', fulcio), ...lead('oidc', oidc), ...trust()]);
    const run = await verified(data, await signed(data, 'ca-there', await token(at('there'))), oidc ?? '');
    expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
    expect(existsSync(join(data, 'keys/ca-1.pem'))).toBe(false);
    expect(await here.end()).toBe(0);
  });

  test('are not trusted by their own word', async () => {
    await expect(startStackProcess(at('credulous'), lead('fulcio', there.endpoints.fulcio))).rejects.toThrow('nothing says whom to trust there');
  });

  test("an issuer's tokens count when the operator names it", async () => {
    const data = at('with-issuer');
    const oidc = there.endpoints.oidc ?? '';
    writeFileSync(at('fulcio.yaml'), `oidc-issuers:\n  ${oidc}:\n    issuer-url: ${oidc}\n    client-id: sigstore\n    type: email\n`);
    const here = await startStackProcess(data, ['--fulcio-config', at('fulcio.yaml')]);
    const run = await verified(data, await signed(data, 'issuer-there', await token(at('there'))), oidc);
    expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
    expect(await here.end()).toBe(0);
  });
});

describe('a part of it', () => {
  test('runs alone', async () => {
    const stack = await startStackProcess(at('part'), ['--only', 'rekor,tsa']);
    const { origin } = stack.endpoints;
    expect(Object.keys(stack.endpoints).sort()).toEqual(['data', 'origin', 'rekor', 'tsa']);
    expect((await fetch(`${origin}/api/v1/log`)).status).toBe(200);
    expect((await fetch(`${origin}/api/v1/timestamp/certchain`)).status).toBe(200);
    expect((await fetch(`${origin}/api/v2/trustBundle`)).status).toBe(404);
    expect(await stack.end()).toBe(0);
  });

  test.each([
    [['--only', 'rekr'], 'rekr is no service; there are oidc, fulcio'],
    [['--elsewhere', 'fulcio'], 'NAME=URL was expected'],
    [['--listen', 'a b'], 'HOST, HOST:PORT or :PORT was expected'],
    [['--fulcio-config', '/nowhere.yaml'], 'FILE_NOT_FOUND'],
  ])('is not started with %j', async (flags, message) => {
    await expect(startStackProcess(at('never'), flags)).rejects.toThrow(message);
    expect(existsSync(at('never'))).toBe(false);
  });
});

describe('tokens', () => {
  test.each([
    [[], 'whose token is it to be?'],
    [['--email', 'nobody'], 'not an e-mail address'],
    [['--email', 'a@b.example', '--spiffe', 'spiffe://x/y'], 'cannot be used with'],
    [['--github', 'repo=example/app'], '--github lacks workflow'],
    [['--github', 'release.yml'], 'takes name=value'],
    [['--gitlab', 'ref=main'], '--gitlab lacks project'],
    [['--email', 'a@b.example', '--lifetime', '5'], 'a token lives from 1 to 10 minutes'],
  ])('%j is refused', async (flags, message) => {
    expect(await assay(['stack', 'token', '--data', at('restarted'), ...flags])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });

  test('of a folder without a stack there are none', async () => {
    const run = await assay(['stack', 'token', '--data', at('nowhere'), '--email', 'a@b.example']);
    expect(run).toMatchObject({ status: 4, stderr: expect.stringContaining('there is no stack in this folder') });
  });
});
