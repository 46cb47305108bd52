/**
 * JMESPath as Kyverno evaluates it: a name that is not there is an error, except where `||`, `&&`, `!`, a comparison, a pipe, a projection or a function
 * takes it for null. So `a.b` over `{}` refuses a policy that names what does not exist, and `a.b || 'x'` is `'x'`.
 *
 * Whoever writes a policy may spend our time, and so may whoever signs a statement that it reads: nodes visited and values made are counted, and beyond the
 * limits an expression cannot be evaluated.
 */
import { quote, TrustError } from '@assay/core';
import { compile } from '@jmespath-community/jmespath';

export type ExpressionNode = ReturnType<typeof compile>;

export interface Functions {
  /** Errors: `POLICY_EXPRESSION`. */
  call(name: string, values: readonly unknown[], run: (reference: ExpressionNode, value: unknown) => unknown): unknown;
}

export interface Expression {
  readonly text: string;
  /** Every name that it looks up, wherever. */
  readonly names: ReadonlySet<string>;
  /** Errors: `POLICY_EXPRESSION`. */
  search(data: unknown): unknown;
}

/** `&expression`, the argument of functions such as `sort_by`. */
export class Reference {
  readonly node: ExpressionNode;
  constructor(node: ExpressionNode) {
    this.node = node;
  }
}

/** Errors: `POLICY_EXPRESSION`. */
export function compileExpression(text: string, functions: Functions): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH) throw cannot(`the expression is longer than ${MAX_EXPRESSION_LENGTH} characters`);
  const node = parsed(text);
  const names = new Set<string>();
  collectNames(node, names, 0);
  return { text, names, search: (data) => searched(() => new Interpreter(functions).run(node, data)) };
}

function parsed(text: string): ExpressionNode {
  try {
    return compile(text);
  } catch (error) {
    const problem = error instanceof RangeError ? 'it is nested too deep' : error instanceof Error ? error.message : String(error);
    throw cannot(`incorrect query ${quote(text)}: ${quote(problem)}`);
  }
}

function searched(search: () => unknown): unknown {
  try {
    return search();
  } catch (error) {
    if (error instanceof NotFound) throw cannot(`JMESPath query failed: ${error.message}`);
    if (error instanceof RangeError) throw cannot('JMESPath query failed: it is nested too deep');
    throw error;
  }
}

export function cannot(says: string): TrustError {
  return new TrustError('POLICY_EXPRESSION', says);
}

class NotFound extends Error {
  constructor(name: string) {
    super(`Unknown key "${quote(name)}" in path`);
  }
}

function collectNames(node: unknown, names: Set<string>, depth: number): void {
  if (typeof node !== 'object' || node === null) return;
  if (depth > MAX_DEPTH) throw cannot('the expression is nested too deep');
  if ('type' in node && node.type === 'Field' && 'name' in node) names.add(String(node.name));
  for (const child of Object.values(node)) collectNames(child, names, depth + 1);
}

