/** Any JSON as Go's `encoding/json` writes it, members in the order in which they are. */
import { encodeGoJson, isJsonObject, type Json } from '@assay/core';

export function goJsonText(value: Json): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(goJsonText).join(',')}]`;
  if (isJsonObject(value)) {
    return `{${Object.entries(value)
      .map(([name, member]) => `${encodeGoJson(name)}:${goJsonText(member)}`)
      .join(',')}}`;
  }
  return encodeGoJson(value);
}
