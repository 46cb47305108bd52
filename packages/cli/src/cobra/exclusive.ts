/** Flags of which only one may be given, refused in cobra's words. */
import { UsageError } from './failure.ts';
import type { ParsedFlags } from './pflag.ts';

/** `names` in the order in which the tool declares them. */
export function refuseTogether(flags: ParsedFlags, ...names: readonly string[]): void {
  const given = names.filter((name) => flags.given(name)).toSorted();
  if (given.length < 2) return;
  throw new UsageError(`if any flags in the group [${names.join(' ')}] are set none of the others can be; [${given.join(' ')}] were all set`);
}
