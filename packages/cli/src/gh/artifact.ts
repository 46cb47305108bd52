/** What `verify` and `download` are about: a file, or an image by the digest that its registry names. */
import { normalize } from 'node:path';
import { type HashName, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { artifactSource } from '../artifact-source.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

export interface DigestedArtifact {
  /** `file://PATH` or `oci://REFERENCE`, as it was given. */
  readonly url: string;
  readonly algorithm: HashName;
  readonly value: Uint8Array;
  /** `sha256:HEX` */
  readonly digest: string;
}

/** For files of `--digest-alg`. Errors: `CommandError`. */
export async function digestArtifact(reference: string, flags: ParsedFlags, io: Io): Promise<DigestedArtifact> {
  if (reference.startsWith('oci://')) return (await import('./image.ts')).digestImage(reference.slice('oci://'.length), io);
  const path = reference.startsWith('file://') ? filePath(reference) : normalize(reference);
  const algorithm = flags.text('digest-alg') as HashName;
  try {
    const artifact = await artifactSource(path, io).open([algorithm], nodeCrypto);
    const value = await artifact.digest(algorithm, nodeCrypto);
    if (value === undefined) throw new CommandError(`failed to calculate local artifact digest: ${path} names a digest of another algorithm`);
    return { url: `file://${path}`, algorithm, value, digest: `${algorithm}:${toHex(value)}` };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`failed to get open local artifact: ${messageOf(error)}`, 1, { cause: error });
  }
}

function filePath(url: string): string {
  if (!URL.canParse(url)) throw new CommandError(`failed to parse reference URI: ${url}`);
  return normalize(decodeURIComponent(new URL(url).pathname));
}
