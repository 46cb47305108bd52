/** The published files over HTTP: those of the layout, and no others. */
import { Hono } from 'hono';
import type { Disk } from '../store/disk.ts';
import { isTargetPath } from './target.ts';

export function routes(disk: Disk): Hono {
  const app = new Hono();
  app.get('/:file', async ({ req }) => answer(disk, req.param('file'), METADATA.test(req.param('file')), 'application/json'));
  app.get('/targets/:path{.+}', async ({ req }) => answer(disk, `targets/${req.param('path')}`, isTargetPath(req.param('path')), 'application/octet-stream'));
  return app;
}

async function answer(disk: Disk, path: string, isOurs: boolean, contentType: string): Promise<Response> {
  const bytes = isOurs ? await disk.read(path) : undefined;
  // A client learns from 404 that there is no newer root.
  if (bytes === undefined) return new Response('not found\n', { status: 404, headers: { ...HEADERS, 'Content-Type': 'text/plain' } });
  return new Response(new Uint8Array(bytes), { headers: { ...HEADERS, 'Content-Type': contentType, 'Content-Length': String(bytes.length) } });
}

const METADATA = /^(?:timestamp|[1-9]\d{0,9}\.(?:root|targets|snapshot))\.json$/;
/** Targets are on the origin of a login page: no browser may run them. Metadata changes under its name, and a 404 becomes a root. */
const HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'", 'Cache-Control': 'no-cache' };
