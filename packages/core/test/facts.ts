/** Everything that `verify` vouches for, and whether a verdict is well-formed as such. */
import { toHex } from '../src/bytes.ts';
import { type Check, failures } from '../src/check.ts';
import type { Verification } from '../src/verify.ts';

export interface FactTexts {
  /** Who signed what. */
  readonly core: string;
  /** Times and log entries: independent pieces of evidence, each verified for itself. */
  readonly witnesses: readonly string[];
}

export function factsOf({ verified }: Verification): FactTexts | undefined {
  if (verified === undefined) return undefined;
  const { artifact, identity, keyFingerprint, statement, times, logEntries } = verified;
  return {
    core: JSON.stringify([
      String(artifact),
      identity && [identity.san, identity.sanKind, identity.oidcIssuer, identity.extensions],
      keyFingerprint,
      statement && toHex(statement.payload),
    ]),
    witnesses: [...times.map(({ time, source }) => `${source} ${time.toISOString()}`), ...logEntries.map(({ log, logIndex }) => `${log} ${logIndex}`)],
  };
}

/** True when `found` claims nothing that `original` did not. Optional evidence may be missing: whoever can change a bundle can leave it out. */
export function claimsNoMore(found: FactTexts, original: FactTexts): boolean {
  return found.core === original.core && found.witnesses.every((witness) => original.witnesses.includes(witness));
}

/** What is wrong with a verification as such, whatever it judged: facts without a pass, a refusal without a reason, text unfit for a terminal. */
export function malformedVerdict(verification: Verification): string | undefined {
  const { ok, verified, root } = verification;
  if (ok !== (verified !== undefined) || ok !== (root.status === 'pass')) return 'ok, facts and tree differ';
  const failed = failures(root);
  if (ok !== (failed.length === 0)) return ok ? 'accepted with failures' : 'refused without a failed check';
  const unfit = failed.find(hasUnprintable) ?? (hasUnprintable(root) ? root : root.checks?.find(hasUnprintable));
  return unfit && `unprintable text in ${unfit.id}: ${JSON.stringify(unfit)}`;
}

function hasUnprintable({ says, expected, found, hint }: Check): boolean {
  return UNPRINTABLE.test(`${says}${expected}${found}${hint}`);
}

/** What `quote` escapes: controls, bidirectional overrides, unpaired surrogates, line separators. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
