/** A parsed template over a value: the walk of `text/template`, without its methods of values, channels and named templates. */
import { FunctionError, TemplateError } from './error.ts';
import type { TemplateFunction } from './functions.ts';
import { type Command, commandText, type Expression, expressionText, type Pipeline, type Statement } from './node.ts';
import { printed } from './print.ts';
import { GoStruct, isList, isMap, isTrue, NilPointer, sortedEntries, typeOf, type Value, type ValueMap } from './value.ts';

export interface EvaluateOptions {
  readonly name: string;
  readonly template: string;
  readonly functions: Readonly<Record<string, TemplateFunction>>;
  /** UTF-16 units of output. */
  readonly maxOutput: number;
}

/** Errors: `TemplateError`. */
export function evaluate(statements: readonly Statement[], data: Value, options: EvaluateOptions): string {
  const evaluator = new Evaluator(data, options);
  evaluator.walk(statements, data);
  return evaluator.output;
}

interface Variable {
  readonly name: string;
  value: Value;
}

/** How a list of statements ended. */
type Flow = 'next' | 'break' | 'continue';

class Evaluator {
  output = '';
  readonly #options: EvaluateOptions;
  readonly #variables: Variable[];
  /** What messages point at: the node that was looked at last. */
  #at: { readonly at: number; readonly text: () => string } = { at: 0, text: () => '' };

  constructor(data: Value, options: EvaluateOptions) {
    this.#options = options;
    this.#variables = [{ name: '$', value: data }];
  }

