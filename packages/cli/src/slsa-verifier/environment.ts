/** The variables that slsa-verifier reads, as Go reads booleans: what is none is false. */
import type { Io } from '../io.ts';

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Loosens at which refs builders of the SLSA project may be called. */
export function isTesting({ env }: Io): boolean {
  return TRUE.has(env['SLSA_VERIFIER_TESTING'] ?? '');
}

export function isExperimental({ env }: Io): boolean {
  return TRUE.has(env['SLSA_VERIFIER_EXPERIMENTAL'] ?? '');
}
