/** end-2 and end-10: GET with ranges, HEAD, DELETE of a blob. */
import { type Asked, emptyAnswer, type Holdings, refuseMethod, refuseUnknown, requireWritable } from './asked.ts';
import { refuse } from './refusal.ts';
import type { Route } from './route.ts';

export async function answerBlob(asked: Asked, { repository, digest }: Extract<Route, { kind: 'blob' }>, holdings: Holdings): Promise<Response> {
  const { content } = holdings;
  const { method, headers: asks } = asked.request;
  switch (method) {
    case 'GET':
    case 'HEAD': {
      const size = (await content.blobSize(repository, digest)) ?? (await refuseUnknown('BLOB_UNKNOWN', repository, digest, holdings));
      const headers = { 'Content-Type': 'application/octet-stream', 'Docker-Content-Digest': digest, 'Accept-Ranges': 'bytes', ETag: `"${digest}"` };
      // Who asks for the head gets no file opened, which nobody would close.
      if (method === 'HEAD') return new Response(null, { headers: { ...headers, 'Content-Length': String(size) } });
      const range = parseRange(asks.get('Range'), size);
      const { start, end } = range ?? { start: 0, end: size };
      const bytes = (await content.readBlob(digest, start, end)) ?? (await refuseUnknown('BLOB_UNKNOWN', repository, digest, holdings));
      return new Response(bytes, {
        status: range === undefined ? 200 : 206,
        headers: { ...headers, 'Content-Length': String(end - start), ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }) },
      });
    }
    case 'DELETE':
      requireWritable(holdings);
      if (!(await content.removeBlob(repository, digest))) await refuseUnknown('BLOB_UNKNOWN', repository, digest, holdings);
      return emptyAnswer(202);
    default:
      return refuseMethod(asked, 'a blob');
  }
}

/** From `start` up to, without, `end`. RFC 9110 §14.2: a list of ranges, and what is no range, may be ignored. */
function parseRange(text: string | null, size: number): { start: number; end: number } | undefined {
  const [whole, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (whole === undefined || whole === 'bytes=-' || (first !== '' && last !== '' && Number(last) < Number(first))) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (start < end) return { start, end };
  return refuse('SIZE_INVALID', 'no such range', { status: 416, headers: { 'Content-Range': `bytes */${size}` } });
}
