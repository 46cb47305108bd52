/** `assay log …` against a private instance in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';
import { type StackProcess, startStackProcess } from './stack-process.ts';

const scratch = new Scratch();
const data = scratch.path('stack');
const trust = { ASSAY_TRUST: join(data, 'client_trust_config.json') };
const artifact = scratch.write('app.txt', 'the app\n');
let stack: StackProcess;
let [v1, v2] = ['', ''];

beforeAll(async () => {
  stack = await startStackProcess(data);
  v1 = stack.endpoints.rekor ?? '';
  v2 = stack.endpoints.rekorV2 ?? '';
  await sign('me@example.com');
  await sign('other@example.com');
});
afterAll(() => stack.end());

const assay = (argv: readonly string[], options: RunOptions = {}): Promise<Run> => runCli(argv, { network: 'open', now: new Date(), env: trust, ...options });

/** Puts a signing of the artifact on record, in the log that is asked for. */
async function sign(email: string, version: 1 | 2 = 2): Promise<void> {
  const token = (await assay(['stack', 'token', '--data', data, '--email', email])).stdout.trim();
  const config = JSON.parse(readFileSync(join(data, 'signing_config.json'), 'utf8')) as { rekorTlogUrls: { majorApiVersion: number }[] };
  const rekorTlogUrls = config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === version);
  const file = scratch.write(`config-${version}.json`, { ...config, rekorTlogUrls });
  const run = await assay(['sign', '--yes', '--force', '--signing-config', file, '--identity-token', token, artifact]);
  expect(run, run.stderr).toMatchObject({ status: 0 });
}

