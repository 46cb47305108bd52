/**
 * What a policy said of an image, kept for whoever asks the same again (admission.md 4.7).
 *
 * The key is everything that a verdict depends on: the image by digest (and by the tag it was named with, which an identity may hold), the policy and its
 * version, the trust roots, and the credentials that it was looked up with: a verdict on a private image is never given to a pod that may not pull it.
 * Passes are kept for an hour and refusals for seconds, since a signature may be on its way. Evidence that is removed takes effect when the entry expires.
 *
 * Kept are texts, never evidence, so that a thousand entries are a few megabytes at the most.
 */
import type { ImagePolicy, NamedImage } from '@assay/policy';
import { Kept, type Source } from './kept.ts';

/** As much of a verdict as an answer needs. */
export interface SmallVerdict {
  readonly ok: boolean;
  /** Why not. */
  readonly errors: readonly string[];
}

export interface VerdictCacheOptions {
  /** Default 1000. 0: nothing is kept. */
  readonly maxEntries?: number | undefined;
  /** Default 1 h. */
  readonly passMs?: number | undefined;
  /** Default 10 s, and no more than that. */
  readonly refusalMs?: number | undefined;
  /** Default: the process's monotonic clock. */
  readonly now?: (() => number) | undefined;
  readonly told?: ((source: Source | 'bypassed') => void) | undefined;
}

export interface VerdictKey {
  readonly policy: Pick<ImagePolicy, 'name' | 'kind' | 'uid' | 'resourceVersion' | 'contextual'>;
  readonly image: Pick<NamedImage, 'repository' | 'digest' | 'tag'>;
  readonly trustVersion: string;
  /** Of the credentials: see keychain.ts. */
  readonly credentials: string;
}

export class VerdictCache {
  readonly #kept: Kept<SmallVerdict>;
  readonly #told: (source: Source | 'bypassed') => void;

  constructor({
    maxEntries = 1000,
    passMs = HOUR_MS,
    refusalMs = MAX_REFUSAL_MS,
    now = () => performance.now(),
    told = () => undefined,
  }: VerdictCacheOptions = {}) {
    const refusal = Math.min(refusalMs, MAX_REFUSAL_MS);
    this.#kept = new Kept({ maxEntries, now, lifetimeMs: ({ ok }) => (ok ? passMs : refusal) });
    this.#told = told;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** `judge` is asked once however many want to know at the same time; a contextual policy is asked every time. */
  verdict({ policy, image, trustVersion, credentials }: VerdictKey, judge: () => Promise<SmallVerdict>): Promise<SmallVerdict> | SmallVerdict {
    if (policy.contextual || image.digest === undefined) {
      this.#told('bypassed');
      return judge();
    }
    const version = [policy.uid, policy.resourceVersion];
    const parts = [`${image.repository}@${image.digest}`, image.tag ?? '', policyId(policy), ...version, trustVersion, credentials];
    return this.#kept.get(parts, async () => small(await judge()), this.#told);
  }

  /** A policy that is gone or has another version, and trust roots that are no longer in force: nobody will ask with their key again. */
  retain(policies: readonly VerdictKey['policy'][], trustVersion: string): void {
    const current = new Set(policies.map((policy) => JSON.stringify([policyId(policy), policy.uid, policy.resourceVersion])));
    this.#kept.forget(([, , id, uid, version, trust]) => trust !== trustVersion || !current.has(JSON.stringify([id, uid, version])));
  }
}

function policyId({ kind, name }: VerdictKey['policy']): string {
  return `${kind}/${name}`;
}

/** A verdict as it comes from judging holds on to all the evidence. */
function small({ ok, errors }: SmallVerdict): SmallVerdict {
  return { ok, errors: ok ? [] : errors.map((error) => (error.length > MAX_ERROR ? `${error.slice(0, MAX_ERROR)}…` : error)).slice(0, MAX_ERRORS) };
}

const HOUR_MS = 3_600_000;
const MAX_REFUSAL_MS = 10_000;
const MAX_ERROR = 8192;
const MAX_ERRORS = 100;
