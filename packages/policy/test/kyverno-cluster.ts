/**
 * A cluster as far as Kyverno's walk-throughs need one: objects that are applied go through the policies that were applied before, and are kept, changed as the
 * policies change them, or refused.
 */
import { isJsonObject, type Json, type JsonObject, TrustError } from '@assay/core';
import type { EvidenceSource, Subject } from '../src/index.ts';
import {
  applyPatches,
  clusterPolicy,
  isBlocking,
  type Metadata,
  mergedMetadata,
  metadataPatches,
  NO_METADATA,
  type Patch,
  type Review,
  type RulePolicy,
  type RulePolicyOptions,
  type RuleResult,
  sortDocuments,
  validateKyverno,
  type World,
} from '../src/kyverno/index.ts';
import type { Scene } from './scene.ts';

export interface Admitted {
  readonly allowed: boolean;
  readonly object: JsonObject;
  readonly results: readonly RuleResult[];
}

export class Cluster {
  readonly objects = new Map<string, JsonObject>();
  readonly #earlier = new Map<string, JsonObject>();
  readonly #policies: RulePolicy[] = [];
  readonly #world: World;
  readonly #options: RulePolicyOptions;

  constructor(world: (cluster: Cluster) => World, options: RulePolicyOptions = {}) {
    this.#world = world(this);
    this.#options = options;
  }

  async apply(document: JsonObject): Promise<Admitted> {
    const { policies } = sortDocuments([document]);
    for (const policy of policies) {
      const { errors } = validateKyverno(policy);
      if (errors.length > 0) throw new TypeError(errors.join('\n'));
      this.#policies.push(clusterPolicy(policy, this.#options));
    }
    const old = this.objects.get(keyOf(document));
    const object = old === undefined ? document : { ...document, metadata: { ...metadataOf(document), annotations: annotationsOf(old) } };
    return this.#review(object, old);
  }

  /** `kubectl rollout undo`. */
  async undo(kind: string, namespace: string, name: string): Promise<Admitted> {
    const key = `${kind}/${namespace}/${name}`;
    const [now, before] = [this.objects.get(key), this.#earlier.get(key)];
    if (now === undefined || before === undefined) throw new TypeError(`nothing to undo of ${key}`);
    return this.#review({ ...now, spec: before['spec'] ?? null }, now);
  }

  /** What the policies say of an object that is there already. */
  async report(object: JsonObject): Promise<readonly RuleResult[]> {
    return (await admit(this.#policies, this.#reviewOf(object, undefined))).results;
  }

  async #review(object: JsonObject, old: JsonObject | undefined): Promise<Admitted> {
    const admitted = await admit(this.#policies, this.#reviewOf(object, old));
    if (admitted.allowed) {
      if (old !== undefined) this.#earlier.set(keyOf(object), old);
      this.objects.set(keyOf(object), admitted.object);
    }
    return admitted;
  }

  #reviewOf(object: JsonObject, oldObject: JsonObject | undefined): Review {
    const namespace = this.objects.get(`Namespace//${textOf(metadataOf(object)['namespace'])}`);
    const labels = namespace === undefined ? {} : metadataOf(namespace)['labels'];
    const namespaceLabels = isJsonObject(labels) ? (labels as Record<string, string>) : {};
    const operation = oldObject === undefined ? 'CREATE' : 'UPDATE';
    return { operation, object, oldObject, namespaceLabels, produced: NO_METADATA, world: this.#world };
  }
}

/** Both halves, one after the other, as the API server asks them. */
export async function admit(policies: readonly RulePolicy[], review: Review): Promise<Admitted> {
  const results: RuleResult[] = [];
  let allowed = true;
  let produced: Metadata = NO_METADATA;
  const patches: Patch[] = [];
  const add = (policy: RulePolicy, more: readonly RuleResult[]) => {
    results.push(...more);
    allowed &&= !more.some((result) => isBlocking(result, policy.failurePolicy));
  };
  for (const policy of policies) {
    const mutation = await policy.mutate(review);
    add(policy, mutation.results);
    patches.push(...mutation.patches);
    produced = mergedMetadata(produced, mutation.metadata);
  }
  const { object } = review;
  if (object === undefined) return { allowed, object: {}, results };
  const pinned = applyPatches(applyPatches(object, patches), metadataPatches(object, produced));
  for (const policy of policies) add(policy, await policy.validate({ ...review, object: pinned, produced }));
  return { allowed, object: pinned, results };
}

/** A world in which images of `ghcr.io` are those of the scene's registry, and objects are the cluster's. */
export function worldOf({ registry, subject, instance }: Scene, objects: ReadonlyMap<string, JsonObject> = new Map(), over: Partial<Subject> = {}): World {
  const lookUp = (kind: string, namespace: string, name: string): JsonObject => {
    const found = objects.get(`${kind}/${namespace}/${name}`);
    if (found === undefined) throw new TrustError('POLICY_UNRESOLVED', `failed to get ${kind.toLowerCase()} ${namespace}/${name}`);
    return found;
  };
  return {
    now: instance.now,
    subject: async (image) => ({ ...subject(image.replace(/^ghcr\.io\//, `${registry.host}/`)), ...over }),
    imageData: async () => ({}),
    configMap: async (namespace, name) => {
      const { data = {}, metadata = {} } = lookUp('ConfigMap', namespace, name);
      return { data, metadata };
    },
    secret: async (namespace, name) => {
      const { data } = lookUp('Secret', namespace, name);
      const entries = isJsonObject(data) ? Object.entries(data) : [];
      return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(String(value), 'base64')]));
    },
    kms: async (uri) => {
      throw new TrustError('POLICY_UNRESOLVED', `no such key: ${uri}`);
    },
    apiCall: async () => {
      throw new TrustError('POLICY_UNRESOLVED', 'there is no API here');
    },
  };
}

/** Images without anything beside them. */
export const NO_EVIDENCE: EvidenceSource = {
  async *in() {},
};

export function keyOf(object: JsonObject): string {
  const { name, namespace } = metadataOf(object);
  return `${textOf(object['kind'])}/${textOf(namespace)}/${textOf(name)}`;
}

export function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {};
}

function annotationsOf(object: JsonObject): JsonObject {
  const { annotations } = metadataOf(object);
  return isJsonObject(annotations) ? annotations : {};
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
