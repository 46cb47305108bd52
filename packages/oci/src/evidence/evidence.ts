/** Evidence as it lies in registries and layouts: read, and believed in nothing. */
import { isTrustError, TrustError } from '@assay/core';
import type { Digest } from '../digest.ts';
import type { Descriptor, StoredManifest } from '../manifest.ts';
import { DSSE_ENVELOPE, SIMPLE_SIGNING } from '../media-types.ts';
import type { ContentReader } from '../store.ts';

/** `bundle`: a Sigstore bundle. `payload`: cosign's older image signature. `envelope`: its older attestation. The last two have their parts in annotations. */
export type EvidenceFormat = 'bundle' | 'payload' | 'envelope';

export interface Evidence {
  readonly format: EvidenceFormat;
  /** Where it lies: `ghcr.io/owner/app@sha256:…`, and the layer when a manifest holds several. */
  readonly reference: string;
  readonly content: Uint8Array;
  /** Of the layer. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The layer's own digest. */
  readonly digest: Digest;
}

/** What was listed, and could not be read or is no evidence for this image. */
export interface Unreadable {
  readonly format?: never;
  readonly reference: string;
  readonly problem: TrustError;
}

export interface ReadOptions {
  readonly maxBytes: number;
}

/**
 * The evidence in the layers of a manifest, one request each, as they are asked for. Layers of other types are passed over in silence: an image may have
 * many kinds of referrers. Errors: `OCI_LIMIT` for more than 1000.
 */
export async function* readEvidence(
  reader: ContentReader,
  { manifest, descriptor }: StoredManifest,
  options: ReadOptions,
): AsyncGenerator<Evidence | Unreadable, void, void> {
  if (manifest.kind !== 'image') return;
  const layers = manifest.layers.flatMap((layer) => (formatOf(layer) === undefined ? [] : [layer]));
  if (layers.length > MAX_LAYERS) {
    throw new TrustError('OCI_LIMIT', `${reader.name}@${descriptor.digest}: ${layers.length} layers of evidence, the cap is ${MAX_LAYERS}`);
  }
  for (const [i, layer] of layers.entries()) {
    const reference = `${reader.name}@${descriptor.digest}${layers.length === 1 ? '' : `, layer ${i + 1} of ${layers.length}`}`;
    try {
      const content = await reader.readBlob(layer, options.maxBytes);
      yield { format: formatOf(layer) as EvidenceFormat, reference, content, annotations: layer.annotations ?? {}, digest: layer.digest };
    } catch (error) {
      if (!isTrustError(error)) throw error;
      yield { reference, problem: error };
    }
  }
}

function formatOf({ mediaType }: Descriptor): EvidenceFormat | undefined {
  if (mediaType === SIMPLE_SIGNING) return 'payload';
  if (mediaType === DSSE_ENVELOPE) return 'envelope';
  return isBundleType(mediaType) ? 'bundle' : undefined;
}

/** Versions from 0.1 on: which of them is well-formed is for the parser to say. */
export function isBundleType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.dev.sigstore.bundle');
}

/** As many as cosign writes. */
const MAX_LAYERS = 1000;
