/** The images that commands name: resolved once to a digest, in a registry or in a folder that `cosign save` made. */
import {
  type ContentReader,
  type Digest,
  type ImageReference,
  Layout,
  parseReference,
  type RepositoryClient,
  referenceText,
  savedEntry,
  targetOf,
} from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { RegistryAccess } from '../registry-access.ts';
import { openRegistryOf, sideRepository } from './registry-flags.ts';

/** What a command works on. */
export interface Image {
  /** As messages and headers name it: fully qualified, or the argument itself for folders. */
  readonly name: string;
  readonly reader: ContentReader;
  readonly digest: Digest;
  /** Absent for folders. */
  readonly reference: ImageReference | undefined;
}

export interface RegistrySession {
  readonly access: RegistryAccess;
  /** Of COSIGN_REPOSITORY. */
  readonly side: RepositoryClient | undefined;
}

/** Access to registries for the time of `work`. */
export async function withRegistry<T>(flags: ParsedFlags, context: Context, work: (session: RegistrySession) => Promise<T>): Promise<T> {
  const name = await sideRepository(context);
  const access = openRegistryOf(flags, context);
  try {
    return await work({ access, side: name && access.registries.repository(name) });
  } finally {
    access.close();
  }
}

/** `reader` has the image; a digest is believed without asking. Errors: `OCI_NOT_FOUND` when the tag is not there, the registry's other refusals. */
export async function resolveImage(
  text: string,
  { access }: RegistrySession,
): Promise<Image & { readonly reference: ImageReference; readonly reader: RepositoryClient }> {
  const reference = await wrapped('parsing reference', () => parseReference(text));
  const reader = access.registries.repository(reference);
  const digest = reference.digest ?? (await reader.requireDescriptor(targetOf(reference))).digest;
  return { name: referenceText(reference), reader, digest, reference };
}

/** The image in a folder that `cosign save`, or another tool, made. */
export function openLocalImage(folder: string): Image {
  const layout = Layout.open(folder);
  return { name: folder, reader: layout, digest: savedEntry(layout).digest, reference: undefined };
}
