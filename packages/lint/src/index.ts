/** `@assay/lint`: findings over text. Everything public, by name. */
export type { Finding, Severity } from './finding.ts';
export { type LintOptions, lintText, wanted } from './lint.ts';
export { findingsGithub } from './output/github.ts';
export { findingsJson } from './output/json.ts';
export { findingsSarif } from './output/sarif.ts';
export { findingsText } from './output/text.ts';
export { RULES, type Rule, type RuleId, ruleOf } from './rules.ts';
export { decodeText, type Position } from './source.ts';
