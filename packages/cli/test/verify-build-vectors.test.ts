/**
 * `assay verify --source` over provenance that real builders made: it takes what slsa-verifier takes, and refuses what that refuses. Where our rules are
 * others, the reason stands beside the case. Skipped, visibly, without the vectors.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCli, Scratch } from './run-cli.ts';
import { fileOrDigest, readSlsaCases, type SlsaCase, slsaPath } from './slsa-cases.ts';
import { findVectors } from './vectors-folder.ts';

const vectors = findVectors();
if (vectors === undefined) console.warn('tests of real provenance are skipped: no vectors (set ASSAY_VECTORS)');
const root = slsaPath('trust/trusted_root.json');

/** Our verdict is our own here, and why. */
const OURS: readonly (readonly [name: RegExp, verdict: SlsaCase['expect'], why: string])[] = [
  [/^artifact\/gha_delegator\/v1\.9\.0\//, 'reject', 'the delegator was called at a branch, which slsa-verifier allows its own tests'],
  [/short runner name$/, 'accept', 'a short name stands for the hosted runner, whichever version of the predicate'],
  [/OSSF builder mismatch package version$/, 'accept', 'name and version of a package are no demands on a build'],
];

/** The code that belongs to an error of slsa-verifier, where there is one. */
const CODES: Readonly<Record<string, string>> = {
  // Of a host that nobody knows, it is asked who vouches for it.
  ErrorMismatchSource: 'SLSA_SOURCE|USAGE_IDENTITY',
  ErrorMismatchTag: 'SLSA_TAG',
  ErrorMismatchBranch: 'SLSA_BRANCH',
  ErrorMismatchHash: 'SLSA_SUBJECT',
};

const ASKED = ['verify-artifact', 'verify-github-attestation', 'verify-npm-package'];
const listed = readSlsaCases().filter(({ subcommand, needs, level, args }) => {
  const isOther = args.includes('--source-versioned-tag') || args.includes('--build-workflow-input');
  return ASKED.includes(subcommand) && needs === 'none' && level !== 'api' && !isOther;
});

const FLAGS: Readonly<Record<string, string>> = {
  '--source-uri': '--source',
  '--source-tag': '--tag',
  '--source-branch': '--branch',
  '--builder-id': '--builder',
  '--provenance-path': '--bundle',
  '--attestation-path': '--bundle',
  '--attestations-path': '--bundle',
};

function translate(one: SlsaCase): { readonly flags: string[]; readonly things: string[] } {
  const flags: string[] = [];
  const things: string[] = [];
  for (let i = 1; i < one.args.length; i++) {
    const [arg = '', value = ''] = one.args.slice(i);
    if (!arg.startsWith('--')) things.push(fileOrDigest(arg, one));
    else if (!arg.startsWith('--print-')) {
      const name = FLAGS[arg];
      if (name !== undefined) flags.push(name, name === '--bundle' ? slsaPath(value) : value);
      i++;
    }
  }
  return { flags, things };
}

describe.skipIf(vectors === undefined)('provenance of real builders', () => {
  test.each(listed)('$expect $name', async (listedCase) => {
    const { flags, things } = translate(listedCase);
    const runs = await Promise.all(things.map((thing) => runCli(['verify', thing, '--offline', '--trusted-root', root, ...flags], { now: new Date() })));
    const ours = OURS.find(([name]) => name.test(listedCase.name));
    const told = runs.map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(runs.every(({ status }) => status === 0) ? 'accept' : 'reject', told).toBe(ours?.[1] ?? listedCase.expect);
    const code = CODES[listedCase.error?.id ?? ''];
    if (code !== undefined && ours === undefined) expect(told).toMatch(new RegExp(`\\[(?:${code})\\]`));
  });

  test('of each kind there is some that is accepted', () => {
    const kinds = new Set(
      listed
        .filter((one) => one.expect === 'accept')
        .map(({ name }) =>
          name
            .split('/')
            .slice(0, 2)
            .join('/')
            .replace(/\/v[\d.]+.*$/, ''),
        ),
    );
    for (const kind of ['artifact/gha_maven', 'artifact/gha_gradle', 'artifact/gha_delegator', 'artifact/gha_container-based']) expect(kinds).toContain(kind);
    expect([...kinds].some((kind) => kind.startsWith('npm/'))).toBe(true);
    expect([...kinds].some((kind) => kind.startsWith('github-attestation/'))).toBe(true);
  });

  const scratch = new Scratch();
  test.each([
    ['public Sigstore', 'sigstore-js-2.1.0-bundle.json', 'sigstore-js-2.1.0.tgz', 'trusted_root.jsonl', 'github.com/sigstore/sigstore-js', []],
    [
      "GitHub's own instance",
      'github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl',
      'github_provenance_demo-0.0.12-py3-none-any.whl',
      'github_trusted_root.jsonl',
      'github.com/actions/attest-demo',
      [],
    ],
    [
      'a reusable workflow of another owner, by name',
      'reusable-workflow-attestation.sigstore.json',
      'reusable-workflow-artifact',
      'trusted_root.jsonl',
      'github.com/malancas/attest-demo',
      ['--builder', 'https://github.com/github/artifact-attestations-workflows/.github/workflows/attest.yml@09b495c3f12c7881b3cc17209a327792065c1a1d'],
    ],
  ])("GitHub's attestations: %s", async (_, bundle, artifact, trust, source, flags) => {
    const file = slsaPath(`gh/${artifact}`);
    const [line = ''] = readFileSync(slsaPath(`trust/${trust}`), 'utf8').split('\n');
    const thing = existsSync(file) ? file : digestIn(bundle);
    const argv = ['verify', thing, '--offline', '--bundle', slsaPath(`gh/${bundle}`), '--trusted-root', scratch.write(`${bundle}.root`, line)];
    const run = await runCli([...argv, '--source', source, ...flags], { now: new Date() });
    expect(run.status, run.stdout + run.stderr).toBe(0);
    expect((await runCli([...argv, '--source', 'github.com/o/r', ...flags], { now: new Date() })).stdout).toContain('[SLSA_SOURCE]');
    if (flags.length > 0) expect((await runCli([...argv, '--source', source], { now: new Date() })).stdout).toContain('[SLSA_BUILDER_UNTRUSTED]');
  });

  /** Of what is not in the vectors, the bundle names the digest. */
  function digestIn(bundle: string): string {
    const { dsseEnvelope } = JSON.parse(readFileSync(slsaPath(`gh/${bundle}`), 'utf8')) as { dsseEnvelope: { payload: string } };
    const { subject } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()) as { subject: { digest: Record<string, string> }[] };
    const [[algorithm, hex] = []] = Object.entries(subject[0]?.digest ?? {});
    return `${algorithm}:${hex}`;
  }
});
