/**
 * end-4 to end-6, end-11, end-13 and end-14: how a blob comes in.
 *
 *   POST …/uploads/?digest=D                                        at once
 *   POST …/uploads/   PUT  location?digest=D with everything        monolithic
 *   POST …/uploads/   PATCH location, PATCH …, PUT location?digest  in chunks, or one stream without Content-Range
 *   POST …/uploads/?mount=D&from=OTHER                              not at all
 *
 * Every Location carries a state in its query that must come back, as with registries that keep none themselves.
 */
import { algorithmOf } from './digest.ts';
import { refuse } from './refusal.ts';
import { locate, type Registry } from './registry.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Asked, Route } from './route.ts';
import type { Upload } from './upload.ts';

export async function answerUploads(asked: Asked, { repository }: Extract<Route, { kind: 'uploads' }>, registry: Registry): Promise<Reply> {
  if (asked.method !== 'POST') return refuse('UNSUPPORTED', `${asked.method} of uploads is unsupported`);
  const { content, options } = registry;
  const { searchParams } = asked.url;
  const [digest, mount] = [searchParams.get('digest'), searchParams.get('mount')];
  const mounted = mount === null || options.mounts === 'refused' ? undefined : content.repositories.get(searchParams.get('from') ?? '')?.blobs.get(mount);
  if (mount !== null && mounted !== undefined) {
    content.open(repository).blobs.set(mount, mounted);
    return created(mount, repository, asked, registry);
  }
  const upload = content.startUpload(repository);
  if (digest !== null && options.uploads !== 'chunked-only') return finish(upload, asked, registry);
  const minimum = options.minChunkBytes === undefined ? {} : { 'OCI-Chunk-Min-Length': String(options.minChunkBytes) };
  return progress(202, upload, asked, registry, minimum);
}

export async function answerUpload(asked: Asked, { repository, id }: Extract<Route, { kind: 'upload' }>, registry: Registry): Promise<Reply> {
  const { content, options } = registry;
  const upload = content.uploads.get(id);
  if (upload?.repository !== repository) return refuse('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { detail: id });
  if (asked.url.searchParams.get(STATE) !== upload.state) return refuse('BLOB_UPLOAD_INVALID', `the query lacks the ${STATE} that the Location gave`);
  switch (asked.method) {
    case 'GET':
      return progress(204, upload, asked, registry);
    case 'PATCH':
      if (options.uploads === 'monolithic-only') return refuse('UNSUPPORTED', 'uploads in chunks are unsupported');
      await receive(upload, asked, registry);
      return progress(202, upload, asked, registry);
    case 'PUT':
      if (options.uploads === 'chunked-only' && upload.size === 0 && hasBody(asked)) return refuse('UNSUPPORTED', 'monolithic uploads are unsupported');
      return finish(upload, asked, registry);
    case 'DELETE':
      drop(upload, registry);
      return emptyReply(204);
    default:
      return refuse('UNSUPPORTED', `${asked.method} of an upload is unsupported`);
  }
}

async function finish(upload: Upload, asked: Asked, registry: Registry): Promise<Reply> {
  const digest = asked.url.searchParams.get('digest') ?? refuse('DIGEST_INVALID', 'the digest of the blob is missing from the query');
  const algorithm = algorithmOf(digest);
  await receive(upload, asked, registry);
  const actual = await upload.digest(algorithm);
  if (actual !== digest) {
    drop(upload, registry);
    return refuse('DIGEST_INVALID', 'provided digest did not match uploaded content', { detail: { digest: actual } });
  }
  registry.content.endUpload(upload);
  registry.content.open(upload.repository).blobs.set(digest, upload.body());
  return created(digest, upload.repository, asked, registry);
}

async function receive(upload: Upload, asked: Asked, registry: Registry): Promise<void> {
  requireOrder(upload, asked, registry);
  const before = upload.size;
  for await (const chunk of asked.body) upload.append(chunk);
  const received = upload.size - before;
  if (received === 0) return;
  if (upload.ended) refuse('SIZE_INVALID', 'a chunk below OCI-Chunk-Min-Length was not the last one');
  upload.ended = received < (registry.options.minChunkBytes ?? 0);
}

/** "Pushing a blob in chunks": in order, and the range as long as the body; a stream has no Content-Range. */
function requireOrder(upload: Upload, asked: Asked, registry: Registry): void {
  const range = asked.headers['content-range'];
  if (range === undefined) return;
  const [, start, end] = /^(\d+)-(\d+)$/.exec(range) ?? refuse('BLOB_UPLOAD_INVALID', 'Content-Range is not START-END', { detail: range });
  if (Number(start) !== upload.size) {
    const { headers } = progress(416, upload, asked, registry);
    refuse('BLOB_UPLOAD_INVALID', `the next byte is ${upload.size}`, { status: 416, headers });
  }
  const length = asked.headers['content-length'];
  if (length !== undefined && Number(length) !== Number(end) - Number(start) + 1)
    refuse('SIZE_INVALID', 'provided length did not match content length', { detail: { range, length } });
}

function progress(status: number, upload: Upload, asked: Asked, registry: Registry, more: Record<string, string> = {}): Reply {
  const path = `/v2/${upload.repository}/blobs/uploads/${upload.id}?${STATE}=${upload.state}`;
  // An empty range cannot be written: registries say 0-0 at the start.
  return emptyReply(status, { Location: locate(path, asked, registry), Range: `0-${Math.max(0, upload.size - 1)}`, ...more });
}

function created(digest: string, repository: string, asked: Asked, registry: Registry): Reply {
  return emptyReply(201, { Location: locate(`/v2/${repository}/blobs/${digest}`, asked, registry), 'Docker-Content-Digest': digest });
}

function drop(upload: Upload, { content }: Registry): void {
  content.endUpload(upload);
  upload.discard();
}

function hasBody({ headers }: Asked): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const STATE = '_state';
