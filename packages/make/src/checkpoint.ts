/**
 * Checkpoints as signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint; verification.md section 7).
 *
 *   rekor.example - 42                               origin
 *   9                                                tree size
 *   dauhleYK4YyAdxwwDtR0l0KnSOWZdG2bwqHftlanvcI=     root hash
 *                                                    blank line, then one line per signature:
 *   — rekor.example wNI9ajBF…                        name, base64(key id 4 ‖ signature)
 *
 * Signed are the lines above the blank one, with their last newline. Key ids: Ed25519 SHA-256(name ‖ 0A ‖ 01 ‖ key)[:4];
 * ECDSA SHA-256(SPKI)[:4]; cosignature v1 as Ed25519 with 04.
 */
import { concat, encodeBase64, uint, utf8 } from '@assay/core';
import { sha256 } from './hash.ts';
import type { SigningKey } from './keys.ts';

export interface CheckpointFields {
  readonly origin: string;
  readonly size: number | bigint;
  readonly rootHash: Uint8Array;
  /** Further lines, e.g. old Rekor's `Timestamp: <ns>`. */
  readonly extensions?: readonly string[];
}

/** One signature line waiting for its note. */
export interface NoteSigner {
  readonly name: string;
  readonly key: SigningKey;
}

export function encodeCheckpointBody({ origin, size, rootHash, extensions = [] }: CheckpointFields): string {
  return `${[origin, size, encodeBase64(rootHash), ...extensions].join('\n')}\n`;
}

/** The checkpoint with a signature line of each signer. */
export function signCheckpoint(fields: CheckpointFields, signers: readonly NoteSigner[]): string {
  const body = encodeCheckpointBody(fields);
  return encodeNote(
    body,
    signers.map((signer) => signNote(body, signer)),
  );
}

export function encodeNote(body: string, lines: readonly string[]): string {
  return `${body}\n${lines.join('')}`;
}

/** ECDSA and RSA over SHA-256 of the body, Ed25519 over the body itself. */
export function signNote(body: string, { name, key }: NoteSigner): string {
  return signatureLine(name, noteKeyId(name, key), key.sign(utf8(body), 'sha256'));
}

export function signatureLine(name: string, keyId: Uint8Array, signature: Uint8Array): string {
  return `— ${name} ${encodeBase64(concat(keyId, signature))}\n`;
}

/** As much of a key as its id needs. */
export type NoteKey = Pick<SigningKey, 'type' | 'spki'>;

export function noteKeyId(name: string, key: NoteKey): Uint8Array {
  return noteKeyHash(name, key).subarray(0, 4);
}

/** The key id before it is cut to four bytes: the log id of a Rekor v2 log. */
export function noteKeyHash(name: string, key: NoteKey): Uint8Array {
  if (key.type === 'ed25519') return sha256(concat(utf8(`${name}\n`), Uint8Array.of(1), rawEd25519(key)));
  if (key.type.startsWith('p')) return sha256(key.spki);
  return sha256(concat(utf8(`${name}\n`), Uint8Array.of(0xff), utf8('PKIX-RSA-PKCS#1v1.5'), key.spki));
}

/** A witness's line, cosignature v1 (c2sp.org/tlog-cosignature): it also says when the witness saw the checkpoint. */
export function cosign(body: string, { name, key }: NoteSigner, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  const keyId = sha256(concat(utf8(`${name}\n`), Uint8Array.of(4), rawEd25519(key))).subarray(0, 4);
  const signature = key.sign(utf8(`cosignature/v1\ntime ${seconds}\n${body}`));
  return signatureLine(name, keyId, concat(uint(seconds, 8), signature));
}

/** The 32 bytes after the fixed SPKI prefix 302a300506032b6570032100. */
function rawEd25519(key: NoteKey): Uint8Array {
  if (key.type !== 'ed25519') throw new TypeError('cosignatures are made with Ed25519');
  return key.spki.subarray(12);
}
