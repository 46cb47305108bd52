/**
 * YAML for finding places in it. The library says which ranges of the text nodes have; the text itself is never written by it, since it would lose
 * what it does not keep: line ends, spaces, quotes that it finds unnecessary.
 */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseAllDocuments, type Scalar, visit, type YAMLMap } from 'yaml';
import { Lines } from '../lines.ts';

export interface YamlProblem {
  readonly line: number;
  readonly reason: string;
}

export class YamlSource {
  readonly text: string;
  readonly lines: Lines;
  readonly roots: readonly Node[];
  readonly #targets = new Map<Alias, Node>();

  private constructor(text: string, documents: readonly Document.Parsed[]) {
    this.text = text;
    this.lines = new Lines(text);
    this.roots = documents.flatMap(({ contents }) => (contents === null ? [] : [contents]));
    if (text.includes('*')) for (const document of documents) this.#collectTargets(document);
  }

  static parse(text: string): YamlSource | YamlProblem {
    try {
      // A key given twice is an error: which of the two counts is anyone's guess.
      const documents = [...parseAllDocuments(text, { merge: true, logLevel: 'silent', prettyErrors: false, uniqueKeys: true })];
      const [error] = documents.flatMap(({ errors }) => errors);
      if (error === undefined) return new YamlSource(text, documents);
      return { line: new Lines(text).at(error.pos[0]), reason: error.message };
    } catch (error) {
      // Brackets that are nested so deeply that the stack ends.
      if (!(error instanceof RangeError)) throw error;
      return { line: 1, reason: 'it is nested too deeply' };
    }
  }

  /** An alias means the last anchor of its name before it. */
  #collectTargets(document: Document.Parsed): void {
    const anchors = new Map<string, Node>();
    visit(document, {
      Alias: (_, alias) => {
        const target = anchors.get(alias.source);
        if (target !== undefined) this.#targets.set(alias, target);
      },
      Value: (_, node) => {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  /** What an alias stands for. */
  resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return this.#targets.get(node);
    return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
  }

  map(node: unknown): YAMLMap | undefined {
    const resolved = this.resolve(node);
    return isMap(resolved) ? resolved : undefined;
  }

  /** The items of a list; of anything else none. */
  items(node: unknown): readonly unknown[] {
    const resolved = this.resolve(node);
    return isSeq(resolved) ? resolved.items : [];
  }

  /** The text of a scalar that is a string. */
  string(node: unknown): string | undefined {
    const resolved = this.resolve(node);
    return isScalar(resolved) && typeof resolved.value === 'string' ? resolved.value : undefined;
  }

  /** A member that the map has itself. */
  pair(map: YAMLMap, name: string): Pair | undefined {
    return map.items.find(({ key }) => isScalar(key) && key.value === name);
  }

  /** What the map has itself, under names that are text. */
  *members(map: YAMLMap): Generator<readonly [name: string, value: unknown]> {
    for (const { key, value } of map.items) if (isScalar(key) && typeof key.value === 'string') yield [key.value, value];
  }

  /** A member, also one that is merged in with `<<`. */
  get(map: YAMLMap, name: string, depth = 0): Node | undefined {
    const own = this.pair(map, name);
    if (own !== undefined) return this.resolve(own.value);
    if (depth > MAX_MERGES) return undefined;
    for (const { key, value } of map.items) {
      if (!isScalar(key) || key.source !== '<<') continue;
      for (const merged of [value, ...this.items(value)]) {
        const from = this.map(merged);
        const found = from === undefined ? undefined : this.get(from, name, depth + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** `get` for a path of names. */
  at(node: unknown, ...path: readonly string[]): Node | undefined {
    return path.reduce<Node | undefined>((value, name) => {
      const map = this.map(value);
      return map === undefined ? undefined : this.get(map, name);
    }, this.resolve(node));
  }

  stringAt(node: unknown, ...path: readonly string[]): string | undefined {
    return this.string(this.at(node, ...path));
  }

  /** Where the text of a scalar stands, without its quotes. Undefined when it is not written there letter by letter. */
  inner(scalar: Scalar): { readonly start: number; readonly end: number; readonly quotes: '' | '"' | "'" } | undefined {
    const [start, end] = scalar.range ?? [0, 0];
    const quotes = scalar.type === 'QUOTE_DOUBLE' ? '"' : scalar.type === 'QUOTE_SINGLE' ? "'" : '';
    const inner = { start: start + quotes.length, end: end - quotes.length, quotes } as const;
    if (scalar.type?.startsWith('BLOCK') === true) return undefined;
    return scalar.source === this.text.slice(inner.start, inner.end) ? inner : undefined;
  }

  /** Every map below a node, each once, however often aliases name it. */
  *maps(from: unknown): Generator<YAMLMap> {
    const seen = new Set<Node>();
    const stack = [this.resolve(from)];
    for (let node = stack.pop(); node !== undefined || stack.length > 0; node = stack.pop()) {
      if (node === undefined || seen.has(node)) continue;
      seen.add(node);
      if (isMap(node)) {
        yield node;
        for (const { value } of node.items) stack.push(this.resolve(value));
      }
      if (isSeq(node)) for (const item of node.items) stack.push(this.resolve(item));
    }
  }
}

export function isProblem(parsed: YamlSource | YamlProblem): parsed is YamlProblem {
  return !(parsed instanceof YamlSource);
}

const MAX_MERGES = 16;
