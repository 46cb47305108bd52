/**
 * An image, index or chart in a registry or a layout: the tag is resolved once, evidence is found place by place, and the first piece that meets the demand
 * suffices. A refusal has asked every place, and says what each answered and what was wrong with each piece.
 */
import {
  Artifact,
  type Bundle,
  bundleOf,
  type Check,
  fail,
  failFrom,
  fromHex,
  isTrustError,
  MAX_BUNDLE_BYTES,
  parseBundle,
  pass,
  skip,
  TrustError,
  type Verification,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { readFileCapped } from '@assay/net/file';
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
  type ImageReference,
  Layout,
  looseParts,
  type PlaceAnswer,
  parseReference,
  parseRepository,
  type Registries,
  repositoryText,
  savedEntry,
  targetOf,
  type Unreadable,
} from '@assay/oci';
import type { Judged } from './report.ts';
import type { VerifyFlags } from './verify.ts';
import { notFound } from './verify-file.ts';

interface Image {
  readonly reader: ContentReader;
  readonly side: ContentReader | undefined;
  readonly digest: Digest;
  /** `HOST/REPOSITORY@DIGEST`, or the folder. */
  readonly name: (digest: Digest) => string;
  readonly tag: string | undefined;
}

/** Errors: `OCI_…`, `NET_…`. */
export async function verifyImage(text: string, flags: VerifyFlags, options: () => Promise<VerifyOptions>, registries: Registries): Promise<readonly Judged[]> {
  const reference = parseReference(text);
  const reader = registries.repository(reference);
  const side = flags.sideRepository === undefined ? undefined : registries.repository(parseRepository(flags.sideRepository));
  const digest = reference.digest ?? (await resolveTag(reference, reader));
  return verifyPlatforms({ reader, side, digest, name: (one) => `${repositoryText(reference)}@${one}`, tag: reference.tag }, flags, options);
}

async function resolveTag(reference: ImageReference, reader: ReturnType<Registries['repository']>): Promise<Digest> {
  const target = targetOf(reference);
  return (await reader.resolve(target))?.digest ?? (await reader.requireManifest(target)).descriptor.digest;
}

/** The one image of a layout, with the evidence that lies in it. Errors: `OCI_LAYOUT`. */
export async function verifyLayout(folder: string, flags: VerifyFlags, options: () => Promise<VerifyOptions>): Promise<readonly Judged[]> {
  const layout = Layout.open(folder);
  const { digest } = savedEntry(layout);
  return verifyPlatforms({ reader: layout, side: undefined, digest, name: (one) => `${folder}@${one}`, tag: undefined }, flags, options);
}

async function verifyPlatforms(image: Image, flags: VerifyFlags, options: () => Promise<VerifyOptions>): Promise<readonly Judged[]> {
  const whole = await verifyDigest(image, flags, await options());
  if (flags.platform !== undefined) return [await onePlatform(image, flags.platform, whole)];
  if (flags.recursive !== true) return [judged(image, whole)];
  const all: Judged[] = [judged(image, whole)];
  for (const child of await childrenOf(image)) {
    const platform = { ...image, digest: child.digest };
    all.push(judged(platform, await verifyDigest(platform, flags, await options())));
  }
  return all;
}

