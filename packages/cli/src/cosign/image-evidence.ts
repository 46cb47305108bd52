/**
 * Verifying an image: evidence is found place by place, each piece goes through the one pipeline, and a place with one good piece ends the search. What else was
 * found there is still looked at, since cosign lists every signature that verifies.
 */
import {
  Artifact,
  type Bundle,
  Certificate,
  decodeUtf8,
  fromHex,
  isTrustError,
  parseBundle,
  proposedDsse,
  proposedHashedRekord,
  type TrustedRoot,
  type Verification,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type ContentReader, type Evidence, type FindOptions, findEvidence, hexOf, looseParts, type PlaceAnswer, type Unreadable } from '@assay/oci';
import { CommandError, messageOf } from '../cobra/failure.ts';
import { PatternError } from './demands.ts';
import { refuseLooseFlags } from './evidence.ts';
import type { Image } from './images.ts';
import type { Invocation } from './invocation.ts';
import { verifyLoose } from './loose.ts';
import { maxAttachmentBytes } from './registry-flags.ts';
import { verifySigstoreBundle } from './sigstore-bundle.ts';
import { bundleTrust, looseTrust, namesLooseTrust } from './trust.ts';
import type { NamedSigner } from './verify-blob.ts';

export interface ImageDemand {
  readonly image: Image;
  readonly side: ContentReader | undefined;
  /** With a pattern that is none, every piece of evidence is refused. */
  readonly signer: NamedSigner | PatternError;
  readonly want: FindOptions['want'];
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether what verified is what was looked for; a place that has none of it does not end the search. */
  readonly meets?: (accepted: Accepted) => boolean;
}

export interface Accepted {
  readonly evidence: Evidence;
  readonly verification: Verification & { readonly verified: NonNullable<Verification['verified']> };
  /** Absent for the older formats. */
  readonly bundle: Bundle | undefined;
}

export interface Refused {
  readonly reference: string;
  readonly message: string;
}

export interface Outcome {
  readonly accepted: readonly Accepted[];
  readonly refused: readonly Refused[];
  /** What each place answered, in the order they were asked. */
  readonly answers: readonly PlaceAnswer[];
  /** Which of cosign's two formats decided: where evidence was found as bundles, the older one is not what failed. */
  readonly path: 'bundle' | 'legacy';
}

export async function judgeImage(demand: ImageDemand, invocation: Invocation): Promise<Outcome> {
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  const answers: PlaceAnswer[] = [];
  let foundBundles = false;
  const judge = new Judge(demand, invocation);
  for await (const event of findEvidence(findOptions(demand, invocation))) {
    if (event.kind === 'evidence') {
      foundBundles ||= event.evidence.format === 'bundle';
      const result = await judge.piece(event.evidence);
      if ('message' in result) refused.push(result);
      else accepted.push(result);
      continue;
    }
    answers.push(event.answer);
    if (accepted.some((one) => demand.meets?.(one) ?? true)) break;
  }
  return { accepted, refused, answers, path: accepted.length > 0 ? pathOf(accepted) : foundBundles ? 'bundle' : 'legacy' };
}

/** The same for evidence at hand. */
export async function judgeEvidence(pieces: readonly Evidence[], demand: ImageDemand, invocation: Invocation): Promise<Outcome> {
  const judge = new Judge(demand, invocation);
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  for (const piece of pieces) {
    const result = await judge.piece(piece);
    if ('message' in result) refused.push(result);
    else accepted.push(result);
  }
  return { accepted, refused, answers: [], path: 'legacy' };
}

export function pathOf(accepted: readonly Accepted[]): Outcome['path'] {
  return accepted.some(({ evidence }) => evidence.format === 'bundle') ? 'bundle' : 'legacy';
}

function findOptions({ image, side, want }: ImageDemand, { flags, ...context }: Invocation): FindOptions {
  return {
    image: image.reader,
    digest: image.digest,
    sideRepository: side,
    want,
    tagPrefix: flags.text('attachment-tag-prefix'),
    maxBytes: maxAttachmentBytes(context),
    ...(!flags.bool('new-bundle-format') && { only: 'tags' as const }),
  };
}

