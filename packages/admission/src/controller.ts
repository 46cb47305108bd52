/**
 * What is in force: the policies, trust roots and settings of a cluster, as informers tell of them (admission.md 1.7, 4.5).
 *
 *   policies             ─┐   compile, with what they refer to    ┌─► policies, each with a version of its own
 *   secrets, configmaps  ─┼─► (again when a reference changed, ──►┼─► trust roots and their version
 *   trustroots           ─┘    and every 10 h, or 24 h)           └─► no-match, and why nothing can be judged yet
 *
 * A policy that can no longer be resolved keeps its last good version; one that never could be denies what it is about. Upstream drops both, and what they
 * covered would fall to the no-match setting. Until every informer has read its first list nothing is admitted.
 *
 * There is no leader: every replica compiles for itself, and they all write the same status.
 */
import { decodeBase64, isJsonObject, isTrustError, type JsonObject, quote, TrustError, type TrustedRoot } from '@assay/core';
import type { ImagePolicy } from '@assay/policy';
import { type ControllerConfig, DEFAULT_CONTROLLER_CONFIG, parseControllerConfig } from '@assay/policy/cluster-image-policy';
import { denyingPolicy } from './cluster-policies.ts';
import { deferred } from './deferred.ts';
import type { KubernetesClient } from './kubernetes/client.ts';
import { type Condition, conditionsPatch } from './kubernetes/conditions.ts';
import { Informer } from './kubernetes/informer.ts';
import { metadataText, nameOf, versionOf } from './kubernetes/object.ts';

/** What a policy or trust root refers to in the controller's namespace. Errors: `POLICY_REFERENCE`. */
export interface References {
  secret(name: string): Promise<ReadonlyMap<string, Uint8Array>>;
  configMap(name: string): Promise<ReadonlyMap<string, string>>;
}

export interface ControllerOptions {
  readonly client: KubernetesClient;
  /** The controller's own. Default `cosign-system`. */
  readonly namespace?: string | undefined;
  readonly compile: (object: JsonObject, references: References) => Promise<Compiled>;
  /** Of our own kind, `imagepolicies.assay.dev`. */
  readonly compileNative: (object: JsonObject) => Promise<Compiled>;
  readonly readTrustRoot: (object: JsonObject) => Promise<TrustedRoot>;
  /** Called after each change. */
  readonly onChange: (inForce: InForce) => void;
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
  readonly policyResyncMs?: number | undefined;
  readonly trustRootResyncMs?: number | undefined;
  /** Milliseconds. Seam for tests. */
  readonly now?: (() => number) | undefined;
  /** When what failed is tried again. Default 30 s. */
  readonly retryMs?: number | undefined;
}

/** A compiled policy, or what stands in its place, and why. */
export interface Compiled {
  readonly policy: ImagePolicy;
  /** Then `policy` denies what it is about. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

export interface InForce {
  readonly policies: readonly ImagePolicy[];
  readonly config: ControllerConfig;
  readonly trustRoots: ReadonlyMap<string, TrustedRoot>;
  /** Another one for each change of any trust root. */
  readonly trustVersion: string;
  /** Why nothing can be judged. */
  readonly problem: string | undefined;
}

interface Compiling {
  /** Of the object as it was compiled: its uid and generation. */
  readonly revision: string;
  /** What was referred to, with the version that it had; '' for what was not there. */
  readonly references: ReadonlyMap<string, string>;
  readonly good: boolean;
  readonly conditions: readonly Condition[];
  readonly at: number;
}

interface PolicyEntry extends Compiling {
  readonly policy: ImagePolicy;
}

/** A kind of policies. */
interface PolicySource {
  readonly kind: string;
  readonly path: string;
  readonly informer: Informer;
  readonly compile: ControllerOptions['compile'];
}

