/**
 * What there should be: services may run elsewhere or never have been asked for, and a rotation may not have been taken up yet.
 *
 * `endpoints.json` says what the last process that was ready served, and when it read the folder; beside that, whatever has left a trace is here.
 */
import { chainFile } from '../authorities.ts';
import type { Endpoints } from '../documents.ts';
import { GENERATION_KINDS, type Generation, type GenerationKind, type Instance } from '../instance.ts';
import { type LogKind, logPlaces } from '../log-places.ts';
import type { Disk } from '../store/disk.ts';
import { KEYS_OF, keyName } from '../store/key-names.ts';

export interface Presence {
  /** Whether the last process that was ready served it, and told clients so. */
  readonly isServed: (kind: GenerationKind) => boolean;
  /** Whether there is anything of this kind here, or should be. */
  readonly isHere: (kind: GenerationKind) => boolean;
  /** Made by a rotation that no process has taken up yet: what is missing of it is made then. */
  readonly isPending: (generation: Generation) => boolean;
}

export async function readPresence(disk: Disk, instance: Instance, endpoints: (Partial<Endpoints> & { readonly ready?: Date }) | undefined): Promise<Presence> {
  const isServed = (kind: GenerationKind): boolean => isBelow(endpoints?.[ENDPOINT_OF[kind]], instance.origin);
  // Without it everything that has left a trace counts.
  const ready = endpoints?.ready?.getTime() ?? Number.MAX_SAFE_INTEGER;
  const here = new Set<GenerationKind>();
  const pending = new Set<Generation>();
  for (const kind of GENERATION_KINDS) {
    for (const generation of instance.generations[kind]) {
      const hasTrace = await hasAny(disk, tracesOf(instance, kind, generation));
      if (hasTrace || isServed(kind)) here.add(kind);
      const start = generation.start.getTime();
      // Starts are whole seconds; in the second in which a process was ready, only the files tell what came first.
      const isNew = start > ready || (!hasTrace && (start >= ready - (ready % 1000) || !isServed(kind)));
      if (generation.number > 1 && isNew) pending.add(generation);
    }
  }
  return { isServed, isHere: (kind) => here.has(kind), isPending: (generation) => pending.has(generation) };
}

/** Whether it is a URL of this origin. */
export function isBelow(url: string | undefined, origin: string): boolean {
  return url === origin || url?.startsWith(`${origin}/`) === true;
}

/** Files and folders of one generation. */
function tracesOf(instance: Instance, kind: GenerationKind, generation: Generation): string[] {
  const keys = KEYS_OF[kind].map((prefix) => `keys/${keyName(prefix, generation.number)}.pem`);
  if (kind === 'ca' || kind === 'tsa') return [...keys, `${kind}/${chainFile(generation.number)}`];
  if (kind === 'tuf') return generation.number === 1 ? [...keys, 'tuf'] : keys;
  if (kind === 'oidc') return keys;
  return [...keys, ...logPlaces(instance).flatMap((place) => (place.kind === (kind as LogKind) && place.generation === generation ? [place.folder] : []))];
}

async function hasAny(disk: Disk, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if ((await disk.size(path)) !== undefined) return true;
  return false;
}

const ENDPOINT_OF: Readonly<Record<GenerationKind, Exclude<keyof Endpoints, 'registry'>>> = {
  ca: 'fulcio',
  ctlog: 'ctlog',
  rekorV1: 'rekor',
  rekorV2: 'rekorV2',
  tsa: 'tsa',
  tuf: 'tuf',
  oidc: 'oidc',
};
