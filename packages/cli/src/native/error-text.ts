/** What an error looks like in every native command. */
import type { TrustError } from '@assay/core';
import { printable } from '../render/printable.ts';

/** The error, then what was expected and found, then what to do: never a stack trace. */
export function errorText(error: TrustError): string {
  const lines = [`assay: ${printable(error.message)}  [${error.code}]`];
  if (error.expected !== undefined) lines.push(`  expected  ${printable(error.expected)}`);
  if (error.found !== undefined) lines.push(`  found     ${printable(error.found)}`);
  lines.push(`  try       ${printable(error.hint)}`);
  return `${lines.join('\n')}\n`;
}
