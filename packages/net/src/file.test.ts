import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { readFileCapped } from './file.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'assay-file-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('reads a file of exactly the cap', () => {
  const path = join(folder(), 'a');
  writeFileSync(path, 'abcd');
  expect(new TextDecoder().decode(readFileCapped(path, 4))).toBe('abcd');
});

test.each([0, 1, 4095, 4096, 4097, 100_000])('reads a file of %i bytes whole', (size) => {
  const path = join(folder(), 'a');
  const content = new Uint8Array(size).fill(7);
  writeFileSync(path, content);
  expect(Buffer.compare(readFileCapped(path, 1_000_000), content)).toBe(0);
});

test('refuses one byte more than the cap, and names the cap', async () => {
  const path = join(folder(), 'a');
  writeFileSync(path, 'abcde');
  expect(await caught(() => readFileCapped(path, 4))).toMatchObject({ code: 'FILE_TOO_LARGE', message: `${path}: larger than the cap of 4 bytes` });
});

test('names a missing file, also below something that is not a folder', async () => {
  const path = join(folder(), 'a');
  expect(await caught(() => readFileCapped(path, 4))).toMatchObject({ code: 'FILE_NOT_FOUND', message: `${path}: no such file` });
  writeFileSync(path, '');
  expect((await caught(() => readFileCapped(join(path, 'b'), 4))).code).toBe('FILE_NOT_FOUND');
});

test('refuses a folder', async () => {
  const path = folder();
  expect(await caught(() => readFileCapped(path, 9_999_999))).toMatchObject({ code: 'FILE_UNREADABLE', message: `${path}: is a folder, a file was expected` });
});

test.skipIf(process.platform === 'win32')('caps what comes through a pipe, whose size is not known', async () => {
  const pipe = join(folder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('/bin/sh', ['-c', `printf hello > '${pipe}'`]);
  expect(new TextDecoder().decode(readFileCapped(pipe, 5))).toBe('hello');
  spawn('/bin/sh', ['-c', `head -c 10000 /dev/zero > '${pipe}'`]);
  expect((await caught(() => readFileCapped(pipe, 9999))).code).toBe('FILE_TOO_LARGE');
});
