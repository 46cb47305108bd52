/** `assay verify FILE`: find the evidence, verify it, print the tree. */

import {
  type Artifact,
  type Bundle,
  type Check,
  catalogue,
  digestsNeeded,
  type ErrorKind,
  failures,
  group,
  isTrustError,
  parseBundle,
  VERIFICATION_MEDIA_TYPE,
  type Verification,
  type VerifyOptions,
  verificationJson,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type ArtifactSource, artifactSource } from '../artifact-source.ts';
import { EXIT, exitOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { styleFor } from '../render/style.ts';
import { renderVerification } from '../render/verification.ts';
import { loadRoot, type TrustedRootFlags } from '../trusted-root.ts';
import { findBundles } from './find-bundle.ts';
import { expectedSigner, type SignerFlags } from './signer-flags.ts';

export interface VerifyFlags extends SignerFlags, TrustedRootFlags {
  readonly bundle?: string;
  readonly type?: string;
  readonly timestampThreshold?: number;
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly output: 'text' | 'json';
  readonly full?: boolean;
}

/** Returns the exit status. Throws `TrustError` for input that cannot be read and for contradictory flags. */
export async function runVerify(file: string, flags: VerifyFlags, io: Io): Promise<number> {
  const offline = flags.offline === true || isOffline(io.env);
  const signer = await expectedSigner(flags, io, offline);
  const source = artifactSource(file, io);
  const found = findBundles(file, flags.bundle);
  if (found.bundles.length === 0) return report(notFound(found.check), source, flags, io);

  const { root, check: trust } = await loadRoot(flags, io);
  const options: VerifyOptions = {
    signer,
    trustedRoot: root,
    crypto: nodeCrypto,
    now: io.now,
    ...(flags.logThreshold !== undefined && { logThreshold: flags.logThreshold }),
    ...(flags.sctThreshold !== undefined && { ctLogThreshold: flags.sctThreshold }),
    ...(flags.timestampThreshold !== undefined && { timestampThreshold: flags.timestampThreshold }),
    ...(flags.type !== undefined && { predicateType: flags.type }),
    findings: [found.check, trust],
  };
  return report(await verifyAny(found.bundles, source, options), source, flags, io);
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

function notFound(check: Check): Verification {
  return { mediaType: VERIFICATION_MEDIA_TYPE, ok: false, verified: undefined, root: group('verification', 'the evidence does not hold', [check]) };
}

function report(verification: Verification, source: ArtifactSource, flags: VerifyFlags, io: Io): number {
  const text =
    flags.output === 'json'
      ? `${JSON.stringify(verificationJson(verification), null, 2)}\n`
      : renderVerification(verification, source, styleFor(io), flags.full ? 'full' : 'brief');
  io.stdout(text);
  return verification.ok ? EXIT.accepted : exitOf(kindOf(verification.root));
}

/** The first failure decides: a bundle that cannot be read is malformed input, not a refused signature. */
function kindOf(root: Check): ErrorKind {
  const [first] = failures(root);
  return first?.code === undefined ? 'rejected' : catalogue[first.code].kind;
}
