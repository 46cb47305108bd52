/** `assay vsa make`: signs a summary of a verification, of its own or of somebody else's. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { encodeBase64, quote, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { hexOf, parseReference, repositoryText } from '@assay/oci';
import type { Sealed } from '@assay/sign';
import { encodeVsa, VSA_PREDICATE_TYPE, type VsaContent, type VsaResource, type VsaSubject } from '@assay/slsa';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import type { BuildFlags } from '../build/flags.ts';
import { bundleFileOf, refuseOverwriting, writeBundle } from '../bundle-file.ts';
import { digestOf } from '../digest.ts';
import { openParty, sealVerified } from '../party.ts';
import { type CommonFlags, imagesOf, sealImage, withSession } from '../sign.ts';
import { type Thing, thingOf } from '../thing.ts';
import { type Outcome, subjectOf, verifiedOutcome } from './outcome.ts';

export interface MakeFlags extends CommonFlags, Omit<BuildFlags, 'rekorUrl' | 'saveBundle'> {
  readonly verifier: string;
  readonly resourceUri: string;
  readonly policyUri: string;
  readonly policy?: string;
  readonly result?: 'PASSED' | 'FAILED';
  readonly level?: readonly string[];
  readonly inputAttestation?: readonly string[];
  readonly subjectDigest?: readonly string[];
  readonly sourceRef?: readonly string[];
  readonly evidence?: string;
  readonly evidenceRoot?: string;
  readonly format: 'bundle' | 'envelope';
}

/** Returns the exit status. Errors: `VSA_DEMAND`, `USAGE`, `FILE_…`, and those of signing and of verifying. */
export async function runMake(things: readonly string[], flags: MakeFlags, io: Io): Promise<number> {
  const named = things.map(thingOf);
  refuseMeaningless(named, flags);
  const outcome = flags.source === undefined ? await statedOutcome(named, flags, io) : await verifiedOutcome(things, flags.source, flags, io);
  if ('status' in outcome) return outcome.status;
  const content = await contentOf(outcome, flags, io);
  if (named.some(({ kind }) => kind === 'image')) return sumUpImages(outcome.pinned, content, flags, io);
  const subjects = [...outcome.subjects, ...(flags.subjectDigest ?? []).map((digest) => digestSubject(digest, flags))];
  return writeSummary(encodeVsa(subjects, content), outputOf(named, flags), flags, io);
}

/** A word that would be ignored might be the one that somebody relies on. */
function refuseMeaningless(things: readonly Thing[], flags: MakeFlags): void {
  const refuse = (message: string, hint: string): never => {
    throw new TrustError('USAGE', message, { hint });
  };
  const images = things.filter(({ kind }) => kind === 'image').length;
  const layout = things.find(({ kind }) => kind === 'layout');
  if (layout !== undefined) refuse(`${layout.name}: summaries of layouts have no place`, 'copy the image to a registry, and sum it up there');
  if (things.length === 0 && flags.subjectDigest === undefined)
    refuse('what was verified is not named', 'name a file or an image, or --subject-digest TYPE:VALUE');
  if (images > 0 && (images < things.length || flags.subjectDigest !== undefined))
    refuse('images get summaries of their own, in their registry', 'sum up files and images apart');
  if (images > 0 && flags.format === 'envelope') refuse('--format is for files', 'registries store bundles');
  if (flags.sourceRef !== undefined && flags.subjectDigest === undefined) refuse('--source-ref belongs to a commit', 'add --subject-digest gitCommit:HEX');
  if (flags.source === undefined) refuseOfVerification(flags);
  else refuseOfOwnWord(things, flags);
}

