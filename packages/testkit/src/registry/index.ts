export { type Descriptor, OCI_INDEX, OCI_MANIFEST, type PutManifestOptions, RegistryContent, type StoredManifest } from './content.ts';
export { digestOf } from './digest.ts';
export type { BasicAuth, BearerAuth, RegistryAuth } from './guard.ts';
export { type ImageOptions, putBundle, putImage } from './image.ts';
export type { Lie, On } from './lie.ts';
export type { RegistryOptions } from './options.ts';
export { type RecordedRequest, serveRegistry, type TestRegistry } from './serve-registry.ts';
