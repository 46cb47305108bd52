/** `assay vsa verify`: whether a verifier that is trusted says that this very thing has passed. */
import { existsSync } from 'node:fs';
import { type Check, fail, MAX_BUNDLE_BYTES, TrustError, trustedRootOf, type VerifyOptions } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import type { FindEvent, PlaceAnswer } from '@assay/oci';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { isOffline } from '../../offline.ts';
import { loadRoot, type TrustedRootFlags } from '../../trusted-root.ts';
import type { ImageFlags } from '../attestations.ts';
import { digestOf } from '../digest.ts';
import { placeChecks } from '../pieces.ts';
import { kindOf } from '../report.ts';
import { expectedSigner, type SignerFlags } from '../signer-flags.ts';
import { type Thing, thingOf } from '../thing.ts';
import { concluded, type JudgedSummary, judgeContent, judgePiece, type SummaryDemands, withFindings } from './judge.ts';
import { summaryJson, summaryText } from './summary-text.ts';

export interface VsaVerifyFlags extends SignerFlags, TrustedRootFlags, ImageFlags {
  readonly verifier: string;
  readonly resourceUri: string;
  readonly level?: readonly string[];
  readonly subjectDigest?: readonly string[];
  readonly sourceRef?: string;
  readonly bundle?: string;
  readonly keyId?: string;
  readonly logThreshold?: number;
  readonly output: 'text' | 'json';
  readonly full?: boolean;
}

/** Returns the exit status. Errors: `USAGE`, `FILE_…`, `OCI_…`, `NET_…`, those of the trusted root. */
export async function runVsaVerify(argument: string | undefined, flags: VsaVerifyFlags, io: Io): Promise<number> {
  const thing = argument === undefined ? undefined : thingOf(argument);
  if (flags.keyId !== undefined && flags.key === undefined) throw new TrustError('USAGE', '--key-id names a key', { hint: 'add --key FILE' });
  const offline = flags.offline === true || isOffline(io.env);
  const options = await verifyOptions(flags, offline, io);
  const result =
    thing?.kind === 'image' || thing?.kind === 'layout' ? await verifyImage(thing, options, flags, io) : await verifyFile(thing, options, flags, io);
  const name = argument === undefined ? (flags.subjectDigest?.[0] ?? '') : argument;
  io.stdout(flags.output === 'json' ? summaryJson(result) : summaryText(result, name, flags.full === true ? 'full' : 'brief', io));
  return result.summary === undefined ? exitOf(kindOf(result.root)) : EXIT.accepted;
}

/** A key alone decides, unless a log is demanded. */
async function verifyOptions(flags: VsaVerifyFlags, offline: boolean, io: Io): Promise<VerifyOptions> {
  const signer = await expectedSigner(flags, io, offline);
  const logThreshold = flags.logThreshold ?? ('key' in signer ? 0 : 1);
  const common = { signer, crypto: nodeCrypto, now: io.now, logThreshold };
  if ('key' in signer && logThreshold === 0) return { ...common, trustedRoot: await trustedRootOf({}, nodeCrypto), ctLogThreshold: 0, findings: [] };
  const { root, check } = await loadRoot(flags, io);
  return { ...common, trustedRoot: root, findings: [check] };
}

async function verifyFile(thing: Thing | undefined, options: VerifyOptions, flags: VsaVerifyFlags, io: Io): Promise<JudgedSummary> {
  const file = flags.bundle ?? (thing !== undefined && existsSync(thing.name) ? `${thing.name}.vsa.json` : undefined);
  if (file === undefined) throw new TrustError('USAGE', 'a summary is found by itself only beside a file', { hint: 'add --bundle FILE' });
  const digests = thing === undefined ? [] : [await digestOf(thing.name, io)];
  if (flags.bundle === undefined && !existsSync(file)) {
    const none = fail('find', 'EVIDENCE_NOT_FOUND', 'no summary was found', { found: `${file} (absent)`, hint: 'name it with --bundle FILE' });
    return concluded([...(options.findings ?? []), none], undefined);
  }
  const result = await judgeContent(readFileCapped(file, MAX_BUNDLE_BYTES), wantedOf(options, flags, digests));
  return withFindings(result, options.findings ?? []);
}

/** Of registries and layouts: read only when an image is named. */
async function verifyImage(thing: Thing, options: VerifyOptions, flags: VsaVerifyFlags, io: Io): Promise<JudgedSummary> {
  const { findAttestations, withImage } = await import('../attestations.ts');
  return withImage(thing, flags, io, async (where) => {
    const wanted = wantedOf(options, flags, [where.digest]);
    const findings = options.findings ?? [];
    if (flags.bundle === undefined) return firstSummary(findAttestations(where), wanted, findings);
    return withFindings(await judgeContent(readFileCapped(flags.bundle, MAX_BUNDLE_BYTES), wanted), findings);
  });
}

/** What an image has in its registry: the first summary that says what is demanded. */
async function firstSummary(found: AsyncIterable<FindEvent>, wanted: SummaryDemands, findings: readonly Check[]): Promise<JudgedSummary> {
  const refused: Check[] = [];
  const answers: PlaceAnswer[] = [];
  for await (const event of found) {
    if (event.kind === 'answer') {
      answers.push(event.answer);
      continue;
    }
    const judgement = await judgePiece(event.evidence, wanted);
    if (judgement?.summary !== undefined) return withFindings(judgement, findings);
    if (judgement !== undefined) refused.push({ ...judgement.root, id: 'evidence', says: `${event.evidence.reference} does not hold` });
  }
  const none = fail('find', 'EVIDENCE_NOT_FOUND', 'no summary was found for this image', { hint: 'name the repository that holds it with --side-repository' });
  return concluded([...findings, ...(refused.length > 0 ? refused : [none]), ...placeChecks(answers)], undefined);
}

function wantedOf(options: VerifyOptions, flags: VsaVerifyFlags, digests: readonly string[]): SummaryDemands {
  const { verifier, resourceUri, level, subjectDigest = [], sourceRef, keyId } = flags;
  const demands = { digests: [...digests, ...subjectDigest], verifierId: verifier, resourceUri, levels: level, sourceRef, rules: 'slsa-1.2' as const };
  return { options, demands, keyId };
}
