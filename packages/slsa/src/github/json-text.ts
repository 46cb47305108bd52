/** JSON that the strict parser has read, as text again. */
import type { Json } from '@assay/core';

/** Compact, members in the order given. Integers beyond 2^53 come out as doubles have them, which is how GitHub's CLI reads statements. */
export function toJson(value: Json): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member));
}
