/** The real disk: whole files or none, folders as they are needed, no way out of its root; and the faults that tests put in its place. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDisk } from '../src/store/disk.ts';
import { FAULTS, type Fault, faultAt, faultsWithProbability, faultyDisk } from './faulty-disk.ts';
import { textOf } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('a disk', () => {
  test('reads what was written, also over what was there', async () => {
    const disk = openDisk(temporaryFolder());
    expect(await disk.read('a/b/c')).toBeUndefined();
    expect(await disk.size('a/b/c')).toBeUndefined();
    for (const text of ['one', 'a second, longer one', '']) {
      await disk.write('a/b/c', utf8(text));
      expect(textOf(await disk.read('a/b/c'))).toBe(text);
      expect(await disk.size('a/b/c')).toBe(text.length);
    }
  });

  test('writes many files at once, in old folders and new ones', async () => {
    const disk = openDisk(temporaryFolder());
    const files = Array.from({ length: 60 }, (_, i) => ({ path: `f${i % 7}/g${i % 3}/${i}`, bytes: utf8(`file ${i}`) }));
    await disk.writeAll(files);
    for (const { path, bytes } of files) expect(textOf(await disk.read(path))).toBe(textOf(bytes));
    await disk.writeAll([]);
  });

  test('gives concurrent writers of a file one of their contents, whole', async () => {
    const disk = openDisk(temporaryFolder());
    const contents = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
    await Promise.all(contents.map((text) => disk.write('new/file', utf8(text))));
    expect(contents).toContain(textOf(await disk.read('new/file')));
    expect(await disk.list('new')).toEqual(['file']);
    expect(readdirSync(join(disk.root, 'new'))).toEqual(['file']);
  });

  test('appends, and makes the file when it is not there', async () => {
    const disk = openDisk(temporaryFolder());
    for (const text of ['a', 'bc', '', 'd']) await disk.append('logs/x', utf8(text));
    expect(textOf(await disk.read('logs/x'))).toBe('abcd');
  });

  test('lists names by code unit, without what is unfinished, and nothing where there is nothing', async () => {
    const disk = openDisk(temporaryFolder());
    for (const name of ['b', 'a', 'B', '10', '9']) await disk.write(`folder/${name}`, utf8('x'));
    writeFileSync(join(disk.root, 'folder/.unfinished-0011'), 'half');
    expect(await disk.list('folder')).toEqual(['10', '9', 'B', 'a', 'b']);
    expect(await disk.list('elsewhere')).toEqual([]);
    expect(await disk.list('folder/a')).toEqual([]);
  });

  test('removes files and folders, and writes into them again', async () => {
    const disk = openDisk(temporaryFolder());
    await disk.writeAll(['x/a/1', 'x/a/2', 'x/ab/1'].map((path) => ({ path, bytes: utf8(path) })));
    await disk.remove('x/a');
    await disk.remove('x/a');
    expect(await disk.list('x')).toEqual(['ab']);
    await disk.write('x/a/1', utf8('again'));
    await disk.append('x/a/log', utf8('again'));
    expect(await disk.list('x/a')).toEqual(['1', 'log']);
    rmSync(join(disk.root, 'x'), { recursive: true }); // by somebody else
    await disk.write('x/a/1', utf8('and again'));
    await disk.append('x/a/log', utf8('and again'));
    expect(textOf(await disk.read('x/a/1'))).toBe('and again');
    expect(textOf(await disk.read('x/a/log'))).toBe('and again');
  });

  test('within a folder is the same disk', async () => {
    const disk = openDisk(join(temporaryFolder(), 'not', 'there', 'yet'));
    const inner = disk.at('one').at('two');
    await inner.write('file', utf8('x'));
    expect(inner.root).toBe(join(disk.root, 'one/two'));
    expect(textOf(await disk.read('one/two/file'))).toBe('x');
    await disk.remove('one');
    await inner.write('deep/file', utf8('y'));
    expect(textOf(await disk.read('one/two/deep/file'))).toBe('y');
  });

  test('has the same root however it is spelled, and the root is no file', async () => {
    const folder = temporaryFolder();
    const disk = openDisk(`${folder}//new/./`);
    await disk.write('a/file', utf8('x'));
    expect(disk.root).toBe(join(folder, 'new'));
    await expect(disk.write('', utf8('x'))).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY|EBUSY/);
  });

  test('keeps secrets to their owner', async () => {
    const disk = openDisk(temporaryFolder());
    await disk.write('key', utf8('secret'), { mode: 0o600 });
    await disk.write('public', utf8('text'));
    expect(statSync(join(disk.root, 'key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(disk.root, 'public')).mode & 0o077).toBe(0o044);
  });

  test.each(['..', '../x', 'a/../../x', 'a/..', '/../x'])('refuses %s, which leads upwards', async (path) => {
    const disk = openDisk(temporaryFolder());
    const acts: (() => Promise<unknown>)[] = [
      () => disk.read(path),
      () => disk.write(path, utf8('x')),
      () => disk.append(path, utf8('x')),
      () => disk.list(path),
    ];
    acts.push(
      () => disk.size(path),
      () => disk.remove(path),
      () => disk.writeAll([{ path, bytes: utf8('x') }]),
    );
    for (const act of acts) await expect(act()).rejects.toThrow(TypeError);
    expect(() => disk.at(path)).toThrow(TypeError);
  });

  test('leaves the old file when a new one cannot be written, and no litter', async () => {
    const disk = openDisk(temporaryFolder());
    await disk.write('a/file', utf8('old'));
    mkdirSync(join(disk.root, 'a/folder'));
    await expect(disk.write('a/folder', utf8('new'))).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY/);
    await expect(disk.write('a/file/below', utf8('new'))).rejects.toThrow(/ENOTDIR|EEXIST/);
    await expect(disk.append('a/file/below', utf8('new'))).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(textOf(await disk.read('a/file'))).toBe('old');
    expect(readdirSync(join(disk.root, 'a')).sort()).toEqual(['file', 'folder']);
  });

  test('waits for all of many files when one fails', async () => {
    const disk = openDisk(temporaryFolder());
    mkdirSync(join(disk.root, 'taken'));
    const files = ['taken', ...Array.from({ length: 30 }, (_, i) => `file ${i}`)].map((path) => ({ path, bytes: utf8(path) }));
    await expect(disk.writeAll(files)).rejects.toThrow();
    const before = readdirSync(disk.root);
    await new Promise(setImmediate);
    expect(readdirSync(disk.root)).toEqual(before);
    expect(before.filter((name) => name.startsWith('.unfinished'))).toEqual([]);
  });

  test('says what else is wrong with reading', async () => {
    const disk = openDisk(temporaryFolder());
    mkdirSync(join(disk.root, 'folder'));
    await expect(disk.read('folder')).rejects.toThrow(/EISDIR/);
  });
});

describe('a faulty disk', () => {
  test.each<[Fault, RegExp, string, string]>([
    ['full disk', /ENOSPC/, 'old', 'oldap'],
    ['fsync error', /EIO.*fsync/, 'old', 'oldappended'],
    ['torn write', /EIO.*write/, 'old', 'oldappe'],
    ['failed, not written', /EIO/, 'old', 'old'],
    ['failed, but written', /EIO/, 'new', 'oldappended'],
  ])('%s: the file is old or new, and a prefix is appended', async (fault, message, written, appended) => {
    const disk = faultyDisk(openDisk(temporaryFolder()));
    await disk.write('file', utf8('old'));
    disk.fail(faultAt(2, fault));
    await expect(disk.write('file', utf8('new'))).rejects.toThrow(message);
    expect(textOf(await disk.read('file'))).toBe(written);
    await disk.write('file', utf8('old'));
    disk.fail(faultAt(4, fault));
    await expect(disk.append('file', utf8('appended'))).rejects.toThrow(message);
    expect(textOf(await disk.read('file'))).toBe(appended);
    expect(disk.operations()).toBe(4);
    expect(await disk.list('')).toEqual(['file']);
  });

  test('tears a write in the middle, beside the file', async () => {
    const folder = temporaryFolder();
    await expect(faultyDisk(openDisk(folder), faultAt(1, 'torn write')).write('file', utf8('0123456789'))).rejects.toThrow(/EIO/);
    expect(readFileSync(join(folder, '.unfinished-litter'), 'utf8')).toBe('01234');
  });

  test('fails at any file of many, and writes those before it', async () => {
    const disk = faultyDisk(openDisk(temporaryFolder()), faultAt(2, 'failed, not written'));
    const files = ['a', 'b', 'c'].map((path) => ({ path, bytes: utf8(path) }));
    await expect(disk.at('folder').writeAll(files)).rejects.toThrow(/EIO/);
    expect(await disk.list('folder')).toEqual(['a']);
  });

  test('with a seed fails the same way again', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const run = () => {
          const faults = faultsWithProbability(0.4, seed);
          return Array.from({ length: 50 }, (_, i) => faults(i));
        };
        expect(run()).toEqual(run());
      }),
    );
    const faults = faultsWithProbability(0.4, 1);
    const seen = new Set(Array.from({ length: 500 }, (_, i) => faults(i)));
    expect(seen).toEqual(new Set([undefined, ...FAULTS]));
  });
});
