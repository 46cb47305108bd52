/** Where a program keeps what is its user's (XDG Base Directory Specification): a relative path in the variables counts as unset. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from './io.ts';

/** Absolute: `$XDG_DATA_HOME/assay` or `~/.local/share/assay`; for `state` the same with `STATE` and `state`; for `config` `~/.config/assay`. */
export function userFolder(kind: keyof typeof FOLDERS, env: Io['env']): string {
  const { variable, byDefault } = FOLDERS[kind];
  const set = env[variable];
  return join(set?.startsWith('/') === true ? set : join(env['HOME'] || homedir(), byDefault), 'assay');
}

const FOLDERS = {
  data: { variable: 'XDG_DATA_HOME', byDefault: '.local/share' },
  state: { variable: 'XDG_STATE_HOME', byDefault: '.local/state' },
  config: { variable: 'XDG_CONFIG_HOME', byDefault: '.config' },
} as const;
