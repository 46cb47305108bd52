/** What a request is answered when rules have failed (admission.md 6.7). */

import type { JsonObject } from '@assay/core';
import { isJsonObject, quote } from '@assay/core';
import { Document, parse } from 'yaml';
import type { RuleResult } from './rule-policy.ts';

/** A failure of a rule that is enforced, or an error where the policy does not say that errors are to be ignored. */
export function isBlocking({ status, action }: RuleResult, failurePolicy: 'Fail' | 'Ignore'): boolean {
  return (status === 'fail' && action === 'Enforce') || (status === 'error' && failurePolicy === 'Fail');
}

/** '' when nothing has failed. */
export function blockingMessage(results: readonly RuleResult[], object: JsonObject): string {
  const failures = new Map<string, Map<string, string>>();
  for (const { policy, rule, status, message } of results) {
    if (status === 'pass' || status === 'skip') continue;
    const rules = failures.get(policy) ?? new Map<string, string>();
    failures.set(policy, rules.set(rule, message));
  }
  if (failures.size === 0) return '';
  const yaml = [...failures].sort(byName).map(
    ([policy, rules]) =>
      `${scalar(policy, 0)}:\n${[...rules]
        .sort(byName)
        .map(([rule, text]) => `  ${scalar(rule, 2)}: ${scalar(text, 4)}\n`)
        .join('')}`,
  );
  return `\n\nresource ${resourceName(object)} was blocked due to the following policies \n\n${yaml.join('')}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** `Pod/default/nginx` */
export function resourceName(object: JsonObject): string {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? quote(value) : '');
  return `${text(object['kind'])}/${text(metadata['namespace'])}/${text(metadata['name'])}`;
}

/** As Go's encoder has it: plain where it can be, a block where there are lines, else between single quotes. */
function scalar(text: string, indent: number): string {
  const lines = text.split('\n');
  if (lines.length > 1) {
    const chomp = text.endsWith('\n') ? (text.endsWith('\n\n') ? '+' : '') : '-';
    const body = (text.endsWith('\n') ? lines.slice(0, -1) : lines).map((line) => (line === '' ? '' : `${' '.repeat(indent)}${quote(line, MAX_LINE)}`));
    return `|${chomp}\n${body.join('\n')}`;
  }
  const safe = quote(text, MAX_LINE);
  return isPlain(safe) ? safe : `'${safe.replaceAll("'", "''")}'`;
}

function isPlain(text: string): boolean {
  // What the older version of the language takes for a boolean is quoted by those that write for both.
  if (/^(?:y|yes|n|no|on|off)$/i.test(text)) return false;
  try {
    return new Document(text).toString({ lineWidth: 0 }) === `${text}\n` && parse(text) === text;
  } catch {
    return false;
  }
}

const MAX_LINE = 4000;

/** What whoever asks is told besides: skipped images, and failures that block nothing, where the policy wants that. */
export function warningsOf(results: readonly RuleResult[]): string[] {
  return results.filter(({ warns }) => warns === true).map(({ policy, rule, message }) => `policy ${policy}.${rule}: ${message}`);
}
