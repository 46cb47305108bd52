/**
 * No key may be listed twice in a role under different ids: signatures are counted per key id, so one stolen key could
 * reach a threshold of two (TUF specification section 4.4: thresholds count distinct keys; compare CVE-2020-6174).
 * tuf-js refuses repeated ids and repeated signatures, but not this. In the public repository ids are not hashes of
 * keys (services.md section 10), so only the keys themselves can be compared.
 */

import { createPublicKey, ECDH } from 'node:crypto';
import { quote, TrustError } from '@assay/core';

/**
 * @param metadata a root or targets file, not verified yet; what is not of that shape passes, for tuf-js to refuse
 * @throws TrustError TUF_METADATA
 */
export function refuseRepeatedKeys(metadata: Uint8Array): void {
  const { keys, roles } = keysAndRoles(metadata);
  for (const [name, role] of roles) {
    const seen = new Map<string, string>();
    for (const id of role.keyids ?? []) {
      const identity = keyIdentity(keys[id]);
      if (identity === undefined) continue;
      const other = seen.get(identity);
      if (other !== undefined) throw new TrustError('TUF_METADATA', `role ${quote(name)} lists one key under two ids: ${quote(other)} and ${quote(id)}`);
      seen.set(identity, id);
    }
  }
}

interface Key {
  readonly keytype?: string;
  readonly scheme?: string;
  readonly keyval?: { readonly public?: string };
}

interface Role {
  readonly name?: string;
  readonly keyids?: readonly string[];
}

function keysAndRoles(metadata: Uint8Array): { keys: Readonly<Record<string, Key>>; roles: (readonly [string, Role])[] } {
  try {
    const { signed } = JSON.parse(new TextDecoder().decode(metadata));
    const { keys = {}, roles = {} } = signed.delegations ?? signed;
    return { keys, roles: Object.entries<Role>(roles).map(([name, role]) => [role.name ?? name, role] as const) };
  } catch {
    return { keys: {}, roles: [] };
  }
}

/** The same text for the same key in any of its encodings; undefined for what can verify no signature anyway. */
function keyIdentity(key: Key | undefined): string | undefined {
  const value = key?.keyval?.public;
  if (typeof value !== 'string') return undefined;
  try {
    return value.startsWith('-----BEGIN PUBLIC KEY-----') ? pemIdentity(value) : hexIdentity(value, key?.scheme);
  } catch {
    return undefined;
  }
}

function pemIdentity(pem: string): string {
  const { x, y, n } = createPublicKey(pem).export({ format: 'jwk' });
  if (n !== undefined) return n;
  const point = [x, y].map((part) => Buffer.from(part ?? '', 'base64url').toString('hex')).join('');
  return y === undefined ? point : `04${point}`;
}

/** Ed25519 is its 32 bytes; a point on a curve may be written compressed or not. */
function hexIdentity(hex: string, scheme: string | undefined): string {
  // Decoded as tuf-js decodes it, which ignores case and an odd digit at the end.
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length === 0) throw new TypeError('not hex');
  const curve = CURVES[scheme ?? ''];
  if (curve === undefined) return bytes.toString('hex');
  return ECDH.convertKey(bytes, curve, undefined, 'hex', 'uncompressed') as string;
}

const CURVES: Readonly<Record<string, string>> = { 'ecdsa-sha2-nistp256': 'prime256v1', 'ecdsa-sha2-nistp384': 'secp384r1' };
