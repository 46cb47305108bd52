/** `assay-lint-ignore RULE[,RULE] reason`, in a comment of whatever language, on the line of a finding or the one before. */
import type { Page } from './page.ts';
import { ruleOf } from './rules.ts';
import { positionIn } from './source.ts';

/** Rules by the line that the comment stands on. Comments that cannot be followed are found themselves. */
export function exceptionsOf(page: Page): ReadonlyMap<number, ReadonlySet<string>> {
  const exceptions = new Map<number, ReadonlySet<string>>();
  for (const found of page.text.matchAll(COMMENT)) {
    const [text, names = '', reason = ''] = found;
    const rules = names.split(',').filter(Boolean);
    const says = problemOf(rules, reason);
    if (says === undefined) exceptions.set(positionIn(page.lines, found.index).line, new Set(rules));
    // A page about this tool names it, without a rule.
    else if (rules.length > 0) page.report('ignore-comment', { start: found.index, end: found.index + text.length }, { says });
  }
  return exceptions;
}

function problemOf(rules: readonly string[], reason: string): string | undefined {
  const unknown = rules.filter((rule) => ruleOf(rule) === undefined);
  if (rules.length === 0) return 'it names no rule';
  if (unknown.length > 0) return `there is no rule ${unknown.join(', ')}`;
  return /\w/.test(reason) ? undefined : 'it gives no reason';
}

/** Behind what begins a comment: a page that tells of it is none. */
const COMMENT =
  /(?:#|\/\/|<!--|\/\*|--|;|%|\*)[ \t]{0,20}assay-lint-ignore(?:[ \t]{1,20}([a-z][\w-]{0,100}(?:,[\w-]{1,100}){0,20})[ \t]{0,20}([^\r\n]{0,200}))?/g;
