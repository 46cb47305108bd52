/** Layers on top of an image. */
import type { Digest } from '../digest.ts';
import { type Image, withBlobs } from './image.ts';
import { DESCRIPTOR, HISTORY } from './image-shapes.ts';
import type { Layer } from './layer.ts';

/** The last of `layers` is the topmost; without any the image is as it was. Configurations that are not those of container images know no layers, and stay as they are. */
export function appendLayers(image: Image, layers: readonly Layer[]): Image {
  if (layers.length === 0) return image;
  const { manifest, config } = image;
  const added = layers.map(({ descriptor: { mediaType, size, digest } }) => DESCRIPTOR.read({ mediaType, size, digest }, 'layer'));
  const withLayers: Image = {
    ...image,
    manifest: { ...manifest, layers: [...(manifest.layers ?? []), ...added] },
    config: config && {
      ...config,
      rootfs: { ...config.rootfs, diff_ids: [...(config.rootfs.diff_ids ?? []), ...layers.map(({ diffId }) => diffId)] },
      // Readers pair histories with layers by counting, so every layer has one, even if nothing is known of it.
      history: [...(config.history ?? []), ...layers.map(() => HISTORY.read({}, 'history'))],
    },
  };
  return withBlobs(withLayers, new Map(layers.map(({ descriptor, content }): [Digest, typeof content] => [descriptor.digest, content])));
}
