/** `--save-bundle`: provenance together with the proof that the log gave, in a file that is not there yet. */
import { existsSync, writeFileSync } from 'node:fs';
import { quote } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';

/** Before the log is asked for anything. */
export function refuseExisting(file: string): void {
  if (file !== '' && existsSync(file)) throw isThere(file);
}

/** `content` is undefined when no log was asked. */
export function keepProvenance(file: string, content: string | undefined, io: Io): void {
  if (file === '') return;
  if (content === undefined) {
    io.stderr(`${quote(file)} was not written: the provenance holds its log proof already, and needs no network\n`);
    return;
  }
  try {
    writeFileSync(file, content, { flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw isThere(file);
    throw new CommandError(`${quote(file)}: cannot be written: ${code}`, 1, { cause: error });
  }
  io.stderr(`wrote ${quote(file)}: pass it as --provenance-path from now on\n`);
}

function isThere(file: string): CommandError {
  return new CommandError(`${quote(file)}: is there already; name another file for --save-bundle, or remove it`);
}
