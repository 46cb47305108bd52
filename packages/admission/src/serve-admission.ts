/**
 * The webhook, put together. Nothing is read from the environment and nothing is ended: whoever calls says everything.
 *
 *   API server ─► server ─► review route ─► workload hooks ─► verdict cache ─► subjects, policies in force
 *                                       └─► policy hooks                              ▲
 *   API server ◄─ informers ── controller ────────────────────────────────────────────┘
 */
import { isJsonObject, TrustError } from '@assay/core';
import type { RuleResult } from '@assay/policy/kyverno';
import { publishAuthorities, type WebhookNames } from './certificate/ca-bundle.ts';
import { CertificateKeeper } from './certificate/keeper.ts';
import type { CertificateStore } from './certificate/store.ts';
import type { DeadlineOptions } from './deadline.ts';
import { type ClusterOptions, type Judging, type JudgingOptions, openJudging } from './judging.ts';
import { EventRecorder } from './kubernetes/events.ts';
import { PolicyReporter, type ReportedResult } from './kubernetes/policy-report.ts';
import { type Kyverno, type KyvernoOptions, openKyverno } from './kyverno/open-kyverno.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { convertDefinitions, defaultDefinition, validateDefinition } from './policy-hooks.ts';
import type { Review, ReviewAnswer, ReviewRequest } from './review.ts';
import { type ReviewHook, reviewRoute } from './review-route.ts';
import { type Listen, listenForProbes, listenForReviews, type Route, type Routes } from './server.ts';
import type { ObservedVerdict } from './workload-hooks.ts';

export interface AdmissionOptions extends JudgingOptions {
  readonly listen: Listen;
  /** Plain HTTP: `/healthz`, `/readyz`, `/metrics`. Default: loopback, a free port. */
  readonly probes?: Listen | undefined;
  readonly certificate: CertificateOptions;
  readonly cluster?: ServedClusterOptions | undefined;
  readonly deadline?: DeadlineOptions | undefined;
  /** Kyverno's policies of the cluster are enforced too. */
  readonly kyverno?: KyvernoOptions | undefined;
  /** More paths, of other dialects. */
  readonly routes?: ((parts: AdmissionParts) => Routes) | undefined;
  readonly onAnswer?: ((review: Review, answer: ReviewAnswer, milliseconds: number) => void) | undefined;
}

