/** The lazy door to tuf/root-chain.ts: importing this package must not load tuf-js. */
import type { VerifiedRoot } from './tuf/root-chain.ts';

export type { VerifiedRoot } from './tuf/root-chain.ts';

/**
 * Verifies a chain of TUF roots that are at hand: each signed by the threshold of its predecessor's and its own keys,
 * versions without gaps, the last one not expired.
 *
 * @param initialRoot trusted already
 * @param laterRoots in order
 * @throws TrustError TUF_ROOT, TUF_ROLLBACK, TUF_EXPIRED, TUF_TOO_LARGE
 * @example const { version } = await verifyRootChain(root1, [root2, root3], { now: new Date() });
 */
export async function verifyRootChain(initialRoot: Uint8Array, laterRoots: readonly Uint8Array[], options: { now: Date }): Promise<VerifiedRoot> {
  const { verifyRootChain: verify } = await import('./tuf/root-chain.ts');
  return verify(initialRoot, laterRoots, options);
}
