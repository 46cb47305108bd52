/** How many positionals a command takes, in helm's words. */
import type { Command } from '../cobra/command.ts';

/** `usage` is that of the command, without the tool in front. */
export function exactlyOne(tool: string, usage: string): Command['arity'] {
  return (count) => (count === 1 ? undefined : complaint(tool, usage, 'requires 1 argument'));
}

export function atLeast(least: number, tool: string, usage: string): Command['arity'] {
  return (count) => (count >= least ? undefined : complaint(tool, usage, `requires at least ${least} argument${least === 1 ? '' : 's'}`));
}

function complaint(tool: string, usage: string, problem: string): string {
  const name = /^[a-z ]*[a-z]/.exec(usage)?.[0];
  return `"${tool} ${name}" ${problem}\n\nUsage:  ${tool} ${usage}`;
}
