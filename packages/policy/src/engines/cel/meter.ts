/**
 * What an evaluation may use. Evaluators count: a node of the tree is one unit, and whatever is made or read through costs by its size. So the same
 * expression over the same input always stops at the same place, on any machine, and memory is bounded with it: what cannot be paid for is not made.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { TrustError } from '@assay/core';
import { isPlain } from './values.ts';

/** About a second. Kubernetes allows as much to one policy. */
export const DEFAULT_COST = 10_000_000;

export class Meter {
  readonly limit: number;
  #left: number;

  constructor(limit = DEFAULT_COST) {
    this.limit = limit;
    this.#left = limit;
  }

  get used(): number {
    return this.limit - this.#left;
  }

  /** Once it is used up it stays so: an `||` that swallows the error changes nothing. Errors: `POLICY_CEL_LIMIT`. */
  charge(units: number): void {
    this.#left -= units;
    if (this.#left < 0) this.exceeded();
  }

  check(): void {
    if (this.#left < 0) this.exceeded();
  }

  /** Walks no further than what is left pays for: values may share parts, and be much larger than the memory they take. */
  chargeDeep(value: unknown): void {
    this.charge(1);
    if (typeof value === 'string' || value instanceof Uint8Array) this.charge(value.length >> 4);
    else if (value instanceof Map) for (const [key, member] of value) this.#deepMember(key, member);
    else if (Array.isArray(value)) for (const member of value) this.chargeDeep(member);
    else if (isPlain(value)) for (const key of Object.keys(value)) this.#deepMember(key, value[key]);
  }

  #deepMember(key: unknown, value: unknown): void {
    this.chargeDeep(key);
    this.chargeDeep(value);
  }

  private exceeded(): never {
    this.#left = Number.NEGATIVE_INFINITY;
    throw new TrustError('POLICY_CEL_LIMIT', 'the expression costs more than it may', { expected: `at most ${this.limit} units` });
  }
}

/** The evaluation that is going on: functions of the libraries are registered once, and find here whom they serve. */
export interface Evaluation {
  readonly meter: Meter;
  readonly host: CelHost;
}

/** What expressions may ask of the world. What is missing is refused with an error. */
export interface CelHost {
  readonly now?: Date;
  /** `resource.get`, `resource.list`, `http.get`, `globalContext.get`, `verifyImageSignatures` … by that name, arguments as CEL has them. */
  readonly functions?: Readonly<Record<string, (...args: never[]) => unknown>>;
}

const evaluations = new AsyncLocalStorage<Evaluation>();

export function runEvaluation<T>(evaluation: Evaluation, run: () => T): T {
  return evaluations.run(evaluation, run);
}

/** Only within `runEvaluation`. */
export function currentEvaluation(): Evaluation {
  const evaluation = evaluations.getStore();
  if (evaluation === undefined) throw new TypeError('a function of CEL was called outside of an evaluation');
  return evaluation;
}

export function charge(units: number): void {
  currentEvaluation().meter.charge(units);
}
