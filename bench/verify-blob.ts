/** `assay cosign verify-blob` as a whole process: against cosign, its memory, and its memory over a large artifact. */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance } from '@assay/testkit';
import { interleave } from './measure.ts';
import { findCosign, type Published, peakMemory, timeProcess } from './published.ts';
import { mebibytes, type Report, times } from './report.ts';
import { type Sample, sample } from './sample.ts';

export async function benchVerifyBlob(report: Report, published: Published, runs: number): Promise<void> {
  const input = sample();
  report.title(`cosign verify-blob, published build, whole process (${input.from}, trusted root from a file)`);
  const args = write(published.folder, 'small', input);
  await compareWithCosign(report, published, args, runs);
  await report.target({ name: 'peak memory', show: mebibytes, atMost: 80 * 2 ** 20 }, () => peakMemory(published, ['cosign', ...args]));
  report.title(`cosign verify-blob over an artifact of ${mebibytes(LARGE)} (testkit bundle)`);
  const large = writeLarge(published.folder);
  report.line(`whole process ${timeProcess(published.assay, ['cosign', ...large], published.env).toFixed(0)} ms`);
  await report.target({ name: 'peak memory', show: mebibytes, atMost: 120 * 2 ** 20 }, () => peakMemory(published, ['cosign', ...large]));
}

async function compareWithCosign(report: Report, published: Published, args: readonly string[], runs: number): Promise<void> {
  const cosign = findCosign();
  const ours = (): number => timeProcess(published.assay, ['cosign', ...args], published.env);
  ours(); // the first run keeps its compiled code
  const name = `of the time of cosign ${cosign?.version ?? ''}`.trim();
  await report.target({ name, show: times, atMost: 1.4 }, async () => {
    if (cosign === undefined) return undefined;
    const theirs = (): number => timeProcess(cosign.path, args, published.env);
    const bare = (): number => timeProcess(process.execPath, ['-e', '0'], published.env);
    const median = await interleave({ ours, theirs, bare }, runs);
    report.line(
      `ours ${median.ours.toFixed(1)} ms, cosign ${cosign.version} ${median.theirs.toFixed(1)} ms, node -e 0 ${median.bare.toFixed(1)} ms (medians of ${runs})`,
    );
    return median.ours / median.theirs;
  });
}

/** Writes the input of a sample and returns the arguments that both programs understand. */
export function write(folder: string, name: string, { bundle, trustedRoot, artifact, san, issuer }: Sample): string[] {
  const path = (suffix: string): string => join(folder, `${name}.${suffix}`);
  writeFileSync(path('bundle'), bundle);
  writeFileSync(path('root'), trustedRoot);
  writeFileSync(path('artifact'), artifact);
  return [
    'verify-blob',
    ...['--bundle', path('bundle')],
    ...['--trusted-root', path('root')],
    ...['--certificate-identity', san],
    ...['--certificate-oidc-issuer', issuer],
    path('artifact'),
  ];
}

/** A sparse file of zeros, signed. */
function writeLarge(folder: string): string[] {
  const { bundleBytes, trustedRootBytes, policy } = createInstance().sign(new Uint8Array(LARGE));
  const { san = '', issuer = '' } = policy.identities?.[0] ?? {};
  const args = write(folder, 'large', { from: '', bundle: bundleBytes, trustedRoot: trustedRootBytes, artifact: new Uint8Array(), san, issuer });
  truncateSync(join(folder, 'large.artifact'), LARGE);
  return args;
}

const LARGE = 2 ** 30;
