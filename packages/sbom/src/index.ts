/** `@assay/sbom`: what is in a thing, as a value; documents that say so; questions and differences. Everything public, by name. */
export { type ChangedPackage, diffInventories, type InventoryDiff, isSame, type RelicensedPackage, type Relicensing } from './diff/diff.ts';
export { encodeCycloneDx } from './documents/cyclonedx.ts';
export { encodeInventory, formatOfKind, MEDIA_TYPE_OF, PREDICATE_TYPE_OF, SBOM_FORMATS, type SbomFormat } from './documents/encode.ts';
export type { DocumentOptions } from './documents/options.ts';
export { MAX_SBOM_BYTES, parseSbom, readSbom, sbomKind } from './documents/parse.ts';
export type { SbomDocument, SbomKind } from './documents/sbom-document.ts';
export { encodeSpdx } from './documents/spdx.ts';
export { encodePurls, encodeTable, oneLine, type Row } from './documents/tables.ts';
export {
  type Distro,
  type Hash,
  type HashAlgorithm,
  type Inventory,
  type Location,
  mergePackages,
  type Package,
  type PackageType,
  type Subject,
  type Unreadable,
} from './inventory.ts';
export { type Query, queryPackages } from './query/query.ts';
export { pushSbom, REFERENCE_TYPE, readReferences, referencePredicate, referenceTo, type SbomReference } from './reference/reference.ts';
export { compareVersions } from './versions/compare.ts';
export { parseRange, type VersionRange } from './versions/range.ts';
