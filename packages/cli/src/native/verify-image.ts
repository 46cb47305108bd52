/**
 * An image, index or chart in a registry or a layout: the tag is resolved once, evidence is found place by place, and the first piece that meets the demand
 * suffices. A refusal has asked every place, and says what each answered and what was wrong with each piece.
 */
import { Artifact, type Bundle, bundleOf, type Check, failFrom, fromHex, isTrustError, parseBundle, pass, TrustError } from '@assay/core';
import {
  type ContentReader,
  childrenFor,
  type Descriptor,
  type Digest,
  type Evidence,
  findContainingIndex,
  findEvidence,
  hexOf,
  type ImageIndex,
  Layout,
  looseParts,
  parseReference,
  parseRepository,
  type Registries,
  repositoryText,
  savedEntry,
  targetOf,
  type Unreadable,
} from '@assay/oci';
import type { JudgedEvidence, Judging } from './judging.ts';
import { acceptedPiece, askForge, filePiece, nothingFound, type Piece, Pieces, placeChecks, refusedPiece, withSource } from './pieces.ts';
import type { Judged } from './report.ts';
import type { VerifyFlags } from './verify.ts';
import { notFound } from './verify-file.ts';

export interface Image {
  readonly reader: ContentReader;
  readonly side: ContentReader | undefined;
  readonly digest: Digest;
  /** `HOST/REPOSITORY@DIGEST`, or the folder. */
  readonly name: (digest: Digest) => string;
  readonly tag: string | undefined;
}

/** Errors: `OCI_…`, `NET_…`. */
export async function verifyImage(text: string, flags: VerifyFlags, judging: () => Promise<Judging>, registries: Registries): Promise<readonly Judged[]> {
  const reference = parseReference(text);
  const reader = registries.repository(reference);
  const side = flags.sideRepository === undefined ? undefined : registries.repository(parseRepository(flags.sideRepository));
  const digest = reference.digest ?? (await reader.requireDescriptor(targetOf(reference))).digest;
  return verifyPlatforms({ reader, side, digest, name: (one) => `${repositoryText(reference)}@${one}`, tag: reference.tag }, flags, judging);
}

/** The one image of a layout, with the evidence that lies in it. Errors: `OCI_LAYOUT`. */
export async function verifyLayout(folder: string, flags: VerifyFlags, judging: () => Promise<Judging>): Promise<readonly Judged[]> {
  const layout = Layout.open(folder);
  const { digest } = savedEntry(layout);
  return verifyPlatforms({ reader: layout, side: undefined, digest, name: (one) => `${folder}@${one}`, tag: undefined }, flags, judging);
}

/** Wherever it lies. Errors: `OCI_…`, `NET_…`. */
export async function verifyPlatforms(image: Image, flags: VerifyFlags, judging: () => Promise<Judging>): Promise<readonly Judged[]> {
  const whole = await verifyDigest(image, flags, await judging());
  if (flags.platform !== undefined) return [await onePlatform(image, flags.platform, whole)];
  if (flags.recursive !== true) return [judged(image, whole)];
  const all: Judged[] = [judged(image, whole)];
  for (const child of await childrenOf(image)) {
    const platform = { ...image, digest: child.digest };
    all.push(judged(platform, await verifyDigest(platform, flags, await judging())));
  }
  return all;
}

function judged(image: Image, verification: JudgedEvidence): Judged {
  const name = image.name(image.digest);
  return { verification, subject: { name }, pinned: name };
}

async function indexOf({ reader, digest }: Image): Promise<ImageIndex | undefined> {
  const stored = await reader.manifest(digest);
  return stored?.manifest.kind === 'index' ? stored.manifest : undefined;
}

async function childrenOf(image: Image): Promise<readonly Descriptor[]> {
  return (await indexOf(image))?.manifests ?? [];
}

