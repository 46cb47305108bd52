/**
 * RFC 8785 canonical JSON: the text that logs sign.
 *
 * Members are sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them. `JSON.stringify` already
 * prints strings and numbers that way; only the member order is ours.
 */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  // RFC 8785 section 3.2.2.3: what JSON cannot say is an error, never `null`.
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
  if (value === undefined) throw new TypeError('undefined cannot be written as JSON');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as { readonly [name: string]: JsonValue };
  const members = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name] as JsonValue)}`);
  return `{${members.join(',')}}`;
}
