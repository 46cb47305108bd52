/**
 * Older fields in the places of today's: `image` is one more reference, `key`, `issuer`, `subject` and `roots` are one more set of attestors.
 *
 * Upstream loses that set where there are attestations (it builds it into a copy, and puts the attestations of old over it), so that a policy with `key` and
 * attestations takes those of any signer. Here they must be by the key.
 */
import type { Attestation, AttestorSet, ImageVerification } from './types.ts';

export interface Converted {
  readonly imageReferences: readonly string[];
  readonly attestors: readonly AttestorSet[];
  readonly attestations: readonly Attestation[];
}

export function converted(block: ImageVerification): Converted {
  const { image, key, issuer, subject, roots, annotations, additionalExtensions } = block;
  const imageReferences = [...(block.imageReferences ?? []), ...(given(image) ? [image] : [])];
  const [attestors, attestations] = [block.attestors ?? [], block.attestations ?? []];
  if (!given(key) && !given(issuer)) return { imageReferences, attestors, attestations };
  const signer = given(key)
    ? { keys: { publicKeys: key, signatureAlgorithm: 'sha256' } }
    : {
        keyless: {
          issuer,
          ...(given(subject) && { subject }),
          ...(given(roots) && { roots }),
          ...(additionalExtensions !== undefined && { additionalExtensions }),
        },
      };
  const set: AttestorSet = { entries: [{ ...signer, signatureAlgorithm: 'sha256', ...(annotations !== undefined && { annotations }) }] };
  if (attestations.length === 0) return { imageReferences, attestors: [...attestors, set], attestations };
  return { imageReferences, attestors, attestations: attestations.map((one) => ({ ...one, attestors: [...(one.attestors ?? []), set] })) };
}

function given(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