class Judge {
  readonly #demand: ImageDemand;
  readonly #invocation: Invocation;
  readonly #artifact: Artifact | undefined;
  #trust: Promise<TrustedRoot> | undefined;

  constructor(demand: ImageDemand, invocation: Invocation) {
    this.#demand = demand;
    this.#invocation = invocation;
    const digest = { sha256: fromHex(hexOf(demand.image.digest)) };
    this.#artifact = invocation.flags.bool('check-claims') ? Artifact.fromDigests(digest) : undefined;
  }

  /** Loaded with the first evidence: without any, nothing has to be fetched. */
  #trustedRoot(): Promise<TrustedRoot> {
    this.#trust ??= namesLooseTrust(this.#invocation) ? looseTrust(this.#invocation) : bundleTrust(this.#invocation);
    return this.#trust;
  }

  async piece(evidence: Evidence | Unreadable): Promise<Accepted | Refused> {
    const { reference } = evidence;
    if (evidence.format === undefined) return { reference, message: messageOf(evidence.problem) };
    const trustedRoot = await this.#trustedRoot();
    try {
      const { verification, bundle } = evidence.format === 'bundle' ? await this.#bundle(evidence, trustedRoot) : await this.#loose(evidence, trustedRoot);
      const { verified } = verification;
      if (verified === undefined) return { reference, message: 'not verified' };
      return { evidence, verification: { ...verification, verified }, bundle };
    } catch (error) {
      if (error instanceof CommandError || isTrustError(error)) return { reference, message: messageOf(error) };
      throw error;
    }
  }

  async #bundle({ content }: Evidence, trustedRoot: TrustedRoot): Promise<Judged> {
    const { flags } = this.#invocation;
    refuseLooseFlags(flags);
    const bundle = parseBundle(content, { allowCertificateChain: flags.bool('allow-certificate-chain') });
    const { signer } = this.#signer('bundle');
    const input = { bundle, artifact: this.#artifact, signer, trustedRoot, annotations: this.#annotations(), byDigest: true };
    return { verification: await verifySigstoreBundle(input, this.#invocation), bundle };
  }

  async #loose(evidence: Evidence, trustedRoot: TrustedRoot): Promise<Judged> {
    const signer = this.#signer('loose');
    const parts = looseParts(evidence);
    const attached = parts.certificate === undefined ? undefined : Certificate.parse(parts.certificate);
    const certificate = signer.key === undefined ? (signer.certificate ?? attached) : undefined;
    if (signer.key === undefined && certificate === undefined) throw new CommandError('no certificate found on signature');
    const { content } = evidence;
    const proposed = async (pem: string) =>
      parts.content.kind === 'dsse'
        ? proposedDsse(decodeUtf8(content) ?? '', pem)
        : proposedHashedRekord(parts.content.signature, pem, 'sha256', await nodeCrypto.hash('sha256', content));
    const loose = {
      content: parts.content,
      certificate,
      key: signer.key,
      entry: parts.entry,
      timestamps: parts.timestamps,
      artifact: this.#artifact,
      signer: signer.signer,
      annotations: this.#annotations(),
      proposed,
    };
    return { verification: await verifyLoose(loose, trustedRoot, this.#invocation), bundle: undefined };
  }

  #signer(evidence: 'bundle' | 'loose'): NamedSigner {
    const { signer } = this.#demand;
    if (signer instanceof PatternError) throw signer.about(evidence);
    return signer;
  }

  /** `--check-claims=false` leaves annotations unchecked too. */
  #annotations(): Readonly<Record<string, string>> {
    return this.#artifact === undefined ? {} : this.#demand.annotations;
  }
}

interface Judged {
  readonly verification: Verification;
  readonly bundle: Bundle | undefined;
}
