/** What an artifact is known by. */
import { digestText } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { artifactSource } from '../artifact-source.ts';
import type { Io } from '../io.ts';

/** `sha256:<hex>` of a file or of standard input (`-`); a digest is what it is. Errors: `FILE_…`, `USAGE`. */
export async function digestOf(reference: string, io: Io): Promise<string> {
  const artifact = await artifactSource(reference, io).open(['sha256'], nodeCrypto);
  const algorithm = artifact.bytes === undefined ? (artifact.algorithms[0] ?? 'sha256') : 'sha256';
  const value = await artifact.digest(algorithm, nodeCrypto);
  if (value === undefined) throw new TypeError('the digest was not computed');
  return digestText(algorithm, value);
}
