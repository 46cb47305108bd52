/** `@assay/sbom/make`: inventories of what lies somewhere. Apart from the rest, since asking and comparing need no catalogers. */
export { archiveSource } from './archive-source.ts';
export { type Catalog, type Cataloger, type FoundFile, HEAD_BYTES } from './cataloger.ts';
export { CATALOGERS } from './catalogers.ts';
export { fileSource, folderSource } from './folder-source.ts';
export { imageSource } from './image-source.ts';
export { type MakeOptions, makeInventory } from './make.ts';
export type { Source, SourceFile } from './source.ts';
