/** Images signed with a key, in a registry on loopback: one by one against cosign, and many in one run. */
import { join } from 'node:path';
import { interleave } from './measure.ts';
import { findCosign, type Peer, type Published, timeProcess } from './published.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type Report, times } from './report.ts';

export interface VerifyImageEffort {
  readonly processRuns: number;
  /** Verified in one run of ours, and by as many runs of cosign. */
  readonly images: number;
  readonly imageRounds: number;
}

export async function benchVerifyImage(report: Report, published: Published, { processRuns, images, imageRounds }: VerifyImageEffort): Promise<void> {
  const registry = await startRegistry({ folder: join(published.folder, 'registry'), images });
  try {
    const cosign = findCosign();
    const peer = `cosign ${cosign?.version ?? ''}`.trim();
    const key = signAll(published, registry, images);
    report.title('cosign verify, published build, whole process (one image on loopback, signed with a key, stored as a bundle)');
    const one: Scene = { published, cosign, key, images: names(registry, 1) };
    await report.target({ name: `of the time of ${peer}`, show: times, atMost: 1.5 }, () => compareOne(report, one, processRuns));
    report.title(`verify of ${images} such images in one run, published build`);
    const many: Scene = { ...one, images: names(registry, images) };
    await report.target({ name: `as fast as ${images} runs of ${peer}`, show: times, atLeast: 8 }, () => compareMany(report, many, imageRounds));
  } finally {
    await registry.stop();
  }
}

interface Scene {
  readonly published: Published;
  readonly cosign: Peer | undefined;
  /** The public key's file. */
  readonly key: string;
  readonly images: readonly string[];
}

function names({ host }: Registry, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${host}/app:${i}`);
}

/** Returns the public key's file. */
function signAll(published: Published, registry: Registry, images: number): string {
  const env = { ...published.env, COSIGN_PASSWORD: '' };
  const prefix = join(published.folder, 'bench');
  timeProcess(published.assay, ['cosign', 'generate-key-pair', '--output-key-prefix', prefix], env);
  timeProcess(published.assay, ['sign', '--key', `${prefix}.key`, ...names(registry, images)], env);
  return `${prefix}.pub`;
}

async function compareOne(report: Report, { published, cosign, key, images }: Scene, runs: number): Promise<number | undefined> {
  if (cosign === undefined) return undefined;
  const ours = (): number => timeProcess(published.assay, ['cosign', ...verifyArgs(key, images)], published.env);
  ours(); // the first run keeps its compiled code
  const theirs = (): number => timeProcess(cosign.path, verifyArgs(key, images), published.env);
  const median = await interleave({ ours, theirs }, runs);
  report.line(`ours ${median.ours.toFixed(1)} ms, cosign ${cosign.version} ${median.theirs.toFixed(1)} ms (medians of ${runs})`);
  return median.ours / median.theirs;
}

async function compareMany(report: Report, { published, cosign, key, images }: Scene, rounds: number): Promise<number | undefined> {
  if (cosign === undefined) return undefined;
  const ours = (): number => timeProcess(published.assay, ['verify', '--key', key, '--log-threshold', '0', ...images], published.env);
  ours();
  const oneByOne = (): number => images.reduce((sum, image) => sum + timeProcess(cosign.path, verifyArgs(key, [image]), published.env), 0);
  const median = await interleave({ ours, oneByOne }, rounds);
  report.line(`ours ${median.ours.toFixed(0)} ms, ${images.length} runs of cosign ${cosign.version} ${median.oneByOne.toFixed(0)} ms (medians of ${rounds})`);
  return median.oneByOne / median.ours;
}

/** What both programs understand. */
function verifyArgs(key: string, images: readonly string[]): string[] {
  return ['verify', '--key', key, '--insecure-ignore-tlog=true', ...images];
}
