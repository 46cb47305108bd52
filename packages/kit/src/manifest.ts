/**
 * `assay.kit.json`, the first entry of a kit: what is in it, and the size and digest of every other entry.
 *
 *   { mediaType, madeAt, madeBy,
 *     things   [ { kind "image" | "chart", name, tag?, digest, index?, verified } | { kind "file", name, digest, path, evidence [ path ], verified } ]
 *     demand?  what was demanded of the things when the kit was made, in words
 *     trust?   { path, source, location, obtainedAt?, refreshAfter?, tuf? { ROLE { version, expires } } }
 *     policy?  { path, trustRoots { NAME path } }
 *     entries  [ { path, size, digest } ] }                      sorted by path, each once
 *
 * All of it is the word of whoever made the kit. What it is held against: the bytes of the entries, and the demands of whoever receives it.
 */
import { type Fields, isJsonObject, isTrustError, parseFields, quote, TrustError, utf8 } from '@assay/core';
import { type Digest, isDigest, parseReference, repositoryText } from '@assay/oci';
import { isEntryPath } from './paths.ts';

export const KIT_MEDIA_TYPE = 'application/vnd.assay.kit.v1+json';
export const MANIFEST_PATH = 'assay.kit.json';
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

export interface KitManifest extends KitHead {
  readonly entries: readonly KitEntry[];
}

/** All but the list of entries. */
export interface KitHead {
  readonly madeAt: Date;
  /** Program and version. */
  readonly madeBy: string;
  readonly things: readonly KitThing[];
  readonly demand?: string | undefined;
  readonly trust?: KitTrust | undefined;
  readonly policy?: KitPolicy | undefined;
}

export interface KitEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
}

export type KitThing = KitImage | KitFileThing;

export interface KitImage {
  readonly kind: 'image' | 'chart';
  /** `HOST/REPOSITORY`: where it came from, and under which name policies judge it. */
  readonly name: string;
  readonly tag?: string | undefined;
  readonly digest: Digest;
  /** Of which it is one platform, when it came along without the others: the index is there, they are not. */
  readonly index?: Digest | undefined;
  /** Whether it met the demand when the kit was made. */
  readonly verified: boolean;
}

export interface KitFileThing {
  readonly kind: 'file';
  /** Without a folder. */
  readonly name: string;
  readonly digest: Digest;
  readonly path: string;
  /** Paths of bundles. */
  readonly evidence: readonly string[];
  readonly verified: boolean;
}

export interface KitTrust {
  readonly path: string;
  /** As `@assay/trust` tells it: `tuf` and `cache` were confirmed by a mirror, `embedded` came with Assay, `file` was named by whoever made the kit. */
  readonly source: string;
  /** Mirror, package or name of the file. */
  readonly location: string;
  /** When somebody last said that it is current. */
  readonly obtainedAt?: Date | undefined;
  /** From when on it should be refreshed. */
  readonly refreshAfter?: Date | undefined;
  /** Metadata that it was confirmed by, by role. */
  readonly tuf?: Readonly<Record<string, { readonly version: number; readonly expires: Date }>> | undefined;
}

export interface KitPolicy {
  readonly path: string;
  /** Paths of trusted roots by the names that the policy calls them. */
  readonly trustRoots: Readonly<Record<string, string>>;
}

export function encodeKitManifest({ madeAt, madeBy, things, demand, trust, policy, entries }: KitManifest): Uint8Array {
  return utf8(`${JSON.stringify({ mediaType: KIT_MEDIA_TYPE, madeAt, madeBy, things, demand, trust, policy, entries }, null, 1)}\n`);
}

/** Errors: `KIT_FORMAT`. `what` is the kit, for messages. */
export function parseKitManifest(bytes: Uint8Array, what: string): KitManifest {
  const fields = parseFields(bytes, { what: `${what}: ${MANIFEST_PATH}`, parse: 'KIT_FORMAT', shape: 'KIT_FORMAT' });
  const mediaType = fields.string('mediaType');
  if (mediaType !== KIT_MEDIA_TYPE) {
    throw new TrustError('KIT_FORMAT', `${what}: ${MANIFEST_PATH} is of an unknown type`, { expected: KIT_MEDIA_TYPE, found: quote(mediaType, 80) });
  }
  const entries = readEntries(fields);
  const known = new Set(entries.map(({ path }) => path));
  const trust = fields.optionalObject('trust');
  const policy = fields.optionalObject('policy');
  const things = fields.objects('things', MAX_THINGS).map((thing) => readThing(thing, known));
  refuseTwins(things, fields);
  return {
    madeAt: requireTime(fields, 'madeAt'),
    madeBy: fields.string('madeBy'),
    things,
    demand: fields.optionalString('demand'),
    trust: trust && readTrust(trust, known),
    policy: policy && readPolicy(policy, known),
    entries,
  };
}

