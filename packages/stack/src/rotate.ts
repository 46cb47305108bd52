/**
 * New keys in place of old ones. A rotation is one change of `stack.json`: the generation in use ends, the next begins. Keys and chains are made,
 * and clients told, by the process that serves, when it starts or reloads; so a rotation that is cut short is none, or is completed by it.
 *
 * What was signed with old keys is verified for ever: no key and no log is removed.
 */
import { join } from 'node:path';
import { type GenerationKind, type Instance, nextGeneration, requireInstance, writeInstance } from './instance.ts';
import { openDisk } from './store/disk.ts';
import { lockFolder } from './store/lock.ts';

export const ROTATABLE = ['ca', 'log', 'tsa', 'tuf', 'oidc'] as const;
export type Rotatable = (typeof ROTATABLE)[number];

/**
 * `log` is all of them: Rekor v1 and v2 and the CT log. Returns the instance as it is from then on.
 * Errors: `STACK_DATA`; `STACK_IN_USE` when another rotation is under way.
 */
export async function rotate(directory: string, what: Rotatable, now: Date): Promise<Instance> {
  const disk = openDisk(directory);
  await requireInstance(disk);
  const lock = await lockFolder(join(directory, 'rotation'));
  try {
    const before = await requireInstance(disk);
    const after = KINDS[what].reduce((instance, kind) => nextGeneration(instance, kind, { start: now, end: endOf(kind, now) }), before);
    await writeInstance(disk, after);
    return after;
  } finally {
    lock.release();
  }
}

/** What was asked for a moment before still counts: a certificate lives for ten minutes, and its timestamps are made within them. */
function endOf(kind: GenerationKind, now: Date): Date {
  return kind === 'ca' || kind === 'tsa' ? new Date(now.getTime() + LAST_SIGNINGS_MS) : now;
}

const KINDS: Readonly<Record<Rotatable, readonly GenerationKind[]>> = {
  ca: ['ca'],
  log: ['ctlog', 'rekorV1', 'rekorV2'],
  tsa: ['tsa'],
  tuf: ['tuf'],
  oidc: ['oidc'],
};
const LAST_SIGNINGS_MS = 15 * 60_000;
