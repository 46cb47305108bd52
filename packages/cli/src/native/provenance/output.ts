/** The file that provenance goes to, and the outputs of the step that made it (slsa.md section 2.1). Nothing is ever overwritten. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { quote, TrustError } from '@assay/core';
import type { Io } from '../../io.ts';

export interface NewFile {
  /** As it was asked for. */
  readonly name: string;
  /** Absolute, without links in its folder. */
  readonly path: string;
}

/** A file that is not there yet, below the working directory: the name may come from a build. Errors: `PROVENANCE_OUTPUT`. */
export function newFile(name: string): NewFile {
  const directory = realpathSync(process.cwd());
  const wanted = resolve(name);
  if (!existsSync(dirname(wanted))) throw new TrustError('PROVENANCE_OUTPUT', `${quote(name)}: there is no such folder`);
  const path = join(realpathSync(dirname(wanted)), basename(wanted));
  if (!path.startsWith(directory + sep))
    throw new TrustError('PROVENANCE_OUTPUT', `invalid path: ${JSON.stringify(quote(wanted))}`, { expected: `a file below ${directory}` });
  if (existsSync(path)) throw isThere(name);
  return { name, path };
}

/** For its owner alone. Errors: `PROVENANCE_OUTPUT` when somebody else has made it in the meantime, `FILE_UNREADABLE`. */
export function writeNew({ name, path }: NewFile, content: string | Uint8Array, io: Io): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw isThere(name);
    throw new TrustError('FILE_UNREADABLE', `${quote(name)}: cannot be written: ${code}`, { cause: error });
  }
  io.stderr(`wrote ${quote(name)}\n`);
}

/** For the later steps of a job on GitHub Actions. The name has no line ends. */
export function setOutputs({ name }: NewFile, content: string | Uint8Array, { env }: Io): void {
  const file = env['GITHUB_OUTPUT'];
  if (!file) return;
  const sha256 = createHash('sha256').update(content).digest('hex');
  appendFileSync(file, `provenance-name=${name}\nprovenance-sha256=${sha256}\n`);
}

function isThere(name: string): TrustError {
  return new TrustError('PROVENANCE_OUTPUT', `${quote(name)}: is there already, and provenance is never overwritten`);
}
