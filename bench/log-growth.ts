/** What a long log costs: a stack with a million entries in Rekor v2 beside one with ten thousand. */
import { join } from 'node:path';
import { fillLog } from './fill-log.ts';
import { interleave } from './measure.ts';
import type { Published } from './published.ts';
import { mebibytes, milliseconds, perSecond, type Report, times } from './report.ts';
import { type StackProcess, startStack, withStack } from './stack-process.ts';
import { entryRequests, signEntries } from './stack-requests.ts';
import { loadEntries } from './stack-services.ts';

export interface GrowthEffort {
  /** Each with a load of `growthSeconds` on either stack. */
  readonly growthRounds: number;
  readonly growthSeconds: number;
}

export async function benchLogGrowth(report: Report, published: Published, effort: GrowthEffort): Promise<void> {
  report.title(`Rekor v2 with ${LONG.toLocaleString('en')} entries, whole process; writes beside one that began with ${SHORT.toLocaleString('en')}`);
  const long = await makeStack(published, 'long', LONG);
  const short = await makeStack(published, 'short', SHORT);
  await report.target({ name: 'start-up', show: milliseconds, atMost: 2000 }, () => withStack(published, long, async ({ startMs }) => startMs));
  await withStack(published, short, (small) =>
    withStack(published, long, async (large) => {
      await report.target({ name: 'of the writes', show: times, atLeast: 0.8 }, () => compare(report, small, large, effort));
      await report.target({ name: 'peak memory', show: mebibytes, atMost: 300 * 2 ** 20 }, () => large.peakMemory());
    }),
  );
}

/** Returns its folder. */
async function makeStack(published: Published, name: string, size: number): Promise<string> {
  const folder = join(published.folder, name);
  await (await startStack(published, folder)).stop();
  await fillLog(folder, size);
  return folder;
}

async function compare(report: Report, small: StackProcess, large: StackProcess, { growthRounds, growthSeconds }: GrowthEffort): Promise<number> {
  const bodies = entryRequests(signEntries(2 * growthRounds * growthSeconds * MAX_WRITES));
  const rate = async (stack: StackProcess): Promise<number> => (await loadEntries(stack, growthSeconds, bodies)).perSecond;
  const median = await interleave({ small: () => rate(small), large: () => rate(large) }, growthRounds);
  report.line(`${perSecond(median.small)} and ${perSecond(median.large)} (medians of ${growthRounds} rounds of ${growthSeconds} s)`);
  return median.large / median.small;
}

const SHORT = 10_000;
const LONG = 1_000_000;
/** Beyond what can be reached, so that prepared requests do not run out. */
const MAX_WRITES = 4500;
