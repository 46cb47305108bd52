/** A file, standard input or a digest with the bundles beside it: find the evidence, verify it. */

import {
  type Artifact,
  type Bundle,
  type Check,
  digestsNeeded,
  group,
  isTrustError,
  parseBundle,
  VERIFICATION_MEDIA_TYPE,
  type Verification,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type ArtifactSource, artifactSource } from '../artifact-source.ts';
import type { Io } from '../io.ts';
import { findBundles } from './find-bundle.ts';

/** Errors: `USAGE`, `FILE_…`. */
export async function verifyFile(file: string, bundle: string | undefined, options: () => Promise<VerifyOptions>, io: Io): Promise<Verification> {
  const source = artifactSource(file, io);
  const found = findBundles(file, bundle);
  if (found.bundles.length === 0) return notFound(found.check);
  const { findings = [], ...others } = await options();
  return verifyAny(found.bundles, source, { ...others, findings: [found.check, ...findings] });
}

/** One bundle that meets the demand suffices; when none does, the first one's tree says why, and each of the others is told. */
async function verifyAny(bundles: readonly Uint8Array[], source: ArtifactSource, options: VerifyOptions): Promise<Verification> {
  const candidates = bundles.map(parsed);
  const artifact = await openFor(candidates, source, options);
  const refused: Verification[] = [];
  for (const bundle of candidates) {
    const verification = await verify(bundle, artifact, options);
    if (verification.ok) return verification;
    refused.push(verification);
  }
  const [first, ...others] = refused as [Verification, ...Verification[]];
  if (others.length === 0) return first;
  const checks = refused.map(({ root }, i): Check => ({ ...root, id: 'bundle', says: `bundle ${i + 1} of ${refused.length} does not hold` }));
  return { ...first, root: group('verification', 'no bundle of the file holds', checks) };
}

/** A malformed bundle stays as it is: `verify` judges it. */
function parsed(content: Uint8Array): Bundle | Uint8Array {
  try {
    return parseBundle(content);
  } catch (error) {
    if (isTrustError(error)) return content;
    throw error;
  }
}

/** One reading of the artifact for all bundles; a malformed one does not say which digests it needs. */
async function openFor(bundles: readonly (Bundle | Uint8Array)[], source: ArtifactSource, { signer }: VerifyOptions): Promise<Artifact> {
  const key = 'key' in signer ? signer.key : undefined;
  const needed = bundles.flatMap((bundle) => (bundle instanceof Uint8Array ? ['sha256' as const] : digestsNeeded(bundle, key)));
  return source.open([...new Set(needed)], nodeCrypto);
}

/** Nothing to verify is a refusal too, with where was looked as its reason. */
export function notFound(...checks: readonly Check[]): Verification {
  return { mediaType: VERIFICATION_MEDIA_TYPE, ok: false, verified: undefined, root: group('verification', 'the evidence does not hold', checks) };
}
