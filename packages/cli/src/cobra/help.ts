/** Help texts of the compatible commands. */
import type { Command, CommandEntry } from './command.ts';
import type { FlagSpec } from './pflag.ts';

/** The commands of a tool, or of a group in it. */
export function listHelp(title: string, path: string, commands: readonly CommandEntry[]): string {
  const listed = commands.filter(({ deprecated, hidden }) => deprecated === undefined && hidden !== true);
  const shown = listed.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lines = shown.map(({ name, summary }) => `  ${name.padEnd(26)}${summary}`);
  return `${title}\n\nUsage:\n  ${path} [command]\n\nAvailable Commands:\n${lines.join('\n')}\n\nUse "${path} [command] --help" for more information about a command.\n`;
}

export function commandHelp(tool: string, summary: string, command: Command, globals: readonly FlagSpec[]): string {
  return [
    summary,
    '',
    'Usage:',
    `  ${tool} ${command.usage}`,
    ...(command.examples === '' ? [] : ['', 'Examples:', command.examples]),
    ...section('Flags:', command.flags),
    ...section('Global Flags:', globals),
    '',
  ].join('\n');
}

function section(title: string, flags: readonly FlagSpec[]): string[] {
  const lines = flagLines(flags);
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function flagLines(flags: readonly FlagSpec[]): string[] {
  const shown = flags.filter((flag) => flag.deprecated === undefined && flag.hidden !== true).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return shown.map((flag) => {
    const name = `${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${flag.kind === 'bool' ? '' : ` ${flag.kind}`}`;
    const value = flag.default === '' || flag.default === 'false' ? '' : ` (default ${flag.default})`;
    return `  ${name.padEnd(48)} ${flag.usage}${value}`;
  });
}
