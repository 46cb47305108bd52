/** What an artifact is found by in a log. */

import { existsSync } from 'node:fs';
import { digestText, parseDigest } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { artifactSource } from '../../artifact-source.ts';
import type { Io } from '../../io.ts';

/** `sha256:<hex>` of a file or of standard input (`-`); a digest is what it is. Errors: `FILE_…`, `USAGE`. */
export async function digestOf(reference: string, io: Io): Promise<string> {
  const given = existsSync(reference) ? undefined : parseDigest(reference);
  if (given !== undefined) return digestText(given.algorithm, given.value);
  const artifact = await artifactSource(reference, io).open(['sha256'], nodeCrypto);
  return digestText('sha256', (await artifact.digest('sha256', nodeCrypto)) as Uint8Array);
}
