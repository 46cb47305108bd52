/**
 * JSON as Go's `encoding/json` writes it: compact, members in the order given, and `<`, `>`, `&`, U+2028 and U+2029 escaped.
 *
 * cosign's simple-signing payloads and the manifests of registries are signed or hashed in this form, so the bytes matter.
 */
import type { JsonValue } from './canonical-json.ts';

export function encodeGoJson(value: JsonValue): string {
  return escapeGoJson(JSON.stringify(value));
}

/** These characters stand inside strings only, so escaping the text as a whole escapes the strings. */
export function escapeGoJson(json: string): string {
  return json.replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const ESCAPED = /[<>&\u2028\u2029]/g;
