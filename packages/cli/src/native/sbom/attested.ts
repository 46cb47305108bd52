/** The SBOM that an attestation holds or names, when the attestation verifies. Which one, the verification decides; nothing is read before. */
import {
  type Artifact,
  type Bundle,
  isTrustError,
  parseBundle,
  TrustError,
  tryParseJsonObject,
  type Verified,
  type VerifiedStatement,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { parseReference, repositoryText } from '@assay/oci';
import type { Outcome } from '@assay/policy';
import { REFERENCE_TYPE, readReferences, readSbom, type SbomReference } from '@assay/sbom';
import { artifactSource } from '../../artifact-source.ts';
import { EXIT } from '../../exit.ts';
import { type Io, onStandardError } from '../../io.ts';
import { isOffline } from '../../offline.ts';
import type { TrustedRootFlags } from '../../trusted-root.ts';
import { type ImagePlace, withImage } from '../attestations.ts';
import { findBundles } from '../find-bundle.ts';
import type { Judging } from '../judging.ts';
import { acceptedPiece, Pieces, refusedPiece } from '../pieces.ts';
import type { Thing as PolicyThing } from '../policy/test.ts';
import { openAccess, type RegistryFlags, sideRepositoryOf } from '../registry-flags.ts';
import { type Judged, report } from '../report.ts';
import type { SignerFlags } from '../signer-flags.ts';
import { type Thing, thingOf } from '../thing.ts';
import { openJudging, type VerifyFlags } from '../verify.ts';
import { notFound } from '../verify-file.ts';
import type { Contents } from './contents.ts';
import { fetchReferenced } from './fetch-referenced.ts';
import { type WantedSbom, wantedSbom } from './sbom-type.ts';

export interface ExtractFlags extends SignerFlags, TrustedRootFlags, RegistryFlags {
  /** A predicate type; default that of any SBOM. */
  readonly type?: string;
  readonly bundle?: string;
  readonly policy?: string;
  readonly trustRoot?: readonly string[];
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly timestampThreshold?: number;
  readonly full?: boolean;
  /** A copy of an SBOM that is attested by reference. */
  readonly sbom?: string;
  readonly download?: boolean;
  /** The file that it is written to. */
  readonly output?: string | undefined;
}

/** What the verification ended with, when there is nothing to read. It has been told. */
export interface Refused {
  readonly status: number;
}

/** The newest, and how many there are is said. Errors: `USAGE`, `OCI_…`, `NET_…`, `FILE_…`, `SBOM_REFERENCE`, those of policies. */
export async function attestedSbom(argument: string, flags: ExtractFlags, io: Io): Promise<Uint8Array | Refused> {
  const thing = thingOf(argument);
  const wanted = wantedSbom(flags.type);
  const shown = flags.policy === undefined ? await verifiedStatements(thing, wanted, flags, io) : await statementsOfPolicy(thing, flags.policy, flags, io);
  if ('status' in shown) return shown;
  const sboms = shown.flatMap((one) => sbomsIn(one, wanted)).sort((a, b) => (b.time?.getTime() ?? 0) - (a.time?.getTime() ?? 0));
  const [first] = sboms;
  if (first === undefined) throw new TrustError('EVIDENCE_NOT_FOUND', `what verifies holds no SBOM of type ${wanted.says}`, { found: typesOf(shown) });
  if (sboms.length > 1)
    io.stderr(`${sboms.length} SBOMs are attested; this is ${first.time === undefined ? 'the first' : `the newest, of ${first.time.toISOString()}`}\n`);
  return first.content ?? (await fetched(first, thing, flags, io));
}

/** As what questions are asked to. */
export async function attestedContents(argument: string, flags: ExtractFlags, io: Io): Promise<Contents | Refused> {
  const content = await attestedSbom(argument, flags, io);
  return content instanceof Uint8Array ? readSbom(content) : content;
}

interface Shown {
  readonly statement: VerifiedStatement;
  readonly verified: Verified;
}

interface FoundSbom {
  readonly verified: Verified;
  /** When it was signed, as far as that is proven. */
  readonly time: Date | undefined;
  /** Undefined: by reference. */
  readonly content?: Uint8Array;
  readonly reference?: SbomReference;
}

function sbomsIn({ statement, verified }: Shown, wanted: WantedSbom): FoundSbom[] {
  const time = verified.times.map((one) => one.time).reduce<Date | undefined>((last, one) => (last === undefined || one > last ? one : last), undefined);
  const { predicateType, statement: said } = statement;
  if (wanted.isPredicate(predicateType)) return [{ verified, time, content: predicateBytes(said.predicate) }];
  if (predicateType !== REFERENCE_TYPE) return [];
  return readReferences(said.predicate)
    .filter(({ mediaType }) => wanted.isMedia(mediaType))
    .map((reference) => ({ verified, time, reference }));
}

/** As `jq .predicate` prints it, numbers included; a text stands for itself. */
function predicateBytes(predicate: unknown): Uint8Array {
  const text =
    typeof predicate === 'string' ? predicate : `${JSON.stringify(predicate, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2)}\n`;
  return new TextEncoder().encode(text);
}

function typesOf(shown: readonly Shown[]): string {
  return [...new Set(shown.map(({ statement }) => statement.predicateType))].join(', ') || 'no statement';
}

async function fetched({ reference, verified }: FoundSbom, thing: Thing, flags: ExtractFlags, io: Io): Promise<Uint8Array> {
  if (reference === undefined) throw new TypeError('neither held nor named');
  const places = { given: flags.sbom, download: flags.download === true && flags.offline !== true ? 'allowed' : 'refused' } as const;
  if (thing.kind === 'file') return fetchReferenced(reference, { ...places, beside: flags.bundle ?? thing.name }, io);
  const at = (image: ImagePlace): Promise<Uint8Array> => fetchReferenced(reference, { ...places, image }, io);
  return withImage(pinned(thing, verified), flags, io, at);
}

/** A tag may name another image by now. */
function pinned(thing: Thing, { artifact }: Verified): Thing {
  return thing.kind === 'image' && artifact !== undefined ? { kind: 'image', name: `${repositoryText(parseReference(thing.name))}@${artifact}` } : thing;
}

async function verifiedStatements(thing: Thing, wanted: WantedSbom, flags: ExtractFlags, io: Io): Promise<Shown[] | Refused> {
  const { type: _type, output: _output, policy: _policy, trustRoot: _trustRoot, ...given } = flags;
  const side = sideRepositoryOf(flags, io);
  const verifyFlags: VerifyFlags = { ...given, all: true, output: 'text', ...(side && { sideRepository: side }) };
  const judging = await openJudging(verifyFlags, flags.offline === true || isOffline(io.env), io);
  const shown: Shown[] = [];
  try {
    const open = async (): Promise<Judging> => sbomJudging(await judging.open(), wanted, shown);
    const judged = await judgedThing(thing, verifyFlags, open, io);
    return judged.every(({ verification }) => verification.ok) ? shown : refused(judged, verifyFlags, io);
  } finally {
    judging.close();
  }
}

async function judgedThing(thing: Thing, flags: VerifyFlags, judging: () => Promise<Judging>, io: Io): Promise<readonly Judged[]> {
  if (thing.kind === 'file') return [await judgedFile(thing.name, flags, judging, io)];
  const { verifyImage, verifyLayout } = await import('../verify-image.ts');
  if (thing.kind === 'layout') return verifyLayout(thing.name, flags, judging);
  const access = openAccess(flags, io);
  try {
    return await verifyImage(thing.name, flags, judging, access.registries);
  } finally {
    access.close();
  }
}

/** Every bundle beside it, since not every one is an SBOM. */
async function judgedFile(file: string, { bundle }: VerifyFlags, judging: () => Promise<Judging>, io: Io): Promise<Judged> {
  const subject = { name: file === '-' ? 'standard input' : file };
  const { bundles, check } = findBundles(file, bundle);
  if (bundles.length === 0) return { subject, verification: notFound(check) };
  const artifact = await artifactSource(file, io).open(['sha256', 'sha512'], nodeCrypto);
  const { judge, options } = await judging();
  const pieces = new Pieces();
  for (const [i, one] of bundles.entries()) pieces.add({ reference: `bundle ${i + 1} of ${bundles.length}`, verification: await judge(one, artifact) });
  const findings = [check, ...(options.findings ?? [])];
  const { accepted, refused: others } = pieces;
  return { subject, verification: accepted === undefined ? notFound(...findings, ...others.map(refusedPiece)) : acceptedPiece(accepted, others, findings) };
}

/** Of each piece of evidence that it is an SBOM, or names one. Those that are go to `shown`. */
function sbomJudging(judging: Judging, wanted: WantedSbom, shown: Shown[]): Judging {
  const judge = async (bundle: Bundle | Uint8Array, artifact: Artifact) => {
    const stated = statedType(bundle);
    // What it says of itself only chooses which of the types it must be: a statement of another type meets none of these demands.
    const predicateType = stated === REFERENCE_TYPE || (stated !== undefined && wanted.isPredicate(stated)) ? stated : wanted.type;
    const verification = await verify(bundle, artifact, { ...judging.options, findings: [], predicateType });
    const { verified } = verification;
    if (verified?.statement !== undefined) shown.push({ statement: verified.statement, verified });
    return verification;
  };
  return { options: judging.options, judge, judgeContent: judge };
}

function statedType(bundle: Bundle | Uint8Array): string | undefined {
  try {
    const { content } = bundle instanceof Uint8Array ? parseBundle(bundle) : bundle;
    const type = content.kind === 'dsse' ? tryParseJsonObject(content.payload)?.['predicateType'] : undefined;
    return typeof type === 'string' ? type : undefined;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

/** Standard output is for the SBOM alone. */
function refused(judged: readonly Judged[], flags: VerifyFlags, io: Io): Refused {
  return { status: report(judged, flags, onStandardError(io)) };
}

/** What a policy was shown. One that looks at no SBOM has shown none. */
async function statementsOfPolicy(thing: Thing, policy: string, flags: ExtractFlags, io: Io): Promise<Shown[] | Refused> {
  refuseBesidePolicy(thing, flags);
  const [{ openPolicies }, { judgeThings, report: reportPolicy }, { openFile }] = await Promise.all([
    import('../policy/open-policies.ts'),
    import('../policy/test.ts'),
    import('../policy/file-subject.ts'),
  ]);
  const { name } = thing;
  const judgeFlags = { ...flags, output: 'text' } as const;
  const open: PolicyThing['open'] = async (subjects) => (thing.kind === 'image' ? subjects.open(name) : openFile(name, flags.bundle, subjects, io));
  const tested = await judgeThings([{ name, open }], await openPolicies(policy, io), undefined, judgeFlags, io);
  // A policy that only warns lets pass what it has not been shown.
  if (tested.every(({ ending }) => ending === 'pass')) return tested.flatMap(({ verdict }) => (verdict?.outcome === undefined ? [] : shownIn(verdict.outcome)));
  const status = reportPolicy(tested, judgeFlags, onStandardError(io));
  return { status: status === EXIT.accepted ? EXIT.rejected : status };
}

function shownIn({ ok, shown, of }: Outcome): Shown[] {
  if (!ok) return [];
  const own = shown.flatMap(({ verified }) => (verified.statement === undefined ? [] : [{ statement: verified.statement, verified }]));
  return [...own, ...of.flatMap(shownIn)];
}

/** A demand that would be ignored might be the one that the verdict hangs on. */
function refuseBesidePolicy(thing: Thing, flags: ExtractFlags): void {
  if (thing.kind === 'layout')
    throw new TrustError('USAGE', `${thing.name}: policies are about images of registries and about files`, { hint: 'push the layout to a registry' });
  const given = (['identity', 'identityRegexp', 'issuer', 'issuerRegexp', 'key', 'sideRepository'] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new TrustError('USAGE', '--policy says what is demanded, and other demands exclude it', { found: given, hint: 'leave one of them out' });
}
