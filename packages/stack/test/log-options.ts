/** What the logs of these tests are: their origin, their entries, and how they sign. */
import { equalBytes, parseCheckpoint, signaturesOf, utf8 } from '@assay/core';
import { generateKey, leafHash, noteKeyId, type SigningKey, signCheckpoint } from '@assay/make';
import { type NewEntry, rekorEntryFormat, type TileLogOptions } from '../src/log/index.ts';

export const ORIGIN = 'log.test';

export const logKey = generateKey('ed25519');

export function logOptions(key: SigningKey = logKey): Pick<TileLogOptions, 'format' | 'sign' | 'isOwn'> {
  return {
    format: rekorEntryFormat,
    sign: (size, rootHash) => signCheckpoint({ origin: ORIGIN, size, rootHash }, [{ name: ORIGIN, key }]),
    isOwn: (text) => {
      const parsed = parseCheckpoint(text);
      if ('problem' in parsed || parsed.checkpoint.origin !== ORIGIN) return false;
      const { note } = parsed.checkpoint;
      // The same body signed again is the same line: Ed25519 has no randomness.
      return signaturesOf(note, ORIGIN, noteKeyId(ORIGIN, key)).some(({ signature }) => equalBytes(signature, key.sign(utf8(note.body))));
    },
  };
}

export function entryOf(text: string): NewEntry {
  const data = utf8(text);
  return { data, leafHash: leafHash(data) };
}

export const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
