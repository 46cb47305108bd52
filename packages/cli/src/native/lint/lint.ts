import { TrustError } from '@assay/core';
import { type Finding, findingsGithub, findingsJson, findingsSarif, findingsText, type LintOptions, lintText, RULES, wanted } from '@assay/lint';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { VERSION } from '../../version.ts';
import { textFiles } from './files.ts';

export interface LintFlags {
  readonly output: 'text' | 'json' | 'sarif' | 'github';
  readonly rule?: readonly string[];
  readonly ignore?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly listRules?: boolean;
}

/** Returns the exit status. Errors: `USAGE`, `FILE_…`. */
export async function runLint(names: readonly string[], flags: LintFlags, io: Io): Promise<number> {
  const options: LintOptions = { rules: flags.rule ?? [], ignored: flags.ignore ?? [], allowedHosts: flags.allowHost ?? [] };
  wanted(options);
  if (flags.listRules === true) {
    io.stdout(flags.output === 'json' ? `${JSON.stringify(RULES, null, 2)}\n` : rulesText());
    return EXIT.accepted;
  }
  if (names.length === 0) throw new TrustError('USAGE', 'nothing to read was named', { hint: 'name files or folders, or - for standard input' });
  const findings: Finding[] = [];
  const skipped: { readonly file: string; readonly reason: string }[] = [];
  for await (const one of textFiles(names, io)) {
    if ('skipped' in one) {
      skipped.push({ file: one.file, reason: one.skipped });
      io.stderr(`assay: ${printable(one.file)} was not read: ${one.skipped}\n`);
    } else findings.push(...lintText(one.file, one.text, options));
  }
  io.stdout(written(findings, skipped, flags.output));
  return findings.length === 0 ? EXIT.accepted : EXIT.rejected;
}

function written(findings: readonly Finding[], skipped: readonly { readonly file: string; readonly reason: string }[], output: LintFlags['output']): string {
  switch (output) {
    case 'json':
      return findingsJson(findings, skipped);
    case 'sarif':
      return findingsSarif(findings, VERSION, skipped);
    case 'github':
      return findingsGithub(findings);
    case 'text':
      return findingsText(findings);
  }
}

function rulesText(): string {
  return RULES.map(({ id, severity, summary, why }) => `${id} (${severity})\n  ${summary}\n  ${why}\n`).join('\n');
}
