/**
 * Image manifests and indexes (OCI image specification 1.1; Docker's schema 2 is the same shape under other media types).
 *
 *   manifest { schemaVersion 2, mediaType?, artifactType?, config, layers[], subject?, annotations? }
 *   index    { schemaVersion 2, mediaType?, artifactType?, manifests[], subject?, annotations? }
 *
 * Bytes are kept as they came: a manifest is its digest. Unknown members are ignored, so what is written on is never re-encoded.
 */
import { type Fields, parseFields, quote, TrustError } from '@assay/core';
import { type Digest, digestOf, toDigest } from './digest.ts';
import { bareMediaType, isIndexType, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly platform?: Platform;
  /** Where else the content may be fetched; layers that registries do not hold have these. */
  readonly urls?: readonly string[];
}

interface Common {
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageManifest extends Common {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex extends Common {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

/** A manifest with the bytes it came as. */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** The same cap as registries have. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Entries of one manifest or index. */
const MAX_ENTRIES = 10_000;
const UNTYPED: ReadonlySet<string> = new Set(['', 'application/json', 'application/octet-stream', 'text/plain']);
const MEMBERS = ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'manifests', 'subject', 'annotations'];
const DESCRIPTOR_MEMBERS = ['mediaType', 'digest', 'size', 'annotations', 'artifactType', 'platform', 'urls'];

/**
 * @param contentType of the answer; decides when the document does not state a media type, and must not contradict it
 * Errors: `OCI_MANIFEST` (not of the shape), `OCI_CONTENT_TYPE`.
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined, what: string): StoredManifest {
  const sent = sentType(contentType, what);
  const fields = parseFields(bytes, { what, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' });
  refuseLookalikes(fields, MEMBERS);
  if (fields.int64('schemaVersion') !== 2n) fields.refuse('schemaVersion', 'is not 2');
  const mediaType = mediaTypeOf(fields, sent, what);
  const manifest = isIndexType(mediaType) ? readIndex(fields, mediaType) : readImage(fields, mediaType);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, manifest };
}

/** Undefined when the answer leaves it open, as stores do that know nothing of manifests. */
function sentType(contentType: string | undefined, what: string): string | undefined {
  const sent = bareMediaType(contentType ?? '');
  if (UNTYPED.has(sent)) return undefined;
  if (MANIFEST_TYPES.includes(sent)) return sent;
  throw contradiction(what, MANIFEST_TYPES.join(' or '), sent);
}

/**
 * A document that could be read both as an image and as an index must be neither: two readers would verify different things (CVE-2021-41190).
 */
function mediaTypeOf(fields: Fields, sent: string | undefined, what: string): string {
  const stated = fields.optionalString('mediaType');
  const isIndex = fields.has('manifests');
  const isImage = fields.has('layers') || fields.has('config');
  if (isIndex && isImage) throw new TrustError('OCI_MANIFEST', `${what}: the document is an image manifest and an index at once`);
  const shape = isIndex ? OCI_INDEX : OCI_MANIFEST;
  const mediaType = stated || sent || shape;
  if (stated && sent !== undefined && stated !== sent) throw contradiction(what, stated, sent);
  if (!MANIFEST_TYPES.includes(mediaType)) throw contradiction(what, MANIFEST_TYPES.join(' or '), mediaType);
  // Go writes an empty list of manifests as null: such an index has no shape that could contradict it.
  if ((isIndex || isImage) && isIndexType(mediaType) !== isIndex) throw contradiction(what, shape, mediaType);
  return mediaType;
}

/** Go reads `Layers` as `layers`, and the last of both counts: what only some readers see is refused. */
function refuseLookalikes(fields: Fields, members: readonly string[]): void {
  for (const name of Object.keys(fields.json)) {
    if (members.includes(name)) continue;
    const meant = members.find((member) => member.toLowerCase() === name.toUpperCase().toLowerCase());
    if (meant !== undefined) fields.refuse(quote(name, 40), `some readers take it for "${meant}"`);
  }
}

function contradiction(what: string, expected: string, found: string): TrustError {
  return new TrustError('OCI_CONTENT_TYPE', `${what}: the content is not of the type it is sent as`, { expected, found: quote(found) });
}

function readImage(fields: Fields, mediaType: string): ImageManifest {
  return { kind: 'image', ...readCommon(fields, mediaType), config: readDescriptor(fields.object('config')), layers: readDescriptors(fields, 'layers') };
}

function readIndex(fields: Fields, mediaType: string): ImageIndex {
  return { kind: 'index', ...readCommon(fields, mediaType), manifests: readDescriptors(fields, 'manifests') };
}

function readCommon(fields: Fields, mediaType: string): Common {
  const subject = fields.optionalObject('subject');
  return {
    mediaType,
    artifactType: fields.optionalString('artifactType') || undefined,
    subject: subject && readDescriptor(subject),
    annotations: readAnnotations(fields) ?? {},
  };
}

function readDescriptors(fields: Fields, name: string): Descriptor[] {
  return fields.objects(name, MAX_ENTRIES, 'OCI_LIMIT').map(readDescriptor);
}

/** Errors: those of the document's codes, `OCI_DIGEST`. */
export function readDescriptor(fields: Fields): Descriptor {
  refuseLookalikes(fields, DESCRIPTOR_MEMBERS);
  const annotations = readAnnotations(fields);
  const artifactType = fields.optionalString('artifactType');
  const platform = fields.optionalObject('platform');
  const urls = readUrls(fields);
  return {
    mediaType: fields.string('mediaType'),
    digest: toDigest(fields.string('digest')),
    size: readSize(fields),
    ...(annotations !== undefined && { annotations }),
    ...(artifactType && { artifactType }),
    ...(platform !== undefined && { platform: readPlatform(platform) }),
    ...(urls.length > 0 && { urls }),
  };
}

function readUrls(fields: Fields): string[] {
  const urls = fields.json['urls'] ?? [];
  if (!Array.isArray(urls)) return fields.refuse('urls', 'expected an array');
  return urls.map((url) => (typeof url === 'string' ? url : fields.refuse('urls', 'expected an array of strings')));
}

function readSize(fields: Fields): number {
  // Decimal text is protobuf's; here other readers refuse it.
  if (typeof fields.json['size'] === 'string') fields.refuse('size', 'expected a number');
  const size = fields.int64('size');
  return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : fields.refuse('size', `${size} is out of range`);
}

function readPlatform(fields: Fields): Platform {
  const variant = fields.optionalString('variant');
  const osVersion = fields.optionalString('os.version');
  return {
    os: fields.optionalString('os') ?? '',
    architecture: fields.optionalString('architecture') ?? '',
    ...(variant && { variant }),
    ...(osVersion && { osVersion }),
  };
}

function readAnnotations(fields: Fields): Record<string, string> | undefined {
  const object = fields.optionalObject('annotations');
  if (object === undefined) return undefined;
  return Object.fromEntries(Object.keys(object.json).map((key) => [key, object.optionalString(key) ?? '']));
}
