/**
 * Transcripts: commands with what they print, as files that double as a manual.
 *
 *   # A sentence about the commands below it.
 *   env NAME=value …           the environment from here on; `env` alone empties it
 *   $ cosign verify-blob …     quotes '…', variables $NAME, input `< FILE`
 *   cosign: REASON             the real cosign (or whose commands these are) answers otherwise, and why
 *   2> text                    a line on standard error
 *   text                       a line on standard output
 *   [1]                        the exit status, when it is not 0
 */
import type { Run } from './run-cli.ts';

export interface Command {
  readonly line: string;
  readonly section: string;
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** File that is standard input. */
  readonly input: string | undefined;
  /** Why the real program answers otherwise. */
  readonly differs: string | undefined;
  readonly expected: Run;
}

export interface Transcript {
  readonly commands: readonly Command[];
  /** The text again, with these outputs. */
  print(outputs: readonly Run[]): string;
}

type Part = { readonly text: string } | { readonly command: Command };

/** @param peer the real program, whose differences are marked with its name */
export function parseTranscript(text: string, peer = 'cosign'): Transcript {
  const marker = `${peer}: `;
  const parts: Part[] = [];
  let section = '';
  let env: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() as string;
    if (line.startsWith('$ ')) {
      parts.push({ command: parseCommand(line.slice(2), { section, env, marker }, lines) });
      continue;
    }
    if (line.startsWith('# ')) section = line.slice(2);
    if (line === 'env' || line.startsWith('env ')) env = assignments(line.slice(4).split(' ')).env;
    parts.push({ text: line });
  }
  const commands = parts.flatMap((part) => ('command' in part ? [part.command] : []));
  return { commands, print: (outputs) => printParts(parts, [...outputs], marker) };
}

interface Around {
  readonly section: string;
  readonly env: Readonly<Record<string, string>>;
  readonly marker: string;
}

/** Takes the lines of its outputs, up to an empty line, off `lines`. */
function parseCommand(line: string, { section, env: inherited, marker }: Around, lines: string[]): Command {
  const [command = '', input] = line.split(' < ');
  const { env, rest } = assignments(splitWords(command));
  const end = lines.indexOf('');
  const output = lines.splice(0, end < 0 ? lines.length : end);
  const differs = output.find((one) => one.startsWith(marker))?.slice(marker.length);
  const expected = parseOutput(output.filter((one) => !one.startsWith(marker)));
  return { line, section, env: { ...inherited, ...env }, words: rest, input, differs, expected };
}

function parseOutput(lines: readonly string[]): Run {
  const status = Number(lines.map((line) => /^\[(\d+)\]$/.exec(line)?.[1]).find((found) => found !== undefined) ?? 0);
  const stderr = lines.filter((line) => line.startsWith('2>')).map((line) => `${line.slice(3)}\n`);
  const stdout = lines.filter((line) => !/^(?:2>|\[\d+\]$)/.test(line)).map((line) => `${line.replace(/^\.$/, '')}\n`);
  return { status, stdout: stdout.join(''), stderr: stderr.join('') };
}

function printParts(parts: readonly Part[], outputs: Run[], marker: string): string {
  return parts.map((part) => ('text' in part ? part.text : printCommand(part.command, outputs.shift() as Run, marker))).join('\n');
}

function printCommand({ line, differs }: Command, { status, stdout, stderr }: Run, marker: string): string {
  const linesOf = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
  return [
    `$ ${line}`,
    ...(differs === undefined ? [] : [marker + differs]),
    // An empty line ends the outputs, so one in them is written as a point.
    ...linesOf(stdout).map((one) => (one === '' ? '.' : one)),
    ...linesOf(stderr).map((one) => `2> ${one}`.trimEnd()),
    ...(status === 0 ? [] : [`[${status}]`]),
  ].join('\n');
}

function assignments(words: readonly string[]): { env: Record<string, string>; rest: string[] } {
  const first = words.findIndex((word) => !/^[A-Z_0-9]+=/.test(word));
  const count = first < 0 ? words.length : first;
  const pairs = words.slice(0, count).map((word): [string, string] => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
  return { env: Object.fromEntries(pairs), rest: words.slice(count) };
}

/** Words as a shell splits them; only single quotes are known. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
}

export type Values = Readonly<Record<string, string | readonly string[]>>;

/** `$NAME` by its value; a word that is nothing but a list variable becomes several. */
export function expand(words: readonly string[], values: Values): string[] {
  return words.flatMap((word) => {
    const whole = word.startsWith('$') ? values[word.slice(1)] : undefined;
    if (typeof whole === 'object') return whole;
    return [word.replace(/\$([A-Z]+)/g, (text, name: string) => (typeof values[name] === 'string' ? values[name] : text))];
  });
}

export function expandEnv(env: Command['env'], values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, expand([value], values).join(' ')]));
}

/** What changes from run to run is not part of a transcript: the server's port, and the text of fresh keys and signatures. */
export function normalised(run: Run, serverUrl: string, keep: readonly string[]): Run {
  const clean = (text: string) =>
    text
      .replaceAll(serverUrl, '$URL')
      .replace(/[0-9a-f]{16,}/g, (hex) => (keep.includes(hex) ? hex : 'HEX'))
      .replace(/HEX… \(\d+ bytes\)/g, 'HEX…')
      .replace(/\[(?:\d+ ){31}\d+\]/g, '[BYTES]')
      .replace(/[0-9a-f]{8}\.\.\.[0-9a-f]{8}/g, 'HEX...HEX')
      .replace(/Present \(\d+ bytes\)/g, 'Present (N bytes)')
      .replace(/Serial Number: \d+/g, 'Serial Number: N')
      .replace(/"envelope":"(?:[^"\\]|\\.)*"/g, '"envelope":"NOTE"')
      .replace(/"(?![0-9a-f]+")(?:[A-Za-z0-9+/]{4}){10,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"/g, '"BASE64"');
  return { status: run.status, stdout: clean(run.stdout), stderr: clean(run.stderr) };
}
