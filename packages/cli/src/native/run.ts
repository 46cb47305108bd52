/** Runs a native command; what an error looks like, and which exit status it has. */
import { isTrustError } from '@assay/core';
import { EXIT, exitOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { errorText } from './error-text.ts';
import { runNative } from './program.ts';

/** Returns the exit status; throws nothing. */
export async function native(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await runNative(argv, io);
  } catch (error) {
    if (!isTrustError(error)) return internal(error, io);
    io.stderr(errorText(error));
    return exitOf(error.kind);
  }
}

/** A bug of ours. The trace is for the report, and only shown when asked for. */
function internal(error: unknown, io: Io): number {
  const message = error instanceof Error ? error.message : String(error);
  io.stderr(
    `assay: internal error: ${message}  [INTERNAL]\n  try       please report this with the command and its input; ASSAY_DEBUG=1 shows where it happened\n`,
  );
  if (io.env['ASSAY_DEBUG'] === '1' && error instanceof Error) io.stderr(`${error.stack}\n`);
  return EXIT.unavailable;
}
