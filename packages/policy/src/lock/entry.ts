/** What the lock keeps of evidence that is seen for the first time. */
import { quote, TrustError } from '@assay/core';
import { checkKind } from './compare.ts';
import { type LockFacts, sameSigner, signerText } from './facts.ts';
import { compareLevels } from './level.ts';
import type { LockEntry } from './lock.ts';
import { anyTag, anyTagRef } from './named-ref.ts';

/**
 * The strongest of all that was seen, and whether its signer has attested an SBOM too. Undefined: nobody has signed it. Whoever can write beside an artifact
 * can sign it: where somebody else has signed it too, or stated how it was built, which of them is meant is for people to say. What third parties state of
 * something else, such as scanners, is no matter.
 *
 * `isKnown`: whom the lock has already, who is meant where there are several. Errors: `LOCK_AMBIGUOUS`.
 */
export function entryOf(
  seen: readonly LockFacts[],
  first: { readonly reference: string; readonly digest: string },
  isKnown: (facts: LockFacts) => boolean = () => false,
): LockEntry | undefined {
  const ranked = seen
    .filter((one) => checkKind(one) === undefined)
    .toSorted((a, b) => compareLevels(b.level, a.level) || (signerText(a) < signerText(b) ? -1 : 1));
  const known = ranked.filter(isKnown);
  const own = ranked.filter((one) => known.some((other) => sameSigner(one, other)));
  const [best] = own.length > 0 ? own : ranked;
  if (best === undefined) return undefined;
  if (own.length === 0) requireOne(ranked);
  const { issuer, identity, key, source, ref, builder, level } = best;
  return {
    issuer,
    identity: identity && anyTag(identity),
    key,
    source,
    ref: ref && anyTagRef(ref),
    builder: builder && anyTag(builder),
    evidence: level,
    sbom: seen.some((one) => one.kind === 'sbom' && sameSigner(one, best)),
    firstSeen: { ...first, identity },
  };
}

function requireOne(ranked: readonly LockFacts[]): void {
  const signers = ranked.filter((one, i) => !ranked.slice(0, i).some((other) => sameSigner(one, other)));
  if (signers.length < 2) return;
  throw new TrustError('LOCK_AMBIGUOUS', `${signers.length} who have nothing to do with each other have signed it, and the lock has one`, {
    expected: 'one signer',
    found: signers.map((one) => quote(signerText(one))).join('; '),
    hint: 'say who is meant: --identity and --issuer, --key or --source',
  });
}
