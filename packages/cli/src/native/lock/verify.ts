/** `assay lock check THING…` and `assay verify THING… --lock`: whoever signed the first time must have signed again, with no less evidence. Writes nothing. */
import { type Check, fail, judged, notVerified, pass, TrustError, type Verified } from '@assay/core';
import {
  type ComparedArtifact,
  compareWithLock,
  findArtifact,
  type Lock,
  type LockedArtifact,
  type LockFacts,
  lockFacts,
  sameSigner,
  unknownArtifact,
} from '@assay/policy/lock';
import { inOrder } from '../../in-order.ts';
import type { Io } from '../../io.ts';
import type { JudgedEvidence } from '../judging.ts';
import { type Judged, report } from '../report.ts';
import type { VerifyFlags } from '../verify.ts';
import { LOCK_FILE, loadLock } from './lock-file.ts';
import type { NamedThing } from './locked-thing.ts';
import { type Look, openSession, type Session } from './session.ts';

/** `file`: `true` for the lock in the current folder. Returns the exit status. Errors: `LOCK_PARSE`, `LOCK_AMBIGUOUS`, those of `openSession` and of finding. */
export async function verifyByLock(file: string | true, arguments_: readonly string[], flags: VerifyFlags, io: Io): Promise<number> {
  const lock = loadLock(file === true ? LOCK_FILE : file);
  const session = await openSession(arguments_, flags, io);
  try {
    const { recursive, platform, all } = flags;
    const how: Look = { ...(recursive !== undefined && { recursive }), ...(platform !== undefined && { platform }), ...(all !== undefined && { all }) };
    const things = await inOrder(session.things, JOBS, (thing) => verifyLocked(thing, lock, session, { flags, how, now: io.now }));
    return report(things.flat(), flags, io);
  } finally {
    session.close();
  }
}

const JOBS = 8;

export interface LockedVerification {
  readonly flags: VerifyFlags;
  readonly how?: Look;
  readonly now: Date;
}

/** Errors: `LOCK_AMBIGUOUS`, `USAGE`, those of finding. */
export async function verifyLocked(named: NamedThing, lock: Lock, session: Session, { flags, how, now }: LockedVerification): Promise<readonly Judged[]> {
  const { thing, name, version } = named;
  const locked = findArtifact(lock, name);
  if (locked === undefined) return [{ verification: notVerified([unknownArtifact({ name: named.reference })]), subject: { name: thing.name } }];
  requireKey(locked, lock, flags);
  const seen = new WeakMap<Verified, LockFacts>();
  const compare = (evidence: JudgedEvidence, facts: LockFacts, sbom: boolean | undefined): Check => {
    const artifact: ComparedArtifact = { name, version, digest: digestOf(evidence), locked };
    return compareWithLock(lock, artifact, { ...facts, sbom }, now);
  };
  const verifications = await session.look(
    thing,
    locked.entry,
    (evidence) => {
      const { verified } = evidence;
      if (verified === undefined) return evidence;
      const facts = lockFacts(verified, evidence.build);
      seen.set(verified, facts);
      return joined(evidence, [compare(evidence, facts, undefined)]);
    },
    how,
  );
  const [first, ...others] = verifications;
  const facts = first?.verification.verified && seen.get(first.verification.verified);
  if (first === undefined || facts === undefined || locked.entry.sbom !== true) return verifications;
  const sbom = await hasSbom(named, digestOf(first.verification), locked, facts, session);
  return [{ ...first, verification: withLock(first.verification, compare(first.verification, facts, sbom)) }, ...others];
}

/** What was refused says nothing of a build. */
function joined({ build, ...evidence }: JudgedEvidence, checks: readonly Check[]): JudgedEvidence {
  const whole = judged(evidence, checks);
  return whole.ok ? { ...evidence, ...whole, ...(build && { build }) } : whole;
}

/** The tree with this comparison in the place of the one before. */
function withLock(verification: JudgedEvidence, lock: Check): JudgedEvidence {
  const { root } = verification;
  return joined({ ...verification, root: { ...root, checks: (root.checks ?? []).filter(({ id }) => id !== lock.id) } }, [lock]);
}

/** By whoever signed what was accepted: another's says nothing for it. */
async function hasSbom(
  { thing, name }: NamedThing,
  digest: string | undefined,
  { entry }: LockedArtifact,
  facts: LockFacts,
  session: Session,
): Promise<boolean> {
  const same = thing.kind === 'image' && digest !== undefined ? { ...thing, name: `${name}@${digest}` } : thing;
  const [found] = await session.look(same, entry, (evidence) => {
    const { verified, build } = evidence;
    const its = verified && lockFacts(verified, build);
    const isOurs = its?.kind === 'sbom' && sameSigner(its, facts);
    return joined(evidence, [isOurs ? pass('lock.sbom', 'an SBOM by the same signer') : fail('lock.sbom', 'LOCK_WEAKER', 'no SBOM by the same signer')]);
  });
  return found?.verification.ok === true;
}

export function digestOf({ verified, build }: JudgedEvidence): string | undefined {
  return verified?.artifact?.toString() ?? build?.digest;
}

/** The lock has the fingerprint of a key, which verifies nothing. */
function requireKey({ name, entry }: LockedArtifact, { exceptions }: Lock, { key }: VerifyFlags): void {
  if (entry.key === undefined || key !== undefined) return;
  if (exceptions.some(({ artifact, allows }) => artifact === name && allows.identity !== undefined)) return;
  throw new TrustError('USAGE', `${name}: the lock has a key for it, and the key itself is needed`, {
    expected: `the key ${entry.key}`,
    hint: 'add --key FILE',
  });
}
