/** Flags of which only one may be given, refused in cobra's words. */
import { CommandError, UsageError } from './failure.ts';
import type { ParsedFlags } from './pflag.ts';

/** `names` in the order in which the tool declares them. */
export function refuseTogether(flags: ParsedFlags, ...names: readonly string[]): void {
  const problem = togetherProblem(flags, names);
  if (problem !== undefined) throw new UsageError(problem);
}

/** For tools that do not show their usage behind it. */
export function refuseTogetherPlainly(flags: ParsedFlags, ...names: readonly string[]): void {
  const problem = togetherProblem(flags, names);
  if (problem !== undefined) throw new CommandError(problem);
}

function togetherProblem(flags: ParsedFlags, names: readonly string[]): string | undefined {
  const given = names.filter((name) => flags.given(name)).toSorted();
  if (given.length < 2) return undefined;
  return `if any flags in the group [${names.join(' ')}] are set none of the others can be; [${given.join(' ')}] were all set`;
}
