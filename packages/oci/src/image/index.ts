/** `@assay/oci/image`: building, changing, flattening and saving images. Apart from the rest, since few commands need archives and compression. */
export { appendLayers } from './append.ts';
export { BlobContent, type MadeContent } from './blob-content.ts';
export { decompressed } from './compression.ts';
export { DockerArchive } from './docker-archive.ts';
export { type ImageToSave, writeDockerArchive } from './docker-archive-write.ts';
export { exportFilesystem, type LayeredEntry, type LayeredOptions, layeredEntries } from './filesystem.ts';
export { type BuiltImage, buildImage, emptyImage, type Image, openImage, readConfig } from './image.ts';
export type { ImageConfig, RunConfig } from './image-shapes.ts';
export { describeLayer, type Layer, measure } from './layer.ts';
export { isForeignType, isLayerType } from './layer-types.ts';
export { writeLegacyArchive } from './legacy-archive-write.ts';
export { type ImageChanges, mutateImage } from './mutate.ts';
export { type NewEntry, readTar, type TarEntry, type TarHeader, writeTar } from './tar.ts';
export { type ValidateOptions, validate } from './validate.ts';
export { windowsLayer } from './windows-layer.ts';