interface TrustEntry extends Compiling {
  readonly root: TrustedRoot | undefined;
  readonly version: number;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #namespace: string;
  readonly #sources: readonly PolicySource[];
  readonly #trustObjects: Informer;
  readonly #secrets: Informer;
  readonly #configMaps: Informer;
  readonly #policies = new Map<string, PolicyEntry>();
  readonly #trustRoots = new Map<string, TrustEntry>();
  readonly #ready = deferred<void>();
  #config = DEFAULT_CONTROLLER_CONFIG;
  #version = 0;
  #inForce: InForce | undefined;
  #work: Promise<void> | undefined;
  #isDirty = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#namespace = options.namespace ?? 'cosign-system';
    const own = `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}`;
    const follow = (resource: string, path: string, optional = false): Informer =>
      new Informer({
        client: options.client,
        path,
        resource,
        optional,
        onChange: () => this.#wake(),
        onProblem: (problem) => this.#options.onProblem?.(resource, problem),
      });
    this.#sources = [
      { kind: 'ClusterImagePolicy', path: POLICIES, informer: follow('clusterimagepolicies', POLICIES), compile: options.compile },
      // Those who come from policy-controller need not have this kind.
      { kind: 'ImagePolicy', path: NATIVE, informer: follow('imagepolicies', NATIVE, true), compile: options.compileNative },
    ];
    this.#trustObjects = follow('trustroots', TRUST_ROOTS);
    this.#secrets = follow('secrets', `${own}/secrets`);
    this.#configMaps = follow('configmaps', `${own}/configmaps`);
    this.#ready.promise.catch(() => undefined);
  }

  start(): this {
    for (const informer of this.informers) informer.start();
    const every = Math.min(this.#options.retryMs ?? RETRY_MS, LOOK_MS);
    this.#timer = setInterval(() => this.#wake(), every).unref();
    return this;
  }

  get informers(): readonly Informer[] {
    return [...this.#sources.map(({ informer }) => informer), this.#trustObjects, this.#secrets, this.#configMaps];
  }

  /** Resolves when policies were read and compiled for the first time. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get inForce(): InForce {
    return this.#inForce ?? { ...NOTHING, problem: `the cluster's policies have not been read yet: waiting for ${this.#waitingFor()}` };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all(this.informers.map((informer) => informer.close()));
    await this.#work;
    this.#ready.reject(new TrustError('ADMISSION_NOT_READY', 'closed before the policies were read'));
  }

  #waitingFor(): string {
    const waiting = this.informers.filter(({ isSynced }) => !isSynced).map(({ resource }) => resource);
    return waiting.length === 0 ? 'the first compilation' : waiting.join(', ');
  }

  /** One pass at a time, and another one when something has changed meanwhile. */
  #wake(): void {
    this.#isDirty = true;
    if (this.#work !== undefined || this.#isClosed || !this.informers.every(({ isSynced }) => isSynced)) return;
    this.#work = this.#reconcile().finally(() => {
      this.#work = undefined;
      if (this.#isDirty) this.#wake();
    });
  }

  async #reconcile(): Promise<void> {
    // What arrives together is looked at together.
    await new Promise((resolve) => setImmediate(resolve));
    this.#isDirty = false;
    try {
      this.#readConfig();
      const trustChanged = await this.#compileTrustRoots();
      const policiesChanged = await this.#compilePolicies();
      if (this.#isClosed) return;
      if (this.#inForce === undefined || trustChanged || policiesChanged || this.#inForce.config !== this.#config) this.#publish();
    } catch (error) {
      this.#options.onProblem?.('controller', error);
    }
  }

  #publish(): void {
    const roots = [...this.#trustRoots].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#inForce = {
      policies: [...this.#policies.values()].map(({ policy }) => policy),
      config: this.#config,
      trustRoots: new Map(roots.flatMap(([name, { root }]) => (root === undefined ? [] : [[name, root] as const]))),
      trustVersion: roots.map(([name, { version }]) => `${name}:${version}`).join(','),
      problem: undefined,
    };
    this.#options.onChange(this.#inForce);
    this.#ready.resolve();
  }

  /** A value that cannot be read leaves what was in force. */
  #readConfig(): void {
    const object = this.#configMaps.object(this.#namespace, CONFIG);
    try {
      const config = object === undefined ? DEFAULT_CONTROLLER_CONFIG : parseControllerConfig(textsOf(object));
      if (JSON.stringify(config) !== JSON.stringify(this.#config)) this.#config = config;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.#options.onProblem?.(CONFIG, error);
    }
  }

  async #compilePolicies(): Promise<boolean> {
    const objects = this.#sources.flatMap((source) => source.informer.objects().map((object) => ({ source, object, id: `${source.path}/${nameOf(object)}` })));
    let changed = this.#forget(this.#policies, new Set(objects.map(({ id }) => id)));
    for (const { source, object, id } of objects) {
      const known = this.#policies.get(id);
      const holds = known !== undefined && this.#holds(known, object, this.#options.policyResyncMs ?? POLICY_RESYNC_MS);
      const entry = holds ? known : await this.#compilePolicy(source, object, known);
      if (!holds) changed = true;
      this.#policies.set(id, entry);
      await this.#writeStatus(id, object, entry);
    }
    return changed;
  }

  async #compilePolicy(source: PolicySource, object: JsonObject, known: PolicyEntry | undefined): Promise<PolicyEntry> {
    const { references, used } = this.#references();
    const { policy, failure } = await this.#compile(source, object, references);
    const keepsLast = failure !== undefined && known?.good === true && known.revision.startsWith(`${metadataText(object, 'uid')}/`);
    return {
      policy: keepsLast ? known.policy : versioned(policy, `${versionOf(object)}.${++this.#version}`),
      good: failure === undefined || keepsLast,
      revision: revisionOf(object),
      references: used,
      conditions: policyConditions(failure),
      at: failure === undefined ? this.#now() : this.#retryAt(this.#options.policyResyncMs ?? POLICY_RESYNC_MS),
    };
  }

  /** A bug that one policy meets must not keep the others from being read. */
  async #compile({ kind, compile }: PolicySource, object: JsonObject, references: References): Promise<Compiled> {
    try {
      return await compile(object, references);
    } catch (error) {
      this.#options.onProblem?.(`${kind} ${quote(nameOf(object))}`, error);
      const says = isTrustError(error) ? error.message : 'internal error';
      return { policy: denyingPolicy(object, { kind, says }), failure: { reason: 'Internal', message: says } };
    }
  }

  async #compileTrustRoots(): Promise<boolean> {
    const objects = this.#trustObjects.objects();
    let changed = this.#forget(this.#trustRoots, new Set(objects.map(nameOf)));
    for (const object of objects) {
      const name = nameOf(object);
      const known = this.#trustRoots.get(name);
      const holds = known !== undefined && this.#holds(known, object, this.#options.trustRootResyncMs ?? TRUST_RESYNC_MS);
      const entry = holds ? known : await this.#readTrustRoot(object, known);
      if (!holds) changed = true;
      this.#trustRoots.set(name, entry);
      await this.#writeStatus(`${TRUST_ROOTS}/${name}`, object, entry);
    }
    return changed;
  }

  async #readTrustRoot(object: JsonObject, known: TrustEntry | undefined): Promise<TrustEntry> {
    const common = { revision: revisionOf(object), references: new Map<string, string>() };
    try {
      const root = await this.#options.readTrustRoot(object);
      return { ...common, root, version: ++this.#version, good: true, conditions: trustRootConditions(undefined), at: this.#now() };
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.#options.onProblem?.(`TrustRoot ${quote(nameOf(object))}`, error);
      const at = this.#retryAt(this.#options.trustRootResyncMs ?? TRUST_RESYNC_MS);
      const last = known?.revision === common.revision ? known : { root: undefined, version: ++this.#version };
      return { ...common, root: last.root, version: last.version, good: false, conditions: trustRootConditions(error.message), at };
    }
  }

  /** What is gone is no longer in force. */
  #forget(entries: Map<string, unknown>, present: ReadonlySet<string>): boolean {
    const gone = [...entries.keys()].filter((id) => !present.has(id));
    for (const id of gone) entries.delete(id);
    return gone.length > 0;
  }

  #holds(entry: Compiling, object: JsonObject, resyncMs: number): boolean {
    if (entry.revision !== revisionOf(object) || this.#now() - entry.at >= resyncMs) return false;
    return [...entry.references].every(([reference, version]) => this.#versionOf(reference) === version);
  }

  /** As if it had been compiled so long ago that the resync is due when it shall be tried again. */
  #retryAt(resyncMs: number): number {
    return this.#now() - resyncMs + (this.#options.retryMs ?? RETRY_MS);
  }

  #references(): { references: References; used: Map<string, string> } {
    const used = new Map<string, string>();
    const find = (kind: 'secret' | 'configmap', name: string): JsonObject => {
      const reference = `${kind}/${name}`;
      used.set(reference, this.#versionOf(reference));
      const object = (kind === 'secret' ? this.#secrets : this.#configMaps).object(this.#namespace, name);
      if (object !== undefined) return object;
      throw new TrustError('POLICY_REFERENCE', `${kind} ${JSON.stringify(name)} not found`);
    };
    return {
      used,
      references: {
        secret: async (name) => new Map([...textsOf(find('secret', name))].map(([key, value]) => [key, decodeBase64(value) ?? new Uint8Array(0)])),
        configMap: async (name) => textsOf(find('configmap', name)),
      },
    };
  }

  #versionOf(reference: string): string {
    const slash = reference.indexOf('/');
    const informer = reference.slice(0, slash) === 'secret' ? this.#secrets : this.#configMaps;
    const object = informer.object(this.#namespace, reference.slice(slash + 1));
    return object === undefined ? '' : `${metadataText(object, 'uid')}/${versionOf(object)}`;
  }

  /** What it says already is not written again, so that replicas do not write in turns. */
  async #writeStatus(path: string, object: JsonObject, { conditions }: Compiling): Promise<void> {
    const patch = conditionsPatch(object, conditions, new Date());
    if (patch === undefined || this.#isClosed) return;
    try {
      await this.#options.client.patch(`${path}/status`, patch, 'merge');
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.#options.onProblem?.(`status of ${quote(nameOf(object))}`, error);
    }
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }
}

