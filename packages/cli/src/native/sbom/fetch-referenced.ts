/** The document of an SBOM that is attested by reference: wherever it comes from, it counts only when it has the attested digest. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quote, TrustError } from '@assay/core';
import { loadFileOrUrl } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { allReferrers, type ContentReader, digestOf, hexOf, isDigest } from '@assay/oci';
import { MAX_SBOM_BYTES, type SbomReference } from '@assay/sbom';
import type { Io } from '../../io.ts';
import { withHttp } from '../../with-http.ts';
import type { ImagePlace } from '../attestations.ts';

export interface ReferencePlaces {
  /** A file that the user has fetched. */
  readonly given?: string | undefined;
  /** The file that it is about, or its bundle: it may lie beside. */
  readonly beside?: string | undefined;
  readonly image?: ImagePlace | undefined;
  /** Whether other places that the reference names are asked. */
  readonly download: 'allowed' | 'refused';
}

/** The document, with the digest that was attested. Errors: `SBOM_REFERENCE`, `OCI_…`, `NET_…`, `FILE_…`. */
export async function fetchReferenced(reference: SbomReference, { given, beside, image, download }: ReferencePlaces, io: Io): Promise<Uint8Array> {
  if (given !== undefined) return checked(readFileCapped(given, MAX_SBOM_BYTES), reference, given);
  const sibling = siblingOf(reference, beside);
  if (sibling !== undefined) return checked(readFileCapped(sibling, MAX_SBOM_BYTES), reference, sibling);
  for (const reader of image === undefined ? [] : [image.image, image.sideRepository]) {
    const content = reader && (await referrerWith(reader, image as ImagePlace, reference));
    if (content !== undefined) return content;
  }
  const { downloadLocation } = reference;
  const isPublic = downloadLocation.startsWith('https://');
  if (download === 'allowed' && isPublic) {
    const content = await withHttp(io, (http) => loadFileOrUrl(downloadLocation, { http, env: {}, maxBytes: MAX_SBOM_BYTES }));
    return checked(content, reference, downloadLocation);
  }
  throw new TrustError('SBOM_REFERENCE', `the attested SBOM sha256:${reference.sha256} is not in the places that were asked`, {
    found: quote(downloadLocation) || 'the reference names no place',
    hint: isPublic ? 'fetch it from there with --download, or name a copy with --sbom FILE' : 'name a copy with --sbom FILE',
  });
}

/** A name that leads nowhere else. */
function siblingOf({ name }: SbomReference, beside: string | undefined): string | undefined {
  if (beside === undefined || beside === '-' || name === '' || name !== basename(name) || name.startsWith('.')) return undefined;
  const path = join(dirname(beside), name);
  return existsSync(path) ? path : undefined;
}

/** By its layer: what a manifest or a list says of itself is a claim, and the digest of the content is not. */
async function referrerWith(reader: ContentReader, { digest: subject }: ImagePlace, { sha256, mediaType }: SbomReference): Promise<Uint8Array | undefined> {
  const likelyFirst = (await allReferrers(reader, subject)).toSorted((a, b) => Number(b.artifactType === mediaType) - Number(a.artifactType === mediaType));
  for (const { digest } of likelyFirst) {
    if (!isDigest(digest)) continue;
    const manifest = (await reader.manifest(digest))?.manifest;
    const layer = manifest?.kind === 'image' ? manifest.layers.find((one) => hexOf(one.digest) === sha256) : undefined;
    if (layer !== undefined) return reader.readBlob(layer, MAX_SBOM_BYTES);
  }
  return undefined;
}

function checked(content: Uint8Array, { sha256 }: SbomReference, place: string): Uint8Array {
  const found = hexOf(digestOf(content));
  if (found === sha256) return content;
  throw new TrustError('SBOM_REFERENCE', `${quote(place)}: is not the SBOM that was attested`, { expected: `sha256:${sha256}`, found: `sha256:${found}` });
}
