/** kill -9 under load, 25 times: what a stack promised before it died, the next one on the same folder keeps. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mulberry32 } from '../../stack/test/mulberry32.ts';
import { Scratch } from './run-cli.ts';
import { createWriters, newPromisesOfEveryKind, startLoad } from './stack-load.ts';
import { startStackProcess } from './stack-process.ts';
import { StackJudge, StackPromises } from './stack-promises.ts';

const KILLS = 25;
/** Every so many rounds the process is killed again while it starts. */
const START_KILLS_EVERY = 5;
const MAX_LOAD_MS = 1000;
const PROGRAM = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

const scratch = new Scratch();
const seed = process.env['ASSAY_SEED'] ?? String(Date.now() % 1_000_000);

test(`killed ${KILLS} times under load, a stack keeps every promise (ASSAY_SEED=${seed})`, { timeout: 600_000 }, async () => {
  const random = mulberry32(Number(seed));
  const data = scratch.path('stack');
  const promises = new StackPromises();
  const judge = new StackJudge(promises, data, scratch.path('tuf'));
  const writers = createWriters(promises, data);
  let origin: string | undefined;
  for (let round = 0; round < KILLS; round++) {
    if (round % START_KILLS_EVERY === 0) await killWhileStarting(data, random() * 500);
    const stack = await startStackProcess(data, ['--log-level', 'warn']);
    expect(stack.endpoints.origin, 'the address stays').toBe(origin ?? stack.endpoints.origin);
    ({ origin } = stack.endpoints);
    await judge.expectHonest(stack.endpoints);
    const load = startLoad(writers, stack.endpoints);
    const before = promises.total;
    await load.until(() => promises.total > before);
    await sleep(random() * MAX_LOAD_MS);
    load.expectEnd();
    expect(await stack.end('SIGKILL')).toBe('SIGKILL');
    await load.stop();
    expect(stack.log(), 'nothing is wrong with the folder, and no request failed').toBe('');
  }

  const last = await startStackProcess(data, ['--log-level', 'warn']);
  await judge.expectHonest(last.endpoints, { everything: true });
  const load = startLoad(writers, last.endpoints);
  await load.until(newPromisesOfEveryKind(promises));
  await load.stop();
  expect(await (await fetch(`${last.endpoints.origin}/readyz`)).json()).toEqual({ status: 'READY', problems: [] });
  await judge.expectHonest(last.endpoints, { everything: true });
  expect(await last.end()).toBe(0);
});

async function killWhileStarting(data: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, 'stack', 'up', '--data', data], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await sleep(afterMs);
  child.kill('SIGKILL');
  expect((await ended)[1]).toBe('SIGKILL');
}
