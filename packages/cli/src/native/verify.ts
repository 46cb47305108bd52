/** `assay verify THING…`: find the evidence of each, verify it, print the tree. */

import { PREDICATE_TYPES, pass, TrustError, trustedRootOf, type VerifyOptions, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { inOrder } from '../in-order.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { type LoadedRoot, loadRoot, type TrustedRootFlags } from '../trusted-root.ts';
import type { BuildFlags } from './build/flags.ts';
import type { JudgedEvidence, Judging } from './judging.ts';
import type { RegistryFlags } from './registry-flags.ts';
import { type Judged, type ReportFlags, report } from './report.ts';
import { expectedSigner, type SignerFlags } from './signer-flags.ts';
import { type Verifiable, verifiableOf } from './verifiable.ts';
import { verifyFile } from './verify-file.ts';

export interface VerifyFlags extends SignerFlags, TrustedRootFlags, ReportFlags, BuildFlags, RegistryFlags {
  readonly bundle?: string;
  readonly type?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly timestampThreshold?: number;
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly recursive?: boolean;
  readonly platform?: string;
  readonly all?: boolean;
  /** A policy of any dialect, instead of who must have signed. */
  readonly policy?: string;
  readonly trustRoot?: readonly string[];
  /** A lock, or the one in the current folder: who signed the first time must have signed again. */
  readonly lock?: string | true;
  /** Of a release: what is not there is told, and decides nothing. */
  readonly ignoreMissing?: boolean;
}

/** Returns the exit status. Throws `TrustError` for input that cannot be read and for contradictory flags. */
export async function runVerify(things: readonly string[], flags: VerifyFlags, io: Io): Promise<number> {
  if (flags.lock !== undefined) return (await import('./lock/verify.ts')).verifyByLock(flags.lock, things, flags, io);
  if (flags.policy !== undefined) return (await import('./policy/verify.ts')).verifyByPolicy(flags.policy, things, flags, io);
  if (flags.trustRoot !== undefined)
    throw new TrustError('USAGE', '--trust-root goes with --policy', { hint: 'the root of everything else is that of --trusted-root' });
  return report(await verifyThings(things, flags, io), flags, io);
}

/** Verifies, and prints nothing. Errors: as for `runVerify`. */
export async function verifyThings(things: readonly string[], flags: VerifyFlags, io: Io): Promise<readonly Judged[]> {
  const offline = flags.offline === true || isOffline(io.env);
  const judging = await openJudging(flags, offline, io);
  let images: Images | undefined;
  try {
    const named = things.map(verifiableOf);
    refuseMeaningless(named, flags);
    images = named.some(({ kind }) => kind === 'image' || (kind === 'release' && !offline)) ? await openImages(flags, io) : undefined;
    return (await inOrder(named, JOBS, (thing) => verifyThing(thing, flags, judging.open, images, io))).flat();
  } finally {
    images?.access.close();
    judging.close();
  }
}

/** While one waits for its registry, others are verified. */
const JOBS = 8;

export interface OpenJudging {
  /** Loads the trusted root, once. */
  readonly open: () => Promise<Judging>;
  readonly close: () => void;
}

/** Who must have signed is settled at once; the trusted root is loaded when there is something to verify. */
export async function openJudging(flags: VerifyFlags, offline: boolean, io: Io, load = () => loadRoot(flags, io)): Promise<OpenJudging> {
  const build = flags.source === undefined ? undefined : await (await import('./build/open.ts')).openBuild(flags.source, flags, offline, io);
  if (build === undefined) refuseBuildDemands(flags);
  const signer = build?.signer ?? (await expectedSigner(flags, io, offline));
  let opened: Promise<Judging> | undefined;
  const open = (): Promise<Judging> => {
    opened ??= verifyOptions(flags, signer, io, load).then(build?.judging ?? plainJudging);
    return opened;
  };
  return { open, close: build?.close ?? (() => undefined) };
}

function plainJudging(options: VerifyOptions): Judging {
  const judge: Judging['judge'] = (bundle, artifact) => verify(bundle, artifact, { ...options, findings: [] });
  return { options, judge, judgeContent: judge };
}

type Images = Awaited<ReturnType<typeof openImages>>;

/** Of registries: read only when one is named. */
async function openImages(flags: VerifyFlags, io: Io) {
  const { openAccess, sideRepositoryOf } = await import('./registry-flags.ts');
  return { access: openAccess(flags, io), sideRepository: sideRepositoryOf(flags, io) };
}

async function verifyThing(
  thing: Verifiable,
  flags: VerifyFlags,
  judging: OpenJudging['open'],
  images: Images | undefined,
  io: Io,
): Promise<readonly Judged[]> {
  if (thing.kind === 'release' || thing.kind === 'checksums') return [await verifyWhole(thing.kind, thing.name, flags, judging, images, io)];
  if (thing.kind === 'file') {
    const verification = await verifyFileThing(thing.name, flags, judging, io);
    return [{ verification, subject: { name: thing.name === '-' ? 'standard input' : thing.name } }];
  }
  const { verifyImage, verifyLayout } = await import('./verify-image.ts');
  if (thing.kind === 'layout') return verifyLayout(thing.name, flags, judging);
  if (images === undefined) throw new TrustError('INTERNAL', 'no access to registries');
  const { access, sideRepository } = images;
  return verifyImage(thing.name, { ...flags, ...(sideRepository && { sideRepository }) }, judging, access.registries);
}

async function verifyWhole(
  kind: 'release' | 'checksums',
  name: string,
  flags: VerifyFlags,
  judging: OpenJudging['open'],
  images: Images | undefined,
  io: Io,
): Promise<Judged> {
  const { verifyChecksumsThing, verifyReleaseThing } = await import('./verify-release.ts');
  if (kind === 'release') return verifyReleaseThing(name, { ...flags, access: images?.access }, await judging());
  return { verification: verifyChecksumsThing(name, await verifyFileThing(name, flags, judging, io)), subject: { name } };
}

async function verifyFileThing(file: string, { source, bundle }: VerifyFlags, judging: OpenJudging['open'], io: Io): Promise<JudgedEvidence> {
  if (source === undefined) return verifyFile(file, bundle, async () => (await judging()).options, io);
  const { verifyFileBuild } = await import('./build/verify-file.ts');
  return verifyFileBuild(file, bundle, await judging(), io);
}

export async function verifyOptions(flags: VerifyFlags, signer: VerifyOptions['signer'], io: Io, load: () => Promise<LoadedRoot>): Promise<VerifyOptions> {
  const { root, check: trust } = needsNoRoot(flags) ? await noRoot() : await load();
  return {
    signer,
    trustedRoot: root,
    crypto: nodeCrypto,
    now: io.now,
    ...(flags.logThreshold !== undefined && { logThreshold: flags.logThreshold }),
    ...(flags.sctThreshold !== undefined && { ctLogThreshold: flags.sctThreshold }),
    ...(flags.timestampThreshold !== undefined && { timestampThreshold: flags.timestampThreshold }),
    ...(flags.type !== undefined && { predicateType: PREDICATE_TYPES.get(flags.type) ?? flags.type }),
    ...(flags.annotation !== undefined && { annotations: flags.annotation }),
    findings: [trust],
  };
}

/** A key alone decides: no log, no authority, nothing to be fetched. */
function needsNoRoot({ key, logThreshold, timestampThreshold, trustedRoot }: VerifyFlags): boolean {
  return key !== undefined && logThreshold === 0 && timestampThreshold === 0 && trustedRoot === undefined;
}

async function noRoot(): Promise<LoadedRoot> {
  return { root: await trustedRootOf({}, nodeCrypto), check: pass('trust', 'no trusted root is needed: the key alone decides') };
}

/** A flag that would be ignored might be the one that the verdict hangs on. */
export function refuseMeaningless(things: readonly Verifiable[], flags: VerifyFlags): void {
  if (flags.bundle !== undefined && things.length > 1) throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'verify one at a time' });
  if (flags.saveBundle !== undefined && things.length > 1)
    throw new TrustError('USAGE', '--save-bundle keeps the evidence of one thing', { hint: 'verify one at a time' });
  if (things.some(({ kind }) => kind === 'image' || kind === 'layout')) return;
  const given = (['recursive', 'platform', 'printRef', 'sideRepository'] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new TrustError('USAGE', `--${flagOf(given)} is for images`, { hint: 'leave it out for files' });
}

/** Demands on a build of which the source is not said would demand nothing. */
export function refuseBuildDemands(flags: VerifyFlags): void {
  const given = BUILD_DEMANDS.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new TrustError('USAGE', `--${flagOf(given)} is a demand on a build`, { hint: 'say of which source it must be: --source github.com/OWNER/REPOSITORY' });
}

const BUILD_DEMANDS = ['tag', 'branch', 'commit', 'builder', 'trigger', 'denySelfHostedRunners', 'rekorUrl', 'saveBundle'] as const;

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
