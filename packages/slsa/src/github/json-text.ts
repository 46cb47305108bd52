/** JSON that the strict parser has read, as text again. */
import type { Json } from '@assay/core';

/** Members in the order given; on one line, unless there is an `indent`. Integers beyond 2^53 come out as doubles have them, which is how GitHub's CLI reads statements. */
export function toJson(value: Json, indent = 0): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), indent);
}
