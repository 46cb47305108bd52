/**
 * `npm run bench`: the figures this project holds itself to, as ratios within one run; under 8 minutes.
 *
 * `--fast` (for CI) makes the same comparisons with fewer rounds, `--long` with many. A target that is not reached is told and is no
 * failure: figures depend on what else the machine does. What does not run at all is one.
 */
import { benchCoreSize } from './core-size.ts';
import { benchParallel } from './parallel.ts';
import { machine, Report } from './report.ts';
import { benchVerifyBlob } from './verify-blob.ts';
import { benchWarmVerify } from './warm-verify.ts';

interface Effort {
  readonly warmRounds: number;
  readonly parallelRounds: number;
  readonly processRuns: number;
}

const FAST: Effort = { warmRounds: 15, parallelRounds: 3, processRuns: 15 };
const NORMAL: Effort = { warmRounds: 40, parallelRounds: 7, processRuns: 31 };
const LONG: Effort = { warmRounds: 400, parallelRounds: 60, processRuns: 300 };

const effort = process.argv.includes('--long') ? LONG : process.argv.includes('--fast') ? FAST : NORMAL;
const report = new Report();
console.log(machine());
await benchWarmVerify(report, effort.warmRounds);
await benchParallel(report, effort.parallelRounds);
await benchVerifyBlob(report, effort.processRuns);
await benchCoreSize(report);
