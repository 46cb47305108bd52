/** Kyverno's policies over images, enforced: its informers, and routes as Kyverno itself has them. */
import type { RuleResult } from '@assay/policy/kyverno';
import type { ClusterOptions, Judging } from '../judging.ts';
import type { Metrics } from '../metrics.ts';
import type { ReviewRequest } from '../review.ts';
import type { ReviewHook } from '../review-route.ts';
import type { Route, Routes } from '../server.ts';
import { Passes } from './passes.ts';
import { KyvernoPolicies } from './policies.ts';
import { RecentSubjects } from './recent-subjects.ts';
import { ruleHooks } from './rule-hooks.ts';
import { UserRoles } from './user-roles.ts';
import { type Asked, validationHooks } from './validation-hooks.ts';

export interface KyvernoOptions {
  /** Whose PolicyExceptions count; `*`: those of all namespaces. Default: none. */
  readonly exceptionNamespace?: string | undefined;
}

export interface OpenKyvernoOptions extends KyvernoOptions {
  readonly cluster: ClusterOptions;
  readonly judging: Pick<Judging, 'subject' | 'keychains' | 'inForce'>;
  readonly cache?: { readonly maxEntries?: number | undefined; readonly passMs?: number | undefined; readonly now?: (() => number) | undefined } | undefined;
  readonly onDeadline?: 'deny' | 'allow' | undefined;
  readonly now?: (() => Date) | undefined;
  readonly metrics?: Pick<Metrics, 'verdict' | 'deadline'> | undefined;
  readonly onResults?: ((request: ReviewRequest, results: readonly RuleResult[]) => void) | undefined;
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
}

export interface Kyverno {
  readonly policies: KyvernoPolicies;
  readonly passes: Passes;
  /** `route` makes a route of a hook. */
  routes(route: (hook: ReviewHook) => Route): Routes;
  readonly hooks: { readonly rules: ReturnType<typeof ruleHooks>; readonly validations: ReturnType<typeof validationHooks> };
}

/** What it follows is closed by `policies.close()`. */
export function openKyverno(options: OpenKyvernoOptions): Kyverno {
  const { cluster, judging, now = () => new Date(), onProblem, onResults, onDeadline, metrics } = options;
  const { client, namespace = 'cosign-system', kmsPublicKey } = cluster;
  const policies = new KyvernoPolicies({ client, exceptionNamespace: options.exceptionNamespace, onProblem }).start();
  const passes = new Passes({ ...options.cache, told: metrics?.verdict });
  const common = {
    client,
    namespace,
    policies,
    passes,
    recent: new RecentSubjects(),
    roles: new UserRoles(client),
    keychains: judging.keychains,
    subject: judging.subject,
    trustVersion: () => judging.inForce().trustVersion,
    kmsPublicKey: kmsPublicKey && ((reference: string) => kmsPublicKey(reference, 'sha256')),
    now,
    onProblem,
    onResults,
    onDeadline,
    metrics,
  };
  const rules = ruleHooks(common);
  const validations = validationHooks(common);
  return { policies, passes, hooks: { rules, validations }, routes: (route) => routesOf(rules, validations, route) };
}

function routesOf(rules: Kyverno['hooks']['rules'], validations: Kyverno['hooks']['validations'], route: (hook: ReviewHook) => Route): Routes {
  const routes = new Map<string, Route>();
  for (const failureClass of ['fail', 'ignore'] as const) {
    routes.set(`/mutate/${failureClass}`, route(rules.mutate(failureClass)));
    routes.set(`/validate/${failureClass}`, route(rules.validate(failureClass)));
  }
  const below = (prefix: string, scope: Asked['scope'], hook: (asked: Asked) => ReviewHook): void => {
    routes.set(`${prefix}/*`, (ask) => route(hook({ scope, which: ask.path.slice(prefix.length + 1) }))(ask));
  };
  for (const [base, scope] of [
    ['ivpol', 'cluster'],
    ['nivpol', 'namespace'],
  ] as const) {
    below(`/${base}/mutate`, scope, validations.mutate);
    below(`/${base}/validate`, scope, validations.validate);
  }
  return routes;
}
