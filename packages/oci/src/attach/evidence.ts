/** Signatures and attestations in cosign's older storage format, as layers with annotations (cosign.md section 2.1). */
import { decodeBase64, encodeBase64 } from '@assay/core';
import { ANNOTATION } from '../evidence/loose.ts';
import type { Descriptor } from '../manifest.ts';
import { DSSE_ENVELOPE, SIMPLE_SIGNING } from '../media-types.ts';
import type { ContentReader, ContentWriter } from '../store.ts';
import { type Appended, type AppendOptions, appendLayer } from './layers.ts';

/** What lies beside a signature. JSON texts are as cosign writes them. */
export interface AttachedParts {
  /** PEM. */
  readonly certificate?: string | undefined;
  readonly chain?: string | undefined;
  /** `{"SignedEntryTimestamp":…,"Payload":{…}}` */
  readonly rekorBundle?: string | undefined;
  /** `{"SignedRFC3161Timestamp":…}` */
  readonly timestamp?: string | undefined;
}

type Where = Pick<AppendOptions, 'tag' | 'created' | 'dockerMediaTypes'>;

export interface SignatureToAppend extends Where {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly parts: AttachedParts;
  /** Whether a signature that is there verifies with the key at hand: signing again would add nothing. */
  readonly verifies?: (signature: Uint8Array) => Promise<boolean>;
}

export async function appendSignature(to: ContentReader & ContentWriter, options: SignatureToAppend): Promise<Appended> {
  const { payload, signature, parts, verifies } = options;
  const annotations = { [ANNOTATION.signature]: encodeBase64(signature), ...annotationsOf(parts) };
  const layer = { content: payload, mediaType: SIMPLE_SIGNING, annotations };
  return appendLayer(to, { ...options, layer, isSame: (other) => isSame(other, layer, verifies) });
}

export interface AttestationToAppend extends Where {
  /** DSSE envelope, JSON, as it was hashed for the log. */
  readonly envelope: Uint8Array;
  readonly predicateType: string;
  readonly parts: AttachedParts;
  /** Attestations of the same predicate type are taken away. */
  readonly replace?: boolean;
}

export async function appendAttestation(to: ContentReader & ContentWriter, options: AttestationToAppend): Promise<Appended> {
  const { envelope, predicateType, parts, replace } = options;
  const annotations = { [ANNOTATION.signature]: '', predicateType, ...annotationsOf(parts) };
  return appendLayer(to, {
    ...options,
    layer: { content: envelope, mediaType: DSSE_ENVELOPE, annotations },
    ...(replace === true && { replaces: async (layer: Descriptor) => layer.annotations?.['predicateType'] === predicateType }),
  });
}

function annotationsOf({ certificate, chain, rekorBundle, timestamp }: AttachedParts): Record<string, string> {
  return {
    ...(certificate !== undefined && { [ANNOTATION.certificate]: certificate, [ANNOTATION.chain]: chain ?? '' }),
    ...(rekorBundle !== undefined && { [ANNOTATION.bundle]: rekorBundle }),
    ...(timestamp !== undefined && { [ANNOTATION.timestamp]: timestamp }),
  };
}

/** The same payload and the same annotations, the signature aside, which differs with every signing. */
async function isSame(
  other: Descriptor,
  layer: { mediaType: string; annotations: Record<string, string>; content: Uint8Array },
  verifies: SignatureToAppend['verifies'],
): Promise<boolean> {
  if (verifies === undefined || other.mediaType !== layer.mediaType) return false;
  const names = Object.keys(layer.annotations).filter((name) => name !== ANNOTATION.signature);
  if (other.size !== layer.content.length || !names.every((name) => other.annotations?.[name] === layer.annotations[name])) return false;
  const signature = decodeBase64(other.annotations?.[ANNOTATION.signature] ?? '');
  // It verifies over our payload, so that the payload is the same too.
  return signature !== undefined && signature.length > 0 && verifies(signature);
}
