/**
 * Kyverno's policies and exceptions of a cluster, and the labels of its namespaces, as informers tell of them. A kind that the cluster does not know has no
 * objects; it is looked for again every half minute. Until every list has been read nothing is admitted.
 *
 * Exceptions count from one namespace alone, and from none unless it is named: whoever may write one anywhere could exempt everything (GO-2024-3230).
 */
import { isJsonObject, type JsonObject, quote, TrustError } from '@assay/core';
import { deferred } from '../deferred.ts';
import { apiStatus, type KubernetesClient } from '../kubernetes/client.ts';
import { Informer } from '../kubernetes/informer.ts';
import { metadataText, nameOf, versionOf } from '../kubernetes/object.ts';
import { compileCelException, compileException, compileRules, compileValidations, type Rules, type Validations } from './compile.ts';
import { servedVersion } from './served-version.ts';

export interface KyvernoPoliciesOptions {
  readonly client: KubernetesClient;
  /** Whose exceptions count; `*`: those of all namespaces. Default: nobody's. */
  readonly exceptionNamespace?: string | undefined;
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
}

export interface KyvernoInForce {
  /** In the order of their names. */
  readonly rules: readonly Rules[];
  readonly validations: readonly Validations[];
  /** Whether any of it asks for the roles of users. */
  readonly asksForRoles: boolean;
}

export class KyvernoPolicies {
  readonly #options: KyvernoPoliciesOptions;
  readonly #clusterPolicies: Informer;
  readonly #policies: Informer;
  readonly #exceptions: Informer;
  readonly #validating: Informer;
  readonly #namespacedValidating: Informer;
  readonly #celExceptions: Informer;
  readonly #namespaces: Informer;
  readonly #compiled = new Map<string, { readonly revision: string; readonly compiled: Rules | Validations | undefined }>();
  readonly #ready = deferred<void>();
  #inForce: KyvernoInForce | undefined;

  constructor(options: KyvernoPoliciesOptions) {
    this.#options = options;
    const follow = (resource: string, ...paths: [string, ...string[]]): Informer =>
      new Informer({
        client: servedVersion(options.client, paths),
        path: paths[0],
        resource,
        optional: resource !== 'namespaces',
        onChange: () => this.#changed(resource),
        onProblem: (problem) => options.onProblem?.(resource, problem),
      });
    const kyverno = '/apis/kyverno.io';
    const cel = (resource: string): [string, string, string] => [`${CEL}/v1/${resource}`, `${CEL}/v1beta1/${resource}`, `${CEL}/v1alpha1/${resource}`];
    this.#clusterPolicies = follow('clusterpolicies.kyverno.io', `${kyverno}/v1/clusterpolicies`);
    this.#policies = follow('policies.kyverno.io', `${kyverno}/v1/policies`);
    this.#exceptions = follow('policyexceptions.kyverno.io', `${kyverno}/v2/policyexceptions`, `${kyverno}/v2beta1/policyexceptions`);
    this.#validating = follow('imagevalidatingpolicies', ...cel('imagevalidatingpolicies'));
    this.#namespacedValidating = follow('namespacedimagevalidatingpolicies', ...cel('namespacedimagevalidatingpolicies'));
    this.#celExceptions = follow('policyexceptions.policies.kyverno.io', ...cel('policyexceptions'));
    this.#namespaces = follow('namespaces', '/api/v1/namespaces');
    this.#ready.promise.catch(() => undefined);
  }

  start(): this {
    for (const informer of this.informers) informer.start();
    return this;
  }

  get informers(): readonly Informer[] {
    const exceptions = this.#options.exceptionNamespace === undefined ? [] : [this.#exceptions, this.#celExceptions];
    return [this.#clusterPolicies, this.#policies, this.#validating, this.#namespacedValidating, ...exceptions, this.#namespaces];
  }

  /** Resolves when policies were read and compiled for the first time. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Why nothing can be judged; undefined when it can. */
  get problem(): string | undefined {
    const waiting = this.informers.filter(({ isSynced }) => !isSynced).map(({ resource }) => resource);
    return waiting.length === 0 ? undefined : `the cluster's Kyverno policies have not been read yet: waiting for ${waiting.join(', ')}`;
  }

  /** Compiled now, when something has changed that nobody has asked about. */
  get inForce(): KyvernoInForce {
    this.#inForce ??= this.#compile();
    return this.#inForce;
  }

  /** Of the object, and of the API server for a namespace that is younger than our copy. Errors: `ADMISSION_API`, `NET_…`. */
  async namespaceLabels(name: string): Promise<Readonly<Record<string, string>>> {
    if (name === '') return {};
    const known = this.#namespaces.object('', name) ?? (await this.#fetchNamespace(name));
    const labels = isJsonObject(known['metadata']) ? known['metadata']['labels'] : undefined;
    if (!isJsonObject(labels)) return {};
    return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  }

  async close(): Promise<void> {
    await Promise.all(this.informers.map((informer) => informer.close()));
    this.#ready.reject(new TrustError('ADMISSION_NOT_READY', 'closed before the policies were read'));
  }

  async #fetchNamespace(name: string): Promise<JsonObject> {
    try {
      return await this.#options.client.get(`/api/v1/namespaces/${encodeURIComponent(name)}`);
    } catch (error) {
      // A workload in a namespace that is not there is none: the API server will say so.
      if (apiStatus(error) === 404) return {};
      throw error;
    }
  }

  #changed(resource: string): void {
    if (resource !== 'namespaces') this.#inForce = undefined;
    if (this.problem !== undefined) return;
    // What arrives together is compiled together, off the way of the next review.
    setImmediate(() => {
      try {
        void this.inForce;
        this.#ready.resolve();
      } catch (error) {
        this.#options.onProblem?.('kyverno policies', error);
      }
    });
  }

  #compile(): KyvernoInForce {
    const exceptions = this.#exceptionsOf(this.#exceptions, compileException);
    const celExceptions = this.#exceptionsOf(this.#celExceptions, compileCelException);
    const present = new Set<string>();
    const each = <T extends Rules | Validations>(informer: Informer, kind: string, version: string, compile: (object: JsonObject) => T | undefined): T[] =>
      byName(informer.objects()).flatMap((object) => {
        const id = `${kind}/${metadataText(object, 'namespace')}/${nameOf(object)}`;
        const revision = `${metadataText(object, 'uid')}/${versionOf(object)}/${version}`;
        present.add(id);
        const known = this.#compiled.get(id);
        if (known?.revision === revision) return known.compiled === undefined ? [] : [known.compiled as T];
        const compiled = compile(object);
        this.#compiled.set(id, { revision, compiled });
        this.#tell(id, compiled);
        return compiled === undefined ? [] : [compiled];
      });
    const rules = [
      ...each(this.#clusterPolicies, 'ClusterPolicy', exceptions.version, (object) => compileRules(object, 'ClusterPolicy', exceptions.all)),
      ...each(this.#policies, 'Policy', exceptions.version, (object) => compileRules(object, 'Policy', exceptions.all)),
    ];
    const validations = [
      ...each(this.#validating, 'ImageValidatingPolicy', celExceptions.version, (object) =>
        compileValidations(object, 'ImageValidatingPolicy', celExceptions.all),
      ),
      ...each(this.#namespacedValidating, 'NamespacedImageValidatingPolicy', celExceptions.version, (object) =>
        compileValidations(object, 'NamespacedImageValidatingPolicy', celExceptions.all),
      ),
    ];
    for (const id of this.#compiled.keys()) if (!present.has(id)) this.#compiled.delete(id);
    const objects = [this.#clusterPolicies, this.#policies, this.#exceptions].flatMap((informer) => informer.objects());
    return { rules, validations, asksForRoles: objects.some((object) => ROLES.test(JSON.stringify(object['spec'] ?? null))) };
  }

  #exceptionsOf<T>(informer: Informer, compile: (object: JsonObject) => T | undefined): { readonly all: readonly T[]; readonly version: string } {
    const { exceptionNamespace } = this.#options;
    if (exceptionNamespace === undefined) return { all: [], version: '' };
    const counting = informer.objects().filter((object) => exceptionNamespace === '*' || metadataText(object, 'namespace') === exceptionNamespace);
    const version = counting.map((object) => `${metadataText(object, 'uid')}:${versionOf(object)}`).sort();
    return { all: counting.flatMap((object) => compile(object) ?? []), version: version.join(',') };
  }

  /** Once for each version of a policy. */
  #tell(id: string, compiled: Rules | Validations | undefined): void {
    if (compiled === undefined) return;
    if (compiled.problem !== undefined) this.#options.onProblem?.(quote(id), new TrustError('POLICY_INVALID', compiled.problem));
    const unhandled = 'unhandled' in compiled.policy ? (compiled.policy.unhandled as readonly string[]) : [];
    if (unhandled.length > 0)
      this.#options.onProblem?.(
        quote(id),
        new TrustError('POLICY_INVALID', `only rules that verify images are enforced, and not ${quote(unhandled.join(', '))}`),
      );
  }
}

function byName(objects: readonly JsonObject[]): JsonObject[] {
  const key = (object: JsonObject): string => `${metadataText(object, 'namespace')}/${nameOf(object)}`;
  return objects.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const CEL = '/apis/policies.kyverno.io';
const ROLES = /"(?:roles|clusterRoles)"|request\.(?:roles|clusterRoles)/;
