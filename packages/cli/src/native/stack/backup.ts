/** `assay stack backup TARGET`: a copy of the stack's folder, also while it works. */

import { resolve } from 'node:path';
import { backUp } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { dataFolder } from './data-folder.ts';

export interface BackupFlags {
  readonly data?: string;
}

/** Errors: `STACK_DATA`, `USAGE`. */
export async function runBackup(target: string, flags: BackupFlags, io: Io): Promise<number> {
  const { files } = await backUp(dataFolder(flags.data, io.env), resolve(target));
  io.stdout(`${files} files copied to ${resolve(target)}; it holds the private keys, so keep it as safe as they are\n`);
  return EXIT.accepted;
}
