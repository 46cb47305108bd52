/** `--out`: where a command puts the document it made. */
import { writeFileSync } from 'node:fs';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

/** To the file, readable by its owner alone, or as a line on standard output. */
export function writeOut(document: string, flags: ParsedFlags, io: Io): void {
  const file = flags.text('out');
  if (file === '') {
    io.stdout(`${document}\n`);
    return;
  }
  try {
    writeFileSync(file, document, { mode: 0o600 });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CommandError(`open ${file}: ${REASONS[code] ?? code}`, 1, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = { ENOENT: 'no such file or directory', EISDIR: 'is a directory', EACCES: 'permission denied' };
