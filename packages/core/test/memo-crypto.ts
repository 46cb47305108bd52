/** Providers for tests: one that remembers every verdict, one that counts what it is asked. */
import { toHex } from '../src/bytes.ts';
import type { CryptoProvider, SignatureScheme } from '../src/crypto.ts';
import type { PublicKey } from '../src/key.ts';

/** Remembers verdicts by key, scheme, data and signature: a mutation changes one thing, all other signatures were judged before. */
export function memoising(crypto: CryptoProvider): CryptoProvider {
  const verdicts = new Map<string, ReturnType<CryptoProvider['verify']>>();
  const hash = (data: Uint8Array) => crypto.hash('sha256', data) as Uint8Array;
  return {
    ...crypto,
    verify(key, scheme, data, signature) {
      const name = [toHex(hash(key.spki)), JSON.stringify(scheme), toHex(hash(data)), toHex(signature)].join(' ');
      const verdict = verdicts.get(name) ?? crypto.verify(key, scheme, data, signature);
      verdicts.set(name, verdict);
      return verdict;
    },
  };
}

export interface Call {
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
}

export function counting(crypto: CryptoProvider): CryptoProvider & { readonly verified: Call[]; readonly hashed: { bytes: number; calls: number } } {
  const verified: Call[] = [];
  const hashed = { bytes: 0, calls: 0 };
  return {
    ...crypto,
    verified,
    hashed,
    hash(name, data) {
      hashed.calls++;
      hashed.bytes += data.length;
      return crypto.hash(name, data);
    },
    verify(key, scheme, data, signature) {
      verified.push({ key, scheme });
      return crypto.verify(key, scheme, data, signature);
    },
  };
}
