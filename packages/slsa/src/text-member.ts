/** Members of JSON that nobody has promised a shape of. */
import { isJsonObject, type Json } from '@assay/core';

/** A member of its own: undefined where there is none, or the value is no object. */
export function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The same, if it is text. */
export function textIn(value: Json | undefined, name: string): string | undefined {
  const text = memberOf(value, name);
  return typeof text === 'string' ? text : undefined;
}
