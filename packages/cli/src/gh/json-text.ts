/** JSON on one line, members in the order given, nothing escaped that need not be; integers beyond 2^53 as doubles have them. */
import type { Json } from '@assay/core';

export function toText(value: Json, indent = 0): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), indent);
}
