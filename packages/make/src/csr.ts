/**
 * Certificate signing requests (PKCS#10, RFC 2986).
 *
 *   CertificationRequest  SEQUENCE { info, AlgorithmIdentifier, BIT STRING signature }
 *   info                  SEQUENCE { version 0, subject Name, SPKI, [0] attributes }
 *
 * Of a request only the key and the signature over it count for an authority that names the owner by other evidence (services.md
 * section 3): the subject is empty and there are no attributes.
 */
import { contextConstructed, encodeDer, type HashName } from '@assay/core';
import { encodeName } from './certificate.ts';
import { bitString, integer, nullValue, oid, sequence } from './der-write.ts';
import { OID } from './oids.ts';

export interface CsrSigner {
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array;
  readonly type: 'ec' | 'rsa' | 'ed25519';
  /** What `sign` hashes with; Ed25519 hashes by itself. */
  readonly hash: HashName;
  /** PKCS#1 v1.5, ECDSA in DER, or pure Ed25519. */
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}

/** The request, DER. One signature. */
export async function makeCsr({ spki, type, hash, sign }: CsrSigner): Promise<Uint8Array> {
  const info = sequence(integer(0), encodeName(), spki, encodeDer(contextConstructed(0)));
  return sequence(info, algorithmOf(type, hash), bitString(await sign(info)));
}

function algorithmOf(type: CsrSigner['type'], hash: HashName): Uint8Array {
  switch (type) {
    case 'ec':
      return sequence(oid(ECDSA[hash]));
    case 'rsa':
      return sequence(oid(RSA[hash]), nullValue());
    case 'ed25519':
      return sequence(oid(OID.ed25519));
  }
}

const ECDSA = { sha256: OID.ecdsaWithSha256, sha384: OID.ecdsaWithSha384, sha512: OID.ecdsaWithSha512 } as const;
const RSA = { sha256: OID.sha256WithRsa, sha384: OID.sha384WithRsa, sha512: OID.sha512WithRsa } as const;
