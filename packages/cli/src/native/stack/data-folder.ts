/** Where the stack's folder is: `--data DIR`, else `$XDG_DATA_HOME/assay/stack`, else `~/.local/share/assay/stack`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Io } from '../../io.ts';

/** Absolute. A relative `XDG_DATA_HOME` counts as unset (XDG Base Directory Specification). */
export function dataFolder(data: string | undefined, env: Io['env']): string {
  if (data !== undefined) return resolve(data);
  const home = env['XDG_DATA_HOME'];
  const base = home?.startsWith('/') === true ? home : join(env['HOME'] ?? homedir(), '.local/share');
  return join(base, 'assay/stack');
}
