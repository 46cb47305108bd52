/**
 * SBOMs that are attested by reference (in-toto attestation framework, predicate `reference` v0.1):
 *
 *   { attester { id }, references [ { name, digest { sha256 }, mediaType, downloadLocation, annotations { size } } ] }
 *
 * What is signed is the digest. The document itself lies in the registry as a referrer of the image, or beside the file; wherever it comes from, it counts only
 * when it has that digest.
 */
import { isJsonObject, type Json, type JsonObject, utf8 } from '@assay/core';
import { type ContentWriter, type Descriptor, descriptorOf, digestOf, encodeImage, hexOf, OCI_EMPTY, OCI_MANIFEST, sourceOf } from '@assay/oci';

export const REFERENCE_TYPE = 'https://in-toto.io/attestation/reference/v0.1';

export interface SbomReference {
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
  readonly mediaType: string;
  readonly downloadLocation: string;
  readonly size?: number;
}

export function referenceTo(content: Uint8Array, named: Pick<SbomReference, 'name' | 'mediaType' | 'downloadLocation'>): SbomReference {
  return { ...named, sha256: hexOf(digestOf(content)), size: content.length };
}

export function referencePredicate({ name, sha256, mediaType, downloadLocation, size }: SbomReference) {
  const annotations = size === undefined ? {} : { annotations: { size } };
  return { attester: { id: ATTESTER }, references: [{ name, digest: { sha256 }, mediaType, downloadLocation, ...annotations }] };
}

/** Those of a predicate that was verified. What has no SHA-256 cannot be checked, and is left out. */
export function readReferences(predicate: Json): SbomReference[] {
  const references = isJsonObject(predicate) ? predicate['references'] : undefined;
  return (Array.isArray(references) ? references : []).filter(isJsonObject).flatMap(referenceOf);
}

function referenceOf({ name, digest, mediaType, downloadLocation }: JsonObject): SbomReference[] {
  const sha256 = isJsonObject(digest) ? digest['sha256'] : undefined;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return [];
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
  return [{ name: text(name), sha256, mediaType: text(mediaType), downloadLocation: text(downloadLocation) }];
}

/** As an artifact whose subject is the image. Returns its manifest's digest. Errors: `OCI_…`, `NET_…`. */
export async function pushSbom(to: ContentWriter, subject: Descriptor, content: Uint8Array, { name, mediaType }: SbomReference): Promise<string> {
  const layer = { ...descriptorOf(content, mediaType), annotations: { 'org.opencontainers.image.title': name } };
  const config = descriptorOf(EMPTY, OCI_EMPTY);
  for (const [descriptor, bytes] of [
    [layer, content],
    [config, EMPTY],
  ] as const) {
    if (!(await to.hasBlob(descriptor))) await to.putBlob(descriptor, sourceOf(bytes));
  }
  const { mediaType: subjectType, digest, size } = subject;
  const bytes = encodeImage({ mediaType: OCI_MANIFEST, artifactType: mediaType, config, layers: [layer], subject: { mediaType: subjectType, digest, size } });
  return to.putManifest({ bytes, mediaType: OCI_MANIFEST });
}

const ATTESTER = 'https://assay.dev/sbom';
const EMPTY = utf8('{}');
