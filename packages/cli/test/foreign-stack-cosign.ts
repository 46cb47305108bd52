/**
 * Keyless signing with the real cosign and with ours, against one stack: {image, attestation, file, statement about a file} × {theirs signs, ours signs} ×
 * the ways in which cosign is told of the services. Both programs know whom to trust by `cosign initialize` alone. Whatever one made, both accept, and so does
 * `assay verify`; another identity, another issuer and changed bytes both refuse, and no log grows from it.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { ARTIFACT, CHANGED_ARTIFACT, openStackScene, PERSON, PREDICATE, type StackScene, WORKFLOW, WORKFLOW_SAN, withClaim } from './foreign-stack-scene.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { changed } from './interop-evidence.ts';
import { criticalOf, headerOf, reasonOf } from './interop-matrix.ts';
import type { Placed, Storage } from './interop-scene.ts';
import { type Run, runCli, runCosign } from './run-cli.ts';

type Version = '3.1.3' | '2.6.5';

/** How the services are found, and in which form evidence is kept: the flags of cosign 3, which are ours, and those of cosign 2. */
interface Way {
  readonly way: string;
  readonly storage: Storage;
  readonly signFlags: Readonly<Record<Version, readonly string[]>>;
  readonly verifyFlags: Readonly<Record<Version, readonly string[]>>;
}

interface Kind {
  readonly kind: string;
  readonly of: 'image' | 'file';
  readonly sign: readonly string[];
  readonly verify: readonly string[];
  /** Of `assay verify`. */
  readonly demand: readonly string[];
}

interface Party {
  readonly name: string;
  /** Whose flags it takes. */
  readonly version: Version;
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>;
}

interface Cell extends Kind, Way {
  readonly signer: Party;
}

/** Declares the tests of one version. */
export async function declareStackTests(version: Version): Promise<void> {
  const cosign = findTool('cosign', version);
  if (cosign.path === '') console.warn(`tests of the stack with cosign ${version} are skipped: no cosign ${version} in ASSAY_TESTBED or on PATH`);
  const scene = await openStackScene();
  const home = scene.scratch.path('home');
  const theirs: Party = {
    name: `cosign ${version}`,
    version,
    run: (argv, env = {}) => runTool(cosign.path, argv, { home, env }),
  };
  const ours: Party = {
    name: 'ours',
    version: '3.1.3',
    run: (argv, env = {}) => runCosign(argv, { network: 'open', now: new Date(), env: { TUF_ROOT: scene.scratch.path('our-cache'), ...env } }),
  };
  const world: World = { scene, theirs, ours };

  describe.skipIf(cosign.path === '')(`cosign ${version} and the stack`, () => {
    beforeAll(async () => {
      const { endpoints, document } = scene;
      const runs = await Promise.all([theirs, ours].map((party) => party.run(['initialize', '--mirror', endpoints.tuf, '--root', document('root.json')])));
      for (const run of runs) expect(run, run.stderr).toMatchObject({ status: 0 });
    });

    describe.each(cellsOf(world).map((cell) => ({ ...cell, name: `${cell.kind}, ${cell.signer.name} signs, ${cell.way}` })))('$name', (cell) => {
      const bench = new Bench(world, cell);
      beforeAll(() => bench.make());
      test('both accept it, and so does assay verify', () => bench.judge());
      test.each(WRONGS)('both refuse $wrong, and nothing is put on record', (wrong) => bench.expectWrong(wrong));
      test('both refuse changed bytes, and nothing is put on record', () => bench.expectChanged());
    });

    describe.each([theirs, ours])('$name', (signer) => {
      test('signs as the job on GitHub Actions in which it runs, and both see the workflow', () => signAsJob(signer, world));
      test.each(BAD_TOKENS)('signs nothing with a token $which, and nothing is put on record', (token) => signInVain(signer, token, world));
    });
    // cosign 2 finds no bundles there.
    if (version !== '3.1.3') return;
    test.each(kindsOf(scene).filter(({ of }) => of === 'image'))('both list and download the same: $kind', (kind) => downloadFrom(kind, world));
  });
}

interface World {
  readonly scene: StackScene;
  readonly theirs: Party;
  readonly ours: Party;
}

function cellsOf({ scene, theirs, ours }: World): Cell[] {
  return [theirs, ours].flatMap((signer) => waysOf(scene).flatMap((way) => kindsOf(scene).map((kind) => ({ ...kind, ...way, signer }))));
}

