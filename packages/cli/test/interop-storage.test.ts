/** Where evidence is stored, and beside what else: whole indexes, another repository, both formats for one image, signing again. Ours and cosign 3.1.3. */
import { allReferrers, attachmentTag, type Digest, parseReference } from '@assay/oci';
import { describe, expect, test } from 'vitest';
import { openInterop, type Party, type Placed, STORAGES, type Storage } from './interop-scene.ts';
import type { Run } from './run-cli.ts';

const interop = openInterop('3.1.3');
const { ours, theirs, scratch } = interop;
const DIRECTIONS = [
  { signs: 'ours', verifies: 'theirs', signer: ours, verifier: theirs },
  { signs: 'theirs', verifies: 'ours', signer: theirs, verifier: ours },
] as const;
const CELLS = DIRECTIONS.flatMap((direction) => STORAGES.map((storage) => ({ ...direction, storage })));

type Env = Readonly<Record<string, string>>;

async function sign(party: Party, storage: Storage, reference: string, more: readonly string[] = [], env: Env = {}): Promise<void> {
  expectDone(await party.run(['sign', ...party.signFlags[storage], '--yes', '--key', scratch.path('cosign.key'), ...more, reference], env));
}

async function attest(party: Party, storage: Storage, reference: string, more: readonly string[] = []): Promise<void> {
  const predicate = ['--type', 'cyclonedx', '--predicate', scratch.path('sbom.json')];
  expectDone(await party.run(['attest', ...party.signFlags[storage], '--yes', '--key', scratch.path('cosign.key'), ...predicate, ...more, reference]));
}

function verify(party: Party, reference: string, more: readonly string[] = [], env: Env = {}): Promise<Run> {
  return party.run(['verify', '--insecure-ignore-tlog', '--key', scratch.path('cosign.pub'), ...more, reference], env);
}

function expectDone(run: Run): void {
  expect(run, run.stderr).toMatchObject({ status: 0 });
}

const digestIn = (reference: string): Digest => parseReference(reference).digest as Digest;

/** Signatures under `.sig`, attestations under `.att`. */
async function layersOf({ repository, reference }: Placed, suffix: 'sig' | 'att'): Promise<number> {
  const { manifest } = await repository.requireManifest(attachmentTag(digestIn(reference), suffix));
  return manifest.kind === 'image' ? manifest.layers.length : 0;
}

describe.skipIf(interop.missing.length > 0)('ours and the real cosign', () => {
  test.each(CELLS)('an index that $signs signs with all that is in it, $storage storage: $verifies verifies each', async ({ signer, verifier, storage }) => {
    const { reference, repository } = await interop.place('index', 'fallback tag');
    await sign(signer, storage, reference, ['--recursive']);
    const { manifest } = await repository.requireManifest(digestIn(reference));
    const children = manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : [];
    expect(children).toHaveLength(2);
    for (const digest of [digestIn(reference), ...children]) expectDone(await verify(verifier, reference.replace(/sha256:.*/, digest)));
  });

  test.each(CELLS)('an index alone that $signs signs, $storage storage: $verifies refuses what is in it', async ({ signer, verifier, storage }) => {
    const { reference, repository } = await interop.place('index', 'referrers API');
    await sign(signer, storage, reference);
    const { manifest } = await repository.requireManifest(digestIn(reference));
    const [child] = manifest.kind === 'index' ? manifest.manifests : [];
    const refused = await verify(verifier, reference.replace(/sha256:.*/, child?.digest ?? ''));
    expect(refused).toMatchObject({ status: 10, stdout: '', stderr: expect.stringContaining('Error: no signatures found\n') });
  });

  test.each(CELLS.flatMap((cell) => (['referrers API', 'fallback tag'] as const).map((registry) => ({ ...cell, registry }))))(
    'in another repository that $signs stores to, $storage storage, $registry: $verifies finds it there, and only there',
    async ({ signer, verifier, storage, registry }) => {
      const { reference } = await interop.place('image', registry);
      const env = { COSIGN_REPOSITORY: `${reference.replace(/@.*/, '')}/signatures` };
      await sign(signer, storage, reference, [], env);
      const [found, missed] = [await verify(verifier, reference, [], env), await verify(verifier, reference)];
      expectDone(found);
      expect(missed).toMatchObject({ status: 10, stdout: '' });
    },
  );

  test.each(DIRECTIONS)('a signature that is there already is not stored again, when $signs signs after $verifies', async ({ signer, verifier }) => {
    const placed = await interop.place('image', 'fallback tag');
    for (const party of [verifier, signer, signer]) await sign(party, 'old', placed.reference, ['-a', 'a=b']);
    expect(await layersOf(placed, 'sig')).toBe(1);
    await sign(signer, 'old', placed.reference, ['-a', 'a=c']);
    expect(await layersOf(placed, 'sig')).toBe(2);
    expectDone(await verify(verifier, placed.reference, ['-a', 'a=c']));
  });

  test.each(DIRECTIONS)('an attestation that $verifies made is replaced by $signs, when so wanted', async ({ signer, verifier }) => {
    const placed = await interop.place('image', 'fallback tag');
    await attest(verifier, 'old', placed.reference);
    await attest(signer, 'old', placed.reference);
    expect(await layersOf(placed, 'att')).toBe(2);
    await attest(signer, 'old', placed.reference, ['--replace']);
    expect(await layersOf(placed, 'att')).toBe(1);
  });

  test.each(['referrers API', 'fallback tag'] as const)('bundles of both stand beside each other: %s', async (registry) => {
    const placed = await interop.place('image', registry);
    await sign(theirs, 'new', placed.reference, ['-a', 'by=theirs']);
    await sign(ours, 'new', placed.reference, ['-a', 'by=ours']);
    await attest(theirs, 'new', placed.reference);
    await attest(ours, 'new', placed.reference);
    expect(await allReferrers(placed.repository, digestIn(placed.reference))).toHaveLength(4);
    for (const by of ['theirs', 'ours']) {
      const [our, their] = [await verify(ours, placed.reference, ['-a', `by=${by}`]), await verify(theirs, placed.reference, ['-a', `by=${by}`])];
      expectDone(our);
      expect(JSON.parse(our.stdout)).toEqual(JSON.parse(their.stdout));
    }
  });

  // cosign looks at bundles alone as soon as there is one.
  test('an older attestation beside a bundled signature: we find it, cosign must be told', async () => {
    const { reference } = await interop.place('image', 'referrers API');
    await sign(theirs, 'new', reference);
    await attest(theirs, 'old', reference);
    const argv = ['verify-attestation', '--insecure-ignore-tlog', '--key', scratch.path('cosign.pub'), '--type', 'cyclonedx', reference];
    const [our, their, told] = [await ours.run(argv), await theirs.run(argv), await theirs.run([...argv, '--new-bundle-format=false'])];
    expectDone(our);
    expectDone(told);
    expect(their).toMatchObject({ status: 1 });
    expect(our.stdout).toBe(told.stdout);
    expect(our.stderr.slice(our.stderr.indexOf('\nVerification'))).toBe(told.stderr.slice(told.stderr.indexOf('\nVerification')));
  });
});
