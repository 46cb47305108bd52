/**
 * What a registry reads of a manifest (image specification 1.1; Docker's schema 2 is the same shape under other media types):
 *
 *   manifest { schemaVersion 2, mediaType?, artifactType?, config, layers[], subject?, annotations? }
 *   index    { schemaVersion 2, mediaType?, artifactType?, manifests[], subject?, annotations? }
 *
 * The media type is a matter of the bytes alone: what a manifest says, or without that its shape, and never a header that two clients could send
 * differently. A document that could be read as both is refused (CVE-2021-41190).
 */
import { type Fields, isTrustError, parseFields } from '@assay/core';
import { type Digest, isDigest } from './digest.ts';
import { refuse } from './refusal.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ManifestContent {
  readonly mediaType: string;
  /** What has to be there before it: blobs, or for an index manifests. Layers that are kept elsewhere (`urls`) are not among them. */
  readonly references: readonly Digest[];
  /** What it belongs to; may come later. */
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/**
 * @param contentType of the request that brings it, when it has one
 * Refuses with MANIFEST_INVALID.
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ManifestContent {
  try {
    return readManifest(parseFields(bytes, { what: 'the manifest', parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' }), contentType);
  } catch (error) {
    if (isTrustError(error)) return invalid(error.message);
    throw error;
  }
}

/** "Listing Referrers": an image without artifactType has its config's media type as one; an index has none. */
export function describeManifest({ mediaType, artifactType, annotations }: ManifestContent, digest: Digest, size: number): Descriptor {
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }), ...(annotations !== undefined && { annotations }) };
}

function readManifest(fields: Fields, contentType: string | undefined): ManifestContent {
  if (fields.json['schemaVersion'] !== 2) fields.refuse('schemaVersion', 'expected 2');
  const kind = readKind(fields);
  const subject = fields.optionalObject('subject');
  const config = kind === 'manifest' ? readDescriptor(fields.object('config')) : undefined;
  const parts = fields.objects(kind === 'manifest' ? 'layers' : 'manifests', MAX_ENTRIES).map(readDescriptor);
  const needed = [...(config === undefined ? [] : [config]), ...parts].filter(({ isElsewhere }) => !isElsewhere);
  return {
    mediaType: readMediaType(fields, kind, contentType),
    references: [...new Set(needed.map(({ digest }) => digest))],
    subject: subject && readDescriptor(subject).digest,
    artifactType: fields.optionalString('artifactType') || config?.mediaType,
    annotations: readAnnotations(fields),
  };
}

type Kind = 'manifest' | 'index';

function readKind(fields: Fields): Kind {
  if (!fields.has('manifests')) return 'manifest';
  if (fields.has('config') || fields.has('layers'))
    return fields.refuse('manifests', 'stands beside config or layers: it could be read as an image or as an index');
  return 'index';
}

function readMediaType(fields: Fields, kind: Kind, contentType: string | undefined): string {
  const inside = fields.optionalString('mediaType');
  const mediaType = inside || OCI_TYPES[kind];
  if (KINDS[mediaType] !== kind) return fields.refuse('mediaType', inside ? `${inside} is not the type of ${WORDS[kind]}` : 'is missing');
  const stated = contentType?.split(';')[0]?.trim().toLowerCase();
  if (stated && stated !== mediaType) return invalid(`Content-Type is ${stated}, the manifest ${inside ? 'says' : 'without mediaType is'} ${mediaType}`);
  return mediaType;
}

function readDescriptor(fields: Fields): { mediaType: string; digest: Digest; isElsewhere: boolean } {
  const digest = fields.string('digest');
  if (!isDigest(digest)) return fields.refuse('digest', 'is neither sha256 nor sha512 in lower-case hex');
  const size = fields.json['size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return fields.refuse('size', 'expected a number of bytes');
  const urls = fields.json['urls'];
  return { mediaType: fields.string('mediaType'), digest, isElsewhere: Array.isArray(urls) && urls.length > 0 };
}

function readAnnotations(fields: Fields): Record<string, string> | undefined {
  const annotations = fields.optionalObject('annotations');
  return annotations && Object.fromEntries(Object.keys(annotations.json).map((name) => [name, annotations.optionalString(name) ?? '']));
}

function invalid(problem: string): never {
  return refuse('MANIFEST_INVALID', problem);
}

const OCI_TYPES: Readonly<Record<Kind, string>> = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};
const KINDS: Readonly<Record<string, Kind>> = {
  [OCI_TYPES.manifest]: 'manifest',
  [OCI_TYPES.index]: 'index',
  'application/vnd.docker.distribution.manifest.v2+json': 'manifest',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'index',
};
const WORDS: Readonly<Record<Kind, string>> = { manifest: 'an image manifest, which this is', index: 'an index, which this is' };
/** More than fit into 4 MiB. */
const MAX_ENTRIES = 65_536;

export const OCI_INDEX = OCI_TYPES.index;
