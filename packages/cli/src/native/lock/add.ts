/** `assay lock add THING…`: keeps who signed each of them, and refuses what disagrees with what is kept already. */
import { basename, relative } from 'node:path';
import { failFrom, isTrustError, judged, notVerified } from '@assay/core';
import {
  checkKind,
  encodeLock,
  entryOf,
  findArtifact,
  isLockedSigner,
  type Lock,
  type LockEntry,
  type LockFacts,
  lockFacts,
  parseLock,
  signerText,
} from '@assay/policy/lock';
import { EXIT } from '../../exit.ts';
import { type Io, onStandardError } from '../../io.ts';
import { named } from '../../named.ts';
import { printable } from '../../render/printable.ts';
import { type Judged, report } from '../report.ts';
import { runVerify, type VerifyFlags } from '../verify.ts';
import { type LockFile, openLock, writeLock } from './lock-file.ts';
import type { NamedThing } from './locked-thing.ts';
import { openSession, type Session } from './session.ts';
import { digestOf, verifyLocked } from './verify.ts';

export interface AddFlags extends Omit<VerifyFlags, 'lock'> {
  readonly lock: string;
  /** Write what differs. */
  readonly update?: boolean;
}

/** Returns the exit status. Nothing is written unless all things hold. Errors: `LOCK_…`, `FILE_…`, `USAGE…`, those of finding. */
export async function runAdd(arguments_: readonly string[], { lock: path, update, policy, trustRoot, ...flags }: AddFlags, io: Io): Promise<number> {
  const file = openLock(path);
  const status = policy === undefined ? EXIT.accepted : await judgeByPolicy(arguments_, { ...flags, policy, ...(trustRoot && { trustRoot }) }, io);
  if (status !== EXIT.accepted) return status;
  const session = await openSession(arguments_, flags, io);
  try {
    const { lock, added, refused } = await addAll(file.lock, { session, flags, update: update === true, now: io.now });
    if (refused.length > 0) return report(refused, flags, onStandardError(io));
    await keep(file, lock, io);
    for (const { name, entry, how } of added) io.stderr(addedText(name, entry, how, session.isDemanded || policy !== undefined));
    return EXIT.accepted;
  } finally {
    session.close();
  }
}

/** Its report is told when it refuses. */
async function judgeByPolicy(arguments_: readonly string[], flags: VerifyFlags, io: Io): Promise<number> {
  const told: string[] = [];
  const status = await runVerify(arguments_, flags, { ...io, stdout: (text) => void told.push(String(text)) });
  if (status !== EXIT.accepted) io.stderr(told.join(''));
  return status;
}

interface Added {
  readonly name: string;
  readonly entry: LockEntry;
  readonly how: 'new' | 'changed';
}

interface Addition {
  readonly session: Session;
  readonly flags: VerifyFlags;
  readonly update: boolean;
  readonly now: Date;
}

interface Additions {
  readonly lock: Lock;
  readonly added: readonly Added[];
  readonly refused: readonly Judged[];
}

/** One after the other: of two versions of one image the second is compared with the first. */
async function addAll(before: Lock, { session, flags, update, now }: Addition): Promise<Additions> {
  let lock = before;
  const added: Added[] = [];
  const refused: Judged[] = [];
  for (const thing of session.things) {
    const locked = findArtifact(lock, thing.name);
    const isWritten = added.some(({ name }) => name === locked?.name);
    if (locked !== undefined && (!update || isWritten)) {
      refused.push(...(await verifyLocked(thing, lock, session, { flags, now })).filter(({ verification }) => !verification.ok));
      continue;
    }
    const seen = await firstSeen(thing, locked?.entry, session);
    if ('refused' in seen) {
      refused.push(seen.refused);
      continue;
    }
    const name = locked?.name ?? thing.name;
    if (locked !== undefined && saysTheSame(locked.entry, seen.entry)) continue;
    lock = { ...lock, artifacts: new Map([...lock.artifacts, [name, seen.entry]]) };
    added.push({ name, entry: seen.entry, how: locked === undefined ? 'new' : 'changed' });
  }
  return { lock, added, refused };
}

/** All evidence that there is. `before`: what the lock has, where it is to be replaced. */
async function firstSeen(
  { thing, reference }: NamedThing,
  before: LockEntry | undefined,
  session: Session,
): Promise<{ readonly entry: LockEntry } | { readonly refused: Judged }> {
  const seen: LockFacts[] = [];
  let digest: string | undefined;
  const [looked] = await session.look(thing, before, (evidence) => {
    if (evidence.verified === undefined) return evidence;
    const facts = lockFacts(evidence.verified, evidence.build);
    digest ??= digestOf(evidence);
    seen.push(facts);
    // Nothing is enough: every place is asked.
    const foreign = checkKind(facts);
    return foreign === undefined ? notVerified(evidence.root.checks ?? []) : judged(evidence, [foreign]);
  });
  const subject = looked?.subject ?? { name: thing.name };
  try {
    const entry = entryOf(seen, { reference, digest: digest ?? '' }, (facts) => before !== undefined && isLockedSigner(before, facts));
    if (entry !== undefined) return { entry };
    return { refused: looked ?? { verification: notVerified([]), subject } };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { refused: { verification: notVerified([failFrom('lock.signer', error)]), subject } };
  }
}

/** What was seen first stays, where all the rest is the same. */
function saysTheSame(a: LockEntry, b: LockEntry): boolean {
  const textOf = (entry: LockEntry) => encodeLock({ artifacts: new Map([['', { ...entry, firstSeen: undefined }]]), exceptions: [] });
  return textOf(a) === textOf(b);
}

/** Standard output has the change, and nothing else. */
async function keep(file: LockFile, lock: Lock, io: Io): Promise<void> {
  if (lock === file.lock) return io.stderr(`${printable(file.path)}: nothing changes\n`);
  const { unifiedPatch } = await import('@assay/pin');
  const text = encodeLock(lock);
  // Evidence may name what a lock cannot have.
  named(file.path, () => parseLock(text));
  writeLock(file, text);
  io.stdout(unifiedPatch(patchName(file.path), file.text.replaceAll('\r\n', '\n'), text));
}

/** As seen from here; what lies elsewhere, no patch of this folder can name. */
function patchName(path: string): string {
  const name = relative('.', path).replaceAll('\\', '/');
  return name.startsWith('..') ? basename(path) : name;
}

function addedText(name: string, entry: LockEntry, how: Added['how'], isDemanded: boolean): string {
  const signer = `${signerText({ ...entry, identity: entry.firstSeen?.identity ?? entry.identity })}, evidence ${entry.evidence}`;
  const seen = how === 'changed' ? 'changed' : isDemanded ? 'added' : 'first seen';
  const review = isDemanded ? '' : '; nobody was demanded, so that this is trusted as it was found: review the diff before you commit it';
  const lines = [`${seen}: ${printable(name)}: signed by ${printable(signer)}${review}`];
  if (/\d\.\d/.test(name) && !name.includes('/') && !name.includes('*'))
    lines.push('  its name has a version: write a * for it in the lock, so that the next one is the same artifact');
  return `${lines.join('\n')}\n`;
}
