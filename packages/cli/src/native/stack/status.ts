/** `assay stack status`: what the stack has, and what of it expires when. Reads only. */
import { type GenerationStatus, type LogStatus, readStatus, type StackStatus, type Warning } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { type Style, styleFor } from '../../render/style.ts';
import { dataFolder } from './data-folder.ts';

export interface StatusFlags {
  readonly data?: string;
  readonly output: 'text' | 'json';
}

/** Returns the exit status: 1 when something has expired. Errors: `STACK_DATA`. */
export async function runStatus(flags: StatusFlags, io: Io): Promise<number> {
  const status = await readStatus(dataFolder(flags.data, io.env), io.now);
  io.stdout(flags.output === 'json' ? `${JSON.stringify({ ...status, running: status.running ?? null })}\n` : renderStatus(status, styleFor(io)));
  return status.warnings.some(({ expired }) => expired) ? EXIT.rejected : EXIT.accepted;
}

function renderStatus(status: StackStatus, style: Style): string {
  const { directory, origin, created, running, generations, logs, tuf, warnings } = status;
  const process = running === undefined ? 'not running' : `running${running.pid === undefined ? '' : `, process ${running.pid}`}`;
  const parts = [
    table([
      ['stack', printable(directory)],
      ['address', `${printable(origin)}, ${process}`],
      ['made', timeText(created)],
    ]),
    warnings.flatMap((warning) => warningLines(warning, style)),
    table([['keys', 'in use from', 'until', 'chain ends'], ...generations.map(generationRow)], style),
    table([['logs', 'entries'], ...logs.map(logRow)], style),
    tuf.length === 0 ? [] : table([['TUF', 'version', 'expires'], ...tuf.map(({ role, version, expires }) => [role, `${version}`, timeText(expires)])], style),
  ];
  const shown = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${shown.join('\n\n')}\n`;
}

function warningLines({ expired, says, hint }: Warning, style: Style): string[] {
  return [`${expired ? style.bad('✘') : style.warn('!')} ${printable(says)}`, `  try  ${printable(hint)}`];
}

function generationRow({ kind, number, start, end, certificates = [] }: GenerationStatus): string[] {
  const ends = certificates.map(({ notAfter }) => notAfter.getTime());
  return [
    `${KINDS[kind]} ${number}`,
    timeText(start),
    end === undefined ? '-' : timeText(end),
    ends.length === 0 ? '-' : timeText(new Date(Math.min(...ends))),
  ];
}

function logRow({ kind, number, size }: LogStatus): string[] {
  return [`${KINDS[kind]} ${number}`, size === undefined ? '-' : `${size}`];
}

/** Columns as wide as their widest cell; with a style, the first row is a heading. */
function table(rows: readonly (readonly string[])[], style?: Style): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line, i) => (i === 0 && style !== undefined ? style.bold(line) : line));
}

function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

const KINDS: Readonly<Record<GenerationStatus['kind'], string>> = {
  ca: 'certificate authority',
  ctlog: 'CT log',
  rekorV1: 'Rekor v1',
  rekorV2: 'Rekor v2',
  tsa: 'timestamp authority',
  tuf: 'TUF repository',
  oidc: 'OIDC issuer',
};
