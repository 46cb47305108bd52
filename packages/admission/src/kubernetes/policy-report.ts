/**
 * PolicyReports (`wgpolicyk8s.io/v1alpha2`), one for each namespace: what each policy said of the images of each object. Only where the cluster has that kind.
 *
 *   results: [{ policy, result: pass | fail | warn, message, source, timestamp: { seconds, nanos }, resources: [{ apiVersion, kind, namespace, name }] }]
 *
 * Written together every few seconds, the latest result of each policy on each object; several replicas write the same report, each on top of the other's.
 */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { apiStatus, type KubernetesClient } from './client.ts';
import { versionOf } from './object.ts';

export interface PolicyReportOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  readonly onProblem?: (problem: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Default 5 s. */
  readonly everyMs?: number;
  /** The oldest go first. Default 500 for a namespace. */
  readonly maxResults?: number;
}

export interface ReportedResult {
  readonly policy: string;
  readonly result: 'pass' | 'fail' | 'warn';
  readonly message: string;
  readonly resource: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

export class PolicyReporter {
  readonly #options: PolicyReportOptions;
  readonly #pending = new Map<string, Map<string, JsonObject>>();
  #timer: NodeJS.Timeout | undefined;
  #absentSince: number | undefined;

  constructor(options: PolicyReportOptions) {
    this.#options = options;
  }

  add({ policy, result, message, resource }: ReportedResult): void {
    const { namespace, name } = resource;
    if (namespace === '' || name === '') return;
    const now = this.#now();
    const entry = {
      policy,
      result,
      source: SOURCE,
      message: message.slice(0, MAX_MESSAGE),
      timestamp: { seconds: Math.floor(now / 1000), nanos: 0 },
      resources: [{ ...resource }],
    };
    const results = this.#pending.get(namespace) ?? new Map<string, JsonObject>();
    results.set(keyOf(entry), entry);
    this.#pending.set(namespace, capped(results, this.#maxResults));
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.everyMs ?? EVERY_MS).unref();
  }

  /** Writes what has come together. Throws nothing of ours. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = [...this.#pending];
    this.#pending.clear();
    if (pending.length === 0 || !(await this.#isKnown())) return;
    for (const [namespace, results] of pending) {
      try {
        await this.#write(namespace, results);
      } catch (error) {
        this.#options.onProblem?.(error);
      }
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  get #maxResults(): number {
    return this.#options.maxResults ?? MAX_RESULTS;
  }

  /** Whether the cluster has the kind; asked again after a while. */
  async #isKnown(): Promise<boolean> {
    if (this.#absentSince !== undefined && this.#now() - this.#absentSince < ASK_AGAIN_MS) return false;
    try {
      this.#absentSince = (await this.#read(GROUP)) === undefined ? this.#now() : undefined;
      return this.#absentSince === undefined;
    } catch (error) {
      this.#options.onProblem?.(error);
      return false;
    }
  }

  async #write(namespace: string, results: ReadonlyMap<string, JsonObject>): Promise<void> {
    const { client } = this.#options;
    const path = `${GROUP}/namespaces/${encodeURIComponent(namespace)}/policyreports`;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = await this.#read(`${path}/${NAME}`);
      const report = this.#merge(namespace, known, results);
      try {
        await (known === undefined ? client.create(path, report) : client.replace(`${path}/${NAME}`, report));
        return;
      } catch (error) {
        // Another replica was faster.
        if (apiStatus(error) !== 409 || attempt === ATTEMPTS - 1) throw error;
      }
    }
  }

  async #read(path: string): Promise<JsonObject | undefined> {
    try {
      return await this.#options.client.get(path);
    } catch (error) {
      if (apiStatus(error) === 404) return undefined;
      throw error;
    }
  }

  #merge(namespace: string, known: JsonObject | undefined, results: ReadonlyMap<string, JsonObject>): JsonObject {
    const merged = new Map<string, JsonObject>();
    const before: Json = known?.['results'] ?? [];
    if (Array.isArray(before)) for (const one of before) if (isJsonObject(one)) merged.set(keyOf(one), one);
    for (const [key, one] of results) {
      merged.delete(key);
      merged.set(key, one);
    }
    const all = [...capped(merged, this.#maxResults).values()];
    const count = (result: string): number => all.filter((one) => one['result'] === result).length;
    return {
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'PolicyReport',
      metadata: { name: NAME, namespace, ...(known !== undefined && { resourceVersion: versionOf(known) }) },
      summary: { pass: count('pass'), fail: count('fail'), warn: count('warn'), error: 0, skip: 0 },
      results: all,
    };
  }
}

function keyOf({ policy, resources }: JsonObject): string {
  const [resource] = Array.isArray(resources) ? resources : [];
  return JSON.stringify([policy, isJsonObject(resource) ? [resource['kind'], resource['name']] : null]);
}

function capped(results: Map<string, JsonObject>, most: number): Map<string, JsonObject> {
  for (const oldest of results.keys()) {
    if (results.size <= most) break;
    results.delete(oldest);
  }
  return results;
}

const GROUP = '/apis/wgpolicyk8s.io/v1alpha2';
const ASK_AGAIN_MS = 300_000;
const NAME = 'assay-admission';
const SOURCE = 'assay';
const EVERY_MS = 5000;
const MAX_RESULTS = 500;
const MAX_MESSAGE = 1024;
const ATTEMPTS = 5;
