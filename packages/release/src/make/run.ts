/**
 * A release is made in OUTPUT.partial, verified as a whole, pointed to, and renamed to OUTPUT: what has that name is whole. Each step is done once, however often
 * the run is interrupted.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { Registries } from '@assay/oci';
import { Journal, journalOf } from '../journal.ts';
import { MAX_RELEASE_BYTES, parseRelease, RELEASE_FILE } from '../release.ts';
import type { ReleaseInputs } from './inputs.ts';
import type { Plan } from './plan.ts';
import { refuseTaken, setTags, tagText } from './publish.ts';
import type { Local, Step, Work } from './step.ts';

export interface RunOptions {
  readonly output: string;
  readonly registries: Registries;
  readonly now: Date;
  /** Opened when the first step needs it: whoever signs may have to log in. */
  readonly work: (place: Local) => Promise<Work>;
  /** Of everything that carries a time. */
  readonly time: (begun: Date) => Date;
  /** Before anything points to it. Throws when it does not hold. */
  readonly verify: (folder: string) => Promise<void>;
  readonly onStep: (step: Pick<Step, 'says'>, state: 'begins' | 'was done') => void;
}

/** What became of it. Errors: those of the steps, `RELEASE_EXISTS`, `RELEASE_OTHER`, `RELEASE_JOURNAL`. */
export async function runRelease(plan: Plan, options: RunOptions): Promise<'released' | 'was released'> {
  const { output, registries, now } = options;
  if (existsSync(output)) {
    requireSame(output, plan.inputs);
    forget(output);
    return 'was released';
  }
  const journal = Journal.open({ folder: partialOf(output), inputs: plan.inputs.fingerprint, now });
  const place = { folder: journal.folder, time: options.time(journal.begun), registries };
  await runSteps(plan.packed, journal, async () => place, options);
  await refuseTaken(plan.tags, place);
  await runSteps(plan.steps, journal, () => options.work(place), options);
  options.onStep({ says: 'verify all of it' }, 'begins');
  await options.verify(journal.folder);
  for (const tag of plan.tags) options.onStep({ says: `point ${tagText(tag)} to it` }, 'begins');
  await setTags(plan.tags, place);
  renameSync(journal.folder, output);
  forget(output);
  return 'released';
}

/** What is left of a release that was begun, whether it was finished or is to be made anew. */
export function forget(output: string): void {
  rmSync(partialOf(output), { recursive: true, force: true });
  rmSync(journalOf(partialOf(output)), { force: true });
}

function partialOf(output: string): string {
  return `${output.replace(/\/+$/, '')}.partial`;
}

async function runSteps<Needs>(
  steps: readonly Step<Needs>[],
  journal: Journal,
  open: () => Promise<Needs>,
  { onStep }: Pick<RunOptions, 'onStep'>,
): Promise<void> {
  let work: Needs | undefined;
  for (const step of steps) {
    if (journal.isDone(step.id)) {
      onStep(step, 'was done');
      continue;
    }
    work ??= await open();
    onStep(step, 'begins');
    await step.run(work);
    journal.done(step.id, step.makes);
  }
}

/** The same things, released before: nothing is left to do. Errors: `RELEASE_OTHER`, `RELEASE_PARSE`. */
function requireSame(output: string, { version, fingerprint }: ReleaseInputs): void {
  const other = (found: string): TrustError =>
    new TrustError('RELEASE_OTHER', `${output}: is there already`, {
      expected: `version ${version} of what is released now, or nothing`,
      found,
      hint: 'write to another folder with --folder',
    });
  const file = join(output, RELEASE_FILE);
  if (!existsSync(file)) throw other('a folder without assay.release.json');
  const release = parseRelease(readFileCapped(file, MAX_RELEASE_BYTES), file);
  if (release.inputs !== fingerprint) throw other(`version ${release.version}${release.version === version ? ' of other things' : ''}`);
}
