/**
 * Verified levels: texts, of which `SLSA_<TRACK>_LEVEL_<NUMBER>` are ordered within their track, and all others are properties that are there or not
 * (slsa.md sections 1.11 and 2.5).
 *
 * Two sets of rules. `slsa-verifier` refuses whatever else begins with `SLSA_`, whether it is demanded or found. SLSA 1.2 has such values:
 * `SLSA_BUILD_LEVEL_UNEVALUATED`, `SLSA_SOURCE_TWO_PARTY_REVIEWED`, `SLSA_BUILD_REPRODUCED`; there they are properties.
 */
import { type Check, group, pass, quote } from '@assay/core';
import { refuse } from '../reference-error.ts';

export type VsaRules = 'slsa-verifier' | 'slsa-1.2';

export interface SlsaLevel {
  /** `BUILD`, `SOURCE`, … */
  readonly track: string;
  readonly level: bigint;
}

/** Undefined for properties, and for numbers that no 64 bits hold. */
export function parseSlsaLevel(text: string): SlsaLevel | undefined {
  const [, track, sign, digits] = /^SLSA_([^_]*)_LEVEL_([+-]?)0*(\d+)$/.exec(text) ?? [];
  if (track === undefined || digits === undefined || digits.length > 19) return undefined;
  const level = BigInt(`${sign === '-' ? '-' : ''}${digits}`);
  return BigInt.asIntN(64, level) === level ? { track, level } : undefined;
}

/** The highest level found in a track counts, and suffices for all below. */
export function checkLevels(found: readonly string[], demanded: readonly string[], rules: VsaRules): Check {
  const unknown = [...unknownLevels(demanded, 'demanded', rules), ...unknownLevels(found, 'found', rules)];
  const checks = [...unknown, ...checkTracks(found, demanded), ...checkProperties(found, demanded)];
  const says = demanded.length === 0 ? 'no level is demanded' : 'the summary states the levels that are demanded';
  const stated = `the summary states ${found.map((level) => quote(level, 80)).join(', ') || 'no level'}`;
  return group(ID, { pass: says, fail: 'the summary does not state the levels that are demanded' }, [pass(`${ID}.stated`, stated), ...checks], { spec: SPEC });
}

function unknownLevels(levels: readonly string[], where: 'demanded' | 'found', rules: VsaRules): Check[] {
  const wrong = levels.filter((text) => text.startsWith('SLSA_') && parseSlsaLevel(text) === undefined);
  // What is found and unknown was made by rules that are newer than ours; what is demanded and looks like a level but is none, is a slip.
  const refused = rules === 'slsa-verifier' ? wrong : where === 'demanded' ? wrong.filter((text) => !PROPERTY.test(text)) : [];
  return refused.map((text) =>
    refuse(`${ID}.${where}`, {
      error: 'ErrorInvalidSLSALevel',
      detail: quote(text),
      code: where === 'demanded' ? 'VSA_DEMAND' : 'VSA_LEVELS',
      says: where === 'demanded' ? 'the level that is demanded is none' : 'the summary states what slsa-verifier does not take for a level',
      expected: 'SLSA_<TRACK>_LEVEL_<NUMBER>, such as SLSA_BUILD_LEVEL_3',
      found: quote(text),
      ...(where === 'found' && { hint: 'it may be one of SLSA 1.2: assay vsa verify reads those' }),
      spec: SPEC,
    }),
  );
}

/** What SLSA 1.2 names besides numbered levels. */
export const PROPERTY = /^SLSA_(?:(?:BUILD|SOURCE)_LEVEL_UNEVALUATED|SOURCE_TWO_PARTY_REVIEWED|BUILD_REPRODUCED)$/;

function checkTracks(found: readonly string[], demanded: readonly string[]): Check[] {
  const highest = byTrack(found);
  return [...byTrack(demanded)].map(([track, wanted]) => {
    const id = `${ID}.track`;
    const level = highest.get(track);
    if (level !== undefined && level >= wanted) return pass(id, `level ${level} on the track ${quote(track)}`);
    return refuse(id, {
      error: 'ErrorMismatchVerifiedLevels',
      detail:
        level === undefined ? `expected SLSA level not found: ${quote(track)}` : `expected SLSA level ${quote(track)} to be at least ${wanted}, got ${level}`,
      code: 'VSA_LEVELS',
      says: level === undefined ? `the summary states no level on the track ${quote(track)}` : `the level on the track ${quote(track)} is too low`,
      expected: levelText(track, wanted),
      found: level === undefined ? 'none' : levelText(track, level),
      spec: SPEC,
    });
  });
}

function byTrack(texts: readonly string[]): Map<string, bigint> {
  const highest = new Map<string, bigint>();
  for (const text of texts) {
    const parsed = parseSlsaLevel(text);
    if (parsed === undefined) continue;
    const before = highest.get(parsed.track);
    if (before === undefined || before < parsed.level) highest.set(parsed.track, parsed.level);
  }
  return highest;
}

function levelText(track: string, level: bigint): string {
  return `SLSA_${quote(track, 40)}_LEVEL_${level}`;
}

function checkProperties(found: readonly string[], demanded: readonly string[]): Check[] {
  const properties = demanded.filter((text) => parseSlsaLevel(text) === undefined);
  return properties.map((text) => {
    const id = `${ID}.property`;
    if (found.includes(text)) return pass(id, `the property ${quote(text)}`);
    const folded = found.find((other) => other.toLowerCase() === text.toLowerCase());
    return refuse(id, {
      error: 'ErrorMismatchVerifiedLevels',
      detail: `expected verified level not found: ${quote(text)}`,
      code: 'VSA_LEVELS',
      says: 'the summary does not state a property that is demanded',
      expected: quote(text),
      found: found.map((other) => quote(other, 80)).join(', ') || 'none',
      ...(folded !== undefined && { hint: `${quote(folded)} differs in letter case only` }),
      spec: SPEC,
    });
  });
}

const ID = 'vsa.levels';
const SPEC = 'slsa.md section 1.11';
