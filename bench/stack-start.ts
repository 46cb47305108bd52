/** `assay stack up` from the start of its process until it is ready: at its first start, when it makes all its keys, and later. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './measure.ts';
import type { Published } from './published.ts';
import { milliseconds, type Report } from './report.ts';
import { startStack } from './stack-process.ts';

export async function benchStackStart(report: Report, published: Published, runs: number): Promise<void> {
  report.title('stack up to ready, published build, whole process');
  const folder = join(published.folder, 'start');
  const emptied = (): void => rmSync(folder, { recursive: true, force: true });
  await (await startStack(published, folder)).stop(); // the first run keeps its compiled code
  const target = { show: milliseconds, atMost: 1500 };
  await report.target({ name: 'with an empty folder', ...target }, () => measure(report, published, folder, runs, emptied));
  await report.target({ name: 'later', ...target }, () => measure(report, published, folder, runs, () => undefined));
}

async function measure(report: Report, published: Published, folder: string, runs: number, prepare: () => void): Promise<number> {
  const took: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    prepare();
    const stack = await startStack(published, folder);
    took.push(stack.startMs);
    await stack.stop();
  }
  report.line(`median of ${runs}; the slowest ${milliseconds(Math.max(...took))}`);
  return median(took);
}
