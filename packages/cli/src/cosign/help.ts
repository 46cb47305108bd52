/** Help texts of the compatible commands. */
import type { FlagSpec } from './pflag.ts';
import type { CosignCommand } from './program.ts';

export function programHelp(commands: readonly CosignCommand[]): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(26)}${summary}`);
  return `Verifies signatures as cosign does.\n\nUsage:\n  cosign [command]\n\nAvailable Commands:\n${lines.join('\n')}\n\nUse "cosign [command] --help" for more information about a command.\n`;
}

export function commandHelp(command: CosignCommand, globals: readonly FlagSpec[]): string {
  return [
    command.summary,
    '',
    'Usage:',
    `  cosign ${command.usage}`,
    '',
    'Examples:',
    command.examples,
    '',
    'Flags:',
    ...flagLines(command.flags),
    '',
    'Global Flags:',
    ...flagLines(globals),
    '',
  ].join('\n');
}

function flagLines(flags: readonly FlagSpec[]): string[] {
  const shown = flags.filter((flag) => flag.deprecated === undefined && flag.hidden !== true).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return shown.map((flag) => {
    const name = `${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${flag.kind === 'bool' ? '' : ` ${flag.kind}`}`;
    const value = flag.default === '' || flag.default === 'false' ? '' : ` (default ${flag.default})`;
    return `  ${name.padEnd(48)} ${flag.usage}${value}`;
  });
}
