/** `assay copy`: an image with everything that belongs to it, and an honest word on what could not come along. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TrustError } from '@assay/core';
import {
  copyWithEvidence,
  type ImageReference,
  Layout,
  parseReference,
  parseRepository,
  type RepositoryClient,
  referenceText,
  type StoredManifest,
  savedManifest,
  targetOf,
} from '@assay/oci';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import type { RegistryAccess } from '../registry-access.ts';
import { transferProgress } from '../transfer-progress.ts';
import { openAccess, type RegistryFlags, sideRepositoryOf } from './registry-flags.ts';

export interface CopyFlags extends RegistryFlags {
  readonly force?: boolean;
}

/** Returns the exit status: 1 when evidence was left behind. Errors: `OCI_…`, `NET_…`. */
export async function runCopy(source: string, target: string, flags: CopyFlags, io: Io): Promise<number> {
  const access = openAccess(flags, io);
  const progress = transferProgress(io);
  try {
    const from = await openSource(source, access);
    const to = openTarget(target, access);
    await refuseMovingTag(from, to, flags);
    const side = sideRepositoryOf(flags, io);
    const missed = await copyWithEvidence(from.image, to.tag, {
      from: from.place,
      to: to.place,
      sideRepository: side ? access.registries.repository(parseRepository(side)) : undefined,
      mountFrom: mountable(from.reference, to.reference),
      onBlob: progress.onBlob,
      onCopy: ({ reader, stored, kind }) => io.stderr(`with ${kind === 'other' ? 'referrer' : kind} ${reader.name}@${stored.descriptor.digest}\n`),
    });
    progress.end();
    io.stdout(`${to.name(from.image)}\n`);
    for (const { what, problem, loss } of missed) io.stderr(`${loss === 'none' ? 'listed, but not there' : 'left behind'}: ${what}: ${problem.message}\n`);
    return missed.some(({ loss }) => loss !== 'none') ? EXIT.rejected : EXIT.accepted;
  } finally {
    progress.end();
    access.close();
  }
}

interface Source {
  readonly place: RepositoryClient | Layout;
  readonly image: StoredManifest;
  readonly reference: ImageReference | undefined;
}

async function openSource(text: string, access: RegistryAccess): Promise<Source> {
  if (existsSync(join(text, 'oci-layout'))) {
    const layout = Layout.open(text);
    return { place: layout, image: await savedManifest(layout), reference: undefined };
  }
  const reference = parseReference(text.replace(/^oci:\/\//, ''));
  const place = access.registries.repository(reference);
  return { place, image: await place.requireManifest(targetOf(reference)), reference };
}

interface Target {
  readonly place: RepositoryClient | Layout;
  readonly tag: string | undefined;
  readonly reference: ImageReference | undefined;
  readonly name: (image: StoredManifest) => string;
}

/** A path (with a slash at the beginning, or `./`) or an existing layout; anything else is a reference. */
function openTarget(text: string, access: RegistryAccess): Target {
  if (/^\.{0,2}\//.test(text) || existsSync(join(text, 'oci-layout'))) {
    const layout = Layout.openOrCreate(text);
    return { place: layout, tag: 'latest', reference: undefined, name: ({ descriptor }) => `${text}@${descriptor.digest}` };
  }
  const reference = parseReference(text.replace(/^oci:\/\//, ''));
  const name = ({ descriptor }: StoredManifest) => referenceText({ ...reference, digest: descriptor.digest });
  return { place: access.registries.repository(reference), tag: reference.digest === undefined ? reference.tag : undefined, reference, name };
}

/** A tag is somebody's name for an image: it is moved only when that was asked for. */
async function refuseMovingTag({ image }: Source, { place, tag, name }: Target, { force }: CopyFlags): Promise<void> {
  if (tag === undefined || force === true) return;
  const present = await place.resolve(tag);
  if (present === undefined || present.digest === image.descriptor.digest) return;
  throw new TrustError('OCI_EXISTS', `the tag ${tag} names another image already`, {
    expected: image.descriptor.digest,
    found: present.digest,
    hint: `copy to another tag, or move it with --force; what would be copied is ${name(image)}`,
  });
}

function mountable(from: ImageReference | undefined, to: ImageReference | undefined): string | undefined {
  return from !== undefined && from.registry === to?.registry ? from.repository : undefined;
}
