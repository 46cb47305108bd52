/** end-3, end-7 and end-9: GET, HEAD, PUT, DELETE of a manifest by tag or digest. */

import { readBody } from '../http/body.ts';
import { Refusal } from '../http/refusal.ts';
import { type Asked, emptyAnswer, type Holdings, refuseMethod, refuseUnknown, requireWritable } from './asked.ts';
import { digestOf, splitDigest } from './digest.ts';
import { parseManifest } from './manifest.ts';
import { refuse } from './refusal.ts';
import type { Route } from './route.ts';

type ManifestRoute = Extract<Route, { kind: 'manifest' }>;

export async function answerManifest(asked: Asked, route: ManifestRoute, holdings: Holdings): Promise<Response> {
  const { repository, reference } = route;
  switch (asked.request.method) {
    case 'GET':
    case 'HEAD':
      return get(asked, route, holdings);
    case 'PUT':
      requireWritable(holdings);
      return put(asked, route, holdings);
    case 'DELETE':
      requireWritable(holdings);
      if (!(await holdings.content.removeManifest(repository, reference))) await unknown(route, holdings);
      return emptyAnswer(202);
    default:
      return refuseMethod(asked, 'a manifest');
  }
}

async function get({ request: { method } }: Asked, route: ManifestRoute, holdings: Holdings): Promise<Response> {
  const { digest, bytes } = (await holdings.content.manifest(route.repository, route.reference)) ?? (await unknown(route, holdings));
  const headers = {
    'Content-Type': parseManifest(bytes).mediaType,
    'Content-Length': String(bytes.length),
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
  };
  return new Response(method === 'HEAD' ? null : new Uint8Array(bytes), { headers });
}

async function put(asked: Asked, { repository, reference }: ManifestRoute, holdings: Holdings): Promise<Response> {
  const bytes = await readManifest(asked);
  const digest = digestOf(bytes, reference.digest && splitDigest(reference.digest)[0]);
  if (reference.digest !== undefined && digest !== reference.digest) {
    return refuse('DIGEST_INVALID', 'provided digest did not match uploaded content', { detail: { digest } });
  }
  const content = parseManifest(bytes, asked.request.headers.get('Content-Type') ?? undefined);
  const missing = await holdings.content.putManifest(repository, { digest, bytes, content, tag: reference.tag });
  if (missing !== undefined) {
    return refuse('MANIFEST_BLOB_UNKNOWN', 'manifest references a manifest or blob unknown to registry', { detail: { digest: missing } });
  }
  const headers = { Location: `/v2/${repository}/manifests/${digest}`, 'Docker-Content-Digest': digest };
  return emptyAnswer(201, { ...headers, ...(content.subject !== undefined && { 'OCI-Subject': content.subject }) });
}

async function readManifest({ request }: Asked): Promise<Uint8Array> {
  try {
    return await readBody(request, MAX_MANIFEST_BYTES);
  } catch (error) {
    if (error instanceof Refusal) return refuse('MANIFEST_INVALID', `the manifest exceeds ${MAX_MANIFEST_BYTES} bytes`, { status: 413 });
    return refuse('MANIFEST_INVALID', 'the body broke off');
  }
}

function unknown({ repository, reference }: ManifestRoute, holdings: Holdings): Promise<never> {
  return refuseUnknown('MANIFEST_UNKNOWN', repository, reference.tag ?? reference.digest, holdings);
}

/** The size that the specification asks registries to take. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
