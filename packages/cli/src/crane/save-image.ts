/** `--output`: an image as an archive instead of a push. */
import type { ContentReader, StoredManifest } from '@assay/oci';
import { writeDockerArchive } from '@assay/oci/image';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { writeOutput } from './output-file.ts';
import { readReference, repoTag } from './reference.ts';

export interface MadeImage {
  readonly stored: StoredManifest;
  readonly from: ContentReader;
}

/** @param tag that it is loaded under */
export async function saveImage({ stored, from }: MadeImage, tag: string, path: string, io: Io): Promise<void> {
  const { manifest } = stored;
  await wrapped(`writing output ${JSON.stringify(path)}`, () => {
    if (manifest.kind === 'index') throw new CommandError('an index cannot be saved as an archive');
    const reference = readReference(tag, 'parsing ref %q: ');
    return writeOutput(path, writeDockerArchive([{ stored: { ...stored, manifest }, from, repoTags: [repoTag(reference)] }]), io);
  });
}
