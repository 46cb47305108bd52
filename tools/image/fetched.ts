/** What is fetched from elsewhere is kept in the cache of the testbed, under its own name, and is looked at again each time it is used. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pin {
  readonly fileName: string;
  readonly algorithm: 'sha256' | 'sha512';
  /** Hex. */
  readonly hash: string;
}

export function cachedPath({ fileName }: Pin): string {
  return join(CACHE, fileName);
}

/** Whether it is there as it should be. */
export function isCached(pin: Pin): boolean {
  return existsSync(cachedPath(pin)) && hashOf(cachedPath(pin), pin) === pin.hash;
}

/** Takes the file in, if it is what was pinned. */
export function keep(path: string, pin: Pin): void {
  const found = hashOf(path, pin);
  if (found !== pin.hash) throw new Error(`${pin.fileName} is not what is pinned: expected ${pin.algorithm} ${pin.hash}, found ${found}`);
  mkdirSync(CACHE, { recursive: true });
  renameSync(path, cachedPath(pin)); // of the same file system, see below
}

/** An empty folder beside the cache while `work` runs. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, `.fetching-${randomUUID().slice(0, 8)}-`));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hashOf(path: string, { algorithm }: Pin): string {
  return createHash(algorithm).update(readFileSync(path)).digest('hex');
}

const CACHE = join(process.env['ASSAY_TESTBED'] ?? join(homedir() || tmpdir(), '.cache/assay-testbed'), 'image');
