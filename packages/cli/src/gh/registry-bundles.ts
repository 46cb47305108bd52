/** Bundles that belong to an image in its registry, for `--bundle-from-oci`. */
import type { TrustError } from '@assay/core';
import { findEvidence, toDigest } from '@assay/oci';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import type { DigestedArtifact } from './artifact.ts';
import { withImage } from './image.ts';

/** Every one that can be read. Errors: `CommandError` when there is none. */
export async function registryBundles({ url, digest }: DigestedArtifact, io: Io): Promise<{ readonly bundle: Uint8Array }[]> {
  const found: { bundle: Uint8Array }[] = [];
  const problems: TrustError[] = [];
  await withImage(url.slice('oci://'.length), io, async (image) => {
    for await (const event of findEvidence({ image, digest: toDigest(digest), want: [], only: 'bundles' })) {
      if (event.kind === 'answer') problems.push(...(event.answer.problem === undefined ? [] : [event.answer.problem]));
      else if (event.evidence.format === 'bundle') found.push({ bundle: event.evidence.content });
      else if (event.evidence.format === undefined) problems.push(event.evidence.problem);
    }
  });
  if (found.length > 0) return found;
  const [problem] = problems;
  if (problem !== undefined) throw new CommandError(`failed to fetch OCI attestations: error getting referrers: ${messageOf(problem)}`, 1, { cause: problem });
  throw new CommandError('no attestations found in the OCI registry. Retry the command without the --bundle-from-oci flag to check GitHub for the attestation');
}