function readEntries(fields: Fields): KitEntry[] {
  const entries = fields.objects('entries', MAX_ENTRIES).map((entry): KitEntry => {
    const path = entry.string('path');
    const digest = readDigest(entry, 'digest');
    if (!isEntryPath(path)) entry.refuse('path', `is no place in a kit: ${quote(path)}`);
    if (path.startsWith('blobs/') && path !== blobPath(digest)) entry.refuse('digest', `is not that of ${path}`);
    const size = entry.int64('size');
    return { path, digest, size: size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : entry.refuse('size', `${size} is out of range`) };
  });
  // Sorted, so that one comparison finds what is there twice, and the same things always make the same kit.
  for (const [i, { path }] of entries.entries()) {
    const before = entries[i - 1]?.path ?? '';
    if (before === path) fields.refuse(`entries[${i}].path`, `${quote(path)} is named twice`);
    if (before > path) fields.refuse(`entries[${i}].path`, `${quote(path)} stands behind ${quote(before)}: entries are sorted`);
  }
  return entries;
}

/** `blobs/sha256/HEX` */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function readThing(fields: Fields, known: ReadonlySet<string>): KitThing {
  const [kind, name, digest] = [fields.string('kind'), fields.string('name'), readDigest(fields, 'digest')];
  const verified = fields.json['verified'] === true;
  if (kind === 'file') {
    const path = requireEntry(fields, 'path', known);
    if (path !== `files/${name}`) fields.refuse('path', `is not files/${quote(name)}`);
    return { kind, name, digest, path, evidence: readEvidence(fields, known), verified };
  }
  if (kind !== 'image' && kind !== 'chart') return fields.refuse('kind', `image, chart or file was expected, found ${quote(kind, 40)}`);
  const tag = fields.optionalString('tag');
  const index = fields.optionalString('index') === undefined ? undefined : readDigest(fields, 'index');
  for (const one of [digest, ...(index === undefined ? [] : [index])]) if (!known.has(blobPath(one))) fields.refuse('digest', `${one} is not in the kit`);
  requireName(fields, name, tag);
  return { kind, name, digest, verified, ...(tag !== undefined && { tag }), ...(index !== undefined && { index }) };
}

/** A name in its one spelling: it decides which policy covers the image, and where it is imported to. */
function requireName(fields: Fields, name: string, tag: string | undefined): void {
  try {
    const reference = parseReference(`${name}:${tag ?? 'none'}`);
    if (repositoryText(reference) === name && reference.digest === undefined && reference.tag === (tag ?? 'none')) return;
  } catch (error) {
    if (!isTrustError(error)) throw error;
  }
  fields.refuse('name', `is not the name of an image: ${quote(`${name}${tag === undefined ? '' : `:${tag}`}`)}`);
}

/** Two things for one name would be two answers to what was verified. */
function refuseTwins(things: readonly KitThing[], fields: Fields): void {
  const names = new Set<string>();
  for (const thing of things) {
    const name = thing.kind === 'file' ? thing.path : `${thing.name}:${thing.tag ?? thing.digest}`;
    if (names.has(name)) fields.refuse('things', `${quote(name)} is there twice`);
    names.add(name);
  }
}

function readEvidence(fields: Fields, known: ReadonlySet<string>): string[] {
  const paths = fields.json['evidence'] ?? [];
  if (!Array.isArray(paths)) return fields.refuse('evidence', 'expected an array');
  if (new Set(paths).size < paths.length) fields.refuse('evidence', 'names something twice');
  return paths.map((path) => {
    if (typeof path !== 'string' || !path.startsWith('files/') || !known.has(path)) return fields.refuse('evidence', 'expected paths of files of the kit');
    return path;
  });
}

function readTrust(fields: Fields, known: ReadonlySet<string>): KitTrust {
  const tuf = fields.optionalObject('tuf')?.members();
  return {
    path: requireEntry(fields, 'path', known),
    source: fields.string('source'),
    location: fields.optionalString('location') ?? '',
    obtainedAt: fields.optionalTime('obtainedAt'),
    refreshAfter: fields.optionalTime('refreshAfter'),
    tuf: tuf && Object.fromEntries(tuf.map(([role, one]) => [role, { version: Number(one.int64('version')), expires: requireTime(one, 'expires') }])),
  };
}

function readPolicy(fields: Fields, known: ReadonlySet<string>): KitPolicy {
  const roots = fields.json['trustRoots'] ?? {};
  if (!isJsonObject(roots)) return fields.refuse('trustRoots', 'expected an object');
  const named = fields.optionalObject('trustRoots');
  const trustRoots = Object.fromEntries(Object.keys(roots).map((name) => [name, requireEntry(named ?? fields, name, known)]));
  return { path: requireEntry(fields, 'path', known), trustRoots };
}

function requireEntry(fields: Fields, name: string, known: ReadonlySet<string>): string {
  const path = fields.string(name);
  return known.has(path) ? path : fields.refuse(name, `${quote(path)} is not in the kit`);
}

function requireTime(fields: Fields, name: string): Date {
  return fields.optionalTime(name) ?? fields.missing(name);
}

function readDigest(fields: Fields, name: string): Digest {
  const text = fields.string(name);
  return isDigest(text) ? text : fields.refuse(name, 'is not a digest');
}

const MAX_THINGS = 10_000;
const MAX_ENTRIES = 200_000;
