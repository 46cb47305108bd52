/** Cryptography that remembers which signatures hold: a certificate is judged before it is used, and once more with what came of it. */
import { type CryptoProvider, equalBytes, type PublicKey, type SignatureScheme } from '@assay/core';

interface Judged {
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  readonly holds: boolean;
}

/** For one signing: it forgets nothing. */
export function remembering(crypto: CryptoProvider): CryptoProvider {
  const judged: Judged[] = [];
  return {
    hash: (name, data) => crypto.hash(name, data),
    createHasher: (name) => crypto.createHasher(name),
    isUsable: (key) => crypto.isUsable(key),
    async verify(key, scheme, data, signature) {
      const known = judged.find((one) => isSame(one, { key, scheme, data, signature }));
      if (known !== undefined) return known.holds;
      const holds = await crypto.verify(key, scheme, data, signature);
      judged.push({ key, scheme, data, signature, holds });
      return holds;
    },
  };
}

/** Everything that the answer depends on. */
function isSame(a: Omit<Judged, 'holds'>, b: Omit<Judged, 'holds'>): boolean {
  const isSameScheme = JSON.stringify(a.scheme) === JSON.stringify(b.scheme);
  return isSameScheme && equalBytes(a.signature, b.signature) && equalBytes(a.key.spki, b.key.spki) && equalBytes(a.data, b.data);
}
