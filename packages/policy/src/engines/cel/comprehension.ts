/**
 * Loops: what `all`, `exists`, `exists_one`, `map` and `filter` become. The library keeps the state of a loop in its tree, and loses it when the same loop runs
 * again after one that had to wait: `all` then answers nothing at all. Here each run has its own.
 */
import { currentEvaluation } from './meter.ts';
import type { Context, Evaluator, Node } from './tree-node.ts';

export interface LoopArguments {
  readonly iterable: Node;
  readonly iterVarName: string;
  readonly init: Node;
  readonly step: Node;
  /** Whether to go on. */
  readonly condition?: (accumulated: unknown) => boolean;
  readonly result: (accumulated: unknown) => unknown;
  /** Otherwise an error decides only if no other item does. */
  readonly errorsAreFatal: boolean;
  /** Made by the check: the types of the loop's variables. */
  readonly iterCtx: Context;
}

export function evaluateLoop(evaluator: Evaluator, { args }: Node, context: Context): unknown {
  const loop = args as LoopArguments;
  const range = evaluator.run(loop.iterable, context);
  if (range instanceof Promise) return range.then((late) => new Loop(loop, evaluator, context).over(itemsOf(late)));
  return new Loop(loop, evaluator, context).over(itemsOf(range));
}

class Loop {
  readonly #loop: LoopArguments;
  readonly #evaluator: Evaluator;
  readonly #context: Context;
  #error: Error | undefined;

  constructor(loop: LoopArguments, evaluator: Evaluator, parent: Context) {
    this.#loop = loop;
    this.#evaluator = evaluator;
    this.#context = parent.forkWithVariable(loop.iterVarName, loop.iterCtx.iterType).setAccuType(loop.iterCtx.accuType);
  }

  over(items: readonly unknown[]): unknown {
    const start = this.#evaluator.run(this.#loop.init, this.#context);
    this.#context.accuValue = start;
    let accumulated = start;
    for (let i = 0; i < items.length && this.#goesOn(accumulated); i++) {
      const next = this.#step(items[i]);
      if (next instanceof Promise) return this.#later(next, accumulated, items, i + 1);
      accumulated = this.#taken(next, accumulated);
    }
    return this.#end(accumulated);
  }

  async #later(first: Promise<unknown>, before: unknown, items: readonly unknown[], from: number): Promise<unknown> {
    let accumulated = this.#taken(await first, before);
    for (let i = from; i < items.length && this.#goesOn(accumulated); i++) accumulated = this.#taken(await this.#step(items[i]), accumulated);
    return this.#end(accumulated);
  }

  #goesOn(accumulated: unknown): boolean {
    return this.#loop.condition?.(accumulated) ?? true;
  }

  #step(item: unknown): unknown {
    const { step, errorsAreFatal } = this.#loop;
    const context = this.#context.setIterValue(item, this.#evaluator);
    return errorsAreFatal ? this.#evaluator.run(step, context) : this.#evaluator.tryEval(step, context);
  }

  #taken(value: unknown, accumulated: unknown): unknown {
    if (this.#loop.errorsAreFatal || !(value instanceof Error)) return value;
    currentEvaluation().meter.check();
    this.#error ??= value;
    return accumulated;
  }

  #end(accumulated: unknown): unknown {
    if (this.#error !== undefined && this.#goesOn(accumulated)) throw this.#error;
    return this.#loop.result(accumulated);
  }
}

function itemsOf(range: unknown): readonly unknown[] {
  if (Array.isArray(range)) return range;
  if (range instanceof Set) return [...range];
  if (range instanceof Map) return [...range.keys()];
  if (typeof range === 'object' && range !== null) return Object.keys(range);
  throw new TypeError('Expression cannot be range of a comprehension (must be list, map, or dynamic).');
}