function waysOf({ endpoints, olderConfig, document }: StackScene): Way[] {
  const urls = ['--fulcio-url', endpoints.fulcio, '--rekor-url', endpoints.rekor];
  const [bundle, root] = [['--new-bundle-format'], ['--trusted-root', document('trusted_root.json')]];
  const config = ['--signing-config', olderConfig, ...root];
  return [
    {
      way: 'as TUF says: Rekor v2 and timestamps',
      storage: 'new',
      signFlags: { '3.1.3': [], '2.6.5': ['--use-signing-config', ...bundle] },
      verifyFlags: { '3.1.3': [], '2.6.5': [...bundle, '--use-signed-timestamps'] },
    },
    {
      way: 'as files say: Rekor v1 and timestamps',
      storage: 'new',
      signFlags: { '3.1.3': config, '2.6.5': [...config, ...bundle] },
      verifyFlags: { '3.1.3': [...root, '--use-signed-timestamps'], '2.6.5': [...root, ...bundle, '--use-signed-timestamps'] },
    },
    {
      way: 'by URLs: Rekor v1',
      storage: 'new',
      signFlags: { '3.1.3': ['--use-signing-config=false', ...urls], '2.6.5': [...urls, ...bundle] },
      verifyFlags: { '3.1.3': [], '2.6.5': bundle },
    },
    {
      way: 'by URLs, in the older format',
      storage: 'old',
      signFlags: { '3.1.3': ['--use-signing-config=false', '--new-bundle-format=false', ...urls], '2.6.5': urls },
      verifyFlags: { '3.1.3': ['--new-bundle-format=false'], '2.6.5': [] },
    },
  ];
}

function kindsOf({ scratch }: StackScene): Kind[] {
  const type = ['--type', 'https://stack.example/predicate/v1'];
  const stated = [...type, '--predicate', scratch.path(PREDICATE)];
  return [
    { kind: 'image', of: 'image', sign: ['sign'], verify: ['verify'], demand: [] },
    { kind: 'attestation', of: 'image', sign: ['attest', ...stated], verify: ['verify-attestation', ...type], demand: type },
    { kind: 'file', of: 'file', sign: ['sign-blob'], verify: ['verify-blob'], demand: [] },
    { kind: 'statement', of: 'file', sign: ['attest-blob', ...stated], verify: ['verify-blob-attestation', ...type], demand: type },
  ];
}

const WRONGS: readonly Wrong[] = [
  { wrong: 'another identity', signer: { identity: 'other@stack.example' }, says: /expected SAN value "other@stack\.example"|none of the expected identities/ },
  {
    wrong: 'another issuer',
    signer: { issuer: 'http://127.0.0.1/other' },
    says: /expected issuer value "http:\/\/127.0.0.1\/other"|none of the expected identities/,
  },
];

/** Which of its checks finds it depends on the version and the format. */
const CHANGED = new RegExp(
  [
    'invalid signature when validating ASN.1 encoded signature',
    'accepted signatures do not match threshold',
    'verifying inclusion: calculated root',
    'payload hash [0-9a-f]{64} does not match envelope payload hash',
    'matching bundle to payload',
    'artifact digests? do(?:es)? not match (?:any )?digests? in statement',
    'no matching subject digest found',
  ].join('|'),
);

interface Wrong {
  readonly wrong: string;
  readonly signer: Signer;
  readonly says: RegExp;
}

interface Signer {
  readonly identity?: string;
  readonly issuer?: string;
}

async function signAsJob(signer: Party, { scene, theirs, ours }: World): Promise<void> {
  const [bundle, file] = [scene.scratch.path(`${signer.name}-job.json`), scene.scratch.path(ARTIFACT)];
  const [way] = waysOf(scene) as [Way];
  const signed = await signer.run(['sign-blob', ...way.signFlags[signer.version], '--yes', '--bundle', bundle, file], await scene.job());
  expect(signed, signed.stderr).toMatchObject({ status: 0 });
  const identity = ['--certificate-identity', WORKFLOW_SAN, '--certificate-oidc-issuer', `${scene.endpoints.oidc}/github`];
  const demand = ['--certificate-github-workflow-ref', WORKFLOW.ref, '--certificate-github-workflow-trigger', 'push'];
  const verify = (party: Party, repository: string) => {
    const facts = [...demand, '--certificate-github-workflow-repository', repository];
    return party.run(['verify-blob', ...way.verifyFlags[party.version], ...identity, ...facts, '--bundle', bundle, file]);
  };
  for (const party of [ours, theirs]) {
    expect(await verify(party, WORKFLOW.repository)).toMatchObject({ status: 0 });
    const other = await verify(party, 'example/other');
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining('expected GithubWorkflowRepository to be "example/other", got "example/app"') });
  }
}

const BAD_TOKENS: readonly BadToken[] = [
  { which: 'for others', make: ({ token }) => token(PERSON, { audience: 'others' }), says: /audience/ },
  { which: 'that has expired', make: ({ token }) => token(PERSON, { now: new Date(Date.now() - 3_600_000) }), says: /expired/ },
  { which: 'with another signature', make: async ({ token }) => (await token()).replace(/.{4}$/, 'AAAA'), says: /signature does not verify/ },
  { which: 'with another claim', make: async ({ token }) => withClaim(await token(), 'email', 'other@stack.example'), says: /signature does not verify/ },
];

interface BadToken {
  readonly which: string;
  readonly make: (scene: StackScene) => Promise<string>;
  readonly says: RegExp;
}

