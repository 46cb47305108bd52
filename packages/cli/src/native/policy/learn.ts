/** `assay policy learn REF…`: the tightest policy that covers what verifies, and what does not fit told apart. */
import {
  Artifact,
  failures,
  fromHex,
  isTrustError,
  type Matcher,
  type PublicKey,
  parsePublicKeyPem,
  TrustError,
  type TrustedRoot,
  type Verified,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import {
  type ContentReader,
  type Digest,
  type Evidence,
  findEvidence,
  hexOf,
  parseReference,
  parseRepository,
  repositoryText,
  targetOf,
  type Unreadable,
} from '@assay/oci';
import type { SeenEvidence, SeenImage, SeenSigner } from '@assay/policy/native';
import { EXIT } from '../../exit.ts';
import { inOrder } from '../../in-order.ts';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { progressLine } from '../../progress.ts';
import { printable } from '../../render/printable.ts';
import { loadRoot, type TrustedRootFlags } from '../../trusted-root.ts';
import { openAccess, type RegistryFlags, sideRepositoryOf } from '../registry-flags.ts';
import { bundleFrom } from '../verify-image.ts';

export interface LearnFlags extends TrustedRootFlags, RegistryFlags {
  readonly name: string;
  readonly key?: readonly string[];
}

/** Returns the exit status: 1 when nothing was learned. Errors: `OCI_…`, `NET_…`, `TRUST_ROOT_…`, `FILE_…`. */
export async function runLearn(references: readonly string[], flags: LearnFlags, io: Io): Promise<number> {
  const [{ API_VERSION, KIND, learn }, { stringify }] = await Promise.all([import('@assay/policy/native'), import('yaml')]);
  const side = sideRepositoryOf(flags, io);
  const { images, refused } = await lookAt(references, side, flags, io);
  for (const one of refused) io.stderr(`outlier: ${printable(one)}\n`);
  const { spec, outliers } = learn(images);
  for (const [i, { evidence }] of images.entries()) {
    if (evidence.length === 0) io.stderr(`outlier: ${printable(references[i] ?? '')}: nothing that verifies, so that the policy does not cover it\n`);
  }
  for (const outlier of outliers) io.stderr(`outlier: ${printable(outlier)}\n`);
  if (spec === undefined) {
    throw new TrustError('EVIDENCE_NOT_FOUND', 'nothing was learned: no evidence verifies that all images have', {
      hint: 'name the instance that signed with --trusted-root FILE, or keys with --key FILE',
    });
  }
  const policy = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: flags.name },
    spec: { ...spec, ...(side !== undefined && { from: { repository: side } }) },
  };
  io.stdout(stringify(policy, { lineWidth: 0, aliasDuplicateObjects: false }));
  return EXIT.accepted;
}

interface Looked {
  readonly images: readonly SeenImage[];
  readonly refused: readonly string[];
}

async function lookAt(references: readonly string[], side: string | undefined, flags: LearnFlags, io: Io): Promise<Looked> {
  const keys = (flags.key ?? []).map((file) => ({
    file,
    key: named(file, () => parsePublicKeyPem(new TextDecoder().decode(readFileCapped(file, MAX_KEY_BYTES)))),
  }));
  const { root } = await loadRoot(flags, io);
  const access = openAccess(flags, io);
  const line = progressLine(io);
  let done = 0;
  const refused: string[] = [];
  try {
    const images = await inOrder(references, JOBS, async (text): Promise<SeenImage> => {
      const reference = parseReference(text);
      const own = access.registries.repository(reference);
      const digest = reference.digest ?? (await own.requireDescriptor(targetOf(reference))).digest;
      const reader = side === undefined ? own : access.registries.repository(parseRepository(side));
      const looked = await evidenceOf(reader, digest, { root, keys, now: io.now });
      refused.push(...looked.refused);
      done += 1;
      line.tell(() => `looked at ${done} of ${references.length}`);
      return { repository: repositoryText(reference), tag: reference.tag, evidence: looked.evidence };
    });
    return { images, refused };
  } finally {
    line.end();
    access.close();
  }
}

const JOBS = 8;

interface Trust {
  readonly root: TrustedRoot;
  readonly keys: readonly { readonly file: string; readonly key: PublicKey }[];
  readonly now: Date;
}

/** Every place and every format. A place that cannot be asked is an error: what it holds might not fit. */
async function evidenceOf(
  image: ContentReader,
  digest: Digest,
  trust: Trust,
): Promise<{ readonly evidence: readonly SeenEvidence[]; readonly refused: readonly string[] }> {
  const evidence: SeenEvidence[] = [];
  const refused: string[] = [];
  for await (const event of findEvidence({ image, digest, want: ['signatures', 'attestations'] })) {
    if (event.kind === 'answer') {
      if (event.answer.problem !== undefined) throw event.answer.problem;
      continue;
    }
    const seen = await seenIn(event.evidence, digest, trust);
    if (typeof seen === 'string') refused.push(`${event.evidence.reference}: ${seen}`);
    else evidence.push(seen);
  }
  return { evidence, refused };
}

/** Whoever signed; or why it teaches nothing. */
async function seenIn(piece: Evidence | Unreadable, digest: Digest, trust: Trust): Promise<SeenEvidence | string> {
  if (piece.format === undefined) return piece.problem.message;
  try {
    const bundle = bundleFrom(piece);
    const artifact = Artifact.fromDigests({ sha256: fromHex(hexOf(digest)) });
    const options = { trustedRoot: trust.root, crypto: nodeCrypto, now: trust.now };
    if (bundle.material.kind === 'certificate') {
      const { verified, root } = await verify(bundle, artifact, { ...options, signer: { identities: [{ san: ANYONE, issuer: ANYONE }] } });
      if (verified?.identity === undefined) return `does not verify: ${failures(root)[0]?.says ?? root.says}`;
      return { type: typeOf(verified), signer: identitySeen(verified.identity) };
    }
    for (const { file, key } of trust.keys) {
      for (const logged of [true, false]) {
        const how = logged ? {} : { logThreshold: 0, allowCurrentTime: true };
        const { verified } = await verify(logged ? bundle : { ...bundle, entries: [] }, artifact, { ...options, ...how, signer: { key } });
        if (verified !== undefined) return { type: typeOf(verified), signer: { kind: 'key', key: file, logged } };
      }
    }
    return 'signed by a key that --key does not name';
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return error.message;
  }
}

/** Undefined for a signature, also where it is a statement that says nothing else. */
function typeOf({ statement }: Verified): string | undefined {
  return statement === undefined || statement.predicateType === COSIGN_SIGN ? undefined : statement.predicateType;
}

function identitySeen({ san, oidcIssuer, extensions }: NonNullable<Verified['identity']>): SeenSigner {
  return { kind: 'identity', subject: san, issuer: oidcIssuer, sourceRepository: extensions.sourceRepositoryUri, sourceRef: extensions.sourceRepositoryRef };
}

/** Who it was is what is asked here. */
const ANYONE: Matcher = { kind: 'pattern', pattern: '.*', mode: 'whole', matches: () => true };
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
const MAX_KEY_BYTES = 1024 * 1024;
