/** `assay slsa-verifier verify-artifact` as a whole process, against cosign over a bundle; and the published tables, all in one process. */
import type { Io } from '../packages/cli/src/io.ts';
import { main } from '../packages/cli/src/main.ts';
import { argumentsOf, readSlsaCases, slsaPath, trustOf } from '../packages/cli/test/slsa-cases.ts';
import { findVectors } from '../packages/cli/test/vectors-folder.ts';
import { interleave } from './measure.ts';
import { findCosign, type Peer, type Published, timeProcess } from './published.ts';
import { type Report, times } from './report.ts';
import { sample } from './sample.ts';
import { write } from './verify-blob.ts';

export async function benchVerifyArtifact(report: Report, published: Published, runs: number): Promise<void> {
  const isThere = findVectors() !== undefined;
  report.title('slsa-verifier verify-artifact, published build, whole process (a bundle of the Maven builder 2.0.0)');
  await report.target({ name: 'of the time of cosign verify-blob on a bundle', show: times, atMost: 1.5 }, async () => {
    const cosign = findCosign();
    return cosign === undefined || !isThere ? undefined : compare(report, published, cosign, runs);
  });
  report.title('the tables of slsa-verifier, offline, all in this process');
  await report.target({ name: 'for all cases', show: seconds, atMost: 20_000 }, () => (isThere ? runTables(report) : undefined));
}

async function compare(report: Report, { folder, env, assay }: Published, cosign: Peer, runs: number): Promise<number> {
  const args = verifyArguments('testdata/gha_maven/v2.0.0/binary-linux-amd64-push-v14.2');
  const ours = (): number => timeProcess(assay, args, env);
  const others = write(folder, 'provenance-peer', sample());
  ours(); // the first run keeps its compiled code
  const median = await interleave({ ours, theirs: () => timeProcess(cosign.path, others, env) }, runs);
  report.line(`ours ${median.ours.toFixed(1)} ms, cosign ${cosign.version} verify-blob ${median.theirs.toFixed(1)} ms (medians of ${runs})`);
  return median.ours / median.theirs;
}

function verifyArguments(provenance: string): string[] {
  const path = slsaPath(provenance);
  const root = slsaPath('trust/trusted_root.json');
  const source = 'github.com/slsa-framework/example-package';
  return ['slsa-verifier', 'verify-artifact', '--trusted-root', root, '--provenance-path', `${path}.build.slsa`, '--source-uri', source, path];
}

/** Milliseconds. A verdict other than the table's is a broken benchmark; what they are in full is for the tests. */
async function runTables(report: Report): Promise<number> {
  const offline = readSlsaCases().filter(({ tool, needs, level }) => tool === 'slsa-verifier' && needs === 'none' && level === undefined);
  const start = performance.now();
  for (const one of offline) {
    const status = await main(['slsa-verifier', ...argumentsOf(one), ...trustOf(one)], 'assay', silent(one.env ?? {}));
    if ((status === 0) !== (one.expect === 'accept')) throw new Error(`${one.name}: expected to ${one.expect}, ended with status ${status}`);
  }
  const duration = performance.now() - start;
  report.line(`${offline.length} command lines, ${(duration / offline.length).toFixed(1)} ms each`);
  return duration;
}

function silent(env: Readonly<Record<string, string>>): Io {
  const nothing = () => undefined;
  return { env, now: new Date(), terminal: false, stdout: nothing, stderr: nothing, stdin: async function* () {} };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
