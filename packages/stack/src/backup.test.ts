import { type Dirent, existsSync, mkdirSync, promises, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, onTestFinished, test } from 'vitest';
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

/** Something else happens at each listing of a folder, once its entries were read; it may add entries, as a listing that takes its time does. */
function whileListing(happens: (listing: number, list: () => Promise<Dirent[]>) => Promise<Dirent[]> | Dirent[]): void {
  const { readdir } = promises;
  let listings = 0;
  const listing = async (...listed: Parameters<typeof readdir>): Promise<Dirent[]> => {
    const list = async (): Promise<Dirent[]> => (await readdir(...listed)) as unknown as Dirent[];
    const before = await list();
    return [...before, ...(await happens(listings++, list))];
  };
  const put = (now: unknown): void => {
    Object.assign(promises, { readdir: now });
    syncBuiltinESMExports();
  };
  put(listing);
  onTestFinished(() => put(readdir));
}

describe('a backup', () => {
  test('has the blobs of every manifest and the manifest of every tag, whatever is pushed meanwhile', async () => {
    const folder = await stackFolder();
    const target = join(temporaryFolder(), 'copy');
    // The manifest is in the list; the blob, whose folder was read before, is not.
    whileListing(async (listing, list) => {
      const name = `${listing}`.padStart(64, '0');
      for (const path of ['blobs/sha256/00', 'repositories/app/_blobs/sha256', 'repositories/app/_manifests/sha256', 'repositories/app/_tags']) {
        mkdirSync(join(folder, 'registry', path), { recursive: true });
        writeFileSync(join(folder, 'registry', path, name), '');
      }
      return (await list()).filter((entry) => entry.name === name && /_(?:manifests|tags)/.test(entry.parentPath));
    });
    await backUp(folder, target);
    const copied = (path: string): string[] => readdirSync(join(target, 'registry', path));
    const manifests = copied('repositories/app/_manifests/sha256');
    expect(manifests.length).toBeGreaterThan(0);
    expect(manifests).toEqual(expect.arrayContaining(copied('repositories/app/_tags')));
    expect(copied('blobs/sha256/00')).toEqual(expect.arrayContaining(manifests));
    expect(copied('repositories/app/_blobs/sha256')).toEqual(expect.arrayContaining(manifests));
  });

  test.each([0, 1, 2, 3, 4, 5])('has the tile that took the place of a narrower one after listing %i', async (at) => {
    const folder = await stackFolder();
    const target = join(temporaryFolder(), 'copy');
    whileListing((listing) => {
      if (listing !== at) return [];
      writeFileSync(join(folder, 'rekor/1/tile/0/000'), 'full tile');
      rmSync(join(folder, 'rekor/1/tile/0/000.p'), { recursive: true });
      return [];
    });
    await backUp(folder, target);
    const tile = join(target, 'rekor/1/tile/0/000');
    expect(existsSync(tile) || existsSync(`${tile}.p/5`)).toBe(true);
  });

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
