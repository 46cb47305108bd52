/** `assay stack account EMAIL`: who may log in at the local issuer, with the password from standard input. */
import { setPassword } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { readLine } from '../../read-line.ts';
import { dataFolder } from './data-folder.ts';

export interface AccountFlags {
  readonly data?: string;
}

/** Errors: `STACK_DATA`, `USAGE`. */
export async function runAccount(email: string, flags: AccountFlags, io: Io): Promise<number> {
  if (io.interactive === true) io.stderr(`Password for ${email} (it is shown as you type): `);
  await setPassword(dataFolder(flags.data, io.env), { email, password: (await readLine(io)).replace(/\r$/, '') });
  io.stdout(`${email} can log in with this password; from now on, nobody without one\n`);
  return EXIT.accepted;
}