function judged(image: Image, verification: Verification): Judged {
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
async function onePlatform(image: Image, platform: string, whole: Verification): Promise<Judged> {
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

interface Piece {
  readonly reference: string;
  readonly verification: Verification;
}

async function verifyDigest(image: Image, flags: VerifyFlags, options: VerifyOptions): Promise<Verification> {
  const artifact = Artifact.fromDigests({ sha256: fromHex(hexOf(image.digest)) });
  if (flags.bundle !== undefined) return verify(readFileCapped(flags.bundle, MAX_BUNDLE_BYTES), artifact, options);
  const answers: PlaceAnswer[] = [];
  const refused: Piece[] = [];
  let accepted: Piece | undefined;
  for await (const event of findEvidence({ image: image.reader, sideRepository: image.side, digest: image.digest, want: ['signatures', 'attestations'] })) {
    if (event.kind === 'answer') {
      answers.push(event.answer);
      if (accepted !== undefined && flags.all !== true) break;
      continue;
    }
    if (accepted !== undefined && flags.all !== true) break;
    const piece = await verifyPiece(event.evidence, artifact, options);
    if (piece.verification.ok) accepted ??= piece;
    else refused.push(piece);
  }
  if (accepted !== undefined) return withFinding(accepted, refused, options);
  return refusal(image, answers, refused, options);
}

async function verifyPiece(evidence: Evidence | Unreadable, artifact: Artifact, options: VerifyOptions): Promise<Piece> {
  const { reference } = evidence;
  if (evidence.format === undefined) return { reference, verification: notFound(failFrom('bundle', evidence.problem)) };
  try {
    return { reference, verification: await verify(bundleFrom(evidence), artifact, { ...options, findings: [] }) };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { reference, verification: notFound(failFrom('bundle', error)) };
  }
}

/** Evidence of every format as the bundle that the one verification takes. */
function bundleFrom(evidence: Evidence): Bundle {
  if (evidence.format === 'bundle') return parseBundle(evidence.content);
  const { content, certificate, entry, timestamps } = looseParts(evidence);
  const material: Bundle['material'] = certificate === undefined ? { kind: 'publicKey', hint: '' } : { kind: 'certificate', leaf: certificate, others: [] };
  return bundleOf({ content, material, entries: entry === undefined ? [] : [entry], timestamps });
}

function withFinding({ reference, verification }: Piece, refused: readonly Piece[], { findings = [] }: VerifyOptions): Verification {
  const others = refused.map((piece) => ({ ...refusedPiece(piece), optional: true as const }));
  const checks = [pass('find', `evidence: ${reference}`), ...findings, ...(verification.root.checks ?? []), ...others];
  return { ...verification, root: { ...verification.root, checks } };
}

function refusedPiece({ reference, verification }: Piece): Check {
  return { ...verification.root, id: 'evidence', says: `${reference} does not hold` };
}

async function refusal(image: Image, answers: readonly PlaceAnswer[], refused: readonly Piece[], { findings = [] }: VerifyOptions): Promise<Verification> {
  const pieces = refused.length > 0 ? refused.map(refusedPiece) : [await nothingFound(image, answers)];
  return notFound(...findings, ...pieces, ...answers.map(placeCheck));
}

/** A place that could not be asked may hold the evidence: that is not the same as an image without any. */
async function nothingFound(image: Image, answers: readonly PlaceAnswer[]): Promise<Check> {
  const found = answers.length === 1 ? 'nothing in the one place that was asked' : `nothing in the ${answers.length} places that were asked`;
  const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
  if (problem !== undefined)
    return fail('find', problem.code, 'a place that may hold the evidence could not be asked', { found: problem.message, hint: problem.hint });
  const hint = (await hintFor(image)) ?? 'sign the image, or name the repository that holds its evidence with --side-repository';
  return fail('find', 'EVIDENCE_NOT_FOUND', 'no evidence was found for this image', { found, hint });
}

/** Told and decided by nothing: where was looked, and what each place answered. */
function placeCheck({ place, says }: PlaceAnswer): Check {
  return skip('find.place', `asked ${place}: ${says}`, { optional: true, evidence: { place } });
}

/** One platform of a signed index, when that is what was asked for. */
async function hintFor({ reader, side, digest, tag, name }: Image): Promise<string | undefined> {
  const index = await findContainingIndex({ image: reader, child: digest, tag, sideRepository: side });
  if (index === undefined) return undefined;
  return `${digest} is one platform of the index ${name(index.digest)}${index.tag === undefined ? '' : ` (tag ${index.tag})`}: verify that, with --platform to get the platform's digest`;
}
