/**
 * Kubernetes Events for what was denied or warned about, so that `kubectl describe` and `kubectl get events` tell of it where nobody saw the answer: a
 * ReplicaSet whose pods are refused. Best effort: at most a few a second, the same one once in ten minutes, and what cannot be written is dropped.
 */
import { isJsonObject, type JsonObject } from '@assay/core';
import type { ReviewRequest } from '../review.ts';
import type { KubernetesClient } from './client.ts';

export interface EventOptions {
  readonly client: Pick<KubernetesClient, 'create'>;
  /** Who reports. Default `assay-admission`. */
  readonly component?: string;
  readonly onProblem?: (problem: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Events per second in the long run, and at once. Defaults 1 and 20. */
  readonly perSecond?: number;
  readonly burst?: number;
}

export interface EventToTell {
  readonly reason: 'ImageDenied' | 'ImageWarning';
  readonly message: string;
}

export class EventRecorder {
  readonly #options: EventOptions;
  readonly #told = new Map<string, number>();
  #tokens: number;
  #filledAt: number;

  constructor(options: EventOptions) {
    this.#options = options;
    this.#tokens = options.burst ?? BURST;
    this.#filledAt = this.#now();
  }

  /** False: too many, or the same as before. Resolves when it is written, or could not be. */
  async tell(request: ReviewRequest, { reason, message }: EventToTell): Promise<boolean> {
    const about = involvedObject(request);
    if (request.dryRun || request.namespace === '' || about === undefined) return false;
    const key = JSON.stringify([request.namespace, about, reason, message]);
    if (!this.#allow(key)) return false;
    const at = new Date(this.#now()).toISOString().replace(/\.\d+Z$/u, 'Z');
    const component = this.#options.component ?? 'assay-admission';
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'assay-admission-', namespace: request.namespace },
      involvedObject: { ...about, namespace: request.namespace },
      type: 'Warning',
      reason,
      message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      action: 'Admission',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    try {
      await this.#options.client.create(`/api/v1/namespaces/${encodeURIComponent(request.namespace)}/events`, event);
      return true;
    } catch (error) {
      this.#options.onProblem?.(error);
      return false;
    }
  }

  #allow(key: string): boolean {
    const now = this.#now();
    const last = this.#told.get(key);
    if (last !== undefined && now >= last && now - last < REPEAT_MS) return false;
    const { perSecond = PER_SECOND, burst = BURST } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    this.#told.delete(key);
    this.#told.set(key, now);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= MAX_TOLD) break;
      this.#told.delete(oldest);
    }
    return true;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** A pod that was refused does not exist: its owner does, and is where one looks. */
function involvedObject({ kind, name, object }: ReviewRequest): JsonObject | undefined {
  const metadata = object?.['metadata'];
  const owners = isJsonObject(metadata) ? metadata['ownerReferences'] : undefined;
  const owner = Array.isArray(owners) ? owners.find((one) => isJsonObject(one) && one['controller'] === true) : undefined;
  if (isJsonObject(owner)) return { apiVersion: owner['apiVersion'] ?? '', kind: owner['kind'] ?? '', name: owner['name'] ?? '', uid: owner['uid'] ?? '' };
  const own = isJsonObject(metadata) ? metadata : {};
  const named = [name, own['name'], own['generateName']].find((one) => typeof one === 'string' && one !== '');
  if (named === undefined) return undefined;
  const uid = typeof own['uid'] === 'string' ? { uid: own['uid'] } : {};
  return { apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind: kind.kind, name: named, ...uid };
}

const PER_SECOND = 1;
const BURST = 20;
const REPEAT_MS = 600_000;
const MAX_TOLD = 1000;
/** The API server's own cap. */
const MAX_MESSAGE = 1024;
