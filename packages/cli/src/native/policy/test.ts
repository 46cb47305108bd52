/** `assay policy test FILE`: what policies say of images and files, and why. The very evaluation that the webhook does. */
import { type Check, isTrustError, TrustError } from '@assay/core';
import { type ImagePolicy, type PolicyVerdict, type ReviewedObject, type Subject, unavailable } from '@assay/policy';
import { EXIT, exitOf } from '../../exit.ts';
import { inOrder } from '../../in-order.ts';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { type Subjects, withSubjects } from '../../policy-subjects.ts';
import { progressLine } from '../../progress.ts';
import { readInput } from '../../read-input.ts';
import { printable } from '../../render/printable.ts';
import { type Style, styleFor } from '../../render/style.ts';
import { renderTree } from '../../render/tree.ts';
import type { Resource } from '../../reviewed-resource.ts';
import { plainHttpOf, type RegistryFlags } from '../registry-flags.ts';
import { openFile } from './file-subject.ts';
import { openPolicies } from './open-policies.ts';
import { readTrustRoots } from './trust-roots.ts';

export interface JudgeFlags extends RegistryFlags {
  readonly trustRoot?: readonly string[];
  readonly trustedRoot?: string;
  readonly requireFreshRoot?: boolean;
  readonly offline?: boolean;
  readonly output: 'text' | 'json';
  readonly full?: boolean;
}

export interface TestFlags extends JudgeFlags {
  readonly image?: readonly string[];
  readonly file?: readonly string[];
  readonly bundle?: string;
  readonly resource?: string;
}

type Ending = 'pass' | 'fail' | 'warn' | 'uncovered';

export interface Tested {
  readonly thing: string;
  /** `HOST/REPOSITORY@DIGEST`, when it is known. */
  readonly reference: string | undefined;
  readonly ending: Ending;
  readonly kind: string;
  readonly verdict: PolicyVerdict | undefined;
}

/** Returns the exit status: 0 when every thing is covered, and none is refused by a policy that enforces. */
export async function runTest(policyFile: string, flags: TestFlags, io: Io): Promise<number> {
  const { image: images = [], file: files = [], bundle, resource } = flags;
  if (images.length + files.length === 0) throw new TrustError('USAGE', 'what is to be judged is not said', { hint: 'add --image REF or --file PATH' });
  if (bundle !== undefined && (images.length > 0 || files.length > 1)) throw new TrustError('USAGE', '--bundle is the evidence of one file');
  const policies = await openPolicies(policyFile, io);
  const object = resource === undefined ? undefined : await readResource(resource, io);
  const things: Thing[] = [
    ...images.map((name): Thing => ({ name, open: async (subjects) => subjects.open(name, object?.facts) })),
    ...files.map((name): Thing => ({ name, open: (subjects) => openFile(name, bundle, subjects, io) })),
  ];
  return report(await judgeThings(things, policies, object?.reviewed, flags, io), flags, io);
}

/** Errors: `POLICY_PARSE`, `FILE_…`. */
async function readResource(file: string, io: Io): Promise<Resource> {
  const { parseResource } = await import('../../reviewed-resource.ts');
  const content = await readInput(file, io);
  return named(file, () => parseResource(content, 'default'));
}

export interface Thing {
  readonly name: string;
  readonly open: (subjects: Subjects) => Promise<Subject>;
}

/** Errors: `OCI_REFERENCE`, `POLICY_MATCH`, `TRUST_ROOT_…`. */
export async function judgeThings(
  things: readonly Thing[],
  policies: readonly ImagePolicy[],
  object: ReviewedObject | undefined,
  flags: JudgeFlags,
  io: Io,
): Promise<readonly Tested[]> {
  const { trustedRoot, requireFreshRoot, offline, registryMirrors } = flags;
  const trustRoots = await readTrustRoots(flags.trustRoot ?? [], io);
  const settings = {
    userAgent: 'assay',
    plainHttp: plainHttpOf(flags),
    mirrorsFile: registryMirrors,
    trustRoots,
    trust: {
      initialized: false,
      ...(trustedRoot !== undefined && { trustedRoot }),
      ...(requireFreshRoot !== undefined && { requireFreshRoot }),
      ...(offline !== undefined && { offline }),
    },
    ...(offline !== undefined && { offline }),
  };
  const line = progressLine(io);
  let done = 0;
  try {
    return await withSubjects(settings, io, async (subjects) => {
      const tested = await inOrder(things, JOBS, async (thing) => {
        const all = await judgeThing(thing, policies, object, subjects);
        done += 1;
        line.tell(() => `judged ${done} of ${things.length}`);
        return all;
      });
      return tested.flat();
    });
  } finally {
    line.end();
  }
}

