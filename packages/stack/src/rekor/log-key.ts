/** What both Rekor logs sign checkpoints with, and how they know their own again. */
import { verify } from 'node:crypto';
import { parseCheckpoint, signaturesOf } from '@assay/core';
import { type NoteKey, noteKeyId, type SigningKey, signCheckpoint } from '@assay/make';
import type { TileLogOptions } from '../log/index.ts';

export interface LogKey {
  /** The first line of checkpoints. */
  readonly origin: string;
  /** The name on the signature line: the host. */
  readonly name: string;
  readonly key: SigningKey;
}

/** Checkpoints with one signature line: Go's verifier of Rekor v1 refuses any other beside it (services.md section 5). */
export function checkpointsOf({ origin, name, key }: LogKey): Pick<TileLogOptions, 'sign' | 'isOwn'> {
  return {
    sign: (size, rootHash) => signCheckpoint({ origin, size, rootHash }, [{ name, key }]),
    isOwn: (text) => isOwnCheckpoint(text, { origin, name, key }),
  };
}

/** Whether this log signed it: under its origin, its name and its key. */
export function isOwnCheckpoint(text: string, { origin, name, key }: Pick<LogKey, 'origin' | 'name'> & { readonly key: NoteKey }): boolean {
  const parsed = parseCheckpoint(text);
  if ('problem' in parsed || parsed.checkpoint.origin !== origin) return false;
  const { note } = parsed.checkpoint;
  return signaturesOf(note, name, noteKeyId(name, key)).some(({ signature }) => isSigned(key, note.body, signature));
}

function isSigned({ type, spki }: NoteKey, body: string, signature: Uint8Array): boolean {
  const algorithm = type === 'ed25519' ? null : 'sha256';
  return verify(algorithm, Buffer.from(body), { key: Buffer.from(spki), format: 'der', type: 'spki' }, signature);
}
