/**
 * Admission: how many reviews a second are answered from kept verdicts, what many pods of one new image cost, how much memory is held, and what a verdict that is
 * not kept costs over the verification itself.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpClient } from '@assay/net';
import { openRegistries } from '@assay/oci';
import { namedImage, subjectOf } from '@assay/policy';
import { imagePolicyOf, readPolicyDocument } from '@assay/policy/cluster-image-policy';
import { type AdmissionProcess, startAdmission } from './admission-process.ts';
import { median } from './measure.ts';
import { type Published, timeProcess } from './published.ts';
import { type Registry, startRegistry } from './registry.ts';
import { mebibytes, milliseconds, perSecond, type Report, times } from './report.ts';
import { closedLoop, KeptConnection, percentile, requireAllowed } from './tls-load.ts';

export interface AdmissionEffort {
  /** Answered from kept verdicts. */
  readonly hits: number;
  /** Over 1,000 digests. */
  readonly reviews: number;
  /** Verifications that nothing is kept of. */
  readonly misses: number;
}

const DIGESTS = 1000;
const PODS = 500;

export async function benchAdmission(report: Report, published: Published, effort: AdmissionEffort): Promise<void> {
  const images = DIGESTS + PODS + 2 * effort.misses + 10;
  const registry = await startRegistry({ folder: join(published.folder, 'admission-registry'), images });
  try {
    const scene = await arrange(published, registry, images);
    report.title(`admission: TLS, keep-alive, one process, a ClusterImagePolicy with a key, ${images} signed images on loopback`);
    await withAdmission(scene, [], (admission) => benchHits(report, admission, scene, effort.hits));
    await withAdmission(scene, [], (admission) => benchBurst(report, admission, scene));
    await withAdmission(scene, [], (admission) => benchMisses(report, admission, scene, effort.misses));
    await withAdmission(scene, [], (admission) => benchMemory(report, admission, scene, effort.reviews));
    const withCue = { ...scene, policy: writePolicy(published, 'cue.yaml', cueOver(scene.policyText)) };
    await withAdmission(withCue, [], (admission) => tellMemoryOfEngines(report, admission, withCue, effort.reviews / 4));
  } finally {
    await registry.stop();
  }
}

interface Scene {
  readonly published: Published;
  readonly policy: string;
  readonly policyText: string;
  /** `HOST/app@sha256:…` */
  readonly images: readonly string[];
}

async function arrange(published: Published, { host }: Registry, count: number): Promise<Scene> {
  const env = { ...published.env, COSIGN_PASSWORD: '' };
  const prefix = join(published.folder, 'admission');
  timeProcess(published.assay, ['cosign', 'generate-key-pair', '--output-key-prefix', prefix], env);
  const names = Array.from({ length: count }, (_, i) => `${host}/app:${i}`);
  for (let i = 0; i < names.length; i += 200) timeProcess(published.assay, ['sign', '--key', `${prefix}.key`, ...names.slice(i, i + 200)], env);
  const policyText = JSON.stringify({
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'bench' },
    spec: { images: [{ glob: `${host}/**` }], authorities: [{ key: { data: readFileSync(`${prefix}.pub`, 'utf8') } }] },
  });
  return { published, policy: writePolicy(published, 'policy.yaml', policyText), policyText, images: await digestsOf(names) };
}

