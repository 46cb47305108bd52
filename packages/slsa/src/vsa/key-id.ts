/**
 * Keys by the fingerprint that OpenSSH shows: `SHA256:` and unpadded base64 of the digest of the key in SSH's wire form (RFC 4253 section 6.6, RFC 5656
 * section 3.1, RFC 8709 section 4), in which every part stands behind its length in four bytes.
 */
import { type CryptoProvider, concat, encodeBase64, fromHex, type PublicKey, uint, utf8 } from '@assay/core';

export async function sshFingerprint(key: PublicKey, crypto: CryptoProvider): Promise<string> {
  const wire = concat(...wireParts(key).flatMap((part) => [uint(part.length, 4), part]));
  return `SHA256:${encodeBase64(await crypto.hash('sha256', wire)).replace(/=+$/, '')}`;
}

function wireParts(key: PublicKey): Uint8Array[] {
  if (key.type === 'ed25519') return [utf8('ssh-ed25519'), key.raw];
  if (key.type === 'rsa') return [utf8('ssh-rsa'), mpint(key.exponent), mpint(key.modulus)];
  const curve = key.curve.replace('P-', 'nistp');
  return [utf8(`ecdsa-sha2-${curve}`), utf8(curve), key.point];
}

/** Big-endian, with a zero byte before a first bit that is set. */
function mpint(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  return fromHex(/^[89a-f]/.test(hex) ? `00${hex}` : hex);
}
