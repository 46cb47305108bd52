/** What was just signed goes through the one verification before anything is written: a signature that nobody can verify is worse than none. */
import { type Artifact, type Bundle, type TrustedRoot, trustedRootOf, type Verification, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { Signer } from '@assay/sign';

/**
 * Who signed is not asked here. Log entries and timestamps are checked when a trusted root says whose they are; without one nobody can say whether the
 * services are the right ones, and the signature alone is checked. Without an artifact, what is signed is not read.
 */
export async function verifyFresh(
  bundle: Bundle,
  artifact: Artifact | undefined,
  signer: Signer,
  trustedRoot: TrustedRoot | undefined,
  now: Date,
): Promise<Verification> {
  // A certificate's chain is for the verifier to judge; that it is of this key was checked when it was read. An entry names the certificate, so that it
  // cannot be compared with the key alone.
  const entries = trustedRoot === undefined || bundle.material.kind === 'certificate' ? [] : bundle.entries;
  const timestamps = trustedRoot === undefined ? [] : bundle.timestamps;
  return verify({ ...bundle, material: { kind: 'publicKey', hint: '' }, entries, timestamps }, artifact, {
    signer: { key: signer.publicKey, ...(signer.hash !== undefined && { hashes: [signer.hash] }) },
    trustedRoot: trustedRoot ?? (await trustedRootOf({}, nodeCrypto)),
    crypto: nodeCrypto,
    now,
    logThreshold: entries.length > 0 ? 1 : 0,
    ctLogThreshold: 0,
    timestampThreshold: timestamps.length > 0 ? 1 : 0,
    ...(artifact === undefined && { opaqueContent: true }),
  });
}
