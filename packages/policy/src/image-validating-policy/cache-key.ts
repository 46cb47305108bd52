/**
 * What a verification that succeeded is kept under: the policy as it is written now, the function, and who was asked for, in any order. Kyverno keeps it by the
 * image's text, which may be a tag; a tag that moves would then be let in unseen, so here it is the digest.
 *
 *   UID;RESOURCE_VERSION;9:signature|0:|3:one|3:two|;REPOSITORY@DIGEST
 */
export interface VerificationKey {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly verifies: 'signature' | 'attestation';
  /** The attestation's name; '' for signatures. */
  readonly attestation: string;
  readonly attestors: readonly string[];
  /** `REPOSITORY@DIGEST`. */
  readonly image: string;
}

export function verificationKey({ uid, resourceVersion, verifies, attestation, attestors, image }: VerificationKey): string {
  const rule = [verifies, attestation, ...[...attestors].sort()].map((part) => `${Buffer.byteLength(part)}:${part}|`).join('');
  return `${uid};${resourceVersion};${rule};${image}`;
}
