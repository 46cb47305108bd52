/** Subresource integrity (npm, yarn, pnpm) and `ALGORITHM:HEX` (pip, poetry, uv) as hashes. */
import type { Hash, HashAlgorithm } from '../../inventory.ts';

/** `sha512-BASE64 sha1-BASE64`: what is not of a known kind and length is left out. */
export function hashesOfIntegrity(integrity: string): Hash[] {
  return integrity.split(/\s+/).flatMap((one) => {
    const { name = '', base64 = '' } = /^(?<name>sha1|sha256|sha512|md5)-(?<base64>[A-Za-z0-9+/]{20,90}={0,2})(?:\?.*)?$/.exec(one)?.groups ?? {};
    return hashOf(name, Buffer.from(base64, 'base64').toString('hex'));
  });
}

export function hashOfHex(text: string): Hash[] {
  const { name = '', hex = '' } = /^(?<name>[a-z0-9]{3,8})[:=](?<hex>[0-9A-Fa-f]+)$/.exec(text)?.groups ?? {};
  return hashOf(name, hex.toLowerCase());
}

function hashOf(name: string, value: string): Hash[] {
  const algorithm = ALGORITHMS.get(name);
  return algorithm !== undefined && value.length === HEX_LENGTHS[algorithm] ? [{ algorithm, value }] : [];
}

const ALGORITHMS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ['md5', 'MD5'],
  ['sha1', 'SHA-1'],
  ['sha256', 'SHA-256'],
  ['sha512', 'SHA-512'],
]);
const HEX_LENGTHS: Readonly<Record<HashAlgorithm, number>> = { MD5: 32, 'SHA-1': 40, 'SHA-256': 64, 'SHA-512': 128 };
