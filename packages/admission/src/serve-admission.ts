/**
 * The webhook, put together. Nothing is read from the environment and nothing is ended: whoever calls says everything.
 *
 *   API server ─► server ─► review route ─► workload hooks ─► verdict cache ─► subjects, policies in force
 *                                       └─► policy hooks                              ▲
 *   API server ◄─ informers ── controller ────────────────────────────────────────────┘
 */
import type { LogEntry, TrustedRoot } from '@assay/core';
import type { HttpClient, Keychain, Mirrors } from '@assay/net';
import type { PlainHttp } from '@assay/oci';
import type { ImagePolicy, PolicyEngines } from '@assay/policy';
import { DEFAULT_CONTROLLER_CONFIG, type PolicyHash } from '@assay/policy/cluster-image-policy';
import { publishAuthorities, type WebhookNames } from './certificate/ca-bundle.ts';
import { CertificateKeeper } from './certificate/keeper.ts';
import type { CertificateStore } from './certificate/store.ts';
import { compileNativePolicy, policyCompiler, trustRootReader } from './cluster-policies.ts';
import { Controller, type InForce } from './controller.ts';
import type { DeadlineOptions } from './deadline.ts';
import { DefaultRoot } from './default-root.ts';
import { PodKeychains } from './keychain.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { EventRecorder } from './kubernetes/events.ts';
import { PolicyReporter } from './kubernetes/policy-report.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { convertDefinitions, defaultDefinition, validateDefinition } from './policy-hooks.ts';
import type { Review, ReviewAnswer } from './review.ts';
import { type ReviewHook, reviewRoute } from './review-route.ts';
import { type Listen, listenForProbes, listenForReviews, type Route, type Routes } from './server.ts';
import { createSubjects, type Subjects } from './subjects.ts';
import type { NoMatchPolicy } from './validate.ts';
import { VerdictCache, type VerdictCacheOptions } from './verdict-cache.ts';
import { type ObservedVerdict, type WorkloadHooks, workloadHooks } from './workload-hooks.ts';

