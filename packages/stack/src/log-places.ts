/** Where the logs of an instance lie, and what they are called: every shard of each kind, the oldest first. */
import { GENERATION_KINDS, type Generation, type GenerationKind, type Instance } from './instance.ts';
import { PATHS } from './names.ts';
import { keyName } from './store/key-names.ts';

export type LogKind = Extract<GenerationKind, 'ctlog' | 'rekorV1' | 'rekorV2'>;

export interface LogPlace {
  readonly kind: LogKind;
  readonly generation: Generation;
  /** Relative to the folder of the stack. */
  readonly folder: string;
  /** Below the origin; empty for the logs that have no path of their own. */
  readonly path: string;
  /** Its base URL in trusted roots. */
  readonly url: string;
  /** Of the file in `keys/`, without `.pem`. */
  readonly keyName: string;
}

export function logPlaces({ generations, origin }: Instance): LogPlace[] {
  return GENERATION_KINDS.filter((kind) => kind in PLACES).flatMap((kind) =>
    generations[kind].map((generation) => logPlace(kind as LogKind, generation, origin)),
  );
}

export function logPlace(kind: LogKind, generation: Generation, origin: string): LogPlace {
  const place = PLACES[kind](generation);
  return { kind, generation, ...place, url: origin + place.path };
}

const PLACES: Readonly<Record<LogKind, (generation: Generation) => Pick<LogPlace, 'folder' | 'path' | 'keyName'>>> = {
  ctlog: ({ number }) => ({ folder: `ctlog/${number}`, path: `${PATHS.ctlog}/${number}`, keyName: keyName('ctlog', number) }),
  rekorV1: ({ number, treeId }) => ({ folder: `rekor/v1/${treeId}`, path: '', keyName: keyName('rekor-v1', number) }),
  rekorV2: ({ number }) => ({ folder: `rekor/v2/${number}`, path: `${PATHS.rekorV2}/${number}`, keyName: keyName('rekor-v2', number) }),
};
