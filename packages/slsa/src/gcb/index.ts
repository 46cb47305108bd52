/** Google Cloud Build. Everything public, by name. */
export { MAX_GCB_DOCUMENT_BYTES } from './document.ts';
export { type GcbKeys, gcbKeyUse } from './keys.ts';
export type { GcbOptions } from './signature.ts';
export type { GcbRefDemands } from './tag.ts';
export { type GcbDemands, type GcbResult, verifyGcb } from './verify-gcb.ts';
