/** A disk with named faults, over a real one. Every file that is written is an operation; the first is number 1. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disk } from '../src/store/disk.ts';
import { mulberry32 } from './mulberry32.ts';

export const FAULTS = ['full disk', 'fsync error', 'torn write', 'failed, not written', 'failed, but written'] as const;
export type Fault = (typeof FAULTS)[number];

/** What happens to an operation; undefined when it is well. */
export type Faults = (operation: number) => Fault | undefined;

export interface FaultyDisk extends Disk {
  /** Operations so far. */
  operations(): number;
  /** From the next operation on. */
  fail(faults: Faults): void;
}

export const noFaults: Faults = () => undefined;

/** Once, at that operation. */
export const faultAt =
  (at: number, fault: Fault): Faults =>
  (operation) =>
    operation === at ? fault : undefined;

/** At that operation and all later ones. */
export const faultFrom =
  (from: number, fault: Fault): Faults =>
  (operation) =>
    operation >= from ? fault : undefined;

/** Any fault, with this probability; the same for the same seed. */
export function faultsWithProbability(probability: number, seed: number): Faults {
  const random = mulberry32(seed);
  return () => (random() < probability ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined);
}

export function faultyDisk(disk: Disk, first: Faults = noFaults): FaultyDisk {
  let faults = first;
  let operations = 0;

  const write = async (inner: Disk, path: string, bytes: Uint8Array, act: () => Promise<void>): Promise<void> => {
    operations++;
    const fault = faults(operations);
    if (fault === undefined) return act();
    await HAPPENS[fault]({ file: join(inner.root, path), bytes, act });
    throw ERRORS[fault](path);
  };

  const over = (inner: Disk): FaultyDisk => ({
    ...inner,
    write: (path, bytes, options) => write(inner, path, bytes, () => inner.write(path, bytes, options)),
    // One after the other, so that every prefix of them is what a fault leaves.
    writeAll: async (files) => {
      for (const { path, bytes } of files) await write(inner, path, bytes, () => inner.writeAll([{ path, bytes }]));
    },
    append: async (path, bytes) => {
      operations++;
      const fault = faults(operations);
      if (fault === undefined) return inner.append(path, bytes);
      await inner.append(path, bytes.subarray(0, APPENDED[fault](bytes.length)));
      throw ERRORS[fault](path);
    },
    at: (folder) => over(inner.at(folder)),
    operations: () => operations,
    fail: (next) => {
      faults = next;
    },
  });
  return over(disk);
}

interface Attempt {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly act: () => Promise<void>;
}

/** What is on disk when the operation has failed. Without the rename, what was written is only litter. */
const HAPPENS: Readonly<Record<Fault, (attempt: Attempt) => Promise<void>>> = {
  'full disk': async () => undefined,
  'fsync error': ({ file, bytes }) => litter(file, bytes),
  'torn write': ({ file, bytes }) => litter(file, bytes.subarray(0, bytes.length >> 1)),
  'failed, not written': async () => undefined,
  'failed, but written': ({ act }) => act(),
};

/** How many bytes of an append are in the file then. */
const APPENDED: Readonly<Record<Fault, (length: number) => number>> = {
  'full disk': (length) => length >> 2,
  'fsync error': (length) => length,
  'torn write': (length) => length >> 1,
  'failed, not written': () => 0,
  'failed, but written': (length) => length,
};

const ERRORS: Readonly<Record<Fault, (path: string) => Error>> = {
  'full disk': (path) => systemError('ENOSPC', 'no space left on device', path),
  'fsync error': (path) => systemError('EIO', 'i/o error, fsync', path),
  'torn write': (path) => systemError('EIO', 'i/o error, write', path),
  'failed, not written': (path) => systemError('EIO', 'i/o error', path),
  'failed, but written': (path) => systemError('EIO', 'i/o error', path),
};

async function litter(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(dirname(file), '.unfinished-litter'), bytes).catch(() => undefined); // the folder may not be there yet
}

function systemError(code: string, text: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${text} '${path}'`), { code });
}
