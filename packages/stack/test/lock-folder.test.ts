/** One process for a folder: a second one is refused, and a dead one is no obstacle. */
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isFolderLocked, lockFolder } from '../src/store/lock.ts';
import { otherProcess } from './other-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function kill({ child }: Awaited<ReturnType<typeof otherProcess>>): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a second lock in the same process is refused, with the folder and the process in the message', async () => {
  const folder = temporaryFolder();
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`${folder} is in use by process ${process.pid}: one process at a time`);
  lock.release();
  (await lockFolder(folder)).release();
});

test('another process is refused, and told who has it', async () => {
  const folder = temporaryFolder();
  const lock = await lockFolder(folder);
  expect((await otherProcess(folder)).said).toBe(`refused: ${folder} is in use by process ${process.pid}: one process at a time\n`);
  lock.release();
  expect((await otherProcess(folder)).said).toBe('locked\n');
});

test('a process that is killed lets go of it at once', async () => {
  const folder = temporaryFolder();
  for (let i = 0; i < 3; i++) {
    const other = await otherProcess(folder);
    expect(other.said).toBe('locked\n');
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${other.child.pid}`);
    await kill(other);
  }
  (await lockFolder(folder)).release();
});

test('releasing twice is harmless, also when somebody else has it by now', async () => {
  const folder = temporaryFolder();
  const first = await lockFolder(folder);
  first.release();
  const second = await lockFolder(folder);
  first.release();
  await expect(lockFolder(folder)).rejects.toThrow(/in use/);
  second.release();
});

test('two folders are two locks', async () => {
  const [one, two] = [await lockFolder(temporaryFolder()), await lockFolder(temporaryFolder())];
  one.release();
  two.release();
});

test('the folder is made, and the lock holds not a byte', async () => {
  const folder = join(temporaryFolder(), 'a', 'b');
  const lock = await lockFolder(folder);
  expect(readdirSync(folder).sort()).toEqual(['lock', 'lock.pid']);
  expect(statSync(join(folder, 'lock')).size).toBe(0);
  lock.release();
});

test('who cannot tell whose it is says so', async () => {
  const folder = temporaryFolder();
  const lock = await lockFolder(folder);
  writeFileSync(join(folder, 'lock.pid'), 'nonsense');
  await expect(lockFolder(folder)).rejects.toThrow(`${folder} is in use by another process`);
  lock.release();
});

test('a lock that is no file of SQLite’s is an error, and not a lock', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lock'), 'x'.repeat(5000));
  await expect(lockFolder(folder)).rejects.toThrow(`${folder} cannot be locked`);
});

test('who asks whether a folder is locked changes nothing, neither here nor elsewhere', async () => {
  const folder = temporaryFolder();
  expect(await isFolderLocked(folder)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);

  const lock = await lockFolder(folder);
  expect(await isFolderLocked(folder)).toBe(true);
  expect((await otherProcess(folder)).said).toContain('refused');
  lock.release();
  expect(await isFolderLocked(folder)).toBe(false);

  const other = await otherProcess(folder);
  expect(await isFolderLocked(folder)).toBe(true);
  await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${other.child.pid}`);
});
