/** Where the stack's folder is: `--data DIR`, else `$XDG_DATA_HOME/assay/stack`, else `~/.local/share/assay/stack`. */
import { join, resolve } from 'node:path';
import type { Io } from '../../io.ts';
import { userFolder } from '../../user-folder.ts';

/** Absolute. */
export function dataFolder(data: string | undefined, env: Io['env']): string {
  return data === undefined ? join(userFolder('data', env), 'stack') : resolve(data);
}
