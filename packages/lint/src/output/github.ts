/**
 * Workflow commands of GitHub Actions, which show findings beside the lines of a pull request.
 *
 *   ::warning file=F,line=L,endLine=L,col=C,endColumn=C,title=T::MESSAGE
 *
 * `%`, CR and LF are escaped everywhere, `:` and `,` in properties besides: a file could otherwise end the command, and begin one of its own.
 */
import type { Finding, Severity } from '../finding.ts';
import { messageOf } from './text.ts';

export function findingsGithub(findings: readonly Finding[]): string {
  return findings.map((finding) => `${commandOf(finding)}\n`).join('');
}

function commandOf(finding: Finding): string {
  const { file, start, end, rule, severity, correction } = finding;
  // Columns are taken for those of one line.
  const columns = start.line === end.line ? { col: start.column, endColumn: end.column } : {};
  const properties = Object.entries({ file, line: start.line, endLine: end.line, ...columns, title: rule }).map(
    ([name, value]) => `${name}=${property(String(value))}`,
  );
  const instead = correction === undefined ? '' : correction === '' ? '. Leave it out' : `. Instead: ${correction}`;
  return `::${COMMANDS[severity]} ${properties.join(',')}::${data(`${messageOf(finding)}${instead}`)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

const COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };
