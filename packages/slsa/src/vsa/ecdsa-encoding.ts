/**
 * ECDSA signatures in the two forms that summaries carry: ASN.1 DER, and r‖s as IEEE P1363 has it, each at the width of the curve. Core takes DER alone.
 */
import { DerError, encodeDer, type PublicKey, parseEcdsaSignature, TAG } from '@assay/core';

/** r‖s as DER. Everything else is returned as it is: DER, signatures of other kinds of keys, and what is neither. */
export function derSignature(key: PublicKey, signature: Uint8Array): Uint8Array {
  if (key.type !== 'ec' || isDer(signature)) return signature;
  const width = (key.point.length - 1) / 2;
  if (signature.length !== 2 * width) return signature;
  return encodeDer(TAG.sequence, integer(signature.subarray(0, width)), integer(signature.subarray(width)));
}

function isDer(signature: Uint8Array): boolean {
  try {
    parseEcdsaSignature(signature);
    return true;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

/** Minimal: no zero bytes in front, but one where the first bit is set. */
function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? bytes.subarray(-1) : bytes.subarray(first);
  return (digits[0] ?? 0) < 0x80 ? encodeDer(TAG.integer, digits) : encodeDer(TAG.integer, Uint8Array.of(0), digits);
}
