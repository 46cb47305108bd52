/**
 * Envelopes as logs take them: several signatures and several verifiers, in any order. Every signature must verify with one of the
 * verifiers, and each verifier with one of the signatures, unless all of them are accounted for before its turn.
 */
import { defaultScheme, type PublicKey, preAuthenticationEncoding, type SignatureScheme, TrustError, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { Signer } from './signer.ts';

export interface Envelope<S extends EnvelopeSignature> {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly S[];
}

export interface EnvelopeSignature {
  readonly signature: Uint8Array;
}

export type Verified<S, V> = S & { readonly signer: V };

/** The signatures in their order, each with what it verifies with. Errors: `USAGE`. */
export async function verifyEnvelope<S extends EnvelopeSignature, V extends Signer>(envelope: Envelope<S>, signers: readonly V[]): Promise<Verified<S, V>[]> {
  const signed = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
  const verified = new Map<S, V>();
  for (const signer of signers) {
    if (verified.size === envelope.signatures.length) break;
    let fits = false;
    for (const one of envelope.signatures) {
      if (!(await verifies(signer.key, signed, one.signature))) continue;
      verified.set(one, signer);
      fits = true;
    }
    if (!fits) throw new TrustError('USAGE', 'could not verify envelope: a verifier verifies none of its signatures');
  }
  return envelope.signatures.map((one) => {
    const signer = verified.get(one);
    if (signer === undefined) throw new TrustError('USAGE', 'all signatures must have a key that verifies it');
    return { ...one, signer };
  });
}

async function verifies(key: PublicKey, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  for (const scheme of schemesOf(key)) {
    if (await verifySignature(nodeCrypto, key, scheme, data, signature)) return true;
  }
  return false;
}

/** Clients hash as the curve asks (verification.md section 13); other logs take nothing but SHA-256 here, so that it occurs with every curve. */
function schemesOf(key: PublicKey): SignatureScheme[] {
  const usual = defaultScheme(key);
  return key.type === 'ec' && key.curve !== 'P-256' ? [usual, { name: 'ecdsa', hash: 'sha256' }] : [usual];
}

/** More than anybody signs with; each is tried with every verifier. */
export const MAX_SIGNATURES = 10;
