/**
 * Signed tree heads (RFC 6962 section 3.5), and the checkpoints that carry them (c2sp.org/static-ct-api).
 *
 *   signed text       00 | 01 | timestamp u64 ms | tree size u64 | root 32
 *   note signature    timestamp u64 ms | DigitallySigned: 04 03 | u16+n ECDSA, DER
 *   note key id       SHA-256(origin ‖ 0A ‖ 05 ‖ log id)[:4]
 *
 * The signature covers neither the origin nor the log's id: a checkpoint can be written again under another origin without the key.
 */
import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';
import { concat, parseCheckpoint, signaturesOf, uint, utf8 } from '@assay/core';
import { encodeCheckpointBody, encodeDigitallySigned, encodeNote, type SigningKey, sha256, signatureLine } from '@assay/make';

export interface TreeHeadFields {
  readonly size: number;
  readonly root: Uint8Array;
  readonly timestampMs: number;
}

export interface SignedTreeHead extends TreeHeadFields {
  /** DigitallySigned. */
  readonly signature: Uint8Array;
}

/** One signature, with a P-256 key. */
export function signTreeHead(key: SigningKey, fields: TreeHeadFields): SignedTreeHead {
  const signature = key.sign(signedText(fields), 'sha256');
  return { ...fields, signature: encodeDigitallySigned({ hashAlgorithm: SHA256, signatureAlgorithm: ECDSA, signature }) };
}

export function encodeTreeHead({ size, root, timestampMs, signature }: SignedTreeHead, origin: string, logId: Uint8Array): string {
  const body = encodeCheckpointBody({ origin, size, rootHash: root });
  return encodeNote(body, [signatureLine(origin, noteKeyId(origin, logId), concat(uint(timestampMs, 8), signature))]);
}

/** The tree head in a checkpoint that `key` signed, whatever its origin; undefined for any other text. */
export function openTreeHead(checkpoint: string, key: KeyObject, logId: Uint8Array): SignedTreeHead | undefined {
  const parsed = parseCheckpoint(checkpoint);
  if ('problem' in parsed || parsed.checkpoint.extensions.length > 0) return undefined;
  const { origin, treeSize, rootHash, note } = parsed.checkpoint;
  const [line] = signaturesOf(note, origin, noteKeyId(origin, logId));
  if (line === undefined || line.signature.length < MIN_SIGNATURE_BYTES) return undefined;
  const view = new DataView(line.signature.buffer, line.signature.byteOffset);
  const timestampMs = Number(view.getBigUint64(0));
  const signature = line.signature.subarray(8);
  const head = { size: Number(treeSize), root: rootHash, timestampMs, signature };
  const isEcdsa = signature[0] === SHA256 && signature[1] === ECDSA && view.getUint16(10) === signature.length - 4;
  return isEcdsa && verify('sha256', signedText(head), key, signature.subarray(4)) ? head : undefined;
}

function signedText({ size, root, timestampMs }: TreeHeadFields): Uint8Array {
  return concat(Uint8Array.of(0, 1), uint(timestampMs, 8), uint(size, 8), root);
}

function noteKeyId(origin: string, logId: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${origin}\n`), Uint8Array.of(RFC6962_NOTE_SIGNATURE), logId)).subarray(0, 4);
}

const RFC6962_NOTE_SIGNATURE = 0x05;
const SHA256 = 4;
const ECDSA = 3;
const MIN_SIGNATURE_BYTES = 12;
