/** A stack under load that is stopped, started twice, copied, or cannot write: what it promised holds, and what it cannot promise it refuses. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Scratch, spawnCli } from './run-cli.ts';
import { Connection, createWriters, newPromisesOfEveryKind, startLoad } from './stack-load.ts';
import { type StackProcess, startStackProcess } from './stack-process.ts';
import { StackJudge, StackPromises } from './stack-promises.ts';

const scratch = new Scratch();

interface Scene {
  readonly data: string;
  readonly promises: StackPromises;
  readonly judge: StackJudge;
  readonly writers: ReturnType<typeof createWriters>;
  start(): Promise<StackProcess>;
}

function openScene(name: string): Scene {
  const data = scratch.path(name);
  const promises = new StackPromises();
  return {
    data,
    promises,
    judge: new StackJudge(promises, data, scratch.path(`${name}-tuf`)),
    writers: createWriters(promises, data),
    start: () => startStackProcess(data, ['--log-level', 'warn']),
  };
}

test('a second process on the folder is refused, and the first one goes on; when that was killed, the next one starts', async () => {
  const { data, promises, judge, writers, start } = openScene('twice');
  const first = await start();
  const load = startLoad(writers, first.endpoints);
  await load.until(newPromisesOfEveryKind(promises));
  const second = await spawnCli(['stack', 'up', '--data', data, '--listen', '127.0.0.1:0']);
  expect(second).toMatchObject({
    status: 3,
    stdout: '',
    stderr: expect.stringContaining(`is in use by process ${first.pid}: one process at a time  [STACK_IN_USE]`),
  });
  await load.until(newPromisesOfEveryKind(promises));
  load.expectEnd();
  await first.end('SIGKILL');
  await load.stop();
  const third = await start();
  expect(third.endpoints).toEqual(first.endpoints);
  await judge.expectHonest(third.endpoints, { everything: true });
  expect(await third.end()).toBe(0);
});

test('a copy that is made under load is a stack, and keeps what was promised before', async () => {
  const { promises, judge, writers, data, start } = openScene('copied');
  const original = await start();
  const load = startLoad(writers, original.endpoints);
  await load.until(newPromisesOfEveryKind(promises));
  const before = promises.copy();
  const target = scratch.path('copy');
  const backup = await spawnCli(['stack', 'backup', target, '--data', data]);
  expect(backup).toMatchObject({ status: 0, stderr: '' });
  await load.until(newPromisesOfEveryKind(promises));
  await load.stop();
  await judge.expectHonest(original.endpoints, { everything: true });
  expect(await original.end()).toBe(0);

  const copy = await startStackProcess(target, ['--log-level', 'warn']);
  expect(copy.endpoints).toMatchObject({ origin: original.endpoints.origin });
  await new StackJudge(before, target, scratch.path('copied-tuf')).expectHonest(copy.endpoints, { everything: true });
  const again = startLoad(createWriters(before, target), copy.endpoints);
  await again.until(newPromisesOfEveryKind(before));
  await again.stop();
  expect(await copy.end()).toBe(0);
});

test('a stop under load: all that was taken in is answered, and nothing is left running', async () => {
  const { promises, judge, writers, start } = openScene('stopped');
  const first = await start();
  const load = startLoad(writers, first.endpoints);
  await load.until(newPromisesOfEveryKind(promises));
  load.expectEnd();
  const began = performance.now();
  expect(await first.end('SIGTERM')).toBe(0);
  // Ten seconds are for requests that do not come to their end; those of a busy client do.
  expect(performance.now() - began).toBeLessThan(8000);
  await load.stop();
  expect(first.log()).toBe('');
  expect(() => process.kill(first.pid, 0)).toThrow('ESRCH');
  expect(existsSync(`/proc/${first.pid}`)).toBe(false);

  const second = await start();
  await judge.expectHonest(second.endpoints, { everything: true });
  // Nobody but these clients wrote: an entry that none of them was told of would be one without an answer.
  const { rekorV1, rekorV2, ctLog } = promises.logs;
  const metrics = await (await fetch(`${second.endpoints.origin}/metrics`)).text();
  for (const [name, { entries }] of Object.entries({ rekor: rekorV1, rekor_v2: rekorV2, ctlog: ctLog })) {
    expect(metrics).toMatch(new RegExp(`^assay_${name}_tree_size ${entries.size}$`, 'm'));
  }
  expect(await second.end()).toBe(0);
});

const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find(existsSync);
if (prlimit === undefined) process.stderr.write('the disk that takes no more is left out: no prlimit found\n');

/** No file of the process may grow beyond this: what a full disk is to those who write, with torn writes at the limit. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync(prlimit ?? '', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

test.skipIf(prlimit === undefined).each([0, 200])(
  'a disk that takes %i bytes of a file: refused, told, nothing lost, and over when there is room',
  async (bytes) => {
    const { data, promises, judge, writers, start } = openScene(`full-${bytes}`);
    const stack = await start();
    const { origin } = stack.endpoints;
    const load = startLoad(writers, stack.endpoints);
    await load.until(newPromisesOfEveryKind(promises));
    await load.stop();

    limitFiles(stack.pid, bytes);
    // What would be a promise in other times; in these, nobody is promised anything.
    const refused = new StackPromises();
    const connection = new Connection(stack.endpoints);
    for (let attempt = 0; attempt < 3; attempt++) {
      for (const writer of createWriters(refused, data).slice(0, -2)) {
        await expect(writer(connection)).rejects.toThrow(/was answered 50\d|answered 503/);
      }
    }
    expect(refused.counts()).toEqual({ rekorV1: 0, rekorV2: 0, ctLog: 0, tags: 0, timestamps: 0 });
    const ready = await fetch(`${origin}/readyz`);
    expect(ready.status).toBe(503);
    const { status, problems } = (await ready.json()) as { status: string; problems: string[] };
    expect(status).toBe('NOT_READY');
    for (const name of ['rekor:', 'rekor-v2:', 'ctlog:']) expect(problems.join('\n')).toMatch(new RegExp(`^${name} .*EFBIG`, 'm'));
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    await judge.expectHonest(stack.endpoints, { everything: true });

    limitFiles(stack.pid, 'unlimited');
    // Nobody asks anything of a service that is not ready: it finds out by itself.
    while ((await fetch(`${origin}/readyz`)).status !== 200) await sleep(10);
    const again = startLoad(writers, stack.endpoints);
    await again.until(newPromisesOfEveryKind(promises));
    await again.stop();
    expect(await (await fetch(`${origin}/readyz`)).json()).toEqual({ status: 'READY', problems: [] });
    await judge.expectHonest(stack.endpoints, { everything: true });
    connection.close();
    expect(await stack.end()).toBe(0);
    const next = await start();
    await judge.expectHonest(next.endpoints, { everything: true });
    expect(await next.end()).toBe(0);
  },
);
