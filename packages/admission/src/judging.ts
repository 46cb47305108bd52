/**
 * What judges the workloads of a cluster, whoever asks: the policies and roots in force, the logins of pods, verdicts that are kept, and the hooks over all of them.
 */
import type { LogEntry, TrustedRoot } from '@assay/core';
import type { HttpClient, Keychain, Mirrors } from '@assay/net';
import type { PlainHttp } from '@assay/oci';
import type { ImagePolicy, PolicyEngines } from '@assay/policy';
import { DEFAULT_CONTROLLER_CONFIG, type PolicyHash } from '@assay/policy/cluster-image-policy';
import { compileNativePolicy, policyCompiler, trustRootReader } from './cluster-policies.ts';
import { Controller, type InForce } from './controller.ts';
import { DefaultRoot } from './default-root.ts';
import { PodKeychains } from './keychain.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import type { Informer } from './kubernetes/informer.ts';
import type { Metrics } from './metrics.ts';
import { createSubjects, type Subjects } from './subjects.ts';
import type { NoMatchPolicy } from './validate.ts';
import { VerdictCache, type VerdictCacheOptions } from './verdict-cache.ts';
import { type ObservedVerdict, type WorkloadHooks, workloadHooks } from './workload-hooks.ts';

export interface JudgingOptions {
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
  /** When time runs out. Default `deny`. */
  readonly onDeadline?: 'deny' | 'allow' | undefined;
  /** Whatever went wrong and was borne. */
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
  /** Decides about expiry of evidence. */
  readonly now?: (() => Date) | undefined;
}

export interface ClusterOptions {
  readonly client: KubernetesClient;
  /** The controller's own: settings, secrets and policies that are referred to. Default `cosign-system`. */
  readonly namespace?: string | undefined;
  readonly policyResyncMs?: number | undefined;
  readonly kmsPublicKey?: ((reference: string, hash: PolicyHash) => Promise<string>) | undefined;
}

export interface Judging extends Subjects {
  readonly hooks: WorkloadHooks;
  readonly keychains: PodKeychains;
  readonly cache: VerdictCache;
  readonly inForce: () => InForce;
  readonly informers: readonly Informer[];
  /** Resolves when the policies of the cluster have been read; until then everything is denied with the reason. */
  readonly ready: Promise<void>;
}

/** Who is told of what is judged. */
export interface Watchers {
  readonly metrics?: Metrics | undefined;
  readonly onVerdict?: ((verdict: ObservedVerdict) => void) | undefined;
}

/** What has to be closed is added to `closers`. */
export function openJudging(options: JudgingOptions, { metrics, onVerdict }: Watchers, closers: (() => Promise<void> | void)[]): Judging {
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
    warmEngines(policies);
  };
  // Off the way of the first review, and only where a policy needs them: they are large.
  const warmEngines = (policies: readonly ImagePolicy[]): void => {
    if (policies.some(({ usesEngines }) => usesEngines === true)) options.engines.warm?.().catch(problem('policy engines'));
  };
  const controller = cluster === undefined ? undefined : openController(options, cluster, changed);
  const cache = new VerdictCache({ ...options.cache, told: metrics?.verdict });
  const keychains = new PodKeychains({ client: cluster?.client, fallback: options.keychain });
  const subjects = createSubjects({ ...options, keychains, inForce, defaultRoot: () => root.get() });
  const hooks = workloadHooks({ inForce, keychains, cache, ...subjects, onDeadline: options.onDeadline, metrics, onVerdict });
  if (controller !== undefined) closers.push(() => controller.close());
  // Before the first review needs it, so that its version is that of the first verdicts.
  root.get().catch(problem('trusted root'));
  controller?.start();
  warmEngines(own);
  return { ...subjects, hooks, keychains, cache, inForce, informers: controller?.informers ?? [], ready: controller?.ready ?? Promise.resolve() };
}

function openController(options: JudgingOptions, cluster: ClusterOptions, onChange: () => void): Controller {
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

function combined(inForce: InForce, own: readonly ImagePolicy[], rootVersion: string): InForce {
  return { ...inForce, policies: [...inForce.policies, ...own], trustVersion: `${rootVersion};${inForce.trustVersion}` };
}

function withoutCluster({ noMatch = 'deny' }: JudgingOptions): InForce {
  const config = { ...DEFAULT_CONTROLLER_CONFIG, noMatchPolicy: noMatch };
  return { policies: [], config, trustRoots: new Map(), trustVersion: '', problem: undefined };
}