/** A verified index vouches for its children: their digests stand in what was signed. */
async function onePlatform(image: Image, platform: string, whole: JudgedEvidence): Promise<Judged> {
  if (!whole.ok) return judged(image, whole);
  const index = await indexOf(image);
  const found = index === undefined ? [] : childrenFor(index, platform);
  const [child] = found;
  if (child === undefined || found.length > 1) {
    const platforms = (index?.manifests ?? []).flatMap(({ platform: one }) =>
      one === undefined ? [] : [[one.os, one.architecture, one.variant].filter(Boolean).join('/')],
    );
    throw new TrustError('OCI_PLATFORM', `${image.name(image.digest)}: ${found.length === 0 ? 'no image' : `${found.length} images`} for ${platform}`, {
      expected: platform,
      found: platforms.join(', ') || 'not an index',
    });
  }
  const check = pass('platform', `${platform} is ${child.digest}, which the verified index names`);
  const root = { ...whole.root, checks: [...(whole.root.checks ?? []), check] };
  return judged({ ...image, digest: child.digest }, { ...whole, root });
}

async function verifyDigest(image: Image, flags: VerifyFlags, judging: Judging): Promise<JudgedEvidence> {
  const artifact = Artifact.fromDigests({ sha256: fromHex(hexOf(image.digest)) });
  const findings = judging.options.findings ?? [];
  if (flags.bundle !== undefined) return withFindings((await filePiece(flags.bundle, artifact, judging)).verification, findings);
  const pieces = new Pieces();
  for await (const event of findEvidence({ image: image.reader, sideRepository: image.side, digest: image.digest, want: ['signatures', 'attestations'] })) {
    if (event.kind === 'answer') pieces.answers.push(event.answer);
    if (pieces.isEnough && flags.all !== true) break;
    if (event.kind === 'evidence') pieces.add(await verifyPiece(event.evidence, artifact, judging));
  }
  if (pieces.accepted === undefined) await askForge(pieces, artifact, judging);
  const { accepted, refused, answers } = pieces;
  if (accepted !== undefined) return acceptedPiece(accepted, refused, findings);
  const found = refused.length > 0 ? refused.map(refusedPiece) : [await nothingFound('this image', answers, () => hintFor(image))];
  return notFound(...findings, ...found, ...placeChecks(answers));
}

function withFindings(verification: JudgedEvidence, findings: readonly Check[]): JudgedEvidence {
  return { ...verification, root: { ...verification.root, checks: [...findings, ...(verification.root.checks ?? [])] } };
}

async function verifyPiece(evidence: Evidence | Unreadable, artifact: Artifact, { judge }: Judging): Promise<Piece> {
  const { reference } = evidence;
  if (evidence.format === undefined) return { reference, verification: notFound(failFrom('bundle', evidence.problem)) };
  try {
    const verification = await judge(bundleFrom(evidence), artifact);
    return { reference, verification: await withSource(verification, `oci://${reference.replace(/, layer .*/s, '')}`, evidence.content) };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { reference, verification: notFound(failFrom('bundle', error)) };
  }
}

/** Evidence of every format as the bundle that the one verification takes. Errors: those of reading it. */
export function bundleFrom(evidence: Evidence): Bundle {
  if (evidence.format === 'bundle') return parseBundle(evidence.content);
  const { content, certificate, entry, timestamps } = looseParts(evidence);
  const material: Bundle['material'] = certificate === undefined ? { kind: 'publicKey', hint: '' } : { kind: 'certificate', leaf: certificate, others: [] };
  return bundleOf({ content, material, entries: entry === undefined ? [] : [entry], timestamps });
}

/** One platform of a signed index, when that is what was asked for. */
async function hintFor({ reader, side, digest, tag, name }: Image): Promise<string> {
  const index = await findContainingIndex({ image: reader, child: digest, tag, sideRepository: side });
  if (index === undefined) return 'sign the image, or name the repository that holds its evidence with --side-repository';
  return `${digest} is one platform of the index ${name(index.digest)}${index.tag === undefined ? '' : ` (tag ${index.tag})`}: verify that, with --platform to get the platform's digest`;
}
