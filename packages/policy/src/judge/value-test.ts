/** The simple conditions of native policies: one value of a statement, held against what is expected. */
import { isJsonObject, type Json, matcherText, matchesText, quote } from '@assay/core';
import type { Condition, NamedImage, TextPattern, ValueTest } from '../model.ts';
import { compilePattern } from './text-pattern.ts';

type ValueCondition = Condition & { readonly language: 'values' };

/** Undefined when it holds, else why not. What is not there satisfies only `absent`. Errors: `IDENTITY_PATTERN`. */
export async function testValue({ path, test }: ValueCondition, document: Json, image: NamedImage): Promise<string | undefined> {
  const found = valueAt(document, path);
  const { holds, expected } = await (test.kind === 'matches' ? matchTest(test.pattern, found, image) : plainTest(test, found));
  if (holds) return undefined;
  return `${quote(path.map(String).join('.'))}: expected ${expected}, found ${found === undefined ? 'nothing' : quote(JSON.stringify(found))}`;
}

interface Tested {
  readonly holds: boolean;
  readonly expected: string;
}

function plainTest(test: Exclude<ValueTest, { readonly kind: 'matches' }>, found: Json | undefined): Tested {
  switch (test.kind) {
    case 'absent':
      return { holds: found === undefined, expected: 'nothing' };
    case 'present':
      return { holds: found !== undefined, expected: 'a value' };
    case 'equals':
      return { holds: found === test.value, expected: quote(JSON.stringify(test.value)) };
    case 'in':
      return { holds: test.values.some((value) => value === found), expected: `one of ${quote(JSON.stringify(test.values))}` };
    case 'least':
      return { holds: typeof found === 'number' && found >= test.value, expected: `at least ${test.value}` };
    case 'most':
      return { holds: typeof found === 'number' && found <= test.value, expected: `at most ${test.value}` };
  }
}

async function matchTest(pattern: TextPattern, found: Json | undefined, image: NamedImage): Promise<Tested> {
  const matcher = await compilePattern(pattern, image);
  return { holds: typeof found === 'string' && matchesText(matcher, found), expected: `a text that matches ${matcherText(matcher)}` };
}

/** Own members only: `constructor` is none. */
function valueAt(document: Json, path: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = document;
  for (const step of path) {
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
    else value = value !== undefined && isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}
