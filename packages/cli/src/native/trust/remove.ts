import { TrustError } from '@assay/core';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { checkName, forgetRoot } from '../../pinned-roots.ts';

/** Errors: `USAGE` when nothing is pinned under this name. */
export async function runRemove(name: string, io: Io): Promise<number> {
  checkName(name);
  if (!forgetRoot(name, io.env)) throw new TrustError('USAGE', `nothing is pinned as ${name}`, { hint: 'see what is: assay trust list' });
  io.stdout(`${name}: is no longer pinned\n`);
  return EXIT.accepted;
}
