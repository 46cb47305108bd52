/**
 * kill -9 under load, 25 times: a process that appends is killed at any moment and another one goes on at once. What it said on standard output
 * is what its clients were promised.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openTileLog } from '../src/log/index.ts';
import { openDisk } from '../src/store/disk.ts';
import { lockFolder } from '../src/store/lock.ts';
import { LogHistory } from './log-history.ts';
import { logKey, logOptions } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

const KILLS = 25;
const WRITER = fileURLToPath(new URL('./log-writer.ts', import.meta.url));

test(`killed ${KILLS} times under load, the log loses nothing and forks nowhere`, async () => {
  const scratch = temporaryFolder();
  const folder = join(scratch, 'log');
  const key = join(scratch, 'key.pem');
  writeFileSync(key, logKey.exportPrivatePem(), { mode: 0o600 });
  const history = new LogHistory();
  for (let i = 0; i < KILLS; i++) {
    for (const line of await runAndKill([folder, key, `${i}`], Math.random() * 120)) remember(history, line);
  }
  expect(history.checkpoints).toBeGreaterThanOrEqual(KILLS);
  expect(history.acknowledged).toBeGreaterThan(KILLS);

  const lock = await lockFolder(folder); // the last one to be killed let go of it
  const log = await openTileLog({ disk: openDisk(folder), ...logOptions(), unique: true });
  await history.expectHonest(log);
  await history.append(log, ['after all']);
  await history.expectHonest(log);
  await log.close();
  lock.release();
});

/** Whole lines of what it said. It is killed that long after its first word. */
async function runAndKill(argv: readonly string[], afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  let said = '';
  let complained = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await Promise.race([once(child.stdout, 'data'), exited]);
  await sleep(afterMs);
  child.kill('SIGKILL');
  expect(await exited, complained).toEqual([null, 'SIGKILL']);
  return said.split('\n').slice(0, -1);
}

function remember(history: LogHistory, line: string): void {
  const [what, first = '', second = ''] = line.split(' ');
  if (what === 'appended') history.acknowledgeIndex(second, Number(first));
  else history.show(Buffer.from(first, 'base64').toString());
}
