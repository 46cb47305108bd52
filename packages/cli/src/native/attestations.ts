/** The attestations of an image, wherever its registry or layout has them, and what each place answered. */

import type { Unreadable } from '@assay/oci';
import {
  type Digest,
  type Evidence,
  type FindOptions,
  findEvidence,
  Layout,
  type PlaceAnswer,
  parseReference,
  parseRepository,
  savedEntry,
  targetOf,
} from '@assay/oci';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { openRegistryAccess } from '../registry-access.ts';
import type { Thing } from './thing.ts';

export interface ImageFlags {
  readonly offline?: boolean;
  readonly sideRepository?: string;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
}

export interface Attestations {
  readonly digest: Digest;
  readonly pieces: readonly (Evidence | Unreadable)[];
  readonly answers: readonly PlaceAnswer[];
}

/** All of them. Errors: `OCI_…`, `NET_…`. */
export async function attestationsOf({ kind, name }: Thing, flags: ImageFlags, io: Io): Promise<Attestations> {
  if (kind === 'layout') {
    const image = Layout.open(name);
    return collect({ image, digest: savedEntry(image).digest });
  }
  const access = openRegistryAccess(io, {
    userAgent: 'assay',
    plainHttp: flags.plainHttp === true ? 'always' : 'never',
    offline: flags.offline === true || isOffline(io.env),
    mirrorsFile: flags.registryMirrors,
  });
  try {
    const reference = parseReference(name);
    const image = access.registries.repository(reference);
    const side = flags.sideRepository ?? io.env['COSIGN_REPOSITORY'];
    const sideRepository = side ? access.registries.repository(parseRepository(side)) : undefined;
    const digest = reference.digest ?? (await image.requireManifest(targetOf(reference))).descriptor.digest;
    return await collect({ image, sideRepository, digest });
  } finally {
    access.close();
  }
}

async function collect(where: Pick<FindOptions, 'image' | 'sideRepository' | 'digest'>): Promise<Attestations> {
  const pieces: (Evidence | Unreadable)[] = [];
  const answers: PlaceAnswer[] = [];
  for await (const event of findEvidence({ ...where, want: ['attestations'] })) {
    if (event.kind === 'evidence') pieces.push(event.evidence);
    else answers.push(event.answer);
  }
  return { digest: where.digest, pieces, answers };
}
