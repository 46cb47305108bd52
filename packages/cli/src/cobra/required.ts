/** Flags that must be given, asked for in cobra's words. */
import { UsageError } from './failure.ts';
import type { ParsedFlags } from './pflag.ts';

export function requireFlags(flags: ParsedFlags, ...names: readonly string[]): void {
  const missing = names.filter((name) => !flags.given(name)).toSorted();
  if (missing.length > 0) throw new UsageError(`required flag(s) ${missing.map((name) => `"${name}"`).join(', ')} not set`);
}
