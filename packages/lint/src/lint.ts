/**
 * Findings of one file.
 *
 *   text ─► blocks: scripts, YAML, instructions ─► rules ─► findings, without those that a comment excepts
 *        └► hosts, wherever they stand ──────────┘
 */
import { TrustError } from '@assay/core';
import type { Finding } from './finding.ts';
import { exceptionsOf } from './ignore.ts';
import { Page } from './page.ts';
import { readBlocks } from './read/blocks.ts';
import { checkCommands } from './rules/commands.ts';
import { checkDockerfiles } from './rules/dockerfiles.ts';
import { checkHosts } from './rules/hosts.ts';
import { checkPolicy, checkPolicyEntry } from './rules/policies.ts';
import { checkEntry, checkWorkflow } from './rules/workflows.ts';
import { RULES, ruleOf } from './rules.ts';

export interface LintOptions {
  /** These rules and no others. Default: all. */
  readonly rules?: readonly string[];
  /** Without these. */
  readonly ignored?: readonly string[];
  /** Hosts of one's own, with their subdomains, however they are called. */
  readonly allowedHosts?: readonly string[];
}

/** `name` says what kind of file it is. In the order of the file; takes time in proportion to its length. Errors: `USAGE` for rules that do not exist. */
export function lintText(name: string, text: string, options: LintOptions = {}): readonly Finding[] {
  const isWanted = wanted(options);
  const page = new Page(name, text);
  const { scripts, yaml, instructions, variables } = readBlocks(name, text);
  for (const [key, value] of variables) page.variables.set(key, value);
  checkCommands(page, scripts);
  checkDockerfiles(page, instructions);
  for (const { documents, loose } of yaml) {
    for (const document of documents) {
      checkWorkflow(page, document);
      checkPolicy(page, document);
    }
    for (const entry of loose) {
      checkEntry(page, entry, undefined, 'likely');
      checkPolicyEntry(page, entry);
    }
  }
  checkHosts(
    page,
    (options.allowedHosts ?? []).map((host) => host.toLowerCase()),
  );
  const exceptions = exceptionsOf(page);
  const isExcepted = (line: number, rule: string): boolean => [line, line - 1].some((one) => exceptions.get(one)?.has(rule) === true);
  return page
    .found()
    .filter(({ finding, anchorLine }) => isWanted(finding.rule) && !isExcepted(finding.start.line, finding.rule) && !isExcepted(anchorLine, finding.rule))
    .map(({ finding }) => finding);
}

/** Errors: `USAGE`. */
export function wanted({ rules = [], ignored = [] }: LintOptions): (rule: string) => boolean {
  const unknown = [...rules, ...ignored].find((id) => ruleOf(id) === undefined);
  if (unknown !== undefined)
    throw new TrustError('USAGE', `there is no rule ${unknown}`, { expected: RULES.map(({ id }) => id).join(', '), hint: 'see assay lint --list-rules' });
  return (rule) => (rules.length === 0 || rules.includes(rule)) && !ignored.includes(rule);
}
