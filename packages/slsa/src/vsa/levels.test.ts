import { failures } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { referenceText } from '../reference-error.ts';
import { checkLevels, parseSlsaLevel, type VsaRules } from './levels.ts';

describe('a level', () => {
  test.each<[text: string, track: string, level: bigint]>([
    ['SLSA_BUILD_LEVEL_3', 'BUILD', 3n],
    ['SLSA_SOURCE_LEVEL_0', 'SOURCE', 0n],
    ['SLSA__LEVEL_2', '', 2n],
    ['SLSA_build_LEVEL_02', 'build', 2n],
    ['SLSA_BUILD_LEVEL_+2', 'BUILD', 2n],
    ['SLSA_BUILD_LEVEL_-1', 'BUILD', -1n],
    ['SLSA_BUILD_LEVEL_00000000000000000000000001', 'BUILD', 1n],
    ['SLSA_BUILD_LEVEL_9223372036854775807', 'BUILD', 9223372036854775807n],
    ['SLSA_BUILD_LEVEL_-9223372036854775808', 'BUILD', -9223372036854775808n],
  ])('is in %s', (text, track, level) => expect(parseSlsaLevel(text)).toEqual({ track, level }));

  test.each([
    'SLSA_BUILD_LEVEL_X',
    'SLSA_BUILD_LEVEL_',
    'SLSA_BUILD_LEVEL',
    'SLSA_BUILD_L_1',
    'SLSA_BUILD_level_1',
    'SLSA_LEVEL_3',
    'SLSA_BUILD_LEVEL_1_2',
    'SLSA_BUILD_LEVEL_1.0',
    'SLSA_BUILD_LEVEL_0x1',
    'SLSA_BUILD_LEVEL_1 ',
    'SLSA_BUILD_LEVEL_1\n',
    'SLSA_BUILD_LEVEL_\u0663',
    'SLSA_BUILD_LEVEL_9223372036854775808',
    'SLSA_BUILD_LEVEL_-9223372036854775809',
    `SLSA_BUILD_LEVEL_${'9'.repeat(100_000)}`,
    'SLSA_BUILD_ENV_LEVEL_1',
    'SLSA_BUILD_LEVEL_UNEVALUATED',
    'slsa_BUILD_LEVEL_1',
    'BCID_L1',
    '',
  ])('is not in %j', (text) => expect(parseSlsaLevel(text)).toBeUndefined());
});

/** The words of the reference; '' when accepted. */
function judge(found: string[], demanded: string[], rules: VsaRules): string {
  const [first] = failures(checkLevels(found, demanded, rules));
  return first === undefined ? '' : (referenceText(first) ?? '');
}

const MISMATCH = 'verified levels do not match: ';
const INVALID = 'invalid SLSA level: ';

