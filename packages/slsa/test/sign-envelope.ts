/** DSSE envelopes for tests, signed in every way that the field does it. */
import { concat, encodeBase64, type HashName, IN_TOTO_PAYLOAD_TYPE, parseEcdsaSignature, preAuthenticationEncoding, uint, utf8 } from '@assay/core';
import type { keyFor } from '@assay/testkit';

export type SigningKey = ReturnType<typeof keyFor>;

export interface EnvelopeSigner {
  readonly key: SigningKey;
  /** Default: none is named. */
  readonly keyid?: string;
  /** Of ECDSA: ASN.1 DER, or r‖s. Default DER. */
  readonly form?: 'der' | 'raw';
  readonly alphabet?: 'standard' | 'url';
  /** Default the key's own. */
  readonly hash?: HashName;
  /** `payload`: the payload alone, as Cloud Build's regional keys sign it. Default `envelope`. */
  readonly over?: 'envelope' | 'payload';
}

export interface Envelope {
  payload: string;
  payloadType: string;
  signatures: { keyid?: string; sig: string }[];
}

export function signEnvelope(payload: Uint8Array, signers: readonly EnvelopeSigner[], payloadType = IN_TOTO_PAYLOAD_TYPE): Envelope {
  return {
    payload: encodeBase64(payload),
    payloadType,
    signatures: signers.map((signer) => ({ ...(signer.keyid !== undefined && { keyid: signer.keyid }), sig: signatureText(payload, payloadType, signer) })),
  };
}

function signatureText(
  payload: Uint8Array,
  payloadType: string,
  { key, form = 'der', alphabet = 'standard', hash, over = 'envelope' }: EnvelopeSigner,
): string {
  const der = key.sign(over === 'payload' ? payload : preAuthenticationEncoding(payloadType, payload), hash);
  const text = encodeBase64(form === 'raw' ? rawSignature(key, der) : der);
  return alphabet === 'url' ? text.replaceAll('+', '-').replaceAll('/', '_') : text;
}

/** r‖s, each at the width of the curve. */
export function rawSignature({ type }: SigningKey, der: Uint8Array): Uint8Array {
  const width = { p256: 32, p384: 48, p521: 66 }[type as 'p256' | 'p384' | 'p521'];
  const { r, s } = parseEcdsaSignature(der);
  return concat(uint(r, width), uint(s, width));
}

export function jsonBytes(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}
