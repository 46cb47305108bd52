/** end-3, end-7 and end-9: GET, HEAD, PUT, DELETE of a manifest by tag or digest. */
import { bytesBody } from './body.ts';
import { fieldsOf, type ManifestFields, OCI_MANIFEST, type Repository } from './content.ts';
import { algorithmOf, digestOf, isDigest } from './digest.ts';
import { refuse } from './refusal.ts';
import { locate, type Registry, repositoryOf, requireDeletes } from './registry.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Asked, Route } from './route.ts';

type ManifestRoute = Extract<Route, { kind: 'manifest' }>;

export async function answerManifest(asked: Asked, route: ManifestRoute, registry: Registry): Promise<Reply> {
  if (route.reference.includes(':')) algorithmOf(route.reference);
  else if (!TAG.test(route.reference)) return refuse('MANIFEST_INVALID', 'the reference is neither a tag nor a digest', { detail: route.reference });
  switch (asked.method) {
    case 'GET':
    case 'HEAD':
      return get(route, registry);
    case 'PUT':
      return put(asked, route, registry);
    case 'DELETE':
      return remove(route, registry);
    default:
      return refuse('UNSUPPORTED', `${asked.method} of a manifest is unsupported`);
  }
}

function get({ repository, reference }: ManifestRoute, registry: Registry): Reply {
  repositoryOf(repository, registry);
  const { mediaType, digest, bytes } = registry.content.getManifest(repository, reference) ?? unknown(reference);
  return { status: 200, headers: { 'Content-Type': mediaType, 'Docker-Content-Digest': digest }, body: bytesBody(bytes) };
}

async function put(asked: Asked, { repository, reference }: ManifestRoute, registry: Registry): Promise<Reply> {
  const { content, options } = registry;
  const bytes = await readManifest(asked);
  const fields = parse(bytes);
  const mediaType = asked.headers['content-type']?.split(';')[0]?.trim() || fields.mediaType || OCI_MANIFEST;
  if (fields.mediaType !== undefined && fields.mediaType !== mediaType)
    return refuse('MANIFEST_INVALID', `Content-Type is ${mediaType}, the manifest says ${fields.mediaType}`);
  const byDigest = reference.includes(':');
  const digest = digestOf(bytes, byDigest ? algorithmOf(reference) : 'sha256');
  if (byDigest && digest !== reference) return refuse('DIGEST_INVALID', 'provided digest did not match uploaded content', { detail: { digest } });
  if (options.checkReferences ?? true) requireReferences(fields, content.repositories.get(repository));
  content.putManifest(repository, bytes, { mediaType, ...(byDigest ? { algorithm: algorithmOf(reference) } : { tag: reference }) });
  const showsSubject = fields.subject !== undefined && (options.referrers ?? 'api') === 'api';
  return emptyReply(201, {
    Location: locate(`/v2/${repository}/manifests/${digest}`, asked, registry),
    'Docker-Content-Digest': digest,
    ...(showsSubject && { 'OCI-Subject': fields.subject.digest }),
  });
}

/** A tag goes alone; a manifest takes its tags with it ("Deleting Manifests"). */
function remove({ repository, reference }: ManifestRoute, registry: Registry): Reply {
  const { manifests, tags } = repositoryOf(repository, registry);
  requireDeletes(registry);
  if (tags.delete(reference)) return emptyReply(202);
  if (!manifests.delete(reference)) return unknown(reference);
  for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag);
  return emptyReply(202);
}

function unknown(reference: string): never {
  return refuse('MANIFEST_UNKNOWN', 'manifest unknown to registry', { detail: reference });
}

async function readManifest({ body }: Asked): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES) return refuse('MANIFEST_INVALID', `the manifest exceeds ${MAX_MANIFEST_BYTES} bytes`, { status: 413 });
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): ManifestFields {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('MANIFEST_INVALID', 'the manifest is not JSON');
  }
  const fields = fieldsOf(bytes);
  const { config, layers = [], manifests = [], subject } = fields;
  if (![layers, manifests].every(Array.isArray)) return refuse('MANIFEST_INVALID', 'layers or manifests is not a list');
  const descriptors: readonly unknown[] = [...layers, ...manifests, ...[config, subject].filter((descriptor) => descriptor !== undefined)];
  return descriptors.every(isDescriptor) ? fields : refuse('MANIFEST_INVALID', 'a descriptor lacks media type, digest or size');
}

function isDescriptor(value: unknown): boolean {
  const { mediaType, digest, size } = Object(value) as Record<string, unknown>;
  return typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size);
}

/** The subject may come later ("Push"), and layers with `urls` may be kept elsewhere. */
function requireReferences({ config, layers = [], manifests = [] }: ManifestFields, repository: Repository | undefined): void {
  const blobs = [...(config === undefined ? [] : [config]), ...layers.filter(({ urls }) => urls === undefined)];
  const missing =
    blobs.find(({ digest }) => repository?.blobs.has(digest) !== true) ?? manifests.find(({ digest }) => repository?.manifests.has(digest) !== true);
  if (missing === undefined) return;
  refuse('MANIFEST_BLOB_UNKNOWN', 'manifest references a manifest or blob unknown to registry', { detail: { digest: missing.digest } });
}

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** The size that the specification asks registries to take. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
