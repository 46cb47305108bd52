/** `assay verify THING…`: find the evidence of each, verify it, print the tree. */

import { PREDICATE_TYPES, pass, TrustError, trustedRootOf, type VerifyOptions } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { inOrder } from '../in-order.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { type LoadedRoot, loadRoot, type TrustedRootFlags } from '../trusted-root.ts';
import { type Judged, type ReportFlags, report } from './report.ts';
import { expectedSigner, type SignerFlags } from './signer-flags.ts';
import { type Thing, thingOf } from './thing.ts';
import { verifyFile } from './verify-file.ts';

export interface VerifyFlags extends SignerFlags, TrustedRootFlags, ReportFlags {
  readonly bundle?: string;
  readonly type?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly timestampThreshold?: number;
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly recursive?: boolean;
  readonly platform?: string;
  readonly all?: boolean;
  readonly sideRepository?: string;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
}

/** Returns the exit status. Throws `TrustError` for input that cannot be read and for contradictory flags. */
export async function runVerify(things: readonly string[], flags: VerifyFlags, io: Io): Promise<number> {
  const offline = flags.offline === true || isOffline(io.env);
  const signer = await expectedSigner(flags, io, offline);
  let loaded: Promise<VerifyOptions> | undefined;
  const options = (): Promise<VerifyOptions> => {
    loaded ??= verifyOptions(flags, signer, io);
    return loaded;
  };
  const named = things.map(thingOf);
  refuseMeaningless(named, flags);
  const images = named.some(({ kind }) => kind === 'image') ? await openImages(flags, offline, io) : undefined;
  try {
    const judged = await inOrder(named, JOBS, (thing) => verifyThing(thing, flags, options, images, io));
    return report(judged.flat(), flags, io);
  } finally {
    images?.close();
  }
}

/** While one waits for its registry, others are verified. */
const JOBS = 8;

type Images = Awaited<ReturnType<typeof openImages>>;

/** Of registries: read only when one is named. */
async function openImages(flags: VerifyFlags, offline: boolean, io: Io) {
  const { openRegistryAccess } = await import('../registry-access.ts');
  return openRegistryAccess(io, { userAgent: 'assay', plainHttp: flags.plainHttp === true ? 'always' : 'never', offline, mirrorsFile: flags.registryMirrors });
}

async function verifyThing(
  thing: Thing,
  flags: VerifyFlags,
  options: () => Promise<VerifyOptions>,
  images: Images | undefined,
  io: Io,
): Promise<readonly Judged[]> {
  if (thing.kind === 'file')
    return [{ verification: await verifyFile(thing.name, flags.bundle, options, io), subject: { name: thing.name === '-' ? 'standard input' : thing.name } }];
  const { verifyImage, verifyLayout } = await import('./verify-image.ts');
  if (thing.kind === 'layout') return verifyLayout(thing.name, flags, options);
  if (images === undefined) throw new TrustError('INTERNAL', 'no access to registries');
  const sideRepository = flags.sideRepository ?? io.env['COSIGN_REPOSITORY'];
  return verifyImage(thing.name, { ...flags, ...(sideRepository && { sideRepository }) }, options, images.registries);
}

async function verifyOptions(flags: VerifyFlags, signer: VerifyOptions['signer'], io: Io): Promise<VerifyOptions> {
  const { root, check: trust } = needsNoRoot(flags) ? await noRoot() : await loadRoot(flags, io);
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
function refuseMeaningless(things: readonly Thing[], flags: VerifyFlags): void {
  if (flags.bundle !== undefined && things.length > 1) throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'verify one at a time' });
  if (things.some(({ kind }) => kind !== 'file')) return;
  const given = (['recursive', 'platform', 'printRef', 'sideRepository'] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new TrustError('USAGE', `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for images`, { hint: 'leave it out for files' });
}
