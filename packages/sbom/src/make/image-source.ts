/** The files of an image, from its top layer down. */
import { TrustError } from '@assay/core';
import type { ContentReader, StoredImage } from '@assay/oci';
import { type LayeredEntry, layeredEntries, readConfig } from '@assay/oci/image';
import type { Subject, Unreadable } from '../inventory.ts';
import { HEAD_BYTES } from './cataloger.ts';
import type { Source, SourceFile } from './source.ts';

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
    if (entry.content !== undefined) yield await fileOf(entry, entry.content);
  }
}

async function fileOf({ header: { name, size, mode }, layer, isHidden }: LayeredEntry, content: AsyncIterable<Uint8Array>): Promise<SourceFile> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await leading(chunks, Math.min(size, HEAD_BYTES));
  const read = async (maxBytes: number): Promise<Uint8Array> => {
    if (size > maxBytes) throw new TrustError('SBOM_LIMIT', `${size} bytes are more than ${maxBytes}, the cap`);
    return first.length === size ? first : joined(first, chunks, size);
  };
  return { path: `/${name}`, size, mode, layer: layer.digest, isHidden, head: first.subarray(0, HEAD_BYTES), read };
}

/** At least `length` bytes, if there are as many. */
async function leading(chunks: AsyncIterator<Uint8Array>, length: number): Promise<Uint8Array> {
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < length) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    first = first.length === 0 ? value : Buffer.concat([first, value]);
  }
  return first;
}

/** Into one place as they come: large executables lie in memory once, not twice. The archive's reader sees to it that there are `size` bytes. */
async function joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>, size: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafe(size);
  whole.set(first);
  let length = first.length;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    whole.set(next.value, length);
    length += next.value.length;
  }
  return whole.subarray(0, length);
}

function createdText(created: unknown): string | undefined {
  const text = String(created ?? '');
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : new Date(time).toISOString();
}

/** Text and programs shrink to a third, zeros to a thousandth. */
const MAX_EXPANSION = 100;
