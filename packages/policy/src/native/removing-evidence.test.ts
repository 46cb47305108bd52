/** The property that admission rests on: whoever removes evidence, or hides it, lets nothing in that was refused with it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anySpec, NOW, pieces, subjectWith } from '../../test/native-arbitraries.ts';
import { loadNativePolicies, NO_FILES } from './policy.ts';
import type { NativeSpec } from './schema.ts';

function policyOf(spec: NativeSpec) {
  const text = JSON.stringify({ apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec });
  const [policy] = loadNativePolicies(text, { name: 'p', files: NO_FILES, now: NOW });
  if (policy === undefined) throw new Error('one policy was written');
  return policy;
}

test('removing evidence never turns a denial into an admission', async () => {
  let admitted = 0;
  let denied = 0;
  const run = fc.asyncProperty(anySpec, pieces, fc.infiniteStream(fc.boolean()), async (spec, all, keeps) => {
    const policy = policyOf(spec);
    const before = await policy.judge(subjectWith(all));
    const fewer = all.filter(() => keeps.next().value);
    const after = await policy.judge(subjectWith(fewer));
    if (before.ok) admitted += 1;
    else denied += 1;
    expect(after.ok && !before.ok).toBe(false);
    expect((await policy.judge(subjectWith([]))).ok).toBe(false);
  });
  await fc.assert(run, { numRuns: 150 });
  // Both happen, or the property would say nothing.
  expect(Math.min(admitted, denied)).toBeGreaterThan(10);
}, 120_000);
