/** Where the logs of an instance lie, and what they are called: every shard of each kind, the oldest first. */
import { GENERATION_KINDS, type Generation, type GenerationKind, type Instance } from './instance.ts';
import { PATHS } from './names.ts';

export type LogKind = Extract<GenerationKind, 'ctlog' | 'rekorV1' | 'rekorV2'>;

export interface LogPlace {
  readonly kind: LogKind;
  readonly generation: Generation;
  /** Relative to the folder of the stack. */
  readonly folder: string;
  /** Its base URL in trusted roots. */
  readonly url: string;
  /** Of the file in `keys/`, without `.pem`. */
  readonly keyName: string;
}

export function logPlaces(instance: Instance): LogPlace[] {
  return GENERATION_KINDS.filter((kind) => kind in PLACES).flatMap((kind) =>
    instance.generations[kind].map((generation) => ({ kind: kind as LogKind, generation, ...PLACES[kind as LogKind](generation, instance.origin) })),
  );
}

const PLACES: Readonly<Record<LogKind, (generation: Generation, origin: string) => Pick<LogPlace, 'folder' | 'url' | 'keyName'>>> = {
  ctlog: ({ number }, origin) => ({ folder: `ctlog/${number}`, url: `${origin}${PATHS.ctlog}/${number}`, keyName: `ctlog-${number}` }),
  rekorV1: ({ number, treeId }, origin) => ({ folder: `rekor/v1/${treeId}`, url: origin, keyName: `rekor-v1-${number}` }),
  rekorV2: ({ number }, origin) => ({ folder: `rekor/v2/${number}`, url: `${origin}${PATHS.rekorV2}/${number}`, keyName: `rekor-v2-${number}` }),
};
