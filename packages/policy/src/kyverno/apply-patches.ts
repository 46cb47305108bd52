/** Patches over an object, as the API server applies them (RFC 6902, as far as the halves of a policy write them). */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import type { Patch } from './rule-policy.ts';

/** A copy. A patch that leads nowhere is a bug of whoever made it. */
export function applyPatches(object: JsonObject, patches: readonly Patch[]): JsonObject {
  const copy = structuredClone(object);
  for (const patch of patches) apply(copy, patch);
  return copy;
}

function apply(object: JsonObject, { op, path, value = null }: Patch): void {
  const names = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop() ?? '';
  let holder: Json | undefined = object;
  for (const name of names) holder = Array.isArray(holder) ? holder[Number(name)] : isJsonObject(holder) ? holder[name] : undefined;
  if (Array.isArray(holder)) holder[Number(last)] = value;
  else if (!isJsonObject(holder)) throw new TypeError(`nothing to patch at ${path}`);
  else if (op === 'remove') delete holder[last];
  else Object.defineProperty(holder, last, { value, enumerable: true, writable: true, configurable: true });
}
