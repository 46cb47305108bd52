/** `assay slsa-verifier verify-artifact` as a whole process, against cosign over a bundle; and the published tables, all in one process. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Io } from '../packages/cli/src/io.ts';
import { main } from '../packages/cli/src/main.ts';
import { findVectors } from '../packages/cli/test/vectors-folder.ts';
import { median } from './measure.ts';
import { findCosign, type Peer, type Published, timeProcess } from './published.ts';
import { type Report, times } from './report.ts';
import { sample } from './sample.ts';
import { write } from './verify-blob.ts';

export async function benchVerifyArtifact(report: Report, published: Published, runs: number): Promise<void> {
  const vectors = findVectors();
  const folder = join(vectors ?? '', 'slsa');
  report.title('slsa-verifier verify-artifact, published build, whole process (a bundle of the Maven builder 2.0.0)');
  const provenance = 'testdata/gha_maven/v2.0.0/binary-linux-amd64-push-v14.2';
  const args = verifyArguments(folder, provenance);
  await report.target({ name: 'of the time of cosign verify-blob on a bundle', show: times, atMost: 1.5 }, () => {
    const cosign = findCosign();
    return cosign === undefined || vectors === undefined ? undefined : alternate(report, published, args, cosign, runs);
  });
  report.title('the tables of slsa-verifier, offline, all in this process');
  await report.target({ name: 'for all cases', show: seconds, atMost: 20_000 }, () => (vectors === undefined ? undefined : runTables(report, folder)));
}

function verifyArguments(folder: string, provenance: string): string[] {
  const path = join(folder, provenance);
  const root = join(folder, 'trust/trusted_root.json');
  const source = 'github.com/slsa-framework/example-package';
  return ['slsa-verifier', 'verify-artifact', '--trusted-root', root, '--provenance-path', `${path}.build.slsa`, '--source-uri', source, path];
}

function alternate(report: Report, published: Published, args: readonly string[], cosign: Peer, runs: number): number {
  const { env, assay } = published;
  const theirs = write(published.folder, 'provenance-peer', sample());
  timeProcess(assay, args, env); // the first run keeps its compiled code
  const own: number[] = [];
  const peer: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    own.push(timeProcess(assay, args, env));
    peer.push(timeProcess(cosign.path, theirs, env));
  }
  report.line(`ours ${median(own).toFixed(1)} ms, cosign ${cosign.version} verify-blob ${median(peer).toFixed(1)} ms (medians of ${runs})`);
  return median(own) / median(peer);
}

interface Case {
  readonly name: string;
  readonly tool: string;
  readonly subcommand: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly artifacts?: readonly { readonly path: string; readonly sha256?: string }[];
  readonly needs: string;
  readonly level?: string;
  readonly expect: string;
}

/** Milliseconds. A verdict other than the table's is a broken benchmark; what they are in full is for the tests. */
async function runTables(report: Report, folder: string): Promise<number> {
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { readonly cases: readonly Case[] };
  const offline = cases.filter(({ tool, needs, level }) => tool === 'slsa-verifier' && needs === 'none' && level === undefined);
  const start = performance.now();
  for (const one of offline) {
    const status = await main(['slsa-verifier', ...argumentsOf(one, folder)], 'assay', silent(one.env ?? {}));
    if ((status === 0) !== (one.expect === 'accept')) throw new Error(`${one.name}: expected to ${one.expect}, ended with status ${status}`);
  }
  const duration = performance.now() - start;
  report.line(`${offline.length} command lines, ${(duration / offline.length).toFixed(1)} ms each`);
  return duration;
}

function argumentsOf({ args, artifacts = [], subcommand, name }: Case, folder: string): string[] {
  const paths = args.map((argument) => {
    const path = join(folder, argument);
    if (existsSync(path) && argument.startsWith('testdata/')) return path;
    const omitted = artifacts.find((one) => one.path === argument);
    return omitted === undefined ? argument : `sha256:${omitted.sha256}`;
  });
  if (subcommand === 'verify-vsa') return paths;
  const trust = ['--trusted-root', join(folder, 'trust/trusted_root.json')];
  if (subcommand === 'verify-npm-package') trust.push('--npm-keys', join(folder, 'trust/npm-keys.json'));
  if (name.startsWith('gcb/')) trust.push('--gcb-keys', join(folder, 'trust/gcb'));
  return [...paths, ...trust];
}

function silent(env: Readonly<Record<string, string>>): Io {
  const nothing = () => undefined;
  return { env, now: new Date(), terminal: false, stdout: nothing, stderr: nothing, stdin: async function* () {} };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
