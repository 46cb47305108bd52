/** Macros that the library does not have: `optional.optMap(x, e)`, `optional.optFlatMap(x, e)`, `list.sortBy(x, key)`. */
import { TrustError } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { charge } from '../meter.ts';
import type { Checker, Context, Evaluator, Node } from '../tree-node.ts';
import { compareCel } from './compare.ts';
import { optionalOf } from './optional.ts';

export function registerMacros(environment: Environment): void {
  environment.registerFunction(
    'optional.optMap(ast, ast): optional<dyn>',
    bindingMacro(
      'optional',
      mapped((value) => optionalOf(value)),
    ) as never,
  );
  environment.registerFunction(
    'optional.optFlatMap(ast, ast): optional<dyn>',
    bindingMacro(
      'optional',
      mapped((value) => value),
    ) as never,
  );
  environment.registerFunction('list.sortBy(ast, ast): list<dyn>', bindingMacro('list', sortedBy) as never);
}

/** What the second argument is for a value that the name in the first stands for. */
type Inner = (value: unknown) => unknown;

interface Macro {
  readonly name: string;
  readonly receiver: Node;
  readonly inner: Node;
  type: unknown;
}

function bindingMacro(result: 'optional' | 'list', evaluate: (receiver: unknown, inner: Inner) => unknown) {
  return ({ args: [variable, inner], receiver }: { readonly args: readonly [Node, Node]; readonly receiver: Node }) => ({
    name: variable.op === 'id' ? String(variable.args) : '',
    receiver,
    inner,
    type: undefined,
    typeCheck(checker: Checker, macro: Macro, context: Context) {
      if (macro.name === '') throw new TrustError('POLICY_CEL_SYNTAX', 'the first argument must be a name');
      const { valueType } = checker.check(macro.receiver, context) as { readonly valueType?: unknown };
      macro.type = valueType ?? checker.getType('dyn');
      checker.check(macro.inner, context.forkWithVariable(macro.name, macro.type));
      return checker.getType(result);
    },
    evaluate(evaluator: Evaluator, macro: Macro, context: Context) {
      const within: Inner = (value) => evaluator.run(macro.inner, context.forkWithVariable(macro.name, macro.type).setIterValue(value, evaluator));
      const given = evaluator.run(macro.receiver, context);
      return given instanceof Promise ? given.then((late) => evaluate(late, within)) : evaluate(given, within);
    },
  });
}

function mapped(wrapped: (value: unknown) => unknown) {
  return (receiver: unknown, inner: Inner): unknown => {
    const optional = receiver as { hasValue(): boolean; value(): unknown };
    if (!optional.hasValue()) return receiver;
    const value = inner(optional.value());
    return value instanceof Promise ? value.then(wrapped) : wrapped(value);
  };
}

function sortedBy(receiver: unknown, inner: Inner): unknown {
  const items = receiver as readonly unknown[];
  charge(items.length);
  const keys = items.map(inner);
  return keys.some((key) => key instanceof Promise) ? Promise.all(keys).then((late) => inOrder(items, late)) : inOrder(items, keys);
}

function inOrder(items: readonly unknown[], keys: readonly unknown[]): unknown[] {
  return items
    .map((item, i) => ({ item, key: keys[i] }))
    .sort((a, b) => compareCel(a.key, b.key))
    .map(({ item }) => item);
}