class Interpreter {
  readonly #functions: Functions;
  #steps = 0;

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  run(node: ExpressionNode, value: unknown): unknown {
    if (++this.#steps > MAX_STEPS) throw cannot(`the expression takes more than ${MAX_STEPS} steps`);
    switch (node.type) {
      case 'Field':
        return field(value, node.name);
      case 'Subexpression':
      case 'IndexExpression':
        return this.run(node.right, this.run(node.left, value));
      case 'Pipe':
        return this.#orNull(node.right, this.#orNull(node.left, value));
      case 'Identity':
      case 'Current':
        return value;
      case 'Literal':
        return node.value;
      case 'Index':
        return Array.isArray(value) ? (value.at(node.value) ?? null) : null;
      case 'Slice':
        return Array.isArray(value) ? slice(value, node.start, node.stop, node.step) : null;
      case 'OrExpression': {
        const left = this.#orNull(node.left, value);
        return isFalse(left) ? this.#orNull(node.right, value) : left;
      }
      case 'AndExpression': {
        const left = this.#orNull(node.left, value);
        return isFalse(left) ? left : this.run(node.right, value);
      }
      case 'NotExpression':
        return isFalse(this.#orNull(node.child, value));
      case 'Comparator':
        return compared(node.name, this.#orNull(node.left, value), this.#orNull(node.right, value));
      case 'Flatten':
        return flattened(this.#orNull(node.child, value));
      case 'Projection':
        return this.#project(this.#orNull(node.left, value), node.right);
      case 'ValueProjection': {
        const left = this.#orNull(node.left, value);
        return isRecord(left) ? this.#project(Object.values(left), node.right) : null;
      }
      case 'FilterProjection': {
        const left = this.#orNull(node.left, value);
        if (!Array.isArray(left)) return null;
        return this.#project(
          left.filter((element) => !isFalse(this.#orNull(node.condition, element))),
          node.right,
        );
      }
      case 'MultiSelectHash':
        return isNothing(value) ? null : Object.fromEntries(node.children.map((child) => [child.name, this.#orNull(child.value, value)]));
      case 'MultiSelectList':
        return isNothing(value) ? null : node.children.map((child) => this.#orNull(child, value));
      case 'ExpressionReference':
        return new Reference(node.child);
      case 'Function': {
        const values = node.children.map((child) => this.#orNull(child, value));
        return this.#functions.call(node.name, values, (reference, item) => this.run(reference, item));
      }
      default:
        // Additions of later versions of the language, which Kyverno does not have: arithmetic, variables, conditionals.
        throw cannot(`incorrect query: ${node.type} is no part of the language`);
    }
  }

  #project(left: unknown, right: ExpressionNode): unknown {
    if (!Array.isArray(left)) return null;
    return left.map((element) => this.#orNull(right, element)).filter((result) => result !== null && result !== undefined);
  }

  #orNull(node: ExpressionNode, value: unknown): unknown {
    try {
      return this.run(node, value);
    } catch (error) {
      if (error instanceof NotFound) return null;
      throw error;
    }
  }
}

function field(value: unknown, name: string): unknown {
  if (!isRecord(value)) return null;
  if (!Object.hasOwn(value, name)) throw new NotFound(name);
  return value[name] ?? null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Reference);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function isFalse(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function compared(operator: string, left: unknown, right: unknown): unknown {
  if (operator === 'EQ') return deepEqual(left, right);
  if (operator === 'NE') return !deepEqual(left, right);
  if (typeof left !== 'number' || typeof right !== 'number') return null;
  switch (operator) {
    case 'GT':
      return left > right;
    case 'GTE':
      return left >= right;
    case 'LT':
      return left < right;
    default:
      return left <= right;
  }
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'bigint' || typeof b === 'bigint') return (typeof a === 'number' || typeof b === 'number') && Number(a) === Number(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return (a ?? null) === (b ?? null);
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && deepEqual(a[name], b[name]));
}

function flattened(value: unknown): unknown {
  if (!Array.isArray(value)) return null;
  return value.flat(1);
}

function slice(values: readonly unknown[], start: number | null, stop: number | null, step: number | null): unknown[] {
  const by = step ?? 1;
  if (by === 0) throw cannot('Invalid slice, step cannot be 0');
  const bounded = (at: number | null, absent: number) => {
    if (at === null) return absent;
    const from = at < 0 ? at + values.length : at;
    return Math.min(Math.max(from, by < 0 ? -1 : 0), by < 0 ? values.length - 1 : values.length);
  };
  const end = bounded(stop, by < 0 ? -1 : values.length);
  const taken: unknown[] = [];
  for (let i = bounded(start, by < 0 ? values.length - 1 : 0); by < 0 ? i > end : i < end; i += by) taken.push(values[i]);
  return taken;
}

const MAX_EXPRESSION_LENGTH = 64 * 1024;
const MAX_DEPTH = 1000;
/** Far beyond what a policy over the largest bill of materials takes; a fraction of a second. */
const MAX_STEPS = 2_000_000;
