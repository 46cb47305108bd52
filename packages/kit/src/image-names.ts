/** Under which names the images of a kit stand in its `index.json`, so that other tools find them once the kit is unpacked. */
import { REF_NAME } from '@assay/oci';
import type { KitImage } from './manifest.ts';

export type NameAnnotations = Readonly<Record<string, string>>;

/** Annotations of each: the whole name, and as reference the tag, or the whole name again where two images have one tag. */
export function imageNames(images: readonly KitImage[]): readonly NameAnnotations[] {
  const count = new Map<string, number>();
  for (const { tag } of images) if (tag !== undefined) count.set(tag, (count.get(tag) ?? 0) + 1);
  return images.map(({ name, tag, digest }): NameAnnotations => {
    if (tag === undefined) return { [IMAGE_NAME]: `${name}@${digest}` };
    return { [IMAGE_NAME]: `${name}:${tag}`, [REF_NAME]: count.get(tag) === 1 ? tag : `${name}:${tag}` };
  });
}

/** As containerd and docker read it. */
export const IMAGE_NAME = 'io.containerd.image.name';
