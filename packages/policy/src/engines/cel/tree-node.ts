/** Trees of the library, and what walks over them, as far as they are used here. Its types do not tell. */
export interface Node {
  readonly op: string;
  /** The whole expression. */
  readonly input: string;
  // biome-ignore lint/suspicious/noExplicitAny: of as many shapes as there are operators
  readonly args: any;
  readonly meta: {
    check(checker: Checker, ast: Node, context: unknown): unknown;
    evaluate(evaluator: Evaluator, ast: Node, context: Context): unknown;
    readonly alternate?: Node;
    readonly macro?: object;
  };
  setMeta(key: string, value: unknown): Node;
}

export interface Checker {
  check(node: Node, context: unknown): { readonly kind: string };
  getType(name: string): unknown;
}

export interface TypeOf {
  readonly kind: string;
  readonly name: string;
  fieldLazy(value: unknown, key: string, ast: Node, evaluator: Evaluator): unknown;
}

export interface Evaluator {
  run(node: Node, context: Context): unknown;
  /** An error is what it returns, or resolves to. */
  tryEval(node: Node, context: Context): unknown;
  debugType(value: unknown): TypeOf;
  debugTypeDeep(value: unknown): TypeOf;
  readonly optionalType: { field(value: unknown, key: string, ast: Node, evaluator: Evaluator): { hasValue(): boolean } };
}

/** Variables in scope, and the state of the loop that they are in. */
export interface Context {
  readonly iterType: unknown;
  readonly accuType: unknown;
  accuValue: unknown;
  forkWithVariable(name: string, type: unknown): Context;
  setAccuType(type: unknown): Context;
  setIterValue(value: unknown, evaluator: Evaluator): Context;
}
