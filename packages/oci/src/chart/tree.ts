/** What YAML and JSON documents hold. Maps keep their order and take any name: an object of JavaScript would move `10` before `9a`. */
import { encodeGoJson } from '@assay/core';

export type Tree = null | boolean | bigint | number | string | readonly Tree[] | ReadonlyMap<string, Tree>;

/** As Go's `encoding/json` writes it; members in the order of the map. */
export function encodeTreeJson(tree: Tree): string {
  if (typeof tree === 'bigint') return tree.toString();
  if (isMap(tree)) return `{${[...tree].map(([name, value]) => `${encodeGoJson(name)}:${encodeTreeJson(value)}`).join(',')}}`;
  if (isList(tree)) return `[${tree.map(encodeTreeJson).join(',')}]`;
  return encodeGoJson(tree);
}

/** How Go writes a `map[string]string`: by the bytes of the names. */
export function sortedByName(entries: Iterable<readonly [string, string]>): Map<string, string> {
  return new Map([...entries].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** A map without the members that are empty: Go's `omitempty`. */
export function withoutEmpty(entries: Iterable<readonly [string, Tree]>): Map<string, Tree> {
  return new Map([...entries].filter(([, value]) => !isEmpty(value)));
}

function isEmpty(tree: Tree): boolean {
  if (tree === null || tree === false || tree === '') return true;
  if (isMap(tree)) return tree.size === 0;
  return isList(tree) && tree.length === 0;
}

export function isMap(tree: Tree): tree is ReadonlyMap<string, Tree> {
  return tree instanceof Map;
}

export function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
