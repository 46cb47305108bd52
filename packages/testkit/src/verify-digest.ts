/** Whether a signature is over a digest, as logs ask that never see what was signed. */
import { Artifact, BUNDLE_V03, type HashName, type PublicKey, parseTrustedRoot, utf8, verify, webCrypto } from '@assay/core';
import type { Instance } from './instance.ts';

export interface DigestSignature {
  readonly signature: Uint8Array;
  readonly hash: HashName;
  readonly digest: Uint8Array;
}

/** Ed25519 in its pre-hashed form. Core offers this as a part of its one verification: of a message by a key that is known. */
export async function verifiesOverDigest({ signature, hash, digest }: DigestSignature, key: PublicKey, instance: Instance): Promise<boolean> {
  const verification = await verify(
    {
      mediaType: BUNDLE_V03,
      version: '0.3',
      material: { kind: 'publicKey', hint: '' },
      content: { kind: 'message', digest: { algorithm: hash, value: digest }, signature },
      entries: [],
      timestamps: [],
    },
    Artifact.fromDigests({ [hash]: digest }),
    {
      signer: { key, hashes: [hash] },
      trustedRoot: parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot()))),
      crypto: webCrypto,
      now: instance.now,
      logThreshold: 0,
    },
  );
  return verification.ok;
}
