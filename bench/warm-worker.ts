/** One thread of the warm comparison: makes its work, warms it up, then times a batch for every number it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { timeBatch } from './measure.ts';
import type { Sample } from './sample.ts';
import { type WarmWork, warmWork } from './warm-verify.ts';

const { name, input } = workerData as { name: WarmWork; input: Sample };
const { work, warmUp } = await warmWork(name, input);
await timeBatch(work, warmUp);
parentPort?.on('message', async (count: number) => parentPort?.postMessage(await timeBatch(work, count)));
