/** Names of hash algorithms as policies write them: trimmed, in any case. */
export type PolicyHash = 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** sha256 when absent, and for names that validation refuses. */
export function hashOf(name: string | undefined): PolicyHash {
  const normal = normalized(name ?? '');
  return HASHES.find((hash) => hash === normal) ?? 'sha256';
}

export function isHashAlgorithm(name: string): boolean {
  return HASHES.some((hash) => hash === normalized(name));
}

function normalized(name: string): string {
  return name.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '').toLowerCase();
}

const HASHES = ['sha224', 'sha256', 'sha384', 'sha512'] as const;