  walk(statements: readonly Statement[], dot: Value): Flow {
    for (const statement of statements) {
      const flow = this.#statement(statement, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #statement(statement: Statement, dot: Value): Flow {
    switch (statement.kind) {
      case 'text':
        this.#print(statement.text);
        return 'next';
      case 'break':
      case 'continue':
        return statement.kind;
      case 'action': {
        const value = this.#pipeline(statement.pipeline, dot);
        if (statement.pipeline.variables.length === 0) this.#print(printed(value));
        return 'next';
      }
      case 'range':
        return this.#scoped(() => this.#range(statement, dot));
      default:
        return this.#scoped(() => {
          const value = this.#pipeline(statement.pipeline, dot);
          if (!isTrue(value)) return this.walk(statement.otherwise, dot);
          return this.walk(statement.then, statement.kind === 'with' ? value : dot);
        });
    }
  }

  #range({ pipeline, then, otherwise }: Extract<Statement, { pipeline: Pipeline; then: unknown }>, dot: Value): Flow {
    const value = this.#pipeline(pipeline, dot);
    const entries = this.#entries(value, pipeline);
    let isEmpty = true;
    for (const [key, element] of entries) {
      isEmpty = false;
      this.#bind(pipeline, key, element);
      if (this.#scoped(() => this.walk(then, element)) === 'break') break;
    }
    return isEmpty ? this.walk(otherwise, dot) : 'next';
  }

  *#entries(value: Value, { variables }: Pipeline): Generator<readonly [Value, Value]> {
    if (value === undefined || value === null) return;
    if (typeof value === 'bigint') {
      if (variables.length > 1) this.#refuse(`can't use ${value} to iterate over more than one variable`);
      for (let i = 0n; i < value; i++) yield [undefined, i];
    } else if (isList(value)) {
      for (const [i, element] of value.entries()) yield [BigInt(i), element];
    } else if (isMap(value)) {
      yield* sortedEntries(value);
    } else {
      this.#refuse(`range can't iterate over ${printed(value)}`);
    }
  }

  /** The variables of a range: the last is the element, one before it the key. */
  #bind({ variables, binding }: Pipeline, key: Value, element: Value): void {
    const values = variables.length > 1 ? [key, element] : [element];
    for (const [i, name] of variables.entries()) {
      if (binding === 'assign') this.#assign(name, values[i]);
      else (this.#variables.at(i - variables.length) as Variable).value = values[i];
    }
  }

  /** Variables that `work` declares end with it. */
  #scoped(work: () => Flow): Flow {
    const outer = this.#variables.length;
    const flow = work();
    this.#variables.length = outer;
    return flow;
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((one) => one.name === name) ?? this.#refuse(`undefined variable: ${name}`);
    variable.value = value;
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    this.#look(pipeline);
    let value: Value;
    for (const [i, command] of pipeline.commands.entries()) {
      value = this.#command(command, dot, i === 0 ? [] : [value]) ?? undefined;
    }
    for (const name of pipeline.variables) {
      if (pipeline.binding === 'assign') this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  /** @param piped the value of the command before, as the last argument */
  #command(command: Command, dot: Value, piped: readonly Value[]): Value {
    const [first, ...rest] = command.operands;
    if (first.kind === 'function') return this.#call(first, rest, dot, piped, () => commandText(command));
    const hasArguments = rest.length > 0 || piped.length > 0;
    this.#look(first);
    if (first.kind === 'field' || first.kind === 'chain' || (first.kind === 'variable' && first.names.length > 0))
      return this.#fields(first, dot, hasArguments);
    if (hasArguments) this.#refuse(`can't give argument to non-function ${first.kind === 'pipeline' ? `(${expressionText(first)})` : expressionText(first)}`);
    if (first.kind === 'nil') return this.#refuse('nil is not a command');
    return this.#value(first, dot);
  }

  #value(node: Expression, dot: Value): Value {
    this.#look(node);
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return node.value;
      case 'function':
        return this.#call(node, [], dot, [], () => node.name);
      case 'pipeline':
        return this.#pipeline(node, dot);
      case 'variable':
        return node.names.length === 0 ? this.#variable(node.name) : this.#fields(node, dot, false);
      default:
        return this.#fields(node, dot, false);
    }
  }

  #variable(name: string): Value {
    return this.#variables.findLast((one) => one.name === name)?.value;
  }

  #fields(node: Extract<Expression, { names: readonly string[] }>, dot: Value, hasArguments: boolean): Value {
    const receiver = node.kind === 'field' ? dot : node.kind === 'variable' ? this.#variable(node.name) : this.#chained(node.of, node, dot);
    let value = receiver;
    // Go tells the type that a value is kept as, which within JSON is `interface {}`.
    let keptAs = typeOf(receiver);
    for (const [i, name] of node.names.entries()) {
      const next = this.#field(value, name, { keptAs, hasArguments: hasArguments && i === node.names.length - 1 });
      keptAs = isMap(value) || (value instanceof GoStruct && value.field(name)?.keptAsInterface === true) ? 'interface {}' : typeOf(next);
      value = next;
    }
    return value;
  }

  #chained(of: Expression, chain: Expression, dot: Value): Value {
    if (of.kind === 'nil') this.#refuse(`indirection through explicit nil in ${expressionText(chain)}`);
    return this.#value(of, dot);
  }

  #field(receiver: Value, name: string, { keptAs, hasArguments }: { readonly keptAs: string; readonly hasArguments: boolean }): Value {
    if (receiver === undefined) return undefined;
    if (receiver === null) return this.#refuse(`nil pointer evaluating interface {}.${name}`);
    if (receiver instanceof NilPointer && receiver.fieldNames.includes(name)) return this.#refuse(`nil pointer evaluating *${receiver.type}.${name}`);
    const value =
      receiver instanceof GoStruct ? this.#member(receiver, name, hasArguments) : isMap(receiver) ? this.#entry(receiver, name, hasArguments) : undefined;
    return value === undefined ? this.#refuse(`can't evaluate field ${name} in type ${keptAs}`) : value.found;
  }

  #member(struct: GoStruct, name: string, hasArguments: boolean): { readonly found: Value } | undefined {
    const method = Object.hasOwn(struct.methods, name) ? struct.methods[name] : undefined;
    if (method !== undefined) return hasArguments ? this.#refuse(`wrong number of args for ${name}: want 0 got 1`) : { found: method() };
    const field = struct.field(name);
    if (field === undefined) return undefined;
    return hasArguments ? this.#refuse(`${name} has arguments but cannot be invoked as function`) : { found: field.value };
  }

  #entry(map: ValueMap, name: string, hasArguments: boolean): { readonly found: Value } {
    if (hasArguments) this.#refuse(`${name} is not a method but has arguments`);
    return { found: Object.hasOwn(map, name) ? map[name] : undefined };
  }

  #call(node: Extract<Expression, { kind: 'function' }>, operands: readonly Expression[], dot: Value, piped: readonly Value[], text: () => string): Value {
    const { name } = node;
    const spec = this.#options.functions[name] as TemplateFunction;
    this.#look(node);
    const count = operands.length + piped.length;
    if (spec.rest === undefined ? count !== spec.params.length : count < spec.params.length) {
      const wanted = spec.rest === undefined ? `want ${spec.params.length} got ${count}` : `want at least ${spec.params.length} got ${operands.length}`;
      this.#refuse(`wrong number of args for ${name}: ${wanted}`);
    }
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, operands, dot, piped);
    const args = operands.map((operand, i) => this.#argument(operand, spec.params[i] ?? 'any', dot));
    const all = [...args, ...piped.map((value, i) => this.#typed(value, spec.params[operands.length + i] ?? 'any'))];
    try {
      return spec.call(all);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      this.#at = { at: node.at, text };
      return this.#refuse(`error calling ${name}: ${error.message}`);
    }
  }

  #shortCircuit(name: 'and' | 'or', operands: readonly Expression[], dot: Value, piped: readonly Value[]): Value {
    let value: Value;
    for (const operand of operands) {
      value = this.#value(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #argument(node: Expression, type: TemplateFunction['params'][number], dot: Value): Value {
    if (type !== 'any' && (node.kind === 'literal' || node.kind === 'nil')) {
      this.#look(node);
      const wanted = type === 'text' ? 'string' : 'bigint';
      if (node.kind === 'nil') return this.#refuse(`cannot assign nil to ${GO_TYPES[type]}`);
      if (typeof node.value !== wanted) this.#refuse(`expected ${type === 'text' ? 'string' : 'integer'}; found ${node.text}`);
    }
    return this.#typed(this.#value(node, dot), type);
  }

  #typed(value: Value, type: TemplateFunction['params'][number]): Value {
    if (type === 'any') return value;
    if (value === undefined || value === null) return this.#refuse(`invalid value; expected ${GO_TYPES[type]}`);
    if (typeof value === (type === 'text' ? 'string' : 'bigint')) return value;
    return this.#refuse(`wrong type for value; expected ${GO_TYPES[type]}; got ${typeOf(value)}`);
  }

  #print(text: string): void {
    this.output += text;
    if (this.output.length > this.#options.maxOutput) this.#refuse(`more than ${this.#options.maxOutput} characters of output, the cap`);
  }

  #look(node: Expression): void {
    this.#at = { at: node.at, text: () => expressionText(node) };
  }

  #refuse(problem: string): never {
    const { name, template } = this.#options;
    const before = template.slice(0, this.#at.at);
    const lineStart = before.lastIndexOf('\n') + 1;
    const place = `${before.split('\n').length}:${Buffer.byteLength(before.slice(lineStart))}`;
    throw new TemplateError(`template: ${name}:${place}: executing ${JSON.stringify(name)} at <${this.#at.text()}>: ${problem}`);
  }
}

const GO_TYPES = { text: 'string', integer: 'int' } as const;
