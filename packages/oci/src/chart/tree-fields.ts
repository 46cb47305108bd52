/**
 * Members of a document by the type they must have, with the texts of Go's decoder for those that have another one. Names are matched whatever their case; of
 * two spellings of a name the one that sorts last wins. A number or boolean where a text belongs is taken as text.
 */
import { TrustError } from '@assay/core';
import { isList, isMap, type Tree } from './tree.ts';
import { floatText } from './yaml-scalar.ts';

export class TreeFields {
  readonly members: ReadonlyMap<string, Tree>;
  readonly #file: string;
  readonly #type: string;
  readonly #path: string;
  readonly #byName: ReadonlyMap<string, Tree>;

  /** @param type what Go calls it, for messages, where `path` leads to it from the top of the document */
  constructor(members: ReadonlyMap<string, Tree>, file: string, type: string, path = '') {
    this.members = members;
    this.#file = file;
    this.#type = type;
    this.#path = path;
    const sorted = [...members].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#byName = new Map(sorted.filter(([, value]) => value !== null).map(([name, value]) => [name.toLowerCase(), value]));
  }

  /** Nothing at all is an empty document. Errors: `CHART_FILE`. */
  static of(tree: Tree, file: string, type: string): TreeFields {
    if (tree === null) return new TreeFields(new Map(), file, type);
    return isMap(tree) ? new TreeFields(tree, file, type) : refuse(file, tree, `value of type chart.${type}`);
  }

  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }

  text(name: string): string {
    return this.#text(this.#value(name), name, 'string');
  }

  texts(name: string): string[] {
    return this.list(name, '[]string').map((item) => this.#text(item, name, 'string'));
  }

  flag(name: string): boolean {
    const value = this.#value(name) ?? false;
    return typeof value === 'boolean' ? value : this.#refuse(value, name, 'bool');
  }

  textMap(name: string): ReadonlyMap<string, string> {
    const value = this.#value(name) ?? new Map<string, Tree>();
    if (!isMap(value)) return this.#refuse(value, name, 'map[string]string');
    return new Map([...value].map(([key, member]) => [key, this.#text(member, name, 'string')]));
  }

  objects(name: string, type: string): TreeFields[] {
    return this.list(name, `[]*chart.${type}`).map((item) => {
      if (item === null) throw new TrustError('CHART_METADATA', `validation: ${name} must not contain empty or null nodes`);
      return isMap(item) ? new TreeFields(item, this.#file, type, `${this.#path}${name}.`) : this.#refuse(item, name, `chart.${type}`);
    });
  }

  list(name: string, type = '[]interface {}'): readonly Tree[] {
    const value = this.#value(name) ?? [];
    return isList(value) ? value : this.#refuse(value, name, type);
  }

  #value(name: string): Tree {
    return this.#byName.get(name.toLowerCase()) ?? null;
  }

  #text(value: Tree, name: string, type: string): string {
    if (value === null) return '';
    if (typeof value === 'number') return floatText(value, 32);
    return isMap(value) || isList(value) ? this.#refuse(value, name, type) : String(value);
  }

  #refuse(value: Tree, name: string, type: string): never {
    return refuse(this.#file, value, `struct field ${this.#type}.${this.#path}${name} of type ${type}`);
  }
}

/** A document that is a map, or nothing at all. Errors: `CHART_FILE`. */
export function requireMap(tree: Tree, file: string): void {
  if (tree !== null && !isMap(tree)) refuse(file, tree, 'value of type map[string]interface {}');
}

function refuse(file: string, value: Tree, into: string): never {
  const problem = `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kindOf(value)} into Go ${into}`;
  throw new TrustError('CHART_FILE', `cannot load ${file}: ${problem}`);
}

function kindOf(value: Tree): string {
  if (isMap(value)) return 'object';
  if (isList(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'number';
}
