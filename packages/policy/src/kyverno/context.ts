/**
 * What variables of a policy may name: one JSON document, of which parts are loaded when an expression asks for them.
 *
 *   request { object, oldObject, operation, namespace, userInfo, roles, clusterRoles }, images { containers { NAME { registry, path, … } } }, image { … },
 *   serviceAccountName, serviceAccountNamespace, and the entries of the rule's own `context` by their names.
 *
 * A predicate is merged into the root for the conditions over it.
 */
import { quote } from '@assay/core';
import { cannot, compileExpression, type Functions, isRecord } from './jmespath/interpreter.ts';

export type Loader = (context: Context) => Promise<unknown>;

export class Context {
  readonly #root: Record<string, unknown>;
  readonly #loaders: ReadonlyMap<string, Loader>;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #functions: Functions;

  constructor(root: Readonly<Record<string, unknown>>, functions: Functions, loaders: ReadonlyMap<string, Loader> = new Map()) {
    this.#root = { ...root };
    this.#functions = functions;
    this.#loaders = loaders;
  }

  /** The same with more in its root; objects are merged, all else is replaced. Nothing is written back. */
  with(values: Readonly<Record<string, unknown>>, loaders: ReadonlyMap<string, Loader> = new Map()): Context {
    const later = new Map([...this.#loaders].filter(([name]) => !this.#loading.has(name) && !Object.hasOwn(values, name)));
    for (const [name, loader] of loaders) later.set(name, loader);
    return new Context(merged(this.#root, values), this.#functions, later);
  }

  /** Errors: `POLICY_EXPRESSION`, and those of the parts that it asks for. */
  async query(text: string): Promise<unknown> {
    const query = text.trim();
    if (query === '') throw cannot('invalid query (nil)');
    const expression = compileExpression(query, this.#functions);
    for (const name of expression.names) await this.#load(name);
    return expression.search(this.#root);
  }

  /** Of data that is not in the context. Errors: `POLICY_EXPRESSION`. */
  search(text: string, data: unknown): unknown {
    return compileExpression(text.trim(), this.#functions).search(data);
  }

  get deletes(): boolean {
    const request = this.#root['request'];
    return isRecord(request) && request['operation'] === 'DELETE';
  }

  #load(name: string): Promise<void> {
    const loader = this.#loaders.get(name);
    if (loader === undefined) return Promise.resolve();
    const known = this.#loading.get(name);
    if (known !== undefined) return known;
    const loading = this.#loadNow(name, loader);
    this.#loading.set(name, loading);
    return loading;
  }

  async #loadNow(name: string, loader: Loader): Promise<void> {
    // Without itself: an entry that is made of itself would wait for ever.
    const others = new Map([...this.#loaders].filter(([other]) => other !== name));
    const value = await loader(new Context(this.#root, this.#functions, others));
    if (JSON.stringify(value)?.length > MAX_ENTRY) throw cannot(`context entry ${quote(name)} is larger than ${MAX_ENTRY} bytes`);
    this.#root[name] = value;
  }
}

function merged(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const there = Object.hasOwn(result, name) ? result[name] : undefined;
    Object.defineProperty(result, name, {
      value: isRecord(there) && isRecord(value) ? merged(there, value) : value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return result;
}

/** As upstream caps its contexts. */
const MAX_ENTRY = 2 * 1024 * 1024;
