/** end-2 and end-10: GET with ranges, HEAD, DELETE of a blob. */
import { type Body, sliceBody } from './body.ts';
import { algorithmOf } from './digest.ts';
import { refusal, refuse } from './refusal.ts';
import { type Registry, repositoryOf, requireDeletes } from './registry.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Asked, Route } from './route.ts';

export function answerBlob(asked: Asked, { repository, digest }: Extract<Route, { kind: 'blob' }>, registry: Registry): Reply {
  algorithmOf(digest);
  const { options } = registry;
  const { blobs } = repositoryOf(repository, registry);
  const body = blobs.get(digest) ?? refuse('BLOB_UNKNOWN', 'blob unknown to registry', { detail: digest });
  switch (asked.method) {
    case 'GET':
    case 'HEAD':
      if (asked.method === 'GET' && options.blobRedirect !== undefined) return emptyReply(307, { Location: options.blobRedirect + asked.path });
      return ranged(body, asked, (options.blobRanges ?? true) ? asked.headers.range : undefined, digest);
    case 'DELETE':
      requireDeletes(registry);
      blobs.delete(digest);
      return emptyReply(202);
    default:
      return refuse('UNSUPPORTED', `${asked.method} of a blob is unsupported`);
  }
}

/** RFC 9110 §14.2: one range is served, a list of them is ignored. */
function ranged(body: Body, asked: Asked, range: string | undefined, digest: string): Reply {
  const headers = { 'Content-Type': 'application/octet-stream', 'Docker-Content-Digest': digest, 'Accept-Ranges': 'bytes' };
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (asked.method === 'HEAD' || match === null || match[0] === 'bytes=-') return { status: 200, headers, body };
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, body.size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? body.size : Math.min(Number(last) + 1, body.size);
  if (start >= end) return refusal('SIZE_INVALID', 'no such range', { status: 416, headers: { 'Content-Range': `bytes */${body.size}` } });
  return { status: 206, headers: { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${body.size}` }, body: sliceBody(body, start, end) };
}