/** The version of the object says nothing of what it refers to; so each compilation has one of its own, and no verdict of another is used for it. */
function versioned(policy: ImagePolicy, resourceVersion: string): ImagePolicy {
  const { name, kind, uid, mode, contextual } = policy;
  return {
    name,
    kind,
    uid,
    mode,
    contextual,
    resourceVersion,
    covers: (image, object) => policy.covers(image, object),
    judge: (subject) => policy.judge(subject),
  };
}

/** A status that is written changes the version of an object, and not its generation. */
function revisionOf(object: JsonObject): string {
  const generation = isJsonObject(object['metadata']) ? object['metadata']['generation'] : undefined;
  return `${metadataText(object, 'uid')}/${typeof generation === 'number' ? generation : versionOf(object)}`;
}

function policyConditions(failure: Compiled['failure']): Condition[] {
  const failed = (type: string, reason: string): Condition =>
    failure?.reason === reason ? { type, status: 'False', reason, message: failure.message } : { type, status: 'True' };
  const own = failure === undefined || OWN_REASONS.has(failure.reason);
  const inForce: Condition =
    failure === undefined || own
      ? { type: 'ConfigMapUpdated', status: failure === undefined ? 'True' : 'Unknown' }
      : { type: 'ConfigMapUpdated', status: 'False', reason: 'UpdatingConfigMap', message: failure.message };
  const ready: Condition =
    failure === undefined ? { type: 'Ready', status: 'True' } : { type: 'Ready', status: 'False', reason: failure.reason, message: failure.message };
  return [inForce, failed('KeysInlined', 'InliningKeysFailed'), failed('PoliciesInlined', 'InliningPoliciesFailed'), ready];
}

