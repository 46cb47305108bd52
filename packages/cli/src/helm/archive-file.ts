/** Chart archives on disk, told from other files before they are read as one. */
import { readFileCapped } from '@assay/net/file';
import { looksLikeArchive } from '@assay/oci/chart';
import { CommandError } from '../cobra/failure.ts';

export function readArchiveFile(path: string, maxBytes: number): Uint8Array {
  const bytes = readFileCapped(path, maxBytes);
  if (looksLikeArchive(bytes)) return bytes;
  if (/\.ya?ml$/.test(path)) throw new CommandError(`file '${path}' seems to be a YAML file, but expected a gzipped archive`);
  throw new CommandError(`file '${path}' does not appear to be a gzipped archive`);
}
