/** One function for the socket: who may ask, which service answers, what is counted. Health and metrics are the process's own. */
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { guardOrigin, ownHosts, SAFE_HEADERS } from './http/guard.ts';
import { createMetrics } from './http/metrics.ts';
import { Refusal, refusalAnswer } from './http/refusal.ts';
import { PATHS, type ServiceName } from './names.ts';
import type { OpenedServices } from './open-services.ts';

export function serveStack(services: OpenedServices, origin: string, port: number, log: Logger): (request: Request) => Promise<Response> {
  const metrics = createMetrics(services.byName);
  const hosts = ownHosts(origin, port);
  const app = new Hono();
  app.use(async (context, next) => {
    const started = performance.now();
    guardOrigin(context.req.raw, hosts);
    await next();
    for (const [name, value] of Object.entries(SAFE_HEADERS)) if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    const seen = { service: serviceOf(context.req.path), method: context.req.method, status: context.res.status };
    const seconds = (performance.now() - started) / 1000;
    metrics.observe({ ...seen, seconds });
    log.debug({ ...seen, path: context.req.path, seconds }, 'request');
  });
  app.get('/healthz', (context) => context.json({ status: 'SERVING' }));
  app.get('/readyz', (context) => {
    const problems = services.problems();
    return context.json({ status: problems.length === 0 ? 'READY' : 'NOT_READY', problems }, problems.length === 0 ? 200 : 503);
  });
  app.get('/metrics', async () => new Response(await metrics.text(), { headers: { 'Content-Type': metrics.contentType } }));
  for (const { path, service } of services.mounted) app.route(path, service.app);
  app.notFound(() => refusalAnswer(new Refusal(404, 'Not Found')));
  app.onError((error) => {
    if (error instanceof Refusal) return refusalAnswer(error);
    log.error({ err: error }, 'request failed');
    return refusalAnswer(new Refusal(500, 'internal error'));
  });
  return async (request) => app.fetch(request);
}

/** For metrics: which service a path belongs to, by the routes of services.md. */
function serviceOf(path: string): ServiceName | 'stack' {
  return OWNERS.find(([start]) => path.startsWith(start))?.[1] ?? 'stack';
}

const OWNERS: readonly (readonly [string, ServiceName])[] = [
  [`${PATHS.rekorV2}/`, 'rekor-v2'],
  [`${PATHS.ctlog}/`, 'ctlog'],
  [`${PATHS.oidc}/`, 'oidc'],
  [`${PATHS.tuf}/`, 'tuf'],
  [PATHS.timestamp, 'tsa'],
  ['/api/v1/log', 'rekor'],
  ['/api/v1/index', 'rekor'],
  ['/api/', 'fulcio'],
  ['/v2/', 'registry'],
];
