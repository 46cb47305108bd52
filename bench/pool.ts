/** Workers that verify bundles: each gets the trusted root once, then batches of bundles, the next one when it has answered. */
import { Worker } from 'node:worker_threads';
import type { Case, Setup } from './verify-worker.ts';

export interface Pool {
  /** How many of the bundles hold. */
  verifyAll(cases: readonly Case[]): Promise<number>;
  close(): Promise<void>;
}

export function createPool(size: number, setup: Setup): Pool {
  const workers = Array.from({ length: size }, () => new Worker(new URL('./verify-worker.ts', import.meta.url), { workerData: setup }));
  return {
    async verifyAll(cases) {
      const batches = split(cases);
      const counts = await Promise.all(workers.map((worker) => drain(worker, batches)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Feeds one worker from the common list until it is empty. */
async function drain(worker: Worker, batches: Case[][]): Promise<number> {
  let accepted = 0;
  for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) accepted += await ask(worker, batch);
  return accepted;
}

function ask(worker: Worker, batch: readonly Case[]): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (count: number) => {
      worker.off('error', reject);
      resolve(count);
    });
    worker.postMessage(batch);
  });
}

function split(cases: readonly Case[]): Case[][] {
  const batches: Case[][] = [];
  for (let start = 0; start < cases.length; start += BATCH) batches.push(cases.slice(start, start + BATCH));
  return batches;
}

/** Small enough that the workers end together, large enough that messages cost nothing. */
const BATCH = 20;
