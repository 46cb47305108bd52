/**
 * The text of policies: YAML as Kubernetes' tools read it (version 1.1: `yes` is a boolean, `0777` a number, dates are text), of which JSON is a part.
 *
 * Stricter than those tools where they guess: a name that is given twice is refused, and so are aliases that multiply and nesting without end.
 */
import { decodeUtf8, isJsonObject, type Json, type JsonObject, quote, TrustError, tryParseJsonObject } from '@assay/core';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type ScalarTag,
  type Tags,
  type YAMLMap,
} from 'yaml';
import { goQuote } from './go/quote.ts';

/** What etcd takes: a larger object cannot be in a cluster. */
export const MAX_POLICY_BYTES = 1.5 * 1024 * 1024;

/** Every document of a text, those without content left out; members sorted by name, as those tools pass them on. Errors: `POLICY_PARSE`. */
export function parseDocuments(input: string | Uint8Array): Json[] {
  const text = textOf(input);
  // Most of what machines write is JSON, which is read many times faster; what is refused as such is told in terms of YAML.
  const json = tryParseJsonObject(text);
  if (json !== undefined) return [deepSorted(json)];
  return parsed(text)
    .map((document) => new Reader().document(document))
    .filter((value) => value !== null);
}

function textOf(input: string | Uint8Array): string {
  if (input.length > MAX_POLICY_BYTES) throw refused(`the document is larger than ${MAX_POLICY_BYTES} bytes`);
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (text === undefined) throw refused('yaml: invalid UTF-8');
  if (looksDeep(text)) throw tooDeep();
  return text;
}

function parsed(text: string): Document.Parsed[] {
  let documents: Document.Parsed[];
  try {
    // Pretty errors quote the source, at a cost that grows with the square of what is wrong.
    documents = [...parseAllDocuments(text, { version: '1.1', schema: 'yaml-1.1', customTags, uniqueKeys: false, logLevel: 'silent', prettyErrors: false })];
  } catch {
    // The library recurses, and runs out of stack.
    throw tooDeep();
  }
  for (const { errors } of documents) {
    const [problem] = errors;
    if (problem === undefined) continue;
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    throw refused(`yaml: line ${line}: ${quote(problem.message)}`);
  }
  return documents;
}

/** Those of YAML 1.1 without numbers of base 60, binary data, times and other types that JSON does not have; merging is ours. */
function customTags(tags: Tags): Tags {
  return tags.filter((tag) => (typeof tag === 'string' ? !FOREIGN.has(tag) : !FOREIGN.has(tag.tag.slice(TAG_PREFIX.length)) && !isTime(tag)));
}

function isTime(tag: unknown): boolean {
  return (tag as Partial<ScalarTag>).format === 'TIME';
}

/** Roughly, before the library is asked: a megabyte of brackets would keep it busy for many seconds, and gigabytes of memory. */
function looksDeep(text: string): boolean {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > MAX_BRACKETS) return true;
  }
  return NESTED_ON_ONE_LINE.test(text);
}

class Reader {
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #depth = 0;

  document({ contents }: Document.Parsed): Json {
    return this.#json(contents);
  }

  #json(node: unknown): Json {
    // Aliases of aliases multiply: nine lines can stand for billions of values.
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw refused('yaml: document contains excessive aliasing');
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return scalar(node);
    if (node === null || node === undefined) return null;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw tooDeep();
    const value = this.#nested(node);
    this.#depth -= 1;
    return value;
  }

  #nested(node: unknown): Json {
    if (isAlias(node)) return this.#json(this.#target(node));
    if (isSeq(node)) return node.items.map((item) => this.#json(item));
    if (isMap(node)) return this.#object(node);
    throw refused('yaml: something that is neither a value, a list nor a map');
  }

  #target(alias: Alias): Node {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) throw refused(`yaml: unknown anchor ${goQuote(alias.source)} referenced`);
    return target;
  }

  #object(node: YAMLMap): JsonObject {
    const members = new Map<string, Json>();
    const merged = new Map<string, Json>();
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      if (isScalar(pair.key) && pair.key.type === 'PLAIN' && String(pair.key.value) === '<<') {
        this.#merge(pair.value, merged);
        continue;
      }
      const name = this.#name(pair.key);
      if (members.has(name)) throw refused(`yaml: unmarshal errors:\n  key ${goQuote(name)} already set in map`);
      members.set(name, this.#json(pair.value));
    }
    return sorted(new Map([...merged, ...members]));
  }

  #merge(value: unknown, into: Map<string, Json>): void {
    const found = this.#json(value);
    for (const map of Array.isArray(found) ? found.toReversed() : [found]) {
      if (map === null || typeof map !== 'object' || Array.isArray(map)) throw refused('yaml: map merge requires map or sequence of maps as the value');
      for (const [name, member] of Object.entries(map)) into.set(name, member);
    }
  }

  #name(key: unknown): string {
    const name = this.#json(key);
    if (typeof name === 'object') throw refused('yaml: invalid map key');
    return String(name);
  }
}

/** `y` and `n`, which only some readers of YAML 1.1 take for booleans, are texts: they are the names of things more often. */
function scalar({ value, source, type }: Scalar): Json {
  if (type === 'PLAIN' && source !== undefined && /^[yn]$/i.test(source)) return source;
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw refused(`json: unsupported value: ${quote(String(value))}`);
}

/** Without a prototype: a member named `__proto__` is one like any other. */
function sorted(members: ReadonlyMap<string, Json>): JsonObject {
  const object: JsonObject = Object.create(null);
  for (const name of [...members.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) object[name] = members.get(name) ?? null;
  return object;
}

function deepSorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(deepSorted);
  return isJsonObject(value) ? sorted(new Map(Object.entries(value).map(([name, member]) => [name, deepSorted(member)]))) : value;
}

function tooDeep(): TrustError {
  return refused('yaml: exceeded max depth');
}

function refused(problem: string): TrustError {
  return new TrustError('POLICY_PARSE', problem);
}

const TAG_PREFIX = 'tag:yaml.org,2002:';
const FOREIGN: ReadonlySet<string> = new Set(['binary', 'merge', 'omap', 'pairs', 'set', 'timestamp', 'intTime', 'floatTime']);
const MAX_NODES = 100_000;
/** As of JSON in core. */
const MAX_DEPTH = 64;
/** Brackets in texts count too, and policies hold texts of other languages. */
const MAX_BRACKETS = 500;
const NESTED_ON_ONE_LINE = /(?:[-?:][ \t]+){200}/;