async function signInVain(signer: Party, { make, says }: BadToken, { scene }: World): Promise<void> {
  const { scratch } = scene;
  const [way] = waysOf(scene) as [Way];
  const bundle = scratch.path('none.json');
  const before = await scene.logged();
  const identity = ['--yes', '--identity-token', await make(scene)];
  const run = await signer.run(['sign-blob', ...way.signFlags[signer.version], ...identity, '--bundle', bundle, scratch.path(ARTIFACT)]);
  expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(says) });
  expect(existsSync(bundle)).toBe(false);
  expect(await scene.logged()).toEqual(before);
}

/** Evidence of every way on one image; cosign lists it in the order of a Go map, which is none. */
async function downloadFrom({ sign, kind }: Kind, { scene, theirs, ours }: World): Promise<void> {
  const { reference } = await scene.place();
  for (const { signFlags } of waysOf(scene)) {
    expect(await theirs.run([...sign, ...signFlags['3.1.3'], '--yes', '--identity-token', await scene.token(), reference])).toMatchObject({ status: 0 });
  }
  for (const command of [['tree'], ['download', kind === 'image' ? 'signature' : 'attestation']]) {
    const [their, our] = await Promise.all([theirs.run([...command, reference]), ours.run([...command, reference])]);
    expect(our, our.stderr).toMatchObject({ status: 0, stderr: their.stderr });
    expect(our.stdout.split('\n').toSorted()).toEqual(their.stdout.split('\n').toSorted());
  }
}

class Bench {
  readonly #world: World;
  readonly #cell: Cell;
  #placed: Placed | undefined;
  /** What was signed, as arguments. */
  #thing: readonly string[] = [];

  constructor(world: World, cell: Cell) {
    this.#world = world;
    this.#cell = cell;
  }

  async make(): Promise<void> {
    const { scene } = this.#world;
    const { signer, sign, signFlags, of } = this.#cell;
    if (of === 'image') {
      this.#placed = await scene.place();
      this.#thing = [this.#placed.reference];
    } else this.#thing = ['--bundle', scene.scratch.path(`${Math.random()}.json`), scene.scratch.path(ARTIFACT)];
    const run = await signer.run([...sign, ...signFlags[signer.version], '--yes', '--identity-token', await scene.token(), ...this.#thing]);
    expect(run, run.stderr).toMatchObject({ status: 0 });
  }

  async judge(): Promise<void> {
    const { our, their } = await this.#verify();
    expect(our, our.stderr).toMatchObject({ status: 0 });
    expect(their, their.stderr).toMatchObject({ status: 0 });
    expect(shown(our, this.#cell)).toEqual(shown(their, this.#cell));
    // Files in cosign's own formats are for cosign.
    if (this.#cell.of === 'file' && this.#cell.storage === 'old') return;
    const native = await this.#verifyNatively();
    expect(native, native.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('is verified') });
  }

  async expectWrong({ signer, says }: Wrong): Promise<void> {
    const before = await this.#world.scene.logged();
    const { our, their } = await this.#verify(signer);
    expect({ status: our.status, reason: reasonOf(our) }).toEqual({ status: their.status, reason: reasonOf(their) });
    expect(our.status).not.toBe(0);
    expect(reasonOf(our)).toMatch(says);
    expect(await this.#world.scene.logged()).toEqual(before);
  }

  async expectChanged(): Promise<void> {
    const before = await this.#world.scene.logged();
    await this.#change();
    const { our, their } = await this.#verify();
    expect(our.status).toBe(their.status);
    expect(our.status).not.toBe(0);
    for (const run of [our, their]) expect(reasonOf(run)).toMatch(CHANGED);
    expect(await this.#world.scene.logged()).toEqual(before);
  }

  async #change(): Promise<void> {
    const { kind, storage } = this.#cell;
    if (this.#placed !== undefined) await changed(this.#placed, storage, kind === 'image' ? 'signature' : 'attestation');
    else this.#thing = [...this.#thing.slice(0, -1), this.#world.scene.scratch.path(CHANGED_ARTIFACT)];
  }

  async #verify(signer: Signer = {}): Promise<{ our: Run; their: Run }> {
    const { ours, theirs } = this.#world;
    const [our, their] = await Promise.all([this.#verifyWith(ours, signer), this.#verifyWith(theirs, signer)]);
    return { our, their };
  }

  #verifyWith(party: Party, { identity = PERSON.email, issuer = this.#world.scene.endpoints.oidc }: Signer): Promise<Run> {
    const signer = ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
    return party.run([...this.#cell.verify, ...this.#cell.verifyFlags[party.version], ...signer, ...this.#thing]);
  }

  #verifyNatively(): Promise<Run> {
    const { endpoints, document } = this.#world.scene;
    const argv = ['verify', ...this.#cell.demand, '--identity', PERSON.email, '--issuer', endpoints.oidc, '--trusted-root', document('trusted_root.json')];
    return runCli([...argv, ...this.#thing], { network: 'open', now: new Date() });
  }
}

/** What both must print alike. Ours tells of every bundle who signed it, cosign of its older format alone. */
function shown(run: Run, { of, kind }: Kind): unknown {
  if (of === 'file') return { stdout: run.stdout, ok: run.stderr.endsWith('Verified OK\n') };
  return kind === 'image' ? { critical: criticalOf(run), header: headerOf(run) } : JSON.parse(run.stdout);
}
