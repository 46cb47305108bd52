/** Which entries somebody wants to hear of. */
import { type Matcher, matchesText } from '@assay/core';
import type { RecordedEntry, RecordedSigner } from './recorded.ts';

/** An entry is watched when any of the three holds: its signer, its key, what it is about. */
export interface Watch {
  /** Names in certificates; none means any, provided that an issuer is watched. */
  readonly identities: readonly Matcher[];
  /** OIDC issuers that certificates name; none means any. */
  readonly issuers: readonly Matcher[];
  /** SHA-256 of SubjectPublicKeyInfo, hex. */
  readonly keys: readonly string[];
  /** `sha256:<hex>` and the like. */
  readonly digests: readonly string[];
}

export type WatchReason = 'identity' | 'issuer' | 'key' | 'digest';

/** Why; empty for entries that nobody watches. */
export function watchReasons({ signers, digests }: RecordedEntry, watch: Watch): WatchReason[] {
  const reasons: WatchReason[] = [];
  if (signers.some((signer) => isWatched(signer, watch))) reasons.push(watch.identities.length > 0 ? 'identity' : 'issuer');
  if (signers.some(({ key }) => watch.keys.includes(key))) reasons.push('key');
  if (digests.some((digest) => watch.digests.includes(digest))) reasons.push('digest');
  return reasons;
}

function isWatched({ names, issuers }: RecordedSigner, watch: Watch): boolean {
  if (watch.identities.length === 0 && watch.issuers.length === 0) return false;
  const matches = (matchers: readonly Matcher[], texts: readonly string[]): boolean =>
    matchers.length === 0 || texts.some((text) => matchers.some((matcher) => matchesText(matcher, text)));
  return matches(watch.identities, names) && matches(watch.issuers, issuers);
}
