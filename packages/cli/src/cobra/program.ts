/** Runs a command of a compatible tool as cobra does: finds it, parses its flags, and says what went wrong in the tool's own way. */
import { writeFileSync } from 'node:fs';
import { isTrustError } from '@assay/core';
import type { Io } from '../io.ts';
import type { CommandEntry } from './command.ts';
import { CommandError, isTimeout, messageOf, UsageError } from './failure.ts';
import { commandHelp, listHelp } from './help.ts';
import { FlagError, type FlagSpec, type ParsedFlags, parseDuration, parseFlags } from './pflag.ts';

export interface Tool {
  readonly name: string;
  /** One sentence, the head of its help. */
  readonly title: string;
  readonly globals: readonly FlagSpec[];
  /** Older spellings of flag names. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** An unset flag `--a-b` takes the variable `PREFIX_A_B`. */
  readonly envPrefix?: string;
  readonly commands: readonly CommandEntry[];
  /** What a call without any command is told, besides the list of them; default: the list is an answer. */
  readonly needsCommand?: string;
  /** Prints an error; `usage` is the help for a command line that is wrong, for tools that show it. */
  readonly misuse?: (message: string, usage: string, io: Io) => void;
  /** Prints any other error, and for tools without `misuse` every one. */
  readonly fail: (message: string, isUnknownCommand: boolean, io: Io) => void;
}

/** Returns the exit status. */
export async function runTool(tool: Tool, args: readonly string[], io: Io): Promise<number> {
  const found = findCommand(tool, args);
  try {
    if (found.list !== undefined) {
      const { help } = parseFlags(args, tool.globals);
      if (tool.needsCommand !== undefined && args.length === 0 && !help) throw new UsageError(tool.needsCommand);
      io.stdout(listHelp(tool.title, found.path, found.list));
      return 0;
    }
    if (found.entry === undefined) throw new UsageError(`unknown command ${JSON.stringify(found.unknown)} for "${found.path}"`);
    return await run(tool, found.entry, found.rest, io);
  } catch (error) {
    const message = error instanceof FlagError ? error.message : isOurs(error) ? messageOf(error) : internalText(error, io);
    if (tool.misuse !== undefined && (error instanceof FlagError || error instanceof UsageError)) tool.misuse(message, await usageOf(tool, found), io);
    else tool.fail(message, found.list === undefined && found.entry === undefined, io);
    return error instanceof CommandError ? error.status : 1;
  }
}

async function usageOf(tool: Tool, found: Found): Promise<string> {
  if (found.entry !== undefined) return commandHelp(tool.name, found.entry.summary, await found.entry.load(), tool.globals);
  return listHelp(tool.title, tool.name, tool.commands);
}

type Found =
  /** Help over a list of commands was asked for. */
  | { readonly list: readonly CommandEntry[]; readonly path: string; readonly entry?: never }
  | { readonly list?: never; readonly entry: CommandEntry; readonly rest: readonly string[] }
  | { readonly list?: never; readonly entry?: undefined; readonly unknown: string; readonly path: string };

function findCommand(tool: Tool, args: readonly string[], group = ''): Found {
  const path = `${tool.name}${group && ` ${group}`}`;
  const prefix = group && `${group} `;
  const inGroup = tool.commands.filter(({ name }) => name.startsWith(prefix));
  const at = commandIndex(args, tool.globals);
  const word = args[at];
  const rest = args.toSpliced(at, 1);
  // `help verify` is `verify --help`.
  if (word === 'help' && group === '' && rest.length > 0) return findCommand(tool, [...rest, '--help']);
  if (word === undefined || (word === 'help' && group === '')) return { list: inGroup, path };
  const entry = inGroup.find(({ name }) => name === `${prefix}${word}`);
  if (entry !== undefined) return { entry, rest };
  if (inGroup.some(({ name }) => name.startsWith(`${prefix}${word} `))) return findCommand(tool, rest, `${prefix}${word}`);
  return { unknown: word, path };
}

/** Flags may stand before the command. What follows one that takes a value, or one that only the command knows, is its value, as cobra has it. */
function commandIndex(args: readonly string[], globals: readonly FlagSpec[]): number {
  const switches = new Set(
    globals.filter(({ kind }) => kind === 'bool').flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
  );
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') return -1;
    if (!arg.startsWith('-')) return at;
    if (!arg.includes('=') && !switches.has(arg)) at++;
  }
  return -1;
}

async function run(tool: Tool, entry: CommandEntry, args: readonly string[], io: Io): Promise<number> {
  if (entry.deprecated !== undefined) io.stderr(`Command ${JSON.stringify(entry.name.split(' ').at(-1))} is deprecated, ${entry.deprecated}\n`);
  const command = await entry.load();
  const { aliases = {} } = tool;
  const envPrefix = command.ignoresVariables === true ? undefined : tool.envPrefix;
  const flags = parseFlags(args, [...command.flags, ...tool.globals], { aliases, env: io.env, ...(envPrefix !== undefined && { envPrefix }) });
  for (const notice of flags.notices) io.stderr(`${notice}\n`);
  if (flags.help) {
    io.stdout(commandHelp(tool.name, entry.summary, command, tool.globals));
    return 0;
  }
  command.refuse?.(flags);
  const arity = command.arity(flags.positionals.length);
  if (arity !== undefined) throw new UsageError(arity);
  // Not `performance`: it loads a dozen modules of Node, which every run would pay for.
  const startedMs = 1000 * process.uptime();
  await command.run(flags, {
    io: withOutputFile(io, flags.text('output-file')),
    verbose: flags.bool('verbose'),
    // Made when something is fetched: most verifications open no socket and need no timer.
    get signal() {
      return AbortSignal.timeout(remainingMs(flags, startedMs));
    },
  });
  return 0;
}

function remainingMs(flags: ParsedFlags, startedMs: number): number {
  const timeout = parseDuration(flags.text('timeout'));
  if (timeout === undefined) return MAX_TIMER_MS;
  return Math.ceil(Math.min(Math.max(0, startedMs + timeout - 1000 * process.uptime()), MAX_TIMER_MS));
}

/** Node takes longer ones for 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** `--output-file`: standard output of the command goes there instead. */
function withOutputFile(io: Io, path: string): Io {
  if (path === '') return io;
  try {
    writeFileSync(path, '');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : String((error as NodeJS.ErrnoException).code);
    throw new CommandError(`error creating output file ${path}: open ${path}: ${reason}`, 1, { cause: error });
  }
  return { ...io, stdout: (content) => writeFileSync(path, content, { flag: 'a' }) };
}

function isOurs(error: unknown): boolean {
  return error instanceof CommandError || isTrustError(error) || isTimeout(error);
}

/** A bug of ours. The trace is for the report, and only shown when asked for. */
function internalText(error: unknown, io: Io): string {
  if (io.env['ASSAY_DEBUG'] === '1' && error instanceof Error) io.stderr(`${error.stack}\n`);
  return `internal error, please report it with the command and its input (ASSAY_DEBUG=1 shows where it happened): ${error instanceof Error ? error.message : String(error)}`;
}
