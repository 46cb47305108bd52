/** Findings for programs: what `Finding` says, with the rules that are concerned. */
import type { Finding } from '../finding.ts';
import { ruleOf } from '../rules.ts';

/** `skipped`: files that were not read, and why. */
export function findingsJson(findings: readonly Finding[], skipped: readonly { readonly file: string; readonly reason: string }[] = []): string {
  const ids = [...new Set(findings.map(({ rule }) => rule))].sort();
  const rules = Object.fromEntries(ids.map((id) => [id, { severity: ruleOf(id)?.severity, summary: ruleOf(id)?.summary, why: ruleOf(id)?.why }]));
  return `${JSON.stringify({ findings, rules, skipped }, null, 2)}\n`;
}