/** While one waits for its registry, others are judged. */
const JOBS = 8;

async function judgeThing(thing: Thing, policies: readonly ImagePolicy[], object: ReviewedObject | undefined, subjects: Subjects): Promise<readonly Tested[]> {
  const subject = await thing.open(subjects);
  const covering = policies.filter((policy) => policy.covers(subject.image, object));
  if (covering.length === 0) return [{ thing: thing.name, reference: undefined, ending: 'uncovered', kind: '', verdict: undefined }];
  const tested: Tested[] = [];
  for (const policy of covering) {
    const verdict = await policy.judge(subject);
    const ending = verdict.ok ? 'pass' : verdict.mode === 'warn' ? 'warn' : 'fail';
    tested.push({ thing: thing.name, reference: await referenceOf(subject), ending, kind: policy.kind, verdict });
  }
  return tested;
}

/** A policy that looks at no evidence asks for no digest, and then nobody else does. */
async function referenceOf({ image, digest }: Subject): Promise<string | undefined> {
  try {
    return `${image.repository}@${image.digest ?? (await digest())}`;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return undefined;
  }
}

/** Prints, and returns the exit status. */
export function report(tested: readonly Tested[], flags: JudgeFlags, io: Io): number {
  if (flags.output === 'json') io.stdout(`${JSON.stringify({ ok: tested.every(isAccepted), results: tested.map(jsonOf) }, null, 2)}\n`);
  else io.stdout(`${tested.map((one) => textOf(one, flags, styleFor(io))).join('\n')}${summary(tested)}`);
  const refused = tested.find((one) => !isAccepted(one));
  if (refused === undefined) return EXIT.accepted;
  const problem = refused.verdict?.outcome === undefined ? undefined : unavailable(refused.verdict.outcome);
  return problem === undefined ? EXIT.rejected : exitOf(problem.kind);
}

function isAccepted({ ending }: Tested): boolean {
  return ending === 'pass' || ending === 'warn';
}

function jsonOf({ thing, reference, ending, kind, verdict }: Tested): object {
  const known = { subject: thing, ...(reference !== undefined && { reference }), result: ending };
  if (verdict === undefined) return known;
  return { ...known, policy: verdict.policy, kind, mode: verdict.mode, errors: verdict.errors, root: verdict.check };
}

function textOf({ thing, reference, ending, kind, verdict }: Tested, { full }: JudgeFlags, style: Style): string {
  const name = style.bold(printable(thing));
  if (verdict === undefined) return `${style.bad('✘')} ${name} is covered by no policy\n`;
  const policy = `${kind} ${printable(verdict.policy)}`;
  const says = {
    pass: `${style.good('✔')} ${name} passes ${policy}`,
    warn: `${style.warn('!')} ${name} would be refused by ${policy}, which only warns`,
    fail: `${style.bad('✘')} ${name} is refused by ${policy}`,
    uncovered: '',
  }[ending];
  const digest = reference === undefined ? [] : [`  is         ${printable(reference)}`];
  const why = verdict.errors.flatMap((error) => error.split('\n')).map((line) => `  because    ${printable(line)}`);
  const tree = { ...verdict.check, checks: [verdict.check] } satisfies Check;
  return `${[says, ...digest, ...why].join('\n')}\n${renderTree(tree, style, full === true ? 'full' : 'brief')}`;
}

function summary(tested: readonly Tested[]): string {
  if (tested.length < 2) return '';
  const counts = (['pass', 'warn', 'fail', 'uncovered'] as const).map(
    (ending) => [WORDS[ending], tested.filter((one) => one.ending === ending).length] as const,
  );
  return `\n${counts.flatMap(([word, count]) => (count === 0 ? [] : [`${count} ${word}`])).join(', ')}\n`;
}

const WORDS = { pass: 'passed', warn: 'warned', fail: 'refused', uncovered: 'covered by no policy' } as const;
