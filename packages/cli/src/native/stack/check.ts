/** `assay stack check`: all that is wrong in the folder of the stack. Reads only. */
import { type CheckProgress, checkStack, type Finding } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { mebibytes, progressLine } from '../../progress.ts';
import { printable } from '../../render/printable.ts';
import { type Style, styleFor } from '../../render/style.ts';
import { dataFolder } from './data-folder.ts';
import { passphraseOf } from './passphrase.ts';

export interface CheckFlags {
  readonly data?: string;
  readonly output: 'text' | 'json';
}

/** Returns the exit status: 1 when there are errors; warnings alone are none. Errors: `STACK_DATA`. */
export async function runCheck(flags: CheckFlags, io: Io): Promise<number> {
  const folder = dataFolder(flags.data, io.env);
  const progress = progressLine(io);
  const findings = await checkStack(folder, { ...passphraseOf(io.env), onProgress: (its) => progress.tell(() => lineOf(its)) });
  progress.end();
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (flags.output === 'json') io.stdout(`${JSON.stringify({ data: folder, errors, warnings: findings.length - errors, findings })}\n`);
  else io.stdout(renderFindings(folder, findings, styleFor(io)));
  return errors > 0 ? EXIT.rejected : EXIT.accepted;
}

function renderFindings(folder: string, findings: readonly Finding[], style: Style): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counts = [counted(errors, 'error'), counted(findings.length - errors, 'warning')].filter((text) => text !== '');
  const verdict = counts.length === 0 ? style.good('nothing is wrong') : counts.join(', ');
  return `${findings.flatMap((finding) => findingLines(finding, style)).join('')}${printable(folder)}: ${verdict}\n`;
}

function findingLines({ severity, path, problem, expected, found, hint }: Finding, style: Style): string[] {
  const details = [
    ['expected', expected],
    ['found', found],
    ['try', hint],
  ].flatMap(([name = '', value]) => (value === undefined ? [] : `    ${name.padEnd(8)}  ${printable(value)}\n`));
  return [`${severity === 'error' ? style.bad('✘') : style.warn('!')} ${style.bold(printable(path))}  ${printable(problem)}\n`, ...details];
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

function lineOf({ part, done, total, unit }: CheckProgress): string {
  const [at, of] = unit === 'bytes' ? [mebibytes(done), mebibytes(total)] : [`${done}`, `${total} entries`];
  return `${printable(part)}: ${at} of ${of}`;
}
