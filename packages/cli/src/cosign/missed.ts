/** What copying, saving or loading had to leave behind is said, and is an error when something is known to be lost. */
import { quote } from '@assay/core';
import type { Missed } from '@assay/oci';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { Io } from '../io.ts';

/** Errors: when `certain` losses are among them. A list that cannot be read is a warning: cosign would not even have asked for it. */
export function refuseLoss(missed: readonly Missed[], { stderr }: Io): void {
  for (const { what, problem } of missed) stderr(`WARNING: left behind: ${what}: ${quote(messageOf(problem), 500)}\n`);
  const lost = missed.filter(({ loss }) => loss === 'certain');
  if (lost.length > 0) throw new CommandError(`left behind: ${lost.map(({ what }) => what).join(', ')}`);
}