function refuseOfVerification(flags: MakeFlags): void {
  const given = (['tag', 'branch', 'commit', 'builder', 'trigger', 'denySelfHostedRunners', 'evidence', 'evidenceRoot'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (given !== undefined)
    throw new TrustError('USAGE', 'demands on a build are for --source, which verifies it', { found: given, hint: 'add --source github.com/OWNER/REPO' });
  if (flags.result !== undefined) return;
  throw new TrustError('USAGE', 'how the verification ended is not known', {
    hint: 'let it be verified with --source github.com/OWNER/REPO, or state --result',
  });
}

function refuseOfOwnWord(things: readonly Thing[], { result, level = [], subjectDigest }: MakeFlags): void {
  if (result !== undefined) throw new TrustError('USAGE', '--source verifies: the result is not yours to state', { hint: 'leave out --result' });
  const claimed = level.find((one) => one.startsWith('SLSA_BUILD_LEVEL_'));
  if (claimed !== undefined) throw new TrustError('USAGE', `the Build level is what the evidence supports, not ${quote(claimed)}`, { hint: 'leave it out' });
  if (things.length === 0 || subjectDigest !== undefined)
    throw new TrustError('USAGE', 'what --subject-digest names was not verified', { hint: 'name files, digests or images as arguments' });
}

/** By the word of whoever signs. */
async function statedOutcome(things: readonly Thing[], { result = 'FAILED', level = [] }: MakeFlags, io: Io): Promise<Outcome> {
  const subjects: VsaSubject[] = [];
  for (const { kind, name } of things) if (kind === 'file') subjects.push(subjectOf(name, await digestOf(name, io)));
  const pinned = things.flatMap(({ kind, name }) => (kind === 'image' ? [name] : []));
  return { result, levels: level, subjects, pinned, inputs: [] };
}

function digestSubject(text: string, { sourceRef }: MakeFlags): VsaSubject {
  const colon = text.indexOf(':');
  if (colon < 1) throw new TrustError('VSA_DEMAND', 'a digest is named by its type', { expected: 'TYPE:VALUE, as gitCommit:HEX', found: quote(text) });
  return { digest: { [text.slice(0, colon)]: text.slice(colon + 1) }, ...(sourceRef && { annotations: { sourceRefs: sourceRef } }) };
}

async function contentOf({ result, levels, inputs, verifierVersion }: Outcome, flags: MakeFlags, io: Io): Promise<VsaContent> {
  const stated = await Promise.all((flags.inputAttestation ?? []).map(inputOf));
  const inputAttestations = [...inputs, ...stated];
  return {
    verifierId: flags.verifier,
    verifierVersion,
    timeVerified: io.now,
    resourceUri: flags.resourceUri,
    policy: { uri: flags.policyUri, digest: flags.policy === undefined ? undefined : { sha256: await hashOf(flags.policy) } },
    ...(inputAttestations.length > 0 && { inputAttestations }),
    result,
    levels,
  };
}

/** `FILE`, or `FILE,URI` where others find it elsewhere. */
async function inputOf(text: string): Promise<VsaResource> {
  const comma = existsSync(text) ? -1 : text.lastIndexOf(',');
  const file = comma < 0 ? text : text.slice(0, comma);
  const uri = comma < 0 ? `file:${encodeURIComponent(basename(file))}` : text.slice(comma + 1);
  return { uri, digest: { sha256: await hashOf(file) } };
}

async function hashOf(file: string): Promise<string> {
  return toHex(await nodeCrypto.hash('sha256', readFileCapped(file, MAX_INPUT_BYTES)));
}

/** Stored one by one, each by its digest: what was verified, and not what a tag names by now. */
function sumUpImages(images: readonly string[], content: VsaContent, flags: MakeFlags, io: Io): Promise<number> {
  return withSession(
    images.map((image) => `oci://${image}`),
    flags,
    io,
    async ({ name }, session) => {
      for (const image of await imagesOf(name, false, session)) {
        const subject = { name: repositoryText(parseReference(name)), digest: { sha256: hexOf(image.subject.digest) } };
        await sealImage(image, { kind: 'dsse', payload: encodeVsa([subject], content) }, VSA_PREDICATE_TYPE, session);
      }
    },
  );
}

function outputOf(things: readonly Thing[], flags: MakeFlags): string {
  const [only, ...others] = things;
  const beside = only !== undefined && others.length === 0 && existsSync(only.name) ? `${only.name}.vsa.json` : undefined;
  const file = flags.bundle ?? beside;
  if (file === undefined) throw new TrustError('USAGE', 'where the summary is written is not said', { hint: 'add --bundle FILE' });
  refuseOverwriting(file, flags);
  return file;
}

async function writeSummary(payload: Uint8Array, file: string, flags: MakeFlags, io: Io): Promise<number> {
  const party = await openParty(flags, io);
  try {
    const bundleFile = bundleFileOf(file, flags);
    const publication = flags.format === 'bundle' ? { bundleFile } : undefined;
    const { sealed, bundle } = await sealVerified({ kind: 'dsse', payload }, undefined, party, { flags, io }, { publication });
    writeBundle(bundleFile, flags.format === 'bundle' ? bundle : envelopeOf(sealed), io);
    return EXIT.accepted;
  } finally {
    party.keyless?.close();
  }
}

/** Signatures that name no key are tried with the one that the verifier has. */
function envelopeOf({ content }: Sealed): string {
  if (content.kind !== 'dsse') throw new TypeError('an envelope was expected');
  const { payload, payloadType, signature } = content;
  return JSON.stringify({ payload: encodeBase64(payload), payloadType, signatures: [{ sig: encodeBase64(signature) }] });
}

const MAX_INPUT_BYTES = 128 * 1024 * 1024;
