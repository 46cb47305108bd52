/** Identities and issuers, wherever they are asked for. */
import type { Value } from '../excerpt.ts';
import type { Page } from '../page.ts';
import type { PatternUse } from '../pattern/judge.ts';

/** A pattern. */
export function checkPattern(page: Page, value: Value, use: PatternUse, anchor?: number): void {
  for (const { rule, says, admits, correction, fixable } of page.patterns.judge(value.text, use)) {
    page.report(rule, value, {
      says,
      admits,
      correction: correction === undefined ? undefined : (value.write?.(correction) ?? correction),
      fixable: fixable && value.write !== undefined,
      anchor,
    });
  }
}

/** Kyverno's `*`, which is any characters: what it admits is told, and no pattern is written for it. */
export function checkWildcard(page: Page, value: Value, of: PatternUse['of']): void {
  if (!value.text.includes('*')) return;
  const pattern = [...value.text].map((char) => (char === '*' ? '.*' : char.replace(/[\\^$.|?+()[\]{}]/, '\\$&'))).join('');
  for (const { rule, says, admits } of page.patterns.judge(pattern, { of, mode: 'whole' })) page.report(rule, value, { says, admits });
}

/** Whose word an identity is usually good for; in capitals what nobody can tell. */
export function issuerFor(identity: string): string {
  const plain = identity.replace(/\\/g, '').replace(/^\^/, '');
  if (/^https:\/\/github\.com\//.test(plain)) return 'https://token.actions.githubusercontent.com';
  if (/^https:\/\/gitlab\.com\//.test(plain)) return 'https://gitlab.com';
  return /gserviceaccount\.com\$?$/.test(plain) ? 'https://accounts.google.com' : 'ISSUER';
}
