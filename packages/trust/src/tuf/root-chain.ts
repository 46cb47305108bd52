/** Verifies a chain of TUF roots that are at hand, without a mirror. The same code that updates from a mirror does it. */
import { quote, TrustError } from '@assay/core';
import { filesSource } from './source.ts';
import { openUpdater } from './updater.ts';

export interface VerifiedRoot {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly expires: Date;
}

/**
 * Each later root must have the next version and be signed by the threshold of both its predecessor's and its own
 * keys; only the last one must not have expired (TUF specification section 5.3).
 *
 * @param initialRoot trusted already
 * @param laterRoots in order, without gaps
 * @throws TrustError TUF_ROOT, TUF_ROLLBACK, TUF_EXPIRED, TUF_TOO_LARGE
 */
export async function verifyRootChain(initialRoot: Uint8Array, laterRoots: readonly Uint8Array[], { now }: { now: Date }): Promise<VerifiedRoot> {
  const files = new Map<string, Uint8Array>();
  const updater = openUpdater({ source: filesSource(files), trusted: new Map([['root', initialRoot]]), now });
  // Filed by position, not by what each one says about itself: a gap or a swap must not pass as the end of the chain.
  for (const [index, root] of laterRoots.entries()) files.set(`${updater.root.version + 1 + index}.root.json`, root);
  await updater.updateRoots();
  const { version, expires } = updater.root;
  if (now >= expires) throw new TrustError('TUF_EXPIRED', `root ${version} expired on ${quote(expires.toISOString())}`);
  return { bytes: updater.metadata.get('root') as Uint8Array, version, expires };
}
