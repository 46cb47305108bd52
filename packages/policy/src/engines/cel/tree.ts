/**
 * The tree of a parsed expression, prepared before it is evaluated for the first time. The library bounds what it parses, and nothing that it evaluates;
 * so every node that does something is made to pay (meter.ts), and loops are ours (comprehension.ts). And where the library is not what Kubernetes and Kyverno have, the node is led elsewhere:
 * functions to ours (`OVERRIDDEN`), `has` to one that takes any expression with a field at its end.
 *
 * What is used of a node (`meta`, `setMeta`) is not in the library's types. `cel.test.ts` fails for a version in which a node is not counted.
 */
import { TrustError } from '@assay/core';
import { evaluateLoop } from './comprehension.ts';
import { currentEvaluation, type Meter } from './meter.ts';
import type { Checker, Context, Evaluator, Node } from './tree-node.ts';

/** Under what name a function must be registered for expressions to find it. */
export function ourName(name: string): string {
  return OVERRIDDEN.has(name) ? `${OURS}${name}` : name;
}

/** Functions of the library that are not linear, or read strings by UTF-16 units. Ours have the same name with this in front. */
export const OURS = 'assay_';
const OVERRIDDEN = new Set([
  'charAt',
  'contains',
  'duration',
  'indexOf',
  'join',
  'lastIndexOf',
  'lowerAscii',
  'matches',
  'replace',
  'split',
  'substring',
  'timestamp',
  'trim',
  'upperAscii',
]);

/** Before types are checked. Returns members of `variables` that the expression names, or undefined when it may name any. */
export function prepareTree(root: unknown): TreeFacts {
  const names = new Set<string>();
  let any = false;
  let whole = 0;
  for (const node of nodesOf(root)) {
    const { op, args } = node;
    if (op === 'call' && args[0] === 'has' && args[1].length === 1) node.setMeta('macro', hasMacro(args[1][0] as Node)).setMeta('async', true);
    if (op === 'call' || op === 'rcall') args[0] = ourName(args[0]);
    if (op === 'map') checkKeys(node);
    if (op === 'id' && args === 'variables') whole++;
    const of = op === '.' || op === '.?' ? args[0] : undefined;
    if (of?.op === 'id' && of.args === 'variables') {
      whole--;
      names.add(args[1]);
    }
  }
  if (whole > 0) any = true;
  return { variables: names, anyVariable: any };
}

export interface TreeFacts {
  readonly variables: ReadonlySet<string>;
  /** It uses `variables` in another way than by a member's name. */
  readonly anyVariable: boolean;
}

/** After types are checked: the check decides how a node is evaluated. */
export function meterTree(root: unknown): void {
  for (const node of nodesOf(root)) {
    const { op, meta } = node;
    if (op === 'value') continue;
    const evaluate = op === 'comprehension' ? evaluateLoop : meta.evaluate;
    const pay = payment(node);
    meta.evaluate = (evaluator, ast, context) => {
      // The library names the type of every value by all that is in it, and keeps the name for ever: whoever writes the values would fill the memory.
      evaluator.debugTypeDeep = evaluator.debugType;
      const { meter } = currentEvaluation();
      meter.charge(pay.before);
      let value: unknown;
      try {
        value = evaluate(evaluator, ast, context);
      } catch (error) {
        // An error is made with a drawing of its place in the text, and may be one of many that a loop swallows.
        meter.charge(ERROR_COST + (node.input.length >> 4));
        throw error;
      }
      if (!(value instanceof Promise)) {
        pay.after(meter, value);
        return value;
      }
      return value.then((late) => {
        pay.after(meter, late);
        return late;
      });
    };
    if (op === '==' || op === '!=' || op === 'in') for (const side of node.args as Node[]) comparedSides.add(side);
  }
}

const ERROR_COST = 50;

interface Payment {
  readonly before: number;
  after(meter: Meter, value: unknown): void;
}

const comparedSides = new WeakSet<Node>();

function payment(node: Node): Payment {
  const { op } = node;
  const before = slowCall(node) ? 1000 : 1;
  const makes = MAKING.has(op);
  const after = (meter: Meter, value: unknown) => {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      if (value.length > MAX_LENGTH) meter.charge(Number.POSITIVE_INFINITY);
      meter.charge(makes ? value.length >> 3 : value.length >> 6);
    } else if (makes && Array.isArray(value)) meter.charge(value.length * 2);
    if (comparedSides.has(node)) meter.chargeDeep(value);
  };
  return { before, after };
}

/** A time in a zone is looked up in tables. */
function slowCall({ op, args }: Node): boolean {
  return op === 'rcall' && args[0].startsWith('get') && args[2].length === 1;
}

/** What makes new values; others hand on what is there. */
const MAKING = new Set(['+', 'call', 'rcall', 'list', 'map', 'comprehension']);
const MAX_LENGTH = 1 << 24;

/** The key of a map is a plain value. Types are named by all of their parts: a key that is a map of maps has a name that fills the memory. */
function checkKeys(node: Node): void {
  const { check } = node.meta;
  node.meta.check = (checker, ast, context) => {
    for (const [key] of ast.args as [Node, Node][]) {
      const { kind } = checker.check(key, context);
      if (kind !== 'primitive' && kind !== 'dyn') throw new TrustError('POLICY_CEL_SYNTAX', 'the key of a map must be a number, a boolean or a string');
    }
    return check(checker, ast, context);
  };
}

/** `has(e.field)`: whether what `e` is has the field. What is wrong with `e` is wrong with all of it. */
function hasMacro(argument: Node) {
  const isField = argument.op === '.' || argument.op === '.?';
  return {
    typeCheck(checker: Checker, _macro: unknown, context: unknown) {
      if (!isField) throw new TrustError('POLICY_CEL_SYNTAX', 'invalid argument to has() macro');
      checker.check(argument.args[0], context);
      return checker.getType('bool');
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: Context) {
      const holder = evaluator.run(argument.args[0], context);
      const has = (value: unknown) => hasField(evaluator, value, argument);
      return holder instanceof Promise ? holder.then(has) : has(holder);
    },
    // So that `nodesOf` finds it.
    holder: isField ? argument.args[0] : undefined,
  };
}

function hasField(evaluator: Evaluator, value: unknown, field: Node): boolean {
  if (value instanceof Map) return value.has(field.args[1]);
  const type = evaluator.debugType(value);
  if (type.kind === 'optional') return evaluator.optionalType.field(value, field.args[1], field, evaluator).hasValue();
  if (type.kind !== 'map' && type.kind !== 'message') throw new TrustError('POLICY_CEL', `type '${type.name}' does not support field selection`);
  return type.fieldLazy(value, field.args[1], field, evaluator) !== undefined;
}

/** Every node, once; parents before children. Not by recursion: an expression may be as deep as it is long. */
function* nodesOf(root: unknown): Generator<Node, void, void> {
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (Array.isArray(next)) open.push(...next);
    else if (isNode(next)) {
      yield next;
      open.push(next.args, next.meta.alternate, next.meta.macro);
    } else if (Object.getPrototypeOf(next) === Object.prototype) open.push(...Object.values(next));
  }
}

function isNode(value: object): value is Node {
  return 'op' in value && 'meta' in value && 'setMeta' in value;
}
