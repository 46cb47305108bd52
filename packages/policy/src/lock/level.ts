/**
 * How much the evidence of an artifact proves, as one scale. A level has all that those before it have.
 *
 *   signed      a signature verifies
 *   recorded    and a transparency log or a timestamp authority has seen it, so that it cannot be dated back
 *   build-l1    and it is provenance: it says how the artifact was built
 *   build-l2    and a hosted platform has said so, not the build
 *   build-l3    and the build could not reach what signs
 *
 * The last three are the build levels of SLSA as `judgeBuild` derives them: the same that `assay vsa make` states.
 */
import type { Verified } from '@assay/core';

export const EVIDENCE_LEVELS = ['signed', 'recorded', 'build-l1', 'build-l2', 'build-l3'] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];

/** `buildLevel`: of `judgeBuild`. */
export function evidenceLevel({ logEntries, times }: Pick<Verified, 'logEntries' | 'times'>, buildLevel: number): EvidenceLevel {
  const isRecorded = logEntries.length > 0 || times.some(({ source }) => source !== 'current time');
  if (!isRecorded) return 'signed';
  return EVIDENCE_LEVELS[1 + buildLevel] ?? 'recorded';
}

/** Negative when `a` proves less than `b`. */
export function compareLevels(a: EvidenceLevel, b: EvidenceLevel): number {
  return EVIDENCE_LEVELS.indexOf(a) - EVIDENCE_LEVELS.indexOf(b);
}

/** Whether evidence of this level says who built the artifact. */
export function namesBuilder(level: EvidenceLevel): boolean {
  return compareLevels(level, 'build-l1') >= 0;
}

export const LEVEL_WORDS: Readonly<Record<EvidenceLevel, string>> = {
  signed: 'a signature',
  recorded: 'a signature on record',
  'build-l1': 'provenance of SLSA Build level 1',
  'build-l2': 'provenance of SLSA Build level 2',
  'build-l3': 'provenance of SLSA Build level 3',
};
