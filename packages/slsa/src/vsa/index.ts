/** Verification summaries. Everything public, by name. */
export { MAX_VSA_BYTES } from './envelope.ts';
export { judgeVsa, type VsaDemands, type VsaJudgement } from './judge.ts';
export type { SlsaLevel, VsaRules } from './levels.ts';
export { encodeVsa, type VsaContent, type VsaResource, type VsaSubject } from './make.ts';
export { type VerificationSummary, VSA_PREDICATE_TYPE } from './summary.ts';
export { type VsaResult, type VsaSigner, verifyVsa } from './verify-vsa.ts';
