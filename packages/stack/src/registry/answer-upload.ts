/**
 * end-4 to end-6, end-11, end-13 and end-14: how a blob comes in.
 *
 *   POST …/uploads/?digest=D                                        at once
 *   POST …/uploads/   PUT  location?digest=D with everything        monolithic
 *   POST …/uploads/   PATCH location, PATCH …, PUT location?digest  in chunks, or one stream without Content-Range
 *   POST …/uploads/?mount=D[&from=OTHER]                            not at all
 */
import { type Asked, emptyAnswer, type Holdings, refuseMethod, requireWritable } from './asked.ts';
import { type Digest, type DigestAlgorithm, isAlgorithm, parseDigest, splitDigest } from './digest.ts';
import { refuse } from './refusal.ts';
import { isRepositoryName, type Route } from './route.ts';
import type { Upload, UploadWriter } from './uploads.ts';

export async function answerUploads(asked: Asked, { repository }: Extract<Route, { kind: 'uploads' }>, holdings: Holdings): Promise<Response> {
  if (asked.request.method !== 'POST') return refuseMethod(asked, 'uploads');
  requireWritable(holdings);
  const { content, uploads } = holdings;
  const { searchParams } = asked.url;
  const mount = digestIn(searchParams, 'mount');
  if (mount !== undefined) {
    const from = searchParams.get('from') ?? undefined;
    const mayMount = from === undefined || isRepositoryName(from);
    if (mayMount && (await content.mountBlob(repository, mount, from))) return created(mount, repository);
  }
  const digest = digestIn(searchParams, 'digest');
  const upload = await uploads.start(repository, digest === undefined ? algorithmIn(searchParams) : splitDigest(digest)[0]);
  if (digest === undefined) return progress(202, upload);
  try {
    return await finish(upload, digest, asked, holdings);
  } catch (error) {
    // The client was not told where to go on with it.
    await uploads.discard(upload);
    throw error;
  }
}

export async function answerUpload(asked: Asked, { repository, id }: Extract<Route, { kind: 'upload' }>, holdings: Holdings): Promise<Response> {
  const { uploads } = holdings;
  const upload = uploads.find(repository, id);
  switch (asked.request.method) {
    case 'GET':
    case 'HEAD':
      return progress(204, upload);
    case 'PATCH':
      await uploads.write(upload, refuseBusy, (writer) => receive(writer, upload, asked));
      return progress(202, upload);
    case 'PUT': {
      const digest = digestIn(asked.url.searchParams, 'digest') ?? refuse('DIGEST_INVALID', 'the digest of the blob is missing from the query');
      return finish(upload, digest, asked, holdings);
    }
    case 'DELETE':
      await uploads.discard(upload);
      return emptyAnswer(204);
    default:
      return refuseMethod(asked, 'an upload');
  }
}

async function finish(upload: Upload, digest: Digest, asked: Asked, { content, uploads }: Holdings): Promise<Response> {
  const { repository } = upload;
  await uploads.write(upload, refuseBusy, async (writer) => {
    await receive(writer, upload, asked);
    await writer.finish(digest, (path) => content.addBlob(repository, digest, path));
  });
  return created(digest, repository);
}

/** "Pushing a blob in chunks": in order, and the range as long as the body. A stream has no Content-Range, and one of Docker no length either. */
async function receive(writer: UploadWriter, upload: Upload, { request: { headers, body } }: Asked): Promise<void> {
  const announced = headers.get('Content-Length');
  const contentLength = announced === null ? undefined : Number(announced);
  const range = headers.get('Content-Range');
  if (range === null) return writer.receive(body, { contentLength });
  const [, start, end] =
    /^(\d{1,15})-(\d{1,15})$/.exec(range) ?? refuse('BLOB_UPLOAD_INVALID', 'Content-Range is not START-END', { detail: range.slice(0, 100) });
  if (Number(start) !== upload.size) refuseRange(upload, `the next byte is ${upload.size}`);
  const length = Number(end) - Number(start) + 1;
  if (length < 1 || (contentLength !== undefined && contentLength !== length)) {
    refuse('SIZE_INVALID', 'provided length did not match content length', { detail: { range, length: announced } });
  }
  await writer.receive(body, { contentLength, length });
}

function refuseBusy(upload: Upload): never {
  return refuseRange(upload, 'another request writes to this upload');
}

function refuseRange(upload: Upload, message: string): never {
  return refuse('BLOB_UPLOAD_INVALID', message, { status: 416, headers: whereabouts(upload) });
}

function progress(status: number, upload: Upload): Response {
  return emptyAnswer(status, whereabouts(upload));
}

function whereabouts({ repository, id, size }: Upload): Record<string, string> {
  // An empty range cannot be written: registries say 0-0 at the start.
  return { Location: `/v2/${repository}/blobs/uploads/${id}`, Range: `0-${Math.max(0, size - 1)}`, 'Docker-Upload-UUID': id };
}

function created(digest: Digest, repository: string): Response {
  return emptyAnswer(201, { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}

function digestIn(query: URLSearchParams, name: string): Digest | undefined {
  const text = query.get(name);
  return text === null ? undefined : parseDigest(text);
}

function algorithmIn(query: URLSearchParams): DigestAlgorithm {
  const algorithm = query.get('digest-algorithm') ?? 'sha256';
  return isAlgorithm(algorithm) ? algorithm : refuse('DIGEST_INVALID', 'the algorithm is neither sha256 nor sha512', { detail: algorithm.slice(0, 100) });
}
