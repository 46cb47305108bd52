/** `assay verify THING… --policy FILE`: the policy says what must be shown, in the place of flags. */
import { TrustError } from '@assay/core';
import { type Io, onStandardError } from '../../io.ts';
import { type Thing as NamedThing, thingOf } from '../thing.ts';
import type { VerifyFlags } from '../verify.ts';
import { openFile } from './file-subject.ts';
import { openPolicies } from './open-policies.ts';
import { judgeThings, report, type Thing } from './test.ts';

/** Returns the exit status. Errors: `USAGE`, `FILE_…`, `POLICY_…`, those of judging. */
export async function verifyByPolicy(file: string, arguments_: readonly string[], flags: VerifyFlags, io: Io): Promise<number> {
  refuseDemands(flags);
  const { bundle } = flags;
  if (bundle !== undefined && arguments_.length > 1) throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'verify one at a time' });
  const policies = await openPolicies(file, io);
  const things = arguments_.map((argument) => opened(thingOf(argument), bundle, io));
  const tested = await judgeThings(things, policies, undefined, flags, io);
  const isAccepted = tested.every(({ ending }) => ending === 'pass' || ending === 'warn');
  if (flags.printRef !== true || !isAccepted) return report(tested, flags, flags.printRef === true ? onStandardError(io) : io);
  // For scripts: standard output holds what may be pulled, and nothing else.
  for (const reference of new Set(tested.flatMap((one) => one.reference ?? []))) io.stdout(`${reference}\n`);
  return 0;
}

function opened({ kind, name }: NamedThing, bundle: string | undefined, io: Io): Thing {
  if (kind === 'layout')
    throw new TrustError('USAGE', `${name}: policies are about images of registries and about files`, { hint: 'push the layout to a registry' });
  if (kind === 'image') return { name, open: async (subjects) => subjects.open(name) };
  return { name, open: (subjects) => openFile(name, bundle, subjects, io) };
}

/** A demand that would be ignored might be the one that the verdict hangs on. */
export function refuseDemands(flags: VerifyFlags): void {
  const given = DEMANDS.find((name) => flags[name] !== undefined && flags[name] !== DEFAULTS[name]);
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new TrustError('USAGE', `--policy and --${flag} exclude each other: the policy says what is demanded`, { hint: 'leave one of them out' });
}

const DEMANDS = [
  ...(['identity', 'identityRegexp', 'issuer', 'issuerRegexp', 'key', 'source', 'tag', 'branch', 'commit', 'builder', 'trigger'] as const),
  ...(['denySelfHostedRunners', 'rekorUrl', 'saveBundle', 'type', 'annotation', 'recursive', 'platform', 'all', 'sideRepository'] as const),
  ...(['logThreshold', 'sctThreshold', 'timestampThreshold'] as const),
];
const DEFAULTS: Readonly<Partial<Record<(typeof DEMANDS)[number], number>>> = { logThreshold: 1, sctThreshold: 1, timestampThreshold: 0 };
