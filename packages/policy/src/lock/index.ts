/** `@assay/policy/lock`: `assay.lock`, read, written and compared with. Pure: no I/O, and the present is passed in. */
export { findArtifact, type LockedArtifact } from './artifact-name.ts';
export { type ComparedArtifact, type ComparedFacts, checkKind, compareWithLock, isLockedSigner, unknownArtifact } from './compare.ts';
export { encodeLock } from './encode.ts';
export { entryOf } from './entry.ts';
export { type LockFacts, lockFacts, sameSigner, signerText } from './facts.ts';
export { EVIDENCE_LEVELS, type EvidenceLevel } from './level.ts';
export type { AllowedFacts, FirstSeen, Lock, LockEntry, LockException } from './lock.ts';
export { MAX_LOCK_BYTES, parseLock } from './parse.ts';
