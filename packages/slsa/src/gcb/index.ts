/** Google Cloud Build. Everything public, by name. */
export { MAX_GCB_DOCUMENT_BYTES } from './document.ts';
export type { GcbKeys } from './keys.ts';
export { type GcbDemands, type GcbResult, verifyGcb } from './verify-gcb.ts';
