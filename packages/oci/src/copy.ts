/** Copying images between registries and layouts: content first, then what names it, so that nothing half-copied can be pulled. */
import { TrustError } from '@assay/core';
import type { Digest } from './digest.ts';
import { isForeignType } from './image/layer-types.ts';
import type { Descriptor, ImageIndex, StoredManifest } from './manifest.ts';
import type { ContentReader, ContentWriter } from './store.ts';

export interface CopyOptions {
  readonly from: ContentReader;
  readonly to: ContentWriter;
  /** Repository on the registry of `to` that has the blobs already. */
  readonly mountFrom?: string | undefined;
  /** Blobs at once. Default 4. */
  readonly jobs?: number;
  /** Layers that may not be passed on are left out, unless this is set: their type decides. Any layer may have `urls`, and is copied all the same. */
  readonly foreignLayers?: 'copy' | 'skip';
  readonly onBlob?: (event: BlobEvent) => void;
}

export interface BlobEvent {
  readonly descriptor: Descriptor;
  readonly step: 'exists' | 'start' | 'progress' | 'done';
  /** Bytes so far. */
  readonly bytes: number;
}

/**
 * Copies a manifest with everything it needs: the children of an index, configurations and layers. Under `tag` when given, else by digest alone.
 * Errors: `OCI_NOT_FOUND` when something named is not there; what reading and writing throw.
 */
export async function copyImage(stored: StoredManifest, tag: string | undefined, options: CopyOptions): Promise<Digest> {
  const { from, to } = options;
  const { manifest, bytes, descriptor } = stored;
  if (manifest.kind === 'index') for (const child of manifest.manifests) await copyChild(child, options);
  else await copyBlobs([manifest.config, ...manifest.layers], options);
  return to.putManifest({ bytes, mediaType: descriptor.mediaType, ...(tag !== undefined && { tag }) });

  async function copyChild(child: Descriptor, childOptions: CopyOptions): Promise<void> {
    if (await to.hasManifest(child.digest)) return;
    const found = await from.manifest(child.digest);
    if (found === undefined) throw new TrustError('OCI_NOT_FOUND', `${from.name}: the index names ${child.digest}, which is not there`);
    await copyImage(found, undefined, childOptions);
  }
}

async function copyBlobs(descriptors: readonly Descriptor[], options: CopyOptions): Promise<void> {
  const wanted = unique(descriptors).filter(({ mediaType }) => !isForeignType(mediaType) || options.foreignLayers === 'copy');
  const queue = taken(wanted);
  const work = async (): Promise<void> => {
    for (const descriptor of queue) await copyBlob(descriptor, options);
  };
  const ends = await Promise.allSettled(Array.from({ length: options.jobs ?? DEFAULT_JOBS }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Shared by all workers. The one that fails ends it (an array's own iterator would go on), so that nothing is begun behind an error. */
function* taken<T>(items: readonly T[]): Generator<T, void, void> {
  yield* items;
}

async function copyBlob(descriptor: Descriptor, { from, to, mountFrom, onBlob }: CopyOptions): Promise<void> {
  if (await to.hasBlob(descriptor)) return onBlob?.({ descriptor, step: 'exists', bytes: descriptor.size });
  onBlob?.({ descriptor, step: 'start', bytes: 0 });
  const content = { size: descriptor.size, open: () => counted(from.blob(descriptor), (bytes) => onBlob?.({ descriptor, step: 'progress', bytes })) };
  await to.putBlob(descriptor, content, mountFrom);
  onBlob?.({ descriptor, step: 'done', bytes: descriptor.size });
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    onBytes(bytes);
  }
}

function unique(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** `linux/arm64`, `linux/arm/v7`: the children of an index that are for it. An empty part matches anything. */
export function childrenFor(index: ImageIndex, platform: string): Descriptor[] {
  const [os = '', architecture = '', variant = ''] = platform.split('/');
  return index.manifests.filter(({ platform: one }) => {
    if (one === undefined) return false;
    return (os === '' || one.os === os) && (architecture === '' || one.architecture === architecture) && (variant === '' || one.variant === variant);
  });
}

const DEFAULT_JOBS = 4;
