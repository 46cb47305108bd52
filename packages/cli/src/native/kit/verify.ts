/** `assay kit verify FILE`: all of a kit, without any network: its bytes, its trusted root and policy, and every thing in it; one proof tree. */
import { type Check, failFrom, failures, group, isTrustError, pass, quote, skip, TrustError } from '@assay/core';
import { checkContent, KitFile } from '@assay/kit';
import { isDigest } from '@assay/oci';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { mebibytes, progressLine } from '../../progress.ts';
import { printable } from '../../render/printable.ts';
import { styleFor } from '../../render/style.ts';
import { renderTree } from '../../render/tree.ts';
import { failureLines } from '../../render/verification.ts';
import { type LoadedRoot, loadRoot } from '../../trusted-root.ts';
import { openPolicies } from '../policy/open-policies.ts';
import { readTrustRoots } from '../policy/trust-roots.ts';
import { kindOf } from '../report.ts';
import { refuseContradictions } from './contradictions.ts';
import { type DemandFlags, type PinFlags, saysWho } from './demands.ts';
import { judgeKit, type Trust } from './judge.ts';
import { type OpenedPolicy, policyOfKit } from './policy.ts';
import { checkKitRoot, rootOfKit } from './trust.ts';

export interface KitVerifyFlags extends DemandFlags, PinFlags {
  readonly output: 'text' | 'json';
  readonly full?: boolean;
}

/** Returns the exit status. Errors: `KIT_FORMAT`, `KIT_INCOMPLETE`, `KIT_MISMATCH` for what cannot be read; `USAGE`, `FILE_…`, `POLICY_…`. */
export async function runKitVerify(path: string, flags: KitVerifyFlags, io: Io): Promise<number> {
  const kit = KitFile.open(path);
  try {
    const root = await verifyKit(kit, flags, io);
    io.stdout(flags.output === 'json' ? jsonOf(kit, root) : kitText(kit, root, flags.full === true ? 'full' : 'brief', io));
    return root.status === 'pass' ? EXIT.accepted : exitOf(kindOf(root));
  } finally {
    kit.close();
  }
}

/** Opens no socket. Errors: those of reading the demands. */
export async function verifyKit(kit: KitFile, flags: DemandFlags & PinFlags, io: Io): Promise<Check> {
  refuseContradictions(flags);
  const pin = pinOf(flags);
  const integrity = await checkIntegrity(kit, pin, io);
  if (integrity.status !== 'pass')
    return group('verification', 'the kit', [integrity, skip('kit.things', 'nothing else is looked at: the kit is not what it says')]);
  const { trust, checks } = await openTrust(kit, { ...flags, isPinned: pin !== undefined }, io);
  const things = await judgeKit(
    { name: kit.name, things: kit.manifest.things, content: await kit.content(), stream: (one) => kit.stream(one) },
    trust,
    flags,
    io,
  );
  return group('verification', 'the kit', [integrity, ...checks, ...things]);
}

function pinOf({ kitDigest }: PinFlags) {
  if (kitDigest === undefined || isDigest(kitDigest)) return kitDigest;
  throw new TrustError('USAGE', `not a digest: ${quote(kitDigest)}`, { expected: 'sha256: and 64 lower-case hex digits', hint: 'it is what export printed' });
}

async function checkIntegrity(kit: KitFile, pin: ReturnType<typeof pinOf>, io: Io): Promise<Check> {
  const line = progressLine(io);
  try {
    await kit.check({ pin, onBytes: (bytes) => line.tell(() => `reading ${kit.name}: ${mebibytes(bytes)} of ${mebibytes(kit.size)}`) });
    await checkContent(kit);
    const says = `the kit holds what its list says: ${kit.manifest.entries.length} entries, ${kit.size} bytes${pin === undefined ? '' : `; it is ${pin}`}`;
    return pass('kit.content', says, { evidence: { size: String(kit.size), ...(pin !== undefined && { digest: pin }) } });
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return failFrom('kit.content', error);
  } finally {
    line.end();
  }
}

