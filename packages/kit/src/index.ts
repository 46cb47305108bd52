/** `@assay/kit`: one file that carries artifacts, evidence, trust and policy over an air gap. Everything public, by name. */
export { checkContent } from './check-content.ts';
export { type BlobStore, KitContent } from './content.ts';
export { type FolderOptions, importToFolder, writeEntries } from './import-folder.ts';
export { type ImportOptions, importToRegistry } from './import-registry.ts';
export { KitFile } from './kit-file.ts';
export {
  KIT_MEDIA_TYPE,
  type KitEntry,
  type KitFileThing,
  type KitHead,
  type KitImage,
  type KitManifest,
  type KitPolicy,
  type KitThing,
  type KitTrust,
  MANIFEST_PATH,
} from './manifest.ts';
export { isSegment } from './paths.ts';
export { type ImageToPack, KitPlan, type Piece } from './plan.ts';
export { type WriteOptions, type WrittenKit, writeKit } from './write-kit.ts';