export interface CertificateOptions {
  readonly store: CertificateStore;
  /** DNS names and addresses under which the API server asks. */
  readonly names: readonly string[];
  readonly lifetimeMs?: number | undefined;
  readonly settleMs?: number | undefined;
  readonly everyMs?: number | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface ServedClusterOptions extends ClusterOptions {
  /** Whose `caBundle` is kept. Undefined: nobody's. */
  readonly webhooks?: WebhookNames | undefined;
  readonly events?: 'written' | 'none' | undefined;
  readonly policyReports?: 'written' | 'none' | undefined;
}

/** For other dialects: what judges, and what makes a route of a hook. */
export interface AdmissionParts extends Judging {
  readonly route: (hook: ReviewHook) => Route;
}

export interface Admission {
  /** `https://HOST:PORT` */
  readonly url: string;
  /** `http://HOST:PORT` */
  readonly probesUrl: string;
  /** PEM of the authorities that the API server must trust; another one after a rotation. */
  authorities(): string;
  /** Resolves when the policies of the cluster have been read; until then reviews are denied with the reason. */
  readonly ready: Promise<void>;
  /** Answers what was asked, at most `graceMs` (default 10 s). */
  close(graceMs?: number): Promise<void>;
}

/** Errors: `ADMISSION_LISTEN`, `ADMISSION_CERTIFICATE`, `ADMISSION_API`, `NET_…`, `FILE_…`. */
export async function serveAdmission(options: AdmissionOptions): Promise<Admission> {
  const problem = (what: string) => (error: unknown) => options.onProblem?.(what, error);
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const telling = openTelling(options, closers);
    let certificate: CertificateKeeper | undefined;
    const metrics = createMetrics({
      policies: () => judging.inForce().policies.length + policyCount(kyverno),
      cacheEntries: () => judging.cache.size + (kyverno?.passes.size ?? 0),
      certificateExpires: () => certificate?.served?.expires,
      informers: () => [...judging.informers, ...(kyverno?.policies.informers ?? [])],
    });
    const judging = openJudging(options, { metrics, onVerdict: telling.verdict }, closers);
    const kyverno = kyvernoOf(options, judging, metrics, telling.results);
    if (kyverno !== undefined) closers.push(() => kyverno.policies.close());
    let served: ((pair: { cert: string; key: string }) => void) | undefined;
    const keeper = await CertificateKeeper.open({
      ...options.certificate,
      publish: publisher(options.cluster),
      onChange: (pair) => served?.(pair),
      onProblem: problem('certificate'),
    });
    closers.push(() => keeper.close());
    certificate = keeper;
    const { cert, key } = keeper.served as NonNullable<typeof keeper.served>;
    const server = await listenForReviews({
      listen: options.listen,
      cert,
      key,
      routes: routesOf(options, judging, kyverno, metrics, telling.answer),
      onProblem: problem('request'),
    });
    served = (pair) => server.serve(pair);
    if (keeper.served !== undefined) server.serve(keeper.served);
    const probes = await listenForProbes({
      listen: options.probes ?? LOOPBACK,
      notReady: () => judging.inForce().problem ?? kyverno?.policies.problem,
      metrics: async () => ({ text: await metrics.text(), type: metrics.contentType }),
    }).catch(async (error: unknown) => {
      await server.close(0);
      throw error;
    });
    const ready = Promise.all([judging.ready, kyverno?.policies.ready]).then(() => undefined);
    // Nobody need wait for it.
    ready.catch(() => undefined);
    return {
      url: urlOf('https', server),
      probesUrl: urlOf('http', probes),
      authorities: () => keeper.served?.authorities ?? '',
      ready,
      async close(graceMs = GRACE_MS) {
        await server.close(graceMs);
        await probes.close(0);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Told = (review: Review, answer: ReviewAnswer) => void;
type ResultsTold = (request: ReviewRequest, results: readonly RuleResult[]) => void;

function kyvernoOf(options: AdmissionOptions, judging: Judging, metrics: Metrics, onResults: ResultsTold): Kyverno | undefined {
  const { cluster, kyverno } = options;
  if (kyverno === undefined) return undefined;
  if (cluster === undefined) throw new TrustError('ADMISSION_NOT_READY', "Kyverno's policies are those of a cluster, and there is none");
  const { cache, onDeadline, onProblem, now } = options;
  return openKyverno({ ...kyverno, cluster, judging, cache, onDeadline, now, metrics, onResults, onProblem });
}

function policyCount(kyverno: Kyverno | undefined): number {
  if (kyverno === undefined || kyverno.policies.problem !== undefined) return 0;
  const { rules, validations } = kyverno.policies.inForce;
  return rules.length + validations.length;
}

function routesOf(options: AdmissionOptions, judging: Judging, kyverno: Kyverno | undefined, metrics: Metrics, told: Told): Routes {
  const { hooks, inForce } = judging;
  const route = (hook: ReviewHook, tells?: Told): Route =>
    reviewRoute(hook, {
      ...options.deadline,
      onProblem: (error) => options.onProblem?.('review', error),
      onAnswer(review, answer, milliseconds) {
        metrics.review(review, answer.allowed, milliseconds);
        tells?.(review, answer);
        options.onAnswer?.(review, answer, milliseconds);
      },
    });
  const now = options.now ?? (() => new Date());
  const definitions = { config: () => inForce().config, namespace: options.cluster?.namespace ?? 'cosign-system', now };
  return new Map<string, Route>([
    ['/validations', route(hooks.validate, told)],
    ['/mutations', route(hooks.mutate)],
    ['/validating', route(({ request }) => validateDefinition(request, definitions))],
    ['/defaulting', route(async ({ request }) => defaultDefinition(request))],
    ['/resource-conversion', conversionRoute(metrics)],
    ...(kyverno?.routes((hook) => route(hook, told)) ?? []),
    ...(options.routes?.({ ...judging, route: (hook) => route(hook) }) ?? []),
  ]);
}

function conversionRoute(metrics: Metrics): Route {
  return async ({ body }) => {
    const begun = performance.now();
    const { body: answer, desiredApiVersion, status } = convertDefinitions(body);
    const code = status === 'Success' ? 200 : 400;
    metrics.conversion({ desiredApiVersion, status, reason: '', code, milliseconds: performance.now() - begun });
    return { status: 200, type: 'application/json', body: answer };
  };
}

/** Where answers and verdicts are told of, besides the answer. */
function openTelling(
  { cluster, onProblem }: AdmissionOptions,
  closers: (() => Promise<void> | void)[],
): { readonly answer: Told; readonly results: ResultsTold; readonly verdict: ((verdict: ObservedVerdict) => void) | undefined } {
  if (cluster === undefined) return { answer: () => undefined, results: () => undefined, verdict: undefined };
  const { client } = cluster;
  const events = cluster.events === 'none' ? undefined : new EventRecorder({ client, onProblem: (error) => onProblem?.('events', error) });
  const reports = cluster.policyReports === 'written' ? new PolicyReporter({ client, onProblem: (error) => onProblem?.('policy reports', error) }) : undefined;
  if (reports !== undefined) closers.push(() => reports.flush());
  return {
    answer({ request }, answer) {
      if (!answer.allowed) void events?.tell(request, { reason: 'ImageDenied', message: answer.message });
      else if (answer.warnings !== undefined && answer.warnings.length > 0)
        void events?.tell(request, { reason: 'ImageWarning', message: answer.warnings.join('\n') });
    },
    results(request, results) {
      const silent = results.filter(({ status, action, warns }) => (status === 'fail' || status === 'error') && action === 'Audit' && warns !== true);
      if (silent.length > 0)
        void events?.tell(request, {
          reason: 'ImageWarning',
          message: silent.map(({ policy, rule, message }) => `policy ${policy}.${rule}: ${message}`).join('\n'),
        });
      if (reports !== undefined) reportResults(reports, request, results);
    },
    verdict: reports && ((observed) => report(reports, observed)),
  };
}

/** One for each policy: a failure goes before what passed. What was only skipped is not told. */
function reportResults(reports: PolicyReporter, { kind, namespace, dryRun, name: asked, object }: ReviewRequest, results: readonly RuleResult[]): void {
  const own = isJsonObject(object?.['metadata']) ? object['metadata']['name'] : undefined;
  const name = asked !== '' ? asked : typeof own === 'string' ? own : '';
  if (dryRun || name === '') return;
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const resource = { apiVersion, kind: kind.kind, namespace, name };
  for (const policy of new Set(results.map((result) => result.policy))) {
    const said = results.filter((result) => result.policy === policy && result.status !== 'skip');
    const failed = said.filter(({ status }) => status === 'fail' || status === 'error');
    const shown = failed.length > 0 ? failed : said;
    const result: ReportedResult['result'] = failed.length > 0 ? 'fail' : 'pass';
    const lines = new Set(shown.map(({ rule, message }) => `${rule}: ${message}`));
    if (said.length > 0) reports.add({ policy, result, message: [...lines].join('\n'), resource });
  }
}

function report(reports: PolicyReporter, { policy, image, workload: { object }, request, verdict }: ObservedVerdict): void {
  const { name } = object.metadata;
  if (request.dryRun || typeof name !== 'string') return;
  const apiVersion = object.group === '' ? object.version : `${object.group}/${object.version}`;
  reports.add({
    policy: policy.name,
    result: verdict.ok ? 'pass' : policy.mode === 'warn' ? 'warn' : 'fail',
    message: verdict.ok ? image.canonical : [image.canonical, ...verdict.errors].join(' '),
    resource: { apiVersion, kind: object.kind, namespace: object.namespace, name },
  });
}

function publisher(cluster: ServedClusterOptions | undefined): ((authorities: string) => Promise<void>) | undefined {
  const { client, webhooks } = cluster ?? {};
  if (client === undefined || webhooks === undefined) return undefined;
  return (authorities) => publishAuthorities(client, webhooks, authorities);
}

function urlOf(scheme: string, { host, port }: Listen): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const LOOPBACK: Listen = { host: '127.0.0.1', port: 0 };
const GRACE_MS = 10_000;