// ----------------------------------------------------------------------------------------------------------------- trust

/** The receiver's own where there is one, else the sender's: and then that is said. */
async function openTrust(
  kit: KitFile,
  flags: DemandFlags & PinFlags & { readonly isPinned: boolean },
  io: Io,
): Promise<{ readonly trust: Trust; readonly checks: readonly Check[] }> {
  const { root, checks: rootChecks } = await openRoot(kit, flags, io);
  if (!saysWho(flags)) {
    const policy = await policyOfKit(kit, io);
    if (policy === undefined) throw noDemand(kit);
    const warning = flags.isPinned ? {} : { warning: 'whoever made the kit chose the policy: pin the kit with --kit-digest, or pass your own with --policy' };
    return { trust: { loaded: root, policy }, checks: [...rootChecks, pass('kit.policy', `the policy came with the kit: ${namesOf(policy)}`, warning)] };
  }
  if (flags.policy === undefined) return { trust: { loaded: root, policy: undefined }, checks: rootChecks };
  const policy = {
    policies: await openPolicies(flags.policy, io),
    trustRoots: await readTrustRoots(flags.trustRoot ?? [], { ...io, env: { ...io.env, ASSAY_OFFLINE: '1' } }),
  };
  return { trust: { loaded: root, policy }, checks: [...rootChecks, pass('policy', `policy: ${quote(flags.policy)}: ${namesOf(policy)}`)] };
}

async function openRoot(
  kit: KitFile,
  flags: DemandFlags & PinFlags & { readonly isPinned: boolean },
  io: Io,
): Promise<{ readonly root: LoadedRoot; readonly checks: readonly Check[] }> {
  const own = flags.trustedRoot ?? io.env['ASSAY_TRUST'];
  if (own) {
    const root = await loadRoot({ trustedRoot: own, offline: true }, io);
    return { root, checks: [root.check] };
  }
  const ofKit = await rootOfKit(kit);
  const checks = await checkKitRoot(ofKit, { maxAge: flags.maxRootAge, now: io.now, isPinned: flags.isPinned });
  return { root: { root: ofKit.root, check: pass('trust', `trusted root: that of the kit, ${ofKit.fingerprint}`) }, checks };
}

function noDemand(kit: KitFile): TrustError {
  return new TrustError('USAGE', `${quote(kit.name)}: there is no policy in it, and who must have signed is not said`, {
    expected: '--policy, --identity and --issuer, --source, or --key',
    found: 'none of them',
    hint: 'nothing is trusted merely because it is signed; assay kit show tells what was demanded when the kit was made',
  });
}

function namesOf({ policies }: OpenedPolicy): string {
  return policies.map(({ kind, name }) => `${kind} ${quote(name)}`).join(', ');
}

// --------------------------------------------------------------------------------------------------------------- telling

export function kitText(kit: KitFile, root: Check, detail: 'brief' | 'full', io: Io): string {
  const style = styleFor(io);
  const title = style.bold(printable(kit.name));
  const tree = renderTree(root, style, detail);
  const { length } = kit.manifest.things;
  if (root.status === 'pass') return `${style.good('✔')} ${title} is verified: ${length} ${length === 1 ? 'thing' : 'things'}\n\n${tree}`;
  const [first] = failures(root);
  const verdict = `${style.bad('✘')} ${title} is NOT verified: ${printable(first?.says ?? root.says)}  ${style.dim(`[${first?.code}]`)}`;
  return `${[verdict, ...(first ? failureLines(first) : [])].join('\n')}\n\n${tree}`;
}

function jsonOf(kit: KitFile, root: Check): string {
  const things = kit.manifest.things.map(({ kind, name, digest }) => ({ kind, name, digest }));
  return `${JSON.stringify({ ok: root.status === 'pass', kit: kit.name, madeAt: kit.manifest.madeAt, things, root }, null, 2)}\n`;
}
