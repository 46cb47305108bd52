/** Values of JSON, changed in one place; and all places there are. Paths are names and indexes, joined with dots. */
import type { Check } from '@assay/core';

/** A deep copy in which one value is another; undefined removes it. */
export function changed<T>(value: T, path: string, by: unknown): T {
  return replaced(structuredClone(value), path === '' ? [] : path.split('.'), by) as T;
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const container = value as Record<string, unknown>;
  const member = replaced(container[name], rest, by);
  if (member !== undefined) container[name] = member;
  else if (Array.isArray(container)) container.splice(Number(name), 1);
  else delete container[name];
  return container;
}

export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  return path.split('.').reduce((container, name) => (container as Record<string, unknown>)[name], value);
}

/** Every place, the whole first. */
export function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, path === '' ? name : `${path}.${name}`))];
}

/** Every variant of a value in which one place holds something else. */
export function* withStrangeValues<T>(value: T, strange: readonly unknown[]): Generator<{ readonly variant: T; readonly name: string }> {
  for (const path of pathsOf(value)) for (const by of strange) yield { variant: changed(value, path, by), name: `${path} = ${JSON.stringify(by)}` };
}

/** All texts of a tree in which a terminal would see more than text. */
export function unprintable(root: Check): string[] {
  const texts: string[] = [];
  JSON.stringify(root, (_, value: unknown) => {
    if (typeof value === 'string' && /[\p{Cc}\p{Cf}]/u.test(value)) texts.push(value);
    return value;
  });
  return texts;
}
