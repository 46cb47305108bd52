/**
 * What would become of the workloads of a live cluster at their next start, read-only: each is put through the two webhooks as if it were made now. Whoever runs
 * is not asked again, so this is the only way to learn of it before.
 *
 * Kyverno's policies are about all namespaces, and the others about those that have asked for it: each workload is put to whom the API server would ask.
 *
 * A workload is what somebody has made: what has a controller above it is left to that.
 */
import { isJsonObject, type JsonObject } from '@assay/core';
import { applyPatches, type Patch } from '@assay/policy/kyverno';
import { type ClusterOptions, type JudgingOptions, openJudging } from './judging.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { listObjects } from './kubernetes/list.ts';
import { metadataText, nameOf } from './kubernetes/object.ts';
import { type Kyverno, type KyvernoOptions, openKyverno } from './kyverno/open-kyverno.ts';
import type { ReviewRequest } from './review.ts';
import type { ReviewHook } from './review-route.ts';
import { readWorkload } from './workload.ts';

export interface SimulateOptions extends JudgingOptions {
  readonly cluster: ClusterOptions;
  /** Kyverno's policies of the cluster too. */
  readonly kyverno?: KyvernoOptions;
  /** Default `opted-in`: those with the label that asks for enforcement; for Kyverno's policies those that are not the cluster's own. */
  readonly namespaces?: 'opted-in' | 'all' | readonly string[];
  /** Only `policies` are in force, and not those of the cluster. */
  readonly instead?: boolean;
  /** How far it is. */
  readonly onProgress?: (done: number, all: number) => void;
}

export interface SimulatedWorkload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly outcome: 'pass' | 'warn' | 'deny';
  /** Why it would be denied: the text of the webhook. */
  readonly message?: string;
  readonly warnings: readonly string[];
  readonly images: readonly SimulatedImage[];
}

export interface SimulatedImage {
  /** As it is written. */
  readonly image: string;
  /** As it would be pinned. */
  readonly pinned: string;
  readonly path: string;
}

