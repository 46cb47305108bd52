/**
 * The OCI registry: what docker, crane, helm and cosign push and pull, by the distribution specification 1.1.
 *
 * Blobs stream between socket and disk; manifests, tags and referrers are small files (`content.ts` has the layout). Anyone who reaches it may do
 * anything: it knows no logins.
 */
import { Hono } from 'hono';
import type { Service, ServiceContext } from '../service.ts';
import { answerBlob } from './answer-blob.ts';
import { answerCatalog, answerReferrers, answerTags } from './answer-lists.ts';
import { answerManifest } from './answer-manifest.ts';
import { answerUpload, answerUploads } from './answer-upload.ts';
import { type Asked, type Holdings, requireWritable } from './asked.ts';
import { Content } from './content.ts';
import { RegistryRefusal, refusalAnswer } from './refusal.ts';
import { parseRoute } from './route.ts';
import { openStreams, type Streams } from './streams.ts';
import { removeUploads, Uploads } from './uploads.ts';

export interface RegistryOptions {
  /** Refuses whatever would change it. Default false. */
  readonly readOnly?: boolean;
  /** Of one blob. Default 32 GiB. */
  readonly maxUploadBytes?: number;
  /** Where blobs go; tests have their own. Default: the files below `disk.root`. */
  readonly streams?: Streams;
}

/** Removes what uploads left behind when the process ended. */
export async function openRegistry(context: ServiceContext & RegistryOptions): Promise<Service> {
  const { disk, clock, log, readOnly: isReadOnly = false, maxUploadBytes: maxBytes = MAX_UPLOAD_BYTES } = context;
  const streams = context.streams ?? openStreams(disk.root);
  if (!isReadOnly) await removeUploads(disk);
  const holdings: Holdings = {
    content: new Content(disk, streams),
    uploads: new Uploads({ disk, streams, now: () => clock().getTime(), maxBytes }),
    isReadOnly,
  };
  const counts = { requests: 0, refusals: 0, failures: 0 };

  const app = new Hono();
  app.all('/v2/*', async ({ req }) => {
    counts.requests += 1;
    const asked: Asked = { request: req.raw, url: new URL(req.url) };
    try {
      return secured(await answer(asked, holdings));
    } catch (error) {
      if (error instanceof RegistryRefusal) {
        counts.refusals += 1;
        return secured(refusalAnswer(error));
      }
      counts.failures += 1;
      log.error({ err: error, method: req.method, path: asked.url.pathname }, 'the registry failed');
      return secured(refusalAnswer(new RegistryRefusal('UNKNOWN', 'the registry failed; its log says why', {})));
    }
  });
  return {
    app,
    stats: () => ({ ...counts, uploads: holdings.uploads.count }),
    close: async () => {
      await holdings.uploads.close();
      await holdings.content.settled();
    },
  };
}

async function answer(asked: Asked, holdings: Holdings): Promise<Response> {
  const route = parseRoute(asked.url.pathname);
  switch (route.kind) {
    case 'version':
      return Response.json({});
    case 'catalog':
      return answerCatalog(asked, holdings);
    case 'manifest':
      return answerManifest(asked, route, holdings);
    case 'blob':
      return answerBlob(asked, route, holdings);
    case 'uploads':
      return answerUploads(asked, route, holdings);
    case 'upload':
      requireWritable(holdings);
      return answerUpload(asked, route, holdings);
    case 'tags':
      return answerTags(asked, route, holdings);
    case 'referrers':
      return answerReferrers(asked, route, holdings);
  }
}

/** Content is whatever was pushed, on the origin of a login page: no browser may run it, or take it for a page. */
function secured(response: Response): Response {
  for (const [name, value] of HEADERS) response.headers.set(name, value);
  return response;
}

const HEADERS = Object.entries({
  'Docker-Distribution-Api-Version': 'registry/2.0',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
});
const MAX_UPLOAD_BYTES = 32 * 1024 ** 3;
