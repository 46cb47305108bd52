/** The question before something that cannot be undone (cosign.md section 0): one line of standard input answers it. */
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { readLine } from '../read-line.ts';

/** Returns when the answer is yes. Errors: `user declined the prompt`, also at the end of input; `invalid input …`. */
export async function confirm(io: Io): Promise<void> {
  io.stderr('Are you sure you would like to continue? [y/N] ');
  const answer = (await readLine(io)).replace(/[\r\n]+$/, '');
  if (answer === 'y' || answer === 'Y') return;
  if (answer === '' || answer === 'n' || answer === 'N') throw new CommandError('user declined the prompt');
  throw new CommandError(`invalid input ${JSON.stringify(answer)} (allowed values y, n)`);
}
