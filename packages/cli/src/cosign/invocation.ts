/** One run of a verify command: everything its steps share. */

import type { Context } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { type Demands, demandsOf } from './demands.ts';
import { Loader } from './load.ts';

export interface Invocation extends Context {
  readonly flags: ParsedFlags;
  readonly demands: Demands;
  readonly loader: Loader;
}

/** Runs `work` with a loader that is closed in the end. */
export async function withInvocation(flags: ParsedFlags, context: Context, work: (run: Invocation) => Promise<void>): Promise<void> {
  const loader = new Loader(context);
  try {
    await work({ ...context, flags, demands: demandsOf(flags), loader });
  } finally {
    loader.close();
  }
}

/** The same, and says that everything held when nothing was thrown. */
export async function invoke(flags: ParsedFlags, context: Context, work: (run: Invocation) => Promise<void>): Promise<void> {
  await withInvocation(flags, context, work);
  context.io.stderr('Verified OK\n');
}
