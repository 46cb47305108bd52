/**
 * `npm run bench`: the figures this project holds itself to; where it can be, as ratios within one run; under 12 minutes.
 *
 * `--fast` (for CI) makes the same comparisons with fewer rounds, `--long` with many, and it alone makes a log of a million entries. Names after that
 * (`npm run bench -- stack sign`) choose some of them. A target that is not reached is told and is no failure: figures depend on what else the
 * machine does. What does not run at all is one.
 */
import { type AdmissionEffort, benchAdmission } from './admission.ts';
import { benchCopyLayer } from './copy-layer.ts';
import { benchCoreSize } from './core-size.ts';
import { benchLogGrowth, type GrowthEffort } from './log-growth.ts';
import { benchParallel } from './parallel.ts';
import { benchPin } from './pin.ts';
import { benchPolicyEngines } from './policy-engines.ts';
import { installPublished, type Published } from './published.ts';
import { machine, Report } from './report.ts';
import { benchSbom } from './sbom.ts';
import { benchSignKeyless } from './sign-keyless.ts';
import { benchStackServices, type StackEffort } from './stack-services.ts';
import { benchStackStart } from './stack-start.ts';
import { benchVerifyArtifact } from './verify-artifact.ts';
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
  readonly starts: number;
  readonly stack: StackEffort;
  readonly admission: AdmissionEffort;
  readonly engineRounds: number;
  readonly sbomRounds: number;
  readonly growth?: GrowthEffort;
}

const FAST: Effort = {
  warmRounds: 15,
  parallelRounds: 3,
  processRuns: 15,
  images: 40,
  imageRounds: 1,
  layerBytes: 256 * 2 ** 20,
  starts: 5,
  stack: { writeSeconds: 5, serviceSeconds: 3 },
  admission: { hits: 5000, reviews: 20_000, misses: 60 },
  engineRounds: 7,
  sbomRounds: 3,
};
const NORMAL: Effort = {
  warmRounds: 40,
  parallelRounds: 7,
  processRuns: 31,
  images: 100,
  imageRounds: 3,
  layerBytes: 2 ** 31,
  starts: 15,
  stack: { writeSeconds: 60, serviceSeconds: 10 },
  admission: { hits: 20_000, reviews: 100_000, misses: 200 },
  engineRounds: 31,
  sbomRounds: 5,
};
const LONG: Effort = {
  warmRounds: 400,
  parallelRounds: 60,
  processRuns: 300,
  images: 100,
  imageRounds: 20,
  layerBytes: 2 ** 31,
  starts: 50,
  stack: { writeSeconds: 60, serviceSeconds: 30 },
  admission: { hits: 100_000, reviews: 500_000, misses: 400 },
  engineRounds: 101,
  sbomRounds: 31,
  growth: { growthRounds: 7, growthSeconds: 5 },
};

const effort = process.argv.includes('--long') ? LONG : process.argv.includes('--fast') ? FAST : NORMAL;
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const report = new Report();
console.log(machine());

/** In this order: what compares with raw cryptography wants a machine that nothing has warmed up yet. */
const BENCHES: readonly (readonly [name: string, run: (published: Published) => Promise<void>])[] = [
  ['warm', () => benchWarmVerify(report, effort.warmRounds)],
  ['parallel', () => benchParallel(report, effort.parallelRounds)],
  ['verify-blob', (published) => benchVerifyBlob(report, published, effort.processRuns)],
  ['verify-artifact', (published) => benchVerifyArtifact(report, published, effort.processRuns)],
  ['verify-image', (published) => benchVerifyImage(report, published, effort)],
  ['copy', (published) => benchCopyLayer(report, published, effort.layerBytes)],
  ['start', (published) => benchStackStart(report, published, effort.starts)],
  ['sign', (published) => benchSignKeyless(report, published, effort.processRuns)],
  ['stack', (published) => benchStackServices(report, published, effort.stack)],
  ['admission', (published) => benchAdmission(report, published, effort.admission)],
  ['pin', (published) => benchPin(report, published)],
  ['engines', () => benchPolicyEngines(report, effort.engineRounds)],
  ['sbom', (published) => benchSbom(report, published, effort.sbomRounds)],
  ['growth', async (published) => effort.growth && benchLogGrowth(report, published, effort.growth)],
  ['size', () => benchCoreSize(report)],
];

const unknown = names.find((name) => BENCHES.every(([known]) => known !== name));
if (unknown !== undefined) throw new Error(`there is no benchmark ${unknown}; there are ${BENCHES.map(([name]) => name).join(', ')}`);
const published = await installPublished();
try {
  for (const [name, run] of BENCHES) if (names.length === 0 || names.includes(name)) await run(published);
} finally {
  published.remove();
}