/** A new file each, so that no test begins where another one ended. */
const newState = (): string => scratch.path(`state-${states++}`);
let states = 0;
const lines = ({ stdout }: Run) =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe('monitor', () => {
  test('follows every log of the trusted root in use, and goes on where it stopped', async () => {
    const env = { ...trust, XDG_STATE_HOME: scratch.path('xdg') };
    const first = await assay(['log', 'monitor', '--once', '--from', '0', '--identity', 'me@example.com'], { env });
    expect(first, first.stderr).toMatchObject({ status: 0 });
    expect(first.stdout).toMatch(
      /^entry 0 of \S+\/rekor\/1: watched identity\n {2}signer {2}me@example\.com, issuer \S+\/oidc, key sha256:[0-9a-f]{64}\n {2}digest {2}sha256:[0-9a-f]{64}\n$/,
    );
    expect(first.stderr).toContain(`${v2}: 127.0.0.1: 2 entries, the first checkpoint that is kept; 2 read\n`);
    expect(first.stderr).toContain(`${v1}: 127.0.0.1 - `);
    expect(readdirSync(join(env.XDG_STATE_HOME, 'assay/logs'))).toHaveLength(2);

    await sign('me@example.com');
    await sign('me@example.com', 1);
    const second = await assay(['log', 'monitor', '--once', '--identity-regexp', 'm.@example\\.com', '--issuer', stack.endpoints.oidc ?? ''], { env });
    expect(second, second.stderr).toMatchObject({ status: 0 });
    expect(second.stdout.match(/^entry \d+ of \S+/gm)?.toSorted()).toEqual([`entry 0 of ${v1}:`, `entry 2 of ${v2}:`].toSorted());
    expect((await assay(['log', 'monitor', '--once', '--identity', 'me@example.com'], { env })).stdout).toBe('');
  });

  test('says everything as JSON lines', async () => {
    const run = await assay(['log', 'monitor', '--once', '--from', '0', '--log', v2, '--state', newState(), '--digest', artifact, '--output', 'json']);
    const events = lines(run);
    expect(events[0]).toMatchObject({
      event: 'entry',
      log: v2,
      origin: '127.0.0.1',
      index: '0',
      reasons: ['digest'],
      kind: 'hashedrekord 0.0.2',
      signers: [{ names: ['me@example.com'], issuers: [stack.endpoints.oidc] }],
    });
    expect(events.at(-1)).toMatchObject({ event: 'verified', log: v2, read: events.length - 1, unread: 0 });
  });

  test('refuses another instance at the address of the log, whichever is trusted, and leaves the state as it was', async () => {
    const state = newState();
    const other = await startStackProcess(scratch.path('other'));
    onTestFinished(() => void other.end());
    let shown = v2;
    const log = await serve(async (request) => fetch(`${shown}${new URL(request.url).pathname}`));
    onTestFinished(() => log.close());
    const follow = (root: string, ...flags: string[]): Promise<Run> =>
      assay(['log', 'monitor', '--once', '--log', log.url, '--state', state, ...flags], { env: { ASSAY_TRUST: join(root, 'trusted_root.json') } });
    expect(await follow(data)).toMatchObject({ status: 0 });
    const before = readFileSync(state, 'utf8');
    shown = other.endpoints.rekorV2 ?? '';
    const refused = await follow(data, '--output', 'json');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('[TLOG_CHECKPOINT_UNSIGNED]') });
    expect(lines(refused)).toMatchObject([{ event: 'refused', code: 'TLOG_CHECKPOINT_UNSIGNED' }]);
    expect(await follow(scratch.path('other'))).toMatchObject({ status: 4, stderr: expect.stringContaining('[LOG_STATE]') });
    expect(readFileSync(state, 'utf8')).toBe(before);
  });

  test('goes on when a log is away for a moment, and tells what is recorded meanwhile', async () => {
    let away = false;
    const log = await serve(async (request) => (away ? new Response('away', { status: 404 }) : fetch(`${v2}${new URL(request.url).pathname}`)));
    onTestFinished(() => log.close());
    const monitor = startMonitor(['--log', log.url, '--state', newState(), '--identity', 'late@example.com', '--interval', '1s']);
    await monitor.says('the first checkpoint that is kept');
    away = true;
    await monitor.says('[LOG_READ]');
    await sign('late@example.com');
    away = false;
    await monitor.says('watched identity\n  signer  late@example.com');
    await monitor.kill();
  });

  test('that is killed at any moment leaves a checkpoint that was verified, and misses nothing', async () => {
    const state = newState();
    const told = new Set<string>();
    const seen = new Set<string>();
    await assay(['log', 'monitor', '--once', '--log', v2, '--state', state]);
    const signed: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      signed.push(sign(`victim${i}@example.com`));
      const monitor = startMonitor(['--log', v2, '--state', state, '--identity-regexp', 'victim.*', '--interval', '1s', '--output', 'json']);
      await Promise.race([monitor.says('"verified"'), monitor.ended]);
      await new Promise((done) => setTimeout(done, Math.random() * 100));
      await monitor.kill();
      remember(told, monitor.said());
      seen.add(readFileSync(state, 'utf8'));
    }
    await Promise.all(signed);
    const last = await assay(['log', 'monitor', '--once', '--log', v2, '--state', state, '--identity-regexp', 'victim.*', '--output', 'json']);
    expect(last, last.stderr).toMatchObject({ status: 0 });
    remember(told, last.stdout);
    expect([...told].toSorted()).toEqual(Array.from({ length: 6 }, (_, i) => `victim${i}@example.com`));
    for (const [i, text] of [...seen].entries()) {
      const kept = scratch.write(`kept-${i}`, text);
      expect(await assay(['log', 'consistency', kept, '--log', v2])).toMatchObject({ status: 0 });
    }
  });

  function remember(told: Set<string>, text: string): void {
    const whole = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{"event":"entry"'));
    for (const line of whole) told.add(JSON.parse(line).signers[0].names[0]);
  }

  test.each([
    ['two logs and one file for the state', ['--state', 'x'], 'USAGE'],
    ['an address that is none', ['--log', 'rekor'], 'NET_URL'],
    ['a key and a trusted root', ['--log-key', 'a', '--trusted-root', 'b'], 'USAGE'],
    ['an interval of nothing', ['--interval', '0s'], 'USAGE'],
    ['a pattern that is none', ['--identity-regexp', '('], 'IDENTITY_PATTERN'],
  ])('refuses %s', async (_, flags, code) => {
    const run = await assay(['log', 'monitor', '--once', ...flags]);
    expect(run.status, run.stderr).toBe(2);
    expect(run.stderr).toContain(`[${code}]`);
  });
});

