/**
 * Signed notes (c2sp.org/signed-note): text that several keys sign.
 *
 *   rekor.sigstore.dev - 2605736670972794746        ┐ body: lines, each with its line feed
 *   21428036                                        │
 *   rxnoKyFZlJ7/R6bMh/d3lcqwKqAy5CL1LcNBJP17kgQ=    ┘
 *                                                     one empty line
 *   — rekor.sigstore.dev wNI9ajBFAiB…                signature lines: em dash, name, base64(key id of 4 bytes ‖ signature)
 *
 * The signature covers the body with its final line feed. A reader considers only lines whose name and key id are those of a
 * key it trusts, and ignores every other line: witnesses come and go.
 */
import { decodeBase64 } from './base64.ts';
import { concat, equalBytes, utf8 } from './bytes.ts';
import type { CryptoProvider, SignatureScheme } from './crypto.ts';
import type { PublicKey } from './key.ts';

export interface NoteSignature {
  readonly name: string;
  /** Four bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its final line feed: what is signed. */
  readonly body: string;
  readonly signatures: readonly NoteSignature[];
}

export type NoteResult = { readonly note: Note } | { readonly problem: string };

export function parseNote(text: string): NoteResult {
  if (text.length > MAX_NOTE_LENGTH) return { problem: `${text.length} characters, the cap is ${MAX_NOTE_LENGTH}` };
  if (CONTROL.test(text)) return { problem: 'control characters' };
  const split = text.lastIndexOf('\n\n');
  if (split < 0) return { problem: 'no empty line between body and signatures' };
  const body = text.slice(0, split + 1);
  const lines = text.slice(split + 2);
  if (lines === '') return { problem: 'no signature line' };
  if (!lines.endsWith('\n')) return { problem: 'no line feed after the last signature' };

  const signatures: NoteSignature[] = [];
  for (const line of lines.slice(0, -1).split('\n')) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return { problem: 'malformed signature line' };
    signatures.push(signature);
  }
  if (signatures.length > MAX_NOTE_SIGNATURES) return { problem: `${signatures.length} signature lines, the cap is ${MAX_NOTE_SIGNATURES}` };
  return { note: { body, signatures } };
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const match = SIGNATURE_LINE.exec(line);
  const bytes = decodeBase64(match?.[2] ?? '');
  if (match === null || bytes === undefined || bytes.length <= KEY_ID_SIZE) return undefined;
  return { name: match[1] as string, keyId: bytes.subarray(0, KEY_ID_SIZE), signature: bytes.subarray(KEY_ID_SIZE) };
}

/** The lines that claim to be of this key: name and key id both match. */
export function signaturesOf(note: Note, name: string, keyId: Uint8Array): NoteSignature[] {
  return note.signatures.filter((signature) => signature.name === name && equalBytes(signature.keyId, keyId.subarray(0, KEY_ID_SIZE)));
}

/** The untruncated key id (verification.md section 7); a note carries its first four bytes. */
export async function noteKeyId(crypto: CryptoProvider, name: string, key: PublicKey): Promise<Uint8Array> {
  if (key.type === 'ec') return crypto.hash('sha256', key.spki);
  const type = key.type === 'ed25519' ? concat(Uint8Array.of(0x01), key.raw) : concat(RSA_TYPE, key.spki);
  return crypto.hash('sha256', concat(utf8(`${name}\n`), type));
}

/** Notes are signed over SHA-256 with ECDSA and RSA keys, whatever the key's usual hash; Ed25519 signs the body itself (verification.md section 7). */
export function noteScheme(key: PublicKey): SignatureScheme {
  if (key.type === 'ed25519') return { name: 'ed25519' };
  return { name: key.type === 'ec' ? 'ecdsa' : 'rsa-pkcs1', hash: 'sha256' };
}

const KEY_ID_SIZE = 4;
const RSA_TYPE = concat(Uint8Array.of(0xff), utf8('PKIX-RSA-PKCS#1v1.5'));
const MAX_NOTE_LENGTH = 1_000_000;
const MAX_NOTE_SIGNATURES = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f]/;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;
