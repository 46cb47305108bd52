/**
 * `npm run bench`: the figures this project holds itself to, as ratios within one run; under 8 minutes.
 *
 * `--fast` (for CI) makes the same comparisons with fewer rounds, `--long` with many. A target that is not reached is told and is no
 * failure: figures depend on what else the machine does. What does not run at all is one.
 */
import { benchCopyLayer } from './copy-layer.ts';
import { benchCoreSize } from './core-size.ts';
import { benchParallel } from './parallel.ts';
import { installPublished } from './published.ts';
import { machine, Report } from './report.ts';
import { benchVerifyBlob } from './verify-blob.ts';
import { benchVerifyImage } from './verify-image.ts';
import { benchWarmVerify } from './warm-verify.ts';

interface Effort {
  readonly warmRounds: number;
  readonly parallelRounds: number;
  readonly processRuns: number;
  readonly images: number;
  readonly imageRounds: number;
  readonly layerBytes: number;
}

const FAST: Effort = { warmRounds: 15, parallelRounds: 3, processRuns: 15, images: 40, imageRounds: 1, layerBytes: 256 * 2 ** 20 };
const NORMAL: Effort = { warmRounds: 40, parallelRounds: 7, processRuns: 31, images: 100, imageRounds: 3, layerBytes: 2 ** 31 };
const LONG: Effort = { warmRounds: 400, parallelRounds: 60, processRuns: 300, images: 100, imageRounds: 20, layerBytes: 2 ** 31 };

const effort = process.argv.includes('--long') ? LONG : process.argv.includes('--fast') ? FAST : NORMAL;
const report = new Report();
console.log(machine());
await benchWarmVerify(report, effort.warmRounds);
await benchParallel(report, effort.parallelRounds);
const published = await installPublished();
try {
  await benchVerifyBlob(report, published, effort.processRuns);
  await benchVerifyImage(report, published, effort);
  await benchCopyLayer(report, published, effort.layerBytes);
} finally {
  published.remove();
}
await benchCoreSize(report);
