import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { backUp } from './backup.ts';
import { newInstance, readInstance, writeInstance } from './instance.ts';
import { openDisk } from './store/disk.ts';
import { openKeys } from './store/keys.ts';

const START = new Date('2026-03-01T10:00:00Z');

async function stackFolder(): Promise<string> {
  const disk = openDisk(join(temporaryFolder(), 'stack'));
  await writeInstance(disk, newInstance('http://127.0.0.1:4100', START));
  await openKeys(disk.at('keys')).create('ca-1', 'p256');
  await disk.write('rekor/1/checkpoint', utf8('checkpoint'));
  await disk.write('rekor/1/tile/0/000.p/5', utf8('tile'));
  await disk.write('lock', utf8(''));
  return disk.root;
}

describe('a backup', () => {
  test('has every file of the stack, and opens as one', async () => {
    const folder = await stackFolder();
    const target = join(temporaryFolder(), 'copy');
    expect(await backUp(folder, target)).toEqual({ files: 4 });
    expect(await readInstance(openDisk(target))).toEqual(await readInstance(openDisk(folder)));
    expect(readFileSync(join(target, 'rekor/1/tile/0/000.p/5'), 'utf8')).toBe('tile');
  });

  test('leaves out the lock and what is unfinished', async () => {
    const folder = await stackFolder();
    writeFileSync(join(folder, 'rekor/1/.unfinished-ab'), 'half');
    const target = join(temporaryFolder(), 'copy');
    await backUp(folder, target);
    expect(readdirSync(target).sort()).toEqual(['keys', 'rekor', 'stack.json']);
    expect(existsSync(join(target, 'rekor/1/.unfinished-ab'))).toBe(false);
  });

  test('keeps keys to their owner', async () => {
    const target = join(temporaryFolder(), 'copy');
    await backUp(await stackFolder(), target);
    expect(statSync(join(target, 'keys/ca-1.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(target).mode & 0o777).toBe(0o700);
  });

  test('overwrites nothing', async () => {
    const target = join(temporaryFolder(), 'copy');
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'mine');
    await expect(backUp(await stackFolder(), target)).rejects.toMatchObject({ code: 'USAGE' });
    expect(readdirSync(target)).toEqual(['mine']);
  });

  test('of a folder that is no stack is refused, and leaves nothing', async () => {
    const target = join(temporaryFolder(), 'copy');
    await expect(backUp(temporaryFolder(), target)).rejects.toMatchObject({ code: 'STACK_DATA' });
    expect(existsSync(target)).toBe(false);
  });
});
