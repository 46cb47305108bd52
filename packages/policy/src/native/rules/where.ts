/** Whether a condition on a value says one thing. */
import type { NativeWhere, RuleProblem } from '../schema.ts';
import { problemOfRe2 } from './re2.ts';

export function problemsOfWhere({ path: _, ...tests }: NativeWhere): readonly RuleProblem[] {
  const given = Object.entries(tests).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const isRange = given.length === 2 && given.every((name) => name === 'atLeast' || name === 'atMost');
  if (given.length !== 1 && !isRange) {
    return [{ path: [], says: `one of equals, in, matches, atLeast, atMost, exists was expected, found ${given.join(' and ') || 'none of them'}` }];
  }
  const says = tests.matches === undefined ? undefined : problemOfRe2(tests.matches);
  return says === undefined ? [] : [{ path: ['matches'], says }];
}
