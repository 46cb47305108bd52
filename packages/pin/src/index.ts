/** `@assay/pin`: where files name images and charts, and the edits that put a digest there. Everything public, by name. */
export { applyEdits } from './edit.ts';
export { findReferences, isCandidate } from './find.ts';
export type { Edit, Finding, Format, Kind, Reading, Remark, Site, TagStyle } from './model.ts';
export { unifiedPatch } from './patch.ts';
export { canonicalName, isWritten, parseWritten, pinnedText, type Written } from './written.ts';
