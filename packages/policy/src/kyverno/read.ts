/** A part of a document by its schema, with problems told by the paths that Kubernetes gives them: `spec.rules[0].verifyImages[1].type`. */
import { quote, TrustError } from '@assay/core';
import type { z } from 'zod';

/** Errors: `POLICY_INVALID`, the first problem in its message. */
export function readAs<S extends z.ZodType>(schema: S, value: unknown, path: string): z.output<S> {
  const result = schema.safeParse(plain(value, path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TrustError('POLICY_INVALID', issue === undefined ? `${path}: not valid` : issueText(issue, path));
}

function issueText(issue: z.core.$ZodIssue, path: string): string {
  const at = joined(path, issue.path);
  if (issue.code === 'unrecognized_keys')
    return `strict decoding error: ${issue.keys.map((name) => `unknown field ${JSON.stringify(quote(`${at}.${name}`))}`).join(', ')}`;
  return `${quote(at)}: Invalid value: ${quote(issue.message)}`;
}

export function joined(path: string, more: readonly PropertyKey[]): string {
  return more.reduce<string>((all, part) => (typeof part === 'number' ? `${all}[${part}]` : `${all}.${String(part)}`), path);
}

/** Integers beyond 2^53 are none that any field takes. */
function plain(value: unknown, path: string): unknown {
  if (typeof value === 'bigint') throw new TrustError('POLICY_INVALID', `${path}: Invalid value: an integer is out of range`);
  if (Array.isArray(value)) return value.map((one, i) => plain(one, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one, `${path}.${name}`)]));
}
