/**
 * YAML as Kubernetes' tools read it: the first document, plain scalars by the rules of `yaml-scalar.ts`, and the last of two members with one name.
 */
import { decodeUtf8, quote, TrustError } from '@assay/core';
import { type Alias, type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, parseAllDocuments, type Scalar, type YAMLMap } from 'yaml';
import type { Tree } from './tree.ts';
import { floatText, plainScalar } from './yaml-scalar.ts';

/** What is larger takes too long to read. */
export const MAX_YAML_BYTES = 1024 * 1024;

/** Errors: `CHART_FILE`, `CHART_TOO_LARGE`. */
export function parseYaml(bytes: Uint8Array, what: string): Tree {
  if (bytes.length > MAX_YAML_BYTES) throw new TrustError('CHART_TOO_LARGE', `${what} is larger than the maximum size ${MAX_YAML_BYTES}`);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new TrustError('CHART_FILE', `cannot load ${what}: not valid UTF-8`);
  if (looksDeep(text)) throw new TrustError('CHART_FILE', `cannot load ${what}: nested deeper than ${MAX_DEPTH} levels`);
  const document = firstDocument(text, what);
  return document === undefined ? null : new Reader(what).tree(document.contents);
}

/** Roughly, before the library is asked: a megabyte of brackets would keep it busy for many seconds, and gigabytes of memory. */
function looksDeep(text: string): boolean {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) return true;
  }
  return NESTED_ON_ONE_LINE.test(text);
}

function firstDocument(text: string, what: string): Document.Parsed | undefined {
  let documents: readonly Document.Parsed[];
  try {
    // Scalars stay text, with how they were written: the library's own rules are those of another version.
    // Its pretty errors quote the source, at a cost that grows with the square of what is wrong.
    documents = [...parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent', prettyErrors: false })];
  } catch (error) {
    // Thousands of nested brackets exhaust the stack.
    throw new TrustError('CHART_FILE', `cannot load ${what}: nested too deeply`, { cause: error });
  }
  const [problem] = documents[0]?.errors ?? [];
  if (problem === undefined) return documents[0];
  const line = text.slice(0, problem.pos[0]).split('\n').length;
  throw new TrustError('CHART_FILE', `cannot load ${what}: line ${line}: ${quote(problem.message)}`);
}

class Reader {
  readonly #what: string;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #depth = 0;

  constructor(what: string) {
    this.#what = what;
  }

  tree(node: unknown): Tree {
    // Aliases of aliases multiply: nine lines can stand for billions of values.
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) this.#refuse(`more than ${MAX_NODES} values, aliases included`);
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return scalarTree(node);
    if (node === null || node === undefined) return null;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    const tree = this.#nested(node);
    this.#depth -= 1;
    return tree;
  }

  #nested(node: unknown): Tree {
    if (isAlias(node)) return this.tree(this.#target(node));
    if (isSeq(node)) return node.items.map((item) => this.tree(item));
    if (isMap(node)) return this.#map(node);
    return this.#refuse('something that is neither a value, a list nor a map');
  }

  #target(alias: Alias): Node {
    return this.#anchors.get(alias.source) ?? this.#refuse(`nothing is called &${alias.source}`);
  }

  #map(node: YAMLMap): Tree {
    const members = new Map<string, Tree>();
    const merged = new Map<string, Tree>();
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      if (isMergeKey(pair.key)) this.#merge(pair.value, merged);
      else members.set(this.#name(pair.key), this.tree(pair.value));
    }
    return new Map([...merged, ...members]);
  }

  #merge(value: unknown, into: Map<string, Tree>): void {
    const tree = this.tree(value);
    const maps = Array.isArray(tree) ? tree.toReversed() : [tree];
    for (const map of maps) {
      if (!(map instanceof Map)) this.#refuse('<< needs a map, or a list of maps');
      else for (const [name, member] of map) into.set(name, member);
    }
  }

  #name(key: unknown): string {
    const tree = this.tree(key);
    if (typeof tree === 'string') return tree;
    if (typeof tree === 'number') return ODD_NUMBERS[String(tree)] ?? floatText(tree, 32);
    if (typeof tree === 'bigint' || typeof tree === 'boolean') return String(tree);
    return this.#refuse('a name that is not text');
  }

  #refuse(problem: string): never {
    throw new TrustError('CHART_FILE', `cannot load ${this.#what}: ${problem}`);
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

function scalarTree(node: Scalar): Tree {
  const text = String(node.value ?? '');
  const isPlain = node.type === 'PLAIN' && node.tag !== '!' && node.tag !== 'tag:yaml.org,2002:str';
  const scalar = isPlain ? plainScalar(text) : { kind: 'text' as const };
  if ('value' in scalar) return scalar.value;
  return scalar.kind === 'null' ? null : text;
}

/** Names, unlike values, keep their spelling in YAML. */
const ODD_NUMBERS: Readonly<Record<string, string>> = { Infinity: '.inf', '-Infinity': '-.inf', NaN: '.nan' };
const MAX_NODES = 1_000_000;
const MAX_DEPTH = 500;
const NESTED_ON_ONE_LINE = /(?:[-?:][ \t]+){500}/;
