/** 1,000 different bundles in one process: two workers against one core. */
import { createInstance } from '@assay/testkit';
import { interleave } from './measure.ts';
import { createPool } from './pool.ts';
import { type Report, times } from './report.ts';
import { type Case, createVerifier, type Setup } from './verify-worker.ts';

const BUNDLES = 1000;
const WORKERS = 2;

export async function benchParallel(report: Report, rounds: number): Promise<void> {
  report.title(`${BUNDLES} different bundles, one process`);
  const { cases, setup } = makeCases();
  const oneCore = createVerifier(setup);
  const pool = createPool(WORKERS, setup);
  try {
    await rate(oneCore, cases);
    await rate(pool.verifyAll, cases);
    await report.target({ name: `both cores (${WORKERS} workers) against one`, show: times, atLeast: 1.7 }, async () => {
      const { one, both } = await interleave({ one: () => rate(oneCore, cases), both: () => rate(pool.verifyAll, cases) }, rounds);
      report.line(`one core ${one.toFixed(0)} bundles/s, both ${both.toFixed(0)} bundles/s`);
      return both / one;
    });
  } finally {
    await pool.close();
  }
}

/** Bundles per second. All must hold: a refused bundle is cheap and would flatter the figure. */
async function rate(verifyAll: (cases: readonly Case[]) => Promise<number>, cases: readonly Case[]): Promise<number> {
  const start = performance.now();
  const accepted = await verifyAll(cases);
  if (accepted !== cases.length) throw new Error(`${cases.length - accepted} of ${cases.length} bundles were refused`);
  return cases.length / ((performance.now() - start) / 1000);
}

/** Artifacts, keys, certificates and log entries all differ; the instance is one, with the algorithms of the public one. */
function makeCases(): { cases: Case[]; setup: Setup } {
  const instance = createInstance({ caKey: 'p384' });
  const samples = Array.from({ length: BUNDLES }, (_, index) => instance.sign(new TextEncoder().encode(`artifact ${index}`)));
  const { policy, trustedRootBytes, now } = samples[0] as (typeof samples)[number];
  const { san = '', issuer = '' } = policy.identities?.[0] ?? {};
  return {
    cases: samples.map(({ bundleBytes, artifact }) => ({ bundle: bundleBytes, artifact })),
    setup: { trustedRoot: trustedRootBytes, san, issuer, now },
  };
}
