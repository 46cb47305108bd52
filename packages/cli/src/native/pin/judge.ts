/** Verifying what is to be written, with the code of `assay verify`: by a policy, or by who must have signed. */
import { failures, TrustError } from '@assay/core';
import { type Io, onStandardError } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import type { PinFlags } from './pin.ts';
import type { Problem } from './problem.ts';

export interface Judgement {
  /** By subject; what is not in it was accepted. */
  readonly refused: ReadonlyMap<string, Problem>;
  /** Shows on standard error why. */
  explain(): void;
}

/** What must be shown of a reference has to be said, and only once. Errors: `USAGE`. */
export function refuseContradictions(flags: PinFlags): void {
  const given = SIGNERS.filter((name) => flags[name] !== undefined);
  const ways = [...(flags.policy === undefined ? [] : ['--policy']), ...given.slice(0, 1).map(flagOf), ...(flags.verify ? [] : ['--no-verify'])];
  if (ways.length === 0) {
    throw new TrustError('USAGE', 'what must be shown of a reference before it is pinned is not said', {
      expected: '--policy FILE, or --identity and --issuer, or --key, or --source',
      found: 'none of them',
      hint: 'add one; to pin whatever the tags name now, without verifying it, say --no-verify',
    });
  }
  if (ways.length > 1) throw new TrustError('USAGE', `${ways.join(' and ')} exclude each other`, { hint: 'give one of them' });
  const demand = flags.policy === undefined && flags.verify ? undefined : DEMANDS.find((name) => flags[name] !== undefined);
  if (demand !== undefined) throw new TrustError('USAGE', `${ways.join()} and ${flagOf(demand)} exclude each other`, { hint: 'leave one of them out' });
  if (flags.trustRoot !== undefined && flags.policy === undefined) throw new TrustError('USAGE', '--trust-root goes with --policy');
}

/** `subjects` as `NAME:TAG@DIGEST`, each once. Errors: those of opening the policy, keys and trusted roots; of registries that fail meanwhile. */
export async function judge(subjects: readonly string[], flags: PinFlags, io: Io): Promise<Judgement> {
  if (!flags.verify || subjects.length === 0) return { refused: new Map(), explain: () => undefined };
  const line = progressLine(io);
  const timer = setInterval(() => line.tell(() => `verifying ${subjects.length} references`), PROGRESS_MS);
  try {
    return await (flags.policy === undefined ? judgeBySigner(subjects, flags, io) : judgeByPolicy(flags.policy, subjects, flags, io));
  } finally {
    clearInterval(timer);
    line.end();
  }
}

async function judgeBySigner(subjects: readonly string[], flags: PinFlags, io: Io): Promise<Judgement> {
  const [{ verifyThings }, { kindOf, report }] = await Promise.all([import('../verify.ts'), import('../report.ts')]);
  const judged = await verifyThings(
    subjects.map((subject) => `oci://${subject}`),
    flags,
    io,
  );
  const refused = judged.filter(({ verification }) => !verification.ok);
  const problems = judged.flatMap(({ verification: { ok, root } }, i): [string, Problem][] => {
    const [first] = failures(root);
    const says = { kind: kindOf(root), says: first?.says ?? 'it is not verified', ...(first?.code !== undefined && { code: first.code }) };
    return ok ? [] : [[subjects[i] ?? '', says]];
  });
  return { refused: new Map(problems), explain: () => void report(refused, { output: 'text', full: flags.full === true }, onStandardError(io)) };
}

async function judgeByPolicy(file: string, subjects: readonly string[], flags: PinFlags, io: Io): Promise<Judgement> {
  const [{ openPolicies }, { judgeThings, report }, { unavailable }] = await Promise.all([
    import('../policy/open-policies.ts'),
    import('../policy/test.ts'),
    import('@assay/policy'),
  ]);
  const things = subjects.map((name) => ({
    name,
    open: async (opener: Parameters<Parameters<typeof judgeThings>[0][number]['open']>[0]) => opener.open(name),
  }));
  const judged = await judgeThings(things, await openPolicies(file, io), undefined, flags, io);
  const refused = judged.filter(({ ending }) => ending === 'fail' || ending === 'uncovered');
  const problems = refused.map(({ thing, verdict }): [string, Problem] => {
    const outage = verdict?.outcome === undefined ? undefined : unavailable(verdict.outcome);
    const says = verdict === undefined ? 'it is covered by no policy' : [`policy ${verdict.policy}`, ...verdict.errors].join(': ').replaceAll(/\s*\n\s*/g, ' ');
    return [thing, { kind: outage?.kind ?? 'rejected', says }];
  });
  return { refused: new Map(problems), explain: () => void report(refused, { ...flags, output: 'text' }, onStandardError(io)) };
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const SIGNERS = ['key', 'identity', 'identityRegexp', 'issuer', 'issuerRegexp', 'source'] as const;
const DEMANDS = [...SIGNERS, 'builder', 'type', 'annotation', 'sideRepository'] as const;
const PROGRESS_MS = 500;
