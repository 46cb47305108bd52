/** The attestations of an image, wherever its registry or layout has them. */
import { type FindEvent, type FindOptions, findEvidence, Layout, parseReference, parseRepository, savedEntry, targetOf } from '@assay/oci';
import type { Io } from '../io.ts';
import { openAccess, type RegistryFlags, sideRepositoryOf } from './registry-flags.ts';
import type { Thing } from './thing.ts';

export interface ImageFlags extends RegistryFlags {
  readonly offline?: boolean;
}

/** An image, and where its evidence lies. */
export type ImagePlace = Pick<FindOptions, 'image' | 'sideRepository' | 'digest'>;

/** Access to the image for the time of `work`. Errors: `OCI_…`, `NET_…`. */
export async function withImage<T>({ kind, name }: Thing, flags: ImageFlags, io: Io, work: (where: ImagePlace) => Promise<T>): Promise<T> {
  if (kind === 'layout') {
    const image = Layout.open(name);
    return work({ image, digest: savedEntry(image).digest });
  }
  const access = openAccess(flags, io);
  try {
    const reference = parseReference(name);
    const image = access.registries.repository(reference);
    const side = sideRepositoryOf(flags, io);
    const sideRepository = side ? access.registries.repository(parseRepository(side)) : undefined;
    const digest = reference.digest ?? (await image.requireManifest(targetOf(reference))).descriptor.digest;
    return await work({ image, sideRepository, digest });
  } finally {
    access.close();
  }
}

/** As `findEvidence`: nothing is asked before it is needed. */
export function findAttestations(where: ImagePlace): AsyncGenerator<FindEvent, void, void> {
  return findEvidence({ ...where, want: ['attestations'] });
}