/** Returns the file. */
function writePolicy({ folder }: Published, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The same policy, with CUE over what was shown. */
function cueOver(policyText: string): string {
  const policy = JSON.parse(policyText);
  return JSON.stringify({
    ...policy,
    spec: { ...policy.spec, policy: { type: 'cue', data: 'authorityMatches: "authority-0": signatures: [...{id: string}]' } },
  });
}

async function digestsOf(names: readonly string[]): Promise<string[]> {
  const http = createHttpClient({});
  const registries = openRegistries({ http });
  try {
    return await Promise.all(
      names.map(async (name) => {
        const [repository = '', tag = ''] = name.split(/:(?=\d+$)/);
        const reference = namedImage(name).repository;
        const [registry = '', ...path] = reference.split('/');
        const { digest } = await registries.repository({ registry, repository: path.join('/') }).requireDescriptor(tag);
        return `${repository}@${digest}`;
      }),
    );
  } finally {
    http.close();
  }
}

async function withAdmission(scene: Scene, flags: readonly string[], run: (admission: AdmissionProcess) => Promise<void>): Promise<void> {
  const admission = await startAdmission(scene.published, scene.policy, flags);
  try {
    await run(admission);
  } finally {
    await admission.stop();
  }
}

async function withConnections<T>(admission: AdmissionProcess, count: number, run: (connections: KeptConnection[]) => Promise<T>): Promise<T> {
  const connections: KeptConnection[] = [];
  for (let i = 0; i < count; i += 20)
    connections.push(...(await Promise.all(Array.from({ length: Math.min(20, count - i) }, () => KeptConnection.open(admission.validations)))));
  try {
    return await run(connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** As an API server sends them for a pod of one container. */
function review(image: string, i: number): string {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, namespace: 'default', labels: { app: 'bench' } },
    spec: { containers: [{ name: 'app', image, resources: {}, imagePullPolicy: 'IfNotPresent' }], serviceAccountName: 'default', restartPolicy: 'Always' },
  };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const request = {
    uid: `uid-${i}`,
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    name: `pod-${i}`,
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'bench' },
    object: pod,
    oldObject: null,
    dryRun: false,
    options: null,
  };
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
}

async function benchHits(report: Report, admission: AdmissionProcess, { images: [image = ''] }: Scene, hits: number): Promise<void> {
  const run = () => withConnections(admission, 4, (connections) => closedLoop(connections, hits, (i) => review(image, i)));
  await run();
  let slowest = 0;
  await report.target({ name: 'reviews on kept verdicts', show: perSecond, atLeast: 1000 }, async () => {
    const { seconds, latencies } = await run();
    slowest = percentile(latencies, 99);
    report.line(`median ${percentile(latencies, 50).toFixed(2)} ms, p99 ${slowest.toFixed(2)} ms, ${hits} reviews on 4 connections`);
    return hits / seconds;
  });
  await report.target({ name: 'of which 99 % within', show: milliseconds, atMost: 10 }, () => slowest);
}

async function benchBurst(report: Report, admission: AdmissionProcess, { images }: Scene): Promise<void> {
  let at = DIGESTS;
  await withConnections(admission, PODS, async (connections) => {
    const [first] = connections;
    const timeOne = async (image: string): Promise<number> => {
      const begun = performance.now();
      requireAllowed((await first?.post(review(image, 0))) ?? { status: 0, body: '' });
      return performance.now() - begun;
    };
    await timeOne(images[at++] ?? '');
    await report.target(
      { name: `${PODS} pods of one new image: the last is answered, after the verification, within`, show: milliseconds, atMost: 1000 },
      async () => {
        const alone = await timeOne(images[at++] ?? '');
        const image = images[at++] ?? '';
        const before = await admission.counter('assay_admission_verification_seconds_count');
        const begun = performance.now();
        const answers = await Promise.all(connections.map((connection, i) => connection.post(review(image, i))));
        const all = performance.now() - begun;
        for (const answer of answers) requireAllowed(answer);
        const verifications = (await admission.counter('assay_admission_verification_seconds_count')) - before;
        report.line(`${all.toFixed(0)} ms for all, ${alone.toFixed(0)} ms for one alone; verifications: ${verifications}`);
        if (verifications !== 1) throw new Error(`${PODS} pods of one image were verified ${verifications} times`);
        return all - alone;
      },
    );
  });
}

/** The same policy over the same kind of image: in this process, and by the webhook. */
async function benchMisses(report: Report, admission: AdmissionProcess, { images, policyText }: Scene, misses: number): Promise<void> {
  const http = createHttpClient({});
  const registries = openRegistries({ http });
  const [policy] = readPolicyDocument(policyText).policies;
  if (policy === undefined) throw new Error('no policy');
  const compiled = imagePolicyOf(policy);
  const noRoot = async (): Promise<never> => {
    throw new Error('a key needs no trusted root');
  };
  const judgeOne = async (image: string): Promise<number> => {
    const begun = performance.now();
    const engines = { evaluate: noRoot };
    const { ok } = await compiled.judge(subjectOf(namedImage(image), { registries, defaultRoot: noRoot, engines, now: new Date() }));
    if (!ok) throw new Error('not let in');
    return performance.now() - begun;
  };
  let at = DIGESTS + 10;
  try {
    await withConnections(admission, 1, async ([connection]) => {
      const reviewOne = async (image: string): Promise<number> => {
        const begun = performance.now();
        requireAllowed((await connection?.post(review(image, at))) ?? { status: 0, body: '' });
        return performance.now() - begun;
      };
      for (let i = 0; i < 10; i += 1) {
        await judgeOne(images[at] ?? '');
        await reviewOne(images[at++] ?? '');
      }
      await report.target({ name: 'of the time of the verification with its requests, for a new image', show: times, atMost: 1.3 }, async () => {
        const theirs: number[] = [];
        const ours: number[] = [];
        for (let i = 0; i < misses / 2; i += 1) {
          const image = images[at++] ?? '';
          theirs.push(await judgeOne(image));
          ours.push(await reviewOne(image));
        }
        report.line(`webhook ${median(ours).toFixed(2)} ms, verification alone ${median(theirs).toFixed(2)} ms (medians of ${ours.length})`);
        return median(ours) / median(theirs);
      });
    });
  } finally {
    http.close();
  }
}

async function benchMemory(report: Report, admission: AdmissionProcess, { images }: Scene, reviews: number): Promise<void> {
  await withConnections(admission, 4, async (connections) => {
    const run = (count: number) => closedLoop(connections, count, (i) => review(images[i % DIGESTS] ?? '', i));
    await run(reviews);
    const after = admission.memory();
    report.line(`${mebibytes(after)} resident after ${reviews} reviews over ${DIGESTS} digests`);
    await report.target({ name: `memory after ${reviews} reviews over ${DIGESTS} digests`, show: mebibytes, atMost: 250 * 2 ** 20 }, () => admission.memory());
    await run(reviews / 2);
    await report.target({ name: `and after ${reviews / 2} more, of that`, show: times, atMost: 1.1 }, () => admission.memory() / after);
  });
}

/** The target is without them: who writes no CUE and no Rego does not have them in memory. */
async function tellMemoryOfEngines(report: Report, admission: AdmissionProcess, { images }: Scene, reviews: number): Promise<void> {
  await withConnections(admission, 4, async (connections) => {
    await closedLoop(connections, reviews, (i) => review(images[i % DIGESTS] ?? '', i));
    report.line(
      `${mebibytes(admission.memory())} resident with a policy in CUE, which is evaluated for each of the ${DIGESTS} digests, after ${reviews} reviews`,
    );
  });
}
