/** The files of an image, from its top layer down. */
import type { TrustError } from '@assay/core';
import type { ContentReader, StoredImage } from '@assay/oci';
import { layeredEntries, readConfig } from '@assay/oci/image';
import type { Subject, Unreadable } from '../inventory.ts';
import type { Source, SourceFile } from './source.ts';
import { fileOf, MAX_EXPANSION } from './tar-file.ts';

/** @param name `HOST/REPOSITORY`, or what else the image is known by. Errors: `OCI_CONFIG`, `OCI_LIMIT`, those of reading. */
export async function imageSource(
  image: StoredImage,
  from: Pick<ContentReader, 'blob' | 'readBlob'>,
  { name, version = '' }: { readonly name: string; readonly version?: string },
): Promise<Source> {
  const { created } = await readConfig(image, from);
  const subject: Subject = { kind: 'image', name, version, digest: image.descriptor.digest, created: createdText(created) };
  return { subject, files: (report) => filesOf(image, from, report) };
}

async function* filesOf(
  { manifest }: StoredImage,
  from: Pick<ContentReader, 'blob'>,
  report: (unreadable: Unreadable) => void,
): AsyncGenerator<SourceFile, void, void> {
  const onUnreadable = ({ code, message }: TrustError, { digest }: { readonly digest: string }): void => report({ path: '/', layer: digest, code, message });
  for await (const entry of layeredEntries(manifest.layers, from, { onUnreadable, maxExpansion: MAX_EXPANSION })) {
    if (entry.content !== undefined) yield await fileOf(entry, entry.content, entry.layer.digest);
  }
}

function createdText(created: unknown): string | undefined {
  const text = String(created ?? '');
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : new Date(time).toISOString();
}
