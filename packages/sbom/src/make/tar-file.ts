/** A file as it passes in a tar archive: its beginning is read at once, the rest when somebody wants it. */
import { TrustError } from '@assay/core';
import type { LayeredEntry } from '@assay/oci/image';
import { HEAD_BYTES } from './cataloger.ts';
import type { SourceFile } from './source.ts';

/** @param layer where that is to be told */
export async function fileOf(
  { header: { name, size, mode }, isHidden }: LayeredEntry,
  content: AsyncIterable<Uint8Array>,
  layer: string | undefined,
): Promise<SourceFile> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await leading(chunks, Math.min(size, HEAD_BYTES));
  const read = async (maxBytes: number): Promise<Uint8Array> => {
    if (size > maxBytes) throw new TrustError('SBOM_LIMIT', `${size} bytes are more than ${maxBytes}, the cap`);
    return first.length === size ? first : joined(first, chunks, size);
  };
  return { path: `/${name}`, size, mode, ...(layer !== undefined && { layer }), isHidden, head: first.subarray(0, HEAD_BYTES), read };
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

/** What archives may become when they are decompressed: text and programs shrink to a third, zeros to a thousandth. */
export const MAX_EXPANSION = 100;
