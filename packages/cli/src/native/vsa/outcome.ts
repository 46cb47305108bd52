/** What a summary sums up. */

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { TrustError } from '@assay/core';
import type { VsaResource, VsaSubject } from '@assay/slsa';
import { type Io, onStandardError } from '../../io.ts';
import { VERSION } from '../../version.ts';
import { type Judged, report } from '../report.ts';
import { verifyThings } from '../verify.ts';
import type { MakeFlags } from './make.ts';

export interface Outcome {
  readonly result: 'PASSED' | 'FAILED';
  readonly levels: readonly string[];
  /** Of files. */
  readonly subjects: readonly VsaSubject[];
  /** Images, by what was verified of them. */
  readonly pinned: readonly string[];
  /** Evidence that was looked at. */
  readonly inputs: readonly VsaResource[];
  readonly verifierVersion?: Readonly<Record<string, string>>;
}

/** Runs the verification. When it does not pass, its tree is told, and there is nothing to sum up but its exit status. */
export async function verifiedOutcome(things: readonly string[], source: string, flags: MakeFlags, io: Io): Promise<Outcome | { readonly status: number }> {
  const { tag, branch, commit, builder, trigger, denySelfHostedRunners, evidence, evidenceRoot } = flags;
  const { sideRepository, registryMirrors, plainHttp } = flags;
  const demands = { source, tag, branch, commit, builder, trigger, denySelfHostedRunners, bundle: evidence, trustedRoot: evidenceRoot };
  const verifyFlags = { output: 'text' as const, ...given({ ...demands, sideRepository, registryMirrors, plainHttp }) };
  const judged = await verifyThings(things, verifyFlags, io);
  if (judged.some(({ verification }) => !verification.ok)) return { status: report(judged, verifyFlags, onStandardError(io)) };
  const level = Math.min(...judged.map(({ verification }) => verification.build?.level ?? 0));
  return {
    result: 'PASSED',
    levels: [`SLSA_BUILD_LEVEL_${level}`, ...(flags.level ?? [])],
    subjects: judged.flatMap((one) => (one.pinned === undefined ? [subjectOf(one.subject.name, digestOf(one))] : [])),
    pinned: judged.flatMap(({ pinned }) => (pinned === undefined ? [] : [pinned])),
    inputs: judged.flatMap(({ verification: { source: found } }) => (found === undefined ? [] : [{ uri: found.uri, digest: { sha256: found.sha256 } }])),
    verifierVersion: { assay: VERSION },
  };
}

/** By the digest that was compared, and no other: the file may have changed since. */
function digestOf({ verification: { verified, build } }: Judged): string {
  const digest = verified?.artifact?.toString() ?? build?.digest;
  if (!digest) throw new TrustError('INTERNAL', 'it is not known what was verified');
  return digest;
}

/** `digest`: `ALGORITHM:HEX`. Only files have names. */
export function subjectOf(name: string, digest: string): VsaSubject {
  const [algorithm = '', hex = ''] = digest.split(':');
  return { ...(existsSync(name) && { name: basename(name) }), digest: { [algorithm]: hex } };
}

function given<T extends object>(flags: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