describe('levels', () => {
  test.each<[name: string, found: string[], demanded: string[], text: string]>([
    ['nothing is demanded of nothing', [], [], ''],
    ['nothing is demanded', ['SLSA_BUILD_LEVEL_1', 'BCID_L1'], [], ''],
    ['equal ones', ['SLSA_BUILD_LEVEL_1', 'SLSA_SOURCE_LEVEL_2', 'BCID_L1'], ['SLSA_BUILD_LEVEL_1', 'SLSA_SOURCE_LEVEL_2', 'BCID_L1'], ''],
    ['a lower one is demanded', ['SLSA_BUILD_LEVEL_3'], ['SLSA_BUILD_LEVEL_2'], ''],
    ['a higher one is demanded', ['SLSA_BUILD_LEVEL_1'], ['SLSA_BUILD_LEVEL_2'], `${MISMATCH}expected SLSA level BUILD to be at least 2, got 1`],
    ['the highest found counts', ['SLSA_BUILD_LEVEL_1', 'SLSA_BUILD_LEVEL_3', 'SLSA_BUILD_LEVEL_2'], ['SLSA_BUILD_LEVEL_3'], ''],
    [
      'the highest demanded counts',
      ['SLSA_BUILD_LEVEL_2'],
      ['SLSA_BUILD_LEVEL_1', 'SLSA_BUILD_LEVEL_3'],
      `${MISMATCH}expected SLSA level BUILD to be at least 3, got 2`,
    ],
    ['another track', ['SLSA_BUILD_LEVEL_3'], ['SLSA_SOURCE_LEVEL_1'], `${MISMATCH}expected SLSA level not found: SOURCE`],
    ['a track in other letter case is another', ['SLSA_BUILD_LEVEL_3'], ['SLSA_build_LEVEL_1'], `${MISMATCH}expected SLSA level not found: build`],
    ['more digits are not more', ['SLSA_BUILD_LEVEL_02'], ['SLSA_BUILD_LEVEL_3'], `${MISMATCH}expected SLSA level BUILD to be at least 3, got 2`],
    ['ten is more than nine', ['SLSA_BUILD_LEVEL_10'], ['SLSA_BUILD_LEVEL_9'], ''],
    ['a property that is missing', ['SLSA_BUILD_LEVEL_2'], ['BCID_L1'], `${MISMATCH}expected verified level not found: BCID_L1`],
    ['a property is compared as it is written', ['BCID_L2'], ['BCID_L1'], `${MISMATCH}expected verified level not found: BCID_L1`],
    ['an empty property', [''], [''], ''],
    ['a level is no property', ['SLSA_BUILD_LEVEL_2'], ['slsa_BUILD_LEVEL_2'], `${MISMATCH}expected verified level not found: slsa_BUILD_LEVEL_2`],
  ])('%s, by either rules', (_, found, demanded, text) => {
    expect(judge(found, demanded, 'slsa-verifier')).toBe(text);
    expect(judge(found, demanded, 'slsa-1.2')).toBe(text);
  });

  test.each<[name: string, found: string[], demanded: string[], verifier: string, slsa12: string]>([
    ['not evaluated', ['SLSA_BUILD_LEVEL_UNEVALUATED'], [], `${INVALID}SLSA_BUILD_LEVEL_UNEVALUATED`, ''],
    ['reviewed', ['SLSA_SOURCE_TWO_PARTY_REVIEWED'], [], `${INVALID}SLSA_SOURCE_TWO_PARTY_REVIEWED`, ''],
    ['reproduced', ['SLSA_BUILD_REPRODUCED'], ['SLSA_BUILD_REPRODUCED'], `${INVALID}SLSA_BUILD_REPRODUCED`, ''],
    [
      'demanded, not there',
      ['X'],
      ['SLSA_BUILD_REPRODUCED'],
      `${INVALID}SLSA_BUILD_REPRODUCED`,
      `${MISMATCH}expected verified level not found: SLSA_BUILD_REPRODUCED`,
    ],
    ['of a time to come', ['SLSA_FUTURE'], ['X'], `${INVALID}SLSA_FUTURE`, `${MISMATCH}expected verified level not found: X`],
    ['a slip in what is demanded', ['SLSA_BUILD_LEVEL_3'], ['SLSA_BUILD_LEVEL_X'], `${INVALID}SLSA_BUILD_LEVEL_X`, `${INVALID}SLSA_BUILD_LEVEL_X`],
    [
      'a level where none was evaluated',
      ['SLSA_BUILD_LEVEL_UNEVALUATED'],
      ['SLSA_BUILD_LEVEL_0'],
      `${INVALID}SLSA_BUILD_LEVEL_UNEVALUATED`,
      `${MISMATCH}expected SLSA level not found: BUILD`,
    ],
    ['what is demanded is looked at first', ['SLSA_A'], ['SLSA_B'], `${INVALID}SLSA_B`, `${INVALID}SLSA_B`],
  ])('%s: the rules differ', (_, found, demanded, verifier, slsa12) => {
    expect(judge(found, demanded, 'slsa-verifier')).toBe(verifier);
    expect(judge(found, demanded, 'slsa-1.2')).toBe(slsa12);
  });

  test('letter case is the near miss that is told', () => {
    expect(failures(checkLevels(['bcid_l1'], ['BCID_L1'], 'slsa-1.2'))[0]?.hint).toBe('bcid_l1 differs in letter case only');
  });
});
