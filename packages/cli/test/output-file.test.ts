import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { writeOutput } from '../src/crane/output-file.ts';
import { processIo } from '../src/io.ts';
import { Scratch } from './run-cli.ts';

const scratch = new Scratch();

test('a source that fails at once leaves no file, neither now nor a moment later', async () => {
  const failing: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new RangeError('nothing to write')) }),
  };
  for (let i = 0; i < 50; i++) await expect(writeOutput(join(scratch.folder, `file-${i}`), failing, processIo())).rejects.toThrow('nothing to write');
  await wait(50);
  expect(readdirSync(scratch.folder)).toEqual([]);
});

test('a folder that is not there is told in the words of Go', async () => {
  const some = async function* (): AsyncIterable<Uint8Array> {
    yield Uint8Array.of(1);
  };
  const path = join(scratch.folder, 'nowhere/file');
  await expect(writeOutput(path, some(), processIo())).rejects.toThrow(`open ${path}: no such file or directory`);
});