interface Monitor {
  said(): string;
  says(text: string): Promise<void>;
  readonly ended: Promise<unknown>;
  kill(): Promise<unknown>;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

function startMonitor(flags: readonly string[]): Monitor {
  const program = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
  const child = spawn(process.execPath, [program, 'log', 'monitor', ...flags], { env: { PATH: process.env['PATH'] ?? '', HOME: scratch.folder, ...trust } });
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      child.emit('more');
    });
  }
  return {
    said: () => text,
    async says(wanted) {
      while (!text.includes(wanted)) {
        const more = await Promise.race([once(child, 'more').then(() => true), ended.then(() => false)]);
        if (!more) throw new Error(`it ended, and said: ${text}`);
      }
    },
    ended,
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

describe('search', () => {
  test('finds what was signed of a file, by whom, in all logs', async () => {
    const run = await assay(['log', 'search', artifact, '--identity', 'other@example.com']);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(/^entry 1 of \S+\/rekor\/1: in the log\n {2}signer {2}other@example\.com, /);
    expect(run.stderr).toContain(`${v1}: 0 found\n`);
  });

  test('finds by digest, as JSON lines', async () => {
    const digest = lines(await assay(['log', 'search', artifact, '--log', v2, '--output', 'json']))[0].digests[0];
    const found = lines(await assay(['log', 'search', digest, '--log', v2, '--output', 'json']));
    expect(found.length).toBeGreaterThan(1);
    for (const hit of found) expect(hit).toMatchObject({ log: v2, standing: 'proven', digests: [digest] });
  });

  test('finds nothing, and says so', async () => {
    expect(await assay(['log', 'search', '--identity', 'nobody@example.com', '--log', v2])).toEqual({ status: 0, stdout: '', stderr: `${v2}: 0 found\n` });
  });

  test('ends with 1 when an index names what its log does not have', async () => {
    const log = await serve(async (request) => {
      const { pathname } = new URL(request.url);
      return pathname.endsWith('/index/retrieve') ? Response.json({ indexes: ['9999', '0'] }) : fetch(`${v2}${pathname}`);
    });
    onTestFinished(() => log.close());
    const run = await assay(['log', 'search', '--identity', 'nobody@example.com', '--log', log.url]);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain(`entry 9999 of ${log.url}: NOT PROVEN: `);
    expect(run.stdout).toContain(`entry 0 of ${log.url}: in the log; that it is about this is the word of the index alone\n`);
  });

  test('needs something to search for', async () => {
    expect(await assay(['log', 'search'])).toMatchObject({ status: 2, stderr: expect.stringContaining('[USAGE]') });
  });
});

describe('consistency', () => {
  test.each(['v1', 'v2'])('of two checkpoints of Rekor %s holds, in either order, and not when one is altered', async (which) => {
    const log = which === 'v1' ? v1 : v2;
    const [old, newer] = [newState(), newState()];
    await assay(['log', 'monitor', '--once', '--log', log, '--state', old]);
    await sign('me@example.com', which === 'v1' ? 1 : 2);
    await assay(['log', 'monitor', '--once', '--log', log, '--state', newer]);
    const run = await assay(['log', 'consistency', old, newer, '--log', log]);
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: expect.stringMatching(/: the tree of \d+ entries extends the one of \d+\n$/) });
    const json = await assay(['log', 'consistency', newer, old, '--log', log, '--output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ consistent: true });
    writeFileSync(old, readFileSync(old, 'utf8').replace(/\n(\d+)\n/, '\n999\n'));
    expect(await assay(['log', 'consistency', old, newer, '--log', log])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('[TLOG_CHECKPOINT_SIGNATURE]'),
    });
  });
});

test.each(['monitor', 'search', 'consistency'])('log %s has help with examples', async (command) => {
  const run = await runCli(['log', command, '--help']);
  expect(run.status).toBe(0);
  expect(run.stdout).toContain('Examples:');
  expect(run.stdout).toContain('Exit status: 0');
});
