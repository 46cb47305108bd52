/** `--jq`: every result on a line of its own, scalars bare. */
import { type Json, parseJson } from '@assay/core';
import { toJson } from '@assay/slsa/github';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { scalarText } from './scalar-text.ts';

/** jq itself, as WebAssembly: it sees the document and nothing of this machine. Keys are sorted, as gh's own engine has them. Errors: `CommandError`. */
export async function filtered(input: Json, expression: string, { terminal }: Pick<Io, 'terminal'>): Promise<string> {
  const { raw } = await import('jq-wasm/inline');
  const { stdout, stderr, exitCode } = await raw(toJson(input), expression, ['--compact-output', '--sort-keys']);
  if (exitCode !== 0) throw new CommandError(refusal(stderr, expression));
  const results = stdout.split('\n').filter((line) => line !== '');
  return results.map((line) => printed(parseJson(line), terminal)).join('');
}

function printed(result: Json, terminal: boolean): string {
  return `${scalarText(result) ?? toJson(result, terminal ? 2 : 0)}\n`;
}

/** What is no expression is shown with its place, as gh does; what fails on the document, in jq's words. */
function refusal(stderr: string, expression: string): string {
  const [first = ''] = stderr.split('\n');
  const message = first.replace(/^jq: error(?: \(at [^)]*\))?: /, '');
  const [, problem = '', line, column] = /^(.*?) at <top-level>, line (\d+), column (\d+)/.exec(message) ?? [];
  if (line === undefined || column === undefined) return message.replace(/ at <top-level>.*$/, '');
  const text = expression.split('\n')[Number(line) - 1] ?? '';
  return `failed to parse jq expression (line ${line}, column ${column})\n    ${text}\n    ${'^'.padStart(Number(column))}  ${problem}`;
}