function trustRootConditions(problem: string | undefined): Condition[] {
  if (problem === undefined) return ['ConfigMapUpdated', 'KeysInlined', 'Ready'].map((type) => ({ type, status: 'True' as const }));
  const failed = { status: 'False' as const, reason: 'InliningKeysFailed', message: problem };
  return [
    { type: 'ConfigMapUpdated', status: 'Unknown' },
    { type: 'KeysInlined', ...failed },
    { type: 'Ready', ...failed },
  ];
}

function textsOf({ data }: JsonObject): Map<string, string> {
  if (!isJsonObject(data)) return new Map();
  return new Map(Object.entries(data).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])));
}

const POLICIES = '/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies';
const NATIVE = '/apis/assay.dev/v1alpha1/imagepolicies';
const TRUST_ROOTS = '/apis/policy.sigstore.dev/v1alpha1/trustroots';
const CONFIG = 'config-policy-controller';
const OWN_REASONS = new Set(['InliningKeysFailed', 'InliningPoliciesFailed']);
const POLICY_RESYNC_MS = 10 * 3_600_000;
const TRUST_RESYNC_MS = 24 * 3_600_000;
const RETRY_MS = 30_000;
const LOOK_MS = 30_000;
const NOTHING = { policies: [], config: DEFAULT_CONTROLLER_CONFIG, trustRoots: new Map<string, TrustedRoot>(), trustVersion: '' };
