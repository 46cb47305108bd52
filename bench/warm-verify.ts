/** One hashedrekord v0.3 bundle, verified again and again on one core: against sigstore-js, and against the bare signature checks. */
import { createPublicKey, type KeyObject, verify as verifyRaw } from 'node:crypto';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { Artifact, type CryptoProvider, exactly, type PublicKey, parseTrustedRoot, type SignatureScheme, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type Batch, interleave, type Work } from './measure.ts';
import { type Report, times } from './report.ts';
import { type Sample, sample } from './sample.ts';

export async function benchWarmVerify(report: Report, rounds: number): Promise<void> {
  const input = sample();
  const calls = await signatureCalls(input);
  report.title(`Warm verification of one hashedrekord v0.3 bundle, one core (${input.from})`);
  report.line(`signature checks it cannot avoid: ${calls.map(({ key, scheme }) => describe(key, scheme)).join(', ')}`);
  report.line('raw: those crypto.verify calls alone; keys of logs and authorities are ready, the last one, new with each bundle, comes as DER');
  const version = peerVersion();
  await withRunners(input, async ({ ours, theirs, raw }) => {
    await report.target({ name: `times as fast as @sigstore/verify ${version}`, show: times, atLeast: 7 }, async () => {
      const median = await interleave({ ours: () => ours(50), theirs: () => theirs(10) }, 2 * rounds);
      report.line(`ours ${median.ours.toFixed(3)} ms, @sigstore/verify ${version} ${median.theirs.toFixed(3)} ms`);
      return median.theirs / median.ours;
    });
    await report.target({ name: 'of the raw signature checks', show: times, atMost: 1.4 }, async () => {
      const median = await interleave({ ours: () => ours(10), raw: () => raw(10) }, 10 * rounds);
      report.line(`ours ${median.ours.toFixed(3)} ms, raw ${median.raw.toFixed(3)} ms`);
      return median.ours / median.raw;
    });
  });
}

/** What one thread measures. */
export type WarmWork = 'ours' | 'theirs' | 'raw';

/** In the thread that measures it. */
export async function warmWork(name: WarmWork, input: Sample): Promise<{ work: Work; warmUp: number }> {
  if (name === 'ours') return { work: ourVerifier(input, nodeCrypto), warmUp: WARM_UP.ours };
  if (name === 'theirs') return { work: peerVerifier(input), warmUp: WARM_UP.theirs };
  return { work: rawVerifier(await signatureCalls(input)), warmUp: WARM_UP.raw };
}

/**
 * Each in a thread of its own, taking turns: a user's process has one of them, and in a common heap the garbage and the compiled code of one would
 * be on the other's time.
 */
async function withRunners(input: Sample, measure: (runners: Record<WarmWork, Batch>) => Promise<void>): Promise<void> {
  const runners = { ours: startRunner('ours', input), theirs: startRunner('theirs', input), raw: startRunner('raw', input) };
  try {
    await measure({ ours: runners.ours.run, theirs: runners.theirs.run, raw: runners.raw.run });
  } finally {
    for (const { worker } of Object.values(runners)) await worker.terminate();
  }
}

function startRunner(name: WarmWork, input: Sample): { worker: Worker; run: Batch } {
  const worker = new Worker(new URL('./warm-worker.ts', import.meta.url), { workerData: { name, input } });
  const run: Batch = (count) =>
    new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (milliseconds: number) => {
        worker.off('error', reject);
        resolve(milliseconds);
      });
      worker.postMessage(count);
    });
  return { worker, run };
}

const WARM_UP = { ours: 4000, theirs: 300, raw: 500 };

function ourVerifier({ bundle, trustedRoot, artifact, san, issuer }: Sample, crypto: CryptoProvider): Work {
  const options = {
    trustedRoot: parseTrustedRoot(trustedRoot),
    signer: { identities: [{ san: exactly(san), issuer: exactly(issuer) }] },
    crypto,
    now: new Date(),
  };
  return async () => {
    const { ok } = await verify(bundle, Artifact.fromBytes(artifact), options);
    if (!ok) throw new Error('our verifier refused the bundle');
  };
}

interface SignatureCall {
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a warm verification asks of the crypto provider: the chain above the leaf was verified before. */
async function signatureCalls(input: Sample): Promise<SignatureCall[]> {
  const calls: SignatureCall[] = [];
  const recorder: CryptoProvider = {
    ...nodeCrypto,
    verify(key, scheme, data, signature) {
      calls.push({ key, scheme, data, signature });
      return nodeCrypto.verify(key, scheme, data, signature);
    },
  };
  const work = ourVerifier(input, recorder);
  await work();
  calls.length = 0;
  await work();
  return calls;
}

function rawVerifier(calls: readonly SignatureCall[]): Work {
  const ready = calls.map(({ key, scheme, ...call }, index) => ({ ...call, hash: hashName(scheme), key: rawKey(key, index === calls.length - 1) }));
  return () => {
    for (const { hash, data, key, signature } of ready) if (!verifyRaw(hash, data, key, signature)) throw new Error('a raw signature check failed');
  };
}

/** The leaf signs the artifact, which is checked last. */
function rawKey({ spki }: PublicKey, isLeaf: boolean): KeyObject | { key: Buffer; format: 'der'; type: 'spki' } {
  const der = { key: Buffer.from(spki), format: 'der', type: 'spki' } as const;
  return isLeaf ? der : createPublicKey(der);
}

function hashName(scheme: SignatureScheme): string | null {
  return 'hash' in scheme ? scheme.hash : null;
}

function describe(key: PublicKey, scheme: SignatureScheme): string {
  return [('curve' in key ? key.curve : undefined) ?? scheme.name, hashName(scheme)].filter(Boolean).join(' ');
}

const require = createRequire(import.meta.url);

function peerVersion(): string {
  return (require('@sigstore/verify/package.json') as { version: string }).version;
}

/** sigstore-js from the bundle's bytes on, as ours. */
function peerVerifier({ bundle, trustedRoot, artifact, san, issuer }: Sample): Work {
  const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify') as typeof import('@sigstore/verify');
  const { bundleFromJSON } = require('@sigstore/bundle') as typeof import('@sigstore/bundle');
  const { TrustedRoot } = createRequire(require.resolve('@sigstore/verify'))('@sigstore/protobuf-specs') as ProtobufSpecs;
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(Buffer.from(trustedRoot).toString()))));
  const text = Buffer.from(bundle).toString();
  const policy = { subjectAlternativeName: san, extensions: { issuer } };
  return () => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text)), Buffer.from(artifact)), policy);
}

/** A dependency of @sigstore/verify that it does not export on. */
interface ProtobufSpecs {
  readonly TrustedRoot: { fromJSON(json: unknown): Parameters<typeof import('@sigstore/verify').toTrustMaterial>[0] };
}
