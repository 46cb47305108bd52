/**
 * Keys for tests. RSA keys take a tenth of a second and more to make, so each process makes one per type and use; all
 * other keys are fresh.
 */
import { generateKey, type KeyType, type SigningKey } from '@assay/make';

const pool = new Map<string, SigningKey>();

/** `use` keeps keys of different owners apart: a CA and a log must not share one. */
export function keyFor(use: string, type: KeyType): SigningKey {
  if (!type.startsWith('rsa')) return generateKey(type);
  const slot = `${use} ${type}`;
  const key = pool.get(slot) ?? generateKey(type);
  pool.set(slot, key);
  return key;
}