export interface AdmissionOptions {
  readonly listen: Listen;
  /** Plain HTTP: `/healthz`, `/readyz`, `/metrics`. Default: loopback, a free port. */
  readonly probes?: Listen | undefined;
  readonly certificate: CertificateOptions;
  /** Undefined: no cluster is asked, and only `policies` are in force. */
  readonly cluster?: ClusterOptions | undefined;
  /** Besides those of the cluster. */
  readonly policies?: readonly ImagePolicy[] | undefined;
  /** Without a cluster; default `deny`. A cluster has a setting of its own. */
  readonly noMatch?: NoMatchPolicy | undefined;
  readonly http: HttpClient;
  /** The logins of this process. */
  readonly keychain: Keychain;
  readonly mirrors?: Mirrors | undefined;
  readonly plainHttp?: PlainHttp | undefined;
  readonly engines: PolicyEngines;
  /** Public Sigstore's trusted root, or what stands in its place. */
  readonly loadRoot: () => Promise<TrustedRoot>;
  readonly trustRootResyncMs?: number | undefined;
  readonly searchLog?: ((url: string, proposed: unknown) => Promise<readonly LogEntry[]>) | undefined;
  readonly cache?: Omit<VerdictCacheOptions, 'told'> | undefined;
  readonly deadline?: DeadlineOptions | undefined;
  /** When time runs out. Default `deny`. */
  readonly onDeadline?: 'deny' | 'allow' | undefined;
  /** More paths, of other dialects. */
  readonly routes?: ((parts: AdmissionParts) => Routes) | undefined;
  /** Whatever went wrong and was borne. */
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
  readonly onAnswer?: ((review: Review, answer: ReviewAnswer, milliseconds: number) => void) | undefined;
  /** Decides about expiry of evidence. */
  readonly now?: (() => Date) | undefined;
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

export interface ClusterOptions {
  readonly client: KubernetesClient;
  /** The controller's own: settings, secrets and policies that are referred to. Default `cosign-system`. */
  readonly namespace?: string | undefined;
  /** Whose `caBundle` is kept. Undefined: nobody's. */
  readonly webhooks?: WebhookNames | undefined;
  readonly events?: 'written' | 'none' | undefined;
  readonly policyReports?: 'written' | 'none' | undefined;
  readonly policyResyncMs?: number | undefined;
  readonly kmsPublicKey?: ((reference: string, hash: PolicyHash) => Promise<string>) | undefined;
}

/** For other dialects: what judges, and what makes a route of a hook. */
export interface AdmissionParts extends Subjects {
  readonly hooks: WorkloadHooks;
  readonly keychains: PodKeychains;
  readonly cache: VerdictCache;
  readonly inForce: () => InForce;
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
    const parts = openParts(options, closers);
    let served: ((pair: { cert: string; key: string }) => void) | undefined;
    const keeper = await CertificateKeeper.open({
      ...options.certificate,
      publish: publisher(options.cluster),
      onChange: (pair) => served?.(pair),
      onProblem: problem('certificate'),
    });
    closers.push(() => keeper.close());
    parts.certificate = keeper;
    const { cert, key } = keeper.served as NonNullable<typeof keeper.served>;
    const server = await listenForReviews({ listen: options.listen, cert, key, routes: parts.routes, onProblem: problem('request') });
    served = (pair) => server.serve(pair);
    if (keeper.served !== undefined) server.serve(keeper.served);
    const probes = await listenForProbes({
      listen: options.probes ?? LOOPBACK,
      notReady: () => parts.inForce().problem,
      metrics: async () => ({ text: await parts.metrics.text(), type: parts.metrics.contentType }),
    }).catch(async (error: unknown) => {
      await server.close(0);
      throw error;
    });
    return {
      url: urlOf('https', server),
      probesUrl: urlOf('http', probes),
      authorities: () => keeper.served?.authorities ?? '',
      ready: parts.ready,
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

interface Parts {
  readonly inForce: () => InForce;
  readonly routes: Routes;
  readonly metrics: Metrics;
  readonly ready: Promise<void>;
  certificate: CertificateKeeper | undefined;
}

function openParts(options: AdmissionOptions, closers: (() => Promise<void> | void)[]): Parts {
  const { cluster, policies: own = [] } = options;
  const problem = (what: string) => (error: unknown) => options.onProblem?.(what, error);
  const root = new DefaultRoot({ load: options.loadRoot, resyncMs: options.trustRootResyncMs, onProblem: problem('trusted root'), onChange: () => changed() });
  let current: InForce | undefined;
  const inForce = (): InForce => {
    current ??= combined(controller?.inForce ?? withoutCluster(options), own, root.version);
    return current;
  };
  const changed = (): void => {
    current = undefined;
    const { policies, trustVersion } = inForce();
    cache.retain(policies, trustVersion);
  };
  const controller = cluster === undefined ? undefined : openController(options, cluster, changed);
  const metrics = createMetrics({
    policies: () => inForce().policies.length,
    cacheEntries: () => cache.size,
    certificateExpires: () => parts.certificate?.served?.expires,
    informers: () => controller?.informers ?? [],
  });
  const cache = new VerdictCache({ ...options.cache, told: metrics.verdict });
  const keychains = new PodKeychains({ client: cluster?.client, fallback: options.keychain });
  const subjects = createSubjects({ ...options, keychains, inForce, defaultRoot: () => root.get() });
  const telling = openTelling(options, closers);
  const hooks = workloadHooks({ inForce, keychains, cache, ...subjects, onDeadline: options.onDeadline, metrics, onVerdict: telling.verdict });
  if (controller !== undefined) closers.push(() => controller.close());
  // Before the first review needs it, so that its version is that of the first verdicts.
  root.get().catch(problem('trusted root'));
  const parts: Parts = {
    inForce,
    metrics,
    routes: routesOf(options, { ...subjects, hooks, keychains, cache, inForce }, metrics, telling.answer),
    ready: controller?.ready ?? Promise.resolve(),
    certificate: undefined,
  };
  controller?.start();
  return parts;
}

function openController(options: AdmissionOptions, cluster: ClusterOptions, onChange: () => void): Controller {
  const { http, trustRootResyncMs, now = () => new Date() } = options;
  return new Controller({
    client: cluster.client,
    namespace: cluster.namespace,
    compile: policyCompiler({ http, kmsPublicKey: cluster.kmsPublicKey }),
    compileNative: (object) => compileNativePolicy(object, now()),
    readTrustRoot: trustRootReader({ http, now }),
    onChange,
    onProblem: options.onProblem,
    policyResyncMs: cluster.policyResyncMs,
    trustRootResyncMs,
  });
}

type Told = (review: Review, answer: ReviewAnswer) => void;

function routesOf(options: AdmissionOptions, parts: Omit<AdmissionParts, 'route'>, metrics: Metrics, told: Told): Routes {
  const { hooks, inForce } = parts;
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
    ...(options.routes?.({ ...parts, route: (hook) => route(hook) }) ?? []),
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
): { readonly answer: (review: Review, answer: ReviewAnswer) => void; readonly verdict: ((verdict: ObservedVerdict) => void) | undefined } {
  if (cluster === undefined) return { answer: () => undefined, verdict: undefined };
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
    verdict: reports && ((observed) => report(reports, observed)),
  };
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

function publisher(cluster: ClusterOptions | undefined): ((authorities: string) => Promise<void>) | undefined {
  const { client, webhooks } = cluster ?? {};
  if (client === undefined || webhooks === undefined) return undefined;
  return (authorities) => publishAuthorities(client, webhooks, authorities);
}

function combined(inForce: InForce, own: readonly ImagePolicy[], rootVersion: string): InForce {
  return { ...inForce, policies: [...inForce.policies, ...own], trustVersion: `${rootVersion};${inForce.trustVersion}` };
}

function withoutCluster({ noMatch = 'deny' }: AdmissionOptions): InForce {
  const config = { ...DEFAULT_CONTROLLER_CONFIG, noMatchPolicy: noMatch };
  return { policies: [], config, trustRoots: new Map(), trustVersion: '', problem: undefined };
}

function urlOf(scheme: string, { host, port }: Listen): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const LOOPBACK: Listen = { host: '127.0.0.1', port: 0 };
const GRACE_MS = 10_000;
