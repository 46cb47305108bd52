/** `@assay/slsa/log-search`: the log proof of a bare envelope. Finds it, keeps it, and says what is missing without it. Everything public, by name. */
export type { LogCandidate } from './candidate.ts';
export { type CertifiedEnvelope, type EnvelopeFile, parseEnvelopeFile, type UncertifiedEnvelope } from './envelope-file.ts';
export type { LogPlace } from './log-place.ts';
export { encodeLoggedEnvelope, parseLoggedEnvelope } from './logged-envelope.ts';
export { type Judge, judgeCandidates, type LogProof, searchByDigest, searchByEntry, verifiedLine } from './search.ts';
export { judgeUnlogged, type Unlogged, type UnloggedDemands } from './unlogged.ts';