/** Errors: `ADMISSION_API`, `ADMISSION_NOT_READY`, `NET_…`. */
export async function* simulate(options: SimulateOptions): AsyncGenerator<SimulatedWorkload, void, void> {
  const closers: (() => Promise<void> | void)[] = [];
  const client = readingOnly(options.cluster.client);
  const cluster = { ...options.cluster, client: options.instead === true ? withoutPolicies(client) : client };
  const judging = openJudging({ ...options, cluster }, {}, closers);
  try {
    const { kyverno: wantsKyverno, onProblem, now } = options;
    const kyverno = wantsKyverno && openKyverno({ ...wantsKyverno, cluster, judging, now, onProblem });
    if (kyverno !== undefined) closers.push(() => kyverno.policies.close());
    await judging.ready;
    await kyverno?.policies.ready;
    const wanted = options.namespaces ?? 'opted-in';
    const namespaces = await namespacesOf(client, kyverno !== undefined && wanted === 'opted-in' ? 'all' : wanted);
    const guarded = kyverno === undefined ? namespaces : await namespacesOf(client, 'opted-in');
    const exempt = new Set(['kube-system', options.cluster.namespace ?? 'cosign-system']);
    const hooksFor = (namespace: string): readonly Hooks[] => [
      ...(guarded === undefined || guarded.has(namespace) ? [judging.hooks] : []),
      ...(kyverno === undefined || exempt.has(namespace) ? [] : hooksOf(kyverno)),
    ];
    const requests = await workloadsOf(client, (name) => (namespaces === undefined || namespaces.has(name)) && hooksFor(name).length > 0);
    for (const [i, request] of requests.entries()) {
      options.onProgress?.(i, requests.length);
      yield await simulateOne(request, hooksFor(request.namespace));
    }
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** A mutating webhook, and its validating half. */
interface Hooks {
  readonly mutate: ReviewHook;
  readonly validate: ReviewHook;
}

/** In the order in which the chart registers them. */
function hooksOf({ hooks: { rules, validations } }: Kyverno): Hooks[] {
  return (['fail', 'ignore'] as const).flatMap((failureClass) => {
    const asked = (scope: 'cluster' | 'namespace') => ({ scope, which: `-${failureClass}` });
    return [
      { mutate: rules.mutate(failureClass), validate: rules.validate(failureClass) },
      { mutate: validations.mutate(asked('cluster')), validate: validations.validate(asked('cluster')) },
      { mutate: validations.mutate(asked('namespace')), validate: validations.validate(asked('namespace')) },
    ];
  });
}

async function simulateOne(request: ReviewRequest, hooks: readonly Hooks[]): Promise<SimulatedWorkload> {
  const { pinned, warnings, denial } = await admitted(request, hooks);
  const { group, version, kind } = request.kind;
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    namespace: request.namespace,
    name: request.name,
    outcome: denial !== undefined ? 'deny' : warnings.size === 0 ? 'pass' : 'warn',
    ...(denial !== undefined && { message: denial.trim() }),
    warnings: [...warnings],
    images: imagesOf(request, pinned),
  };
}

interface Admitted {
  readonly pinned: ReviewRequest;
  readonly warnings: ReadonlySet<string>;
  readonly denial: string | undefined;
}

/** As the API server asks: the mutating webhooks one after the other, and then the validating ones. The first denial ends it. */
async function admitted(request: ReviewRequest, hooks: readonly Hooks[]): Promise<Admitted> {
  const warnings = new Set<string>();
  let pinned = request;
  for (const hook of [...hooks.map(({ mutate }) => mutate), ...hooks.map(({ validate }) => validate)]) {
    const answer = await hook({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: pinned }, BUDGET_MS);
    for (const warning of answer.warnings ?? []) warnings.add(warning);
    if (!answer.allowed) return { pinned, warnings, denial: answer.message };
    if (answer.patch !== undefined) pinned = { ...pinned, object: applyPatches(pinned.object ?? {}, answer.patch as readonly Patch[]) };
  }
  return { pinned, warnings, denial: undefined };
}

function imagesOf(request: ReviewRequest, pinned: ReviewRequest): SimulatedImage[] {
  const before = readWorkload(request).images;
  const after = readWorkload(pinned).images;
  return before.map(({ text, path }, i) => ({ image: text, pinned: after[i]?.text ?? text, path }));
}

async function namespacesOf(client: KubernetesClient, wanted: NonNullable<SimulateOptions['namespaces']>): Promise<ReadonlySet<string> | undefined> {
  if (wanted === 'all') return undefined;
  if (wanted !== 'opted-in') return new Set(wanted);
  const found = await listObjects(client, '/api/v1/namespaces', { ...PAGES, query: { ...PAGES.query, labelSelector: `${OPT_IN}=true` } });
  return new Set(found.map(nameOf));
}

/** In the order of kinds, and of names. */
async function workloadsOf(client: KubernetesClient, isAsked: (namespace: string) => boolean): Promise<ReviewRequest[]> {
  const requests: ReviewRequest[] = [];
  for (const { group, resource, kind } of KINDS) {
    const path = `${group === '' ? '/api' : `/apis/${group}`}/v1/${resource}`;
    for (const object of await listObjects(client, path, PAGES)) {
      const namespace = metadataText(object, 'namespace');
      if (!isAsked(namespace) || isOfAnother(object)) continue;
      requests.push({
        uid: metadataText(object, 'uid'),
        kind: { group, version: 'v1', kind },
        resource: { group, version: 'v1', resource },
        subResource: '',
        operation: 'CREATE',
        namespace,
        name: nameOf(object),
        dryRun: true,
        object,
        oldObject: undefined,
      });
    }
  }
  return requests;
}

/** What a controller made is looked at as what the controller is made of; and what is going away does not start again. */
function isOfAnother({ metadata }: JsonObject): boolean {
  if (!isJsonObject(metadata)) return false;
  const { ownerReferences: owners, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return true;
  return Array.isArray(owners) && owners.some((owner) => isJsonObject(owner) && owner['controller'] === true);
}

/** The controller writes the status of policies: not here. */
function readingOnly(client: KubernetesClient): KubernetesClient {
  const nothing = async (): Promise<JsonObject> => ({});
  return { ...client, create: nothing, replace: nothing, patch: nothing };
}

/** A cluster whose own policies do not count. Its TrustRoots, settings and secrets do. */
function withoutPolicies(client: KubernetesClient): KubernetesClient {
  const empty = (path: string): boolean => /\/(?:clusterimagepolicies|imagepolicies)$/.test(path);
  return {
    ...client,
    get: async (path, options) => (empty(path) ? { items: [], metadata: { resourceVersion: '0' } } : client.get(path, options)),
    async *watch(path, options) {
      if (!empty(path)) yield* client.watch(path, options);
      else await new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
}

/** Those that hold others first, so that what is left below them is nobody's. */
const KINDS = [
  { group: 'apps', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', resource: 'daemonsets', kind: 'DaemonSet' },
  { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: 'batch', resource: 'cronjobs', kind: 'CronJob' },
  { group: 'batch', resource: 'jobs', kind: 'Job' },
  { group: '', resource: 'pods', kind: 'Pod' },
] as const;
const OPT_IN = 'policy.sigstore.dev/include';
const PAGES = { query: { limit: '250' }, maxBytes: 256 * 1024 * 1024 };
/** Nobody waits for an answer. */
const BUDGET_MS = 120_000;
