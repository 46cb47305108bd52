/**
 * Removing evidence never turns a denial into an admission: over random policies and random subsets of a pool of evidence, some of it bad. Policies over everything
 * that was shown are left out: they are programs of their authors, and CUE lets in what it does not see (admission.md section 2.7).
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AllEvidence, collectEvidence, onlyPieces } from '../../test/less-evidence.ts';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import { PolicyEngines } from '../engines/index.ts';
import { withDefaults } from './defaults.ts';
import { parseClusterImagePolicy } from './parse.ts';
import { imagePolicyOf } from './policy.ts';

const KEYS = [newKey(), newKey()];
const SUBJECTS = ['https://example.org/one', 'https://example.org/two'];
const TYPES = ['https://cyclonedx.org/bom', 'https://example.org/scan/v1'];
const engines = new PolicyEngines();

let scene: Scene;
let image: SceneImage;
let all: AllEvidence;

beforeAll(async () => {
  scene = await openScene();
  image = scene.image();
  for (const format of ['older', 'bundle'] as const) {
    for (const key of KEYS) image.sign({ format, key, log: 'none', timestamp: false });
    for (const value of SUBJECTS) image.sign({ format, identity: { type: 'uri', value } });
    image.attest(TYPES[0] as string, { grade: 1 }, { format, key: KEYS[0] as (typeof KEYS)[0], log: 'none', timestamp: false });
    image.attest(TYPES[0] as string, { grade: 2 }, { format, identity: { type: 'uri', value: SUBJECTS[0] as string } });
    image.attest(TYPES[1] as string, { grade: 1 }, { format, identity: { type: 'uri', value: SUBJECTS[1] as string } });
    // About another image, and so about nothing.
    image.attest(TYPES[0] as string, { grade: 1 }, { format, key: KEYS[1] as (typeof KEYS)[0], log: 'none', timestamp: false, of: scene.image().digest });
  }
  all = await collectEvidence(scene.subject(image.reference));
});
afterAll(async () => {
  await engines.close();
  await scene.close();
});

const issuer = 'https://accounts.testkit.example';
const who = fc.oneof(
  fc.record({ key: fc.subarray(KEYS, { minLength: 1 }).map((keys) => ({ data: keys.map(({ publicPem }) => publicPem).join('') })) }),
  fc.subarray(SUBJECTS, { minLength: 1 }).map((subjects) => ({ keyless: { url: 'https://x', identities: subjects.map((subject) => ({ issuer, subject })) } })),
);
const grade = fc.constantFrom(1, 2, 3).map((value) => ({ type: 'cue', data: `predicate: grade: ${value}` }));
const attestation = fc.record(
  { name: fc.constantFrom('a', 'b'), predicateType: fc.constantFrom(...TYPES), policy: grade },
  { requiredKeys: ['name', 'predicateType'] },
);
const evidence = fc
  .tuple(who, fc.record({ attestations: fc.array(attestation, { minLength: 1, maxLength: 2 }), signatureFormat: fc.constant('bundle') }, { requiredKeys: [] }))
  .map(([by, rest]) => ({ ...by, ...rest }));
const authority = fc.oneof({ weight: 6, arbitrary: evidence }, { weight: 1, arbitrary: fc.constant({ static: { action: 'fail' } }) });
const policies = fc.array(fc.array(authority, { maxLength: 3 }), { minLength: 1, maxLength: 2 });

async function admits(policy: readonly object[], kept: ReadonlySet<number>): Promise<boolean> {
  const json = {
    apiVersion: 'policy.sigstore.dev/v1alpha1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'p' },
    spec: { images: [{ glob: '**' }], authorities: policy },
  };
  const subject = { ...scene.subject(image.reference, { engines }), evidence: onlyPieces(all, kept) };
  return (await imagePolicyOf(withDefaults(parseClusterImagePolicy(JSON.stringify(json)))).judge(subject)).ok;
}

test('removing evidence never admits', async () => {
  const numbers = [...Array(all.count).keys()];
  let admitted = 0;
  await fc.assert(
    fc.asyncProperty(policies, fc.subarray(numbers), fc.subarray(numbers), async (parts, some, others) => {
      const more = new Set([...some, ...others]);
      const less = new Set(some);
      for (const policy of parts) {
        const [before, after] = [await admits(policy, more), await admits(policy, less)];
        if (before) admitted += 1;
        expect(after && !before).toBe(false);
      }
    }),
    { numRuns: 120 },
  );
  // A property over denials alone would show nothing.
  expect(admitted).toBeGreaterThan(1);
});

test('nothing at all admits nothing', async () => {
  await fc.assert(
    fc.asyncProperty(policies, async (parts) => {
      for (const policy of parts) expect(await admits(policy, new Set())).toBe(false);
    }),
    { numRuns: 60 },
  );
});
