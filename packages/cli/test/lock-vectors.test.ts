/**
 * `assay lock add` over provenance that real builders made, with nobody demanded: what is kept is the source that slsa-verifier is told to expect, and the
 * same evidence agrees with it afterwards. Skipped, visibly, without the vectors.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, Scratch } from './run-cli.ts';
import { fileOrDigest, readSlsaCases, type SlsaCase, slsaPath } from './slsa-cases.ts';
import { findVectors } from './vectors-folder.ts';

const vectors = findVectors();
if (vectors === undefined) console.warn('tests of real provenance are skipped: no vectors (set ASSAY_VECTORS)');
const scratch = new Scratch();

interface Real {
  readonly name: string;
  readonly file: string;
  readonly evidence: string;
  readonly source: string;
}

/** Each file once, with its evidence: bundles, which say by themselves who signed them. */
function realEvidence(): readonly Real[] {
  const found = readSlsaCases().flatMap((one): Real[] => {
    const { name, subcommand, needs, expect: verdict, args } = one;
    const [evidence, source] = [after(one, '--provenance-path') ?? after(one, '--attestation-path'), after(one, '--source-uri')];
    const file = fileOrDigest(args.at(-1) ?? '', one);
    const isAsked = verdict === 'accept' && !OURS.test(name) && needs === 'none' && ASKED.has(subcommand) && existsSync(file);
    return isAsked && evidence !== undefined && source !== undefined ? [{ name, file, evidence: slsaPath(evidence), source }] : [];
  });
  return [...new Map(found.map((one) => [`${one.file} ${one.evidence}`, one])).values()].filter(({ evidence }) => isBundle(evidence));
}

function after({ args }: SlsaCase, flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args[at + 1];
}

function isBundle(path: string): boolean {
  return readFileSync(path, 'utf8').includes('"verificationMaterial"');
}

/** The delegator was called at a branch, which slsa-verifier allows its own tests. */
const OURS = /^artifact\/gha_delegator\/v1\.9\.0\//;
const ASKED: ReadonlySet<string> = new Set(['verify-artifact', 'verify-github-attestation']);
const real = realEvidence();

describe.skipIf(vectors === undefined)('the first use of what real builders made', () => {
  test('there is some', () => {
    expect(real.length).toBeGreaterThan(3);
  });

  test.each(real)('$name', async ({ name, file, evidence, source }) => {
    const lock = scratch.path(`${name.replace(/\W/g, '-')}.lock`);
    const flags = [file, '--bundle', evidence, '--lock', lock, '--offline', '--trusted-root', slsaPath('trust/trusted_root.json')];
    const added = await runCli(['lock', 'add', ...flags], { now: new Date() });
    expect(added, added.stderr).toMatchObject({ status: 0 });
    const entry = JSON.parse(readFileSync(lock, 'utf8')).artifacts[basename(file)];
    expect(entry).toMatchObject({ source: `https://${source}`, builder: expect.stringMatching(/^https:/), evidence: expect.stringMatching(/^build-l[23]$/) });
    expect((await runCli(['lock', 'check', ...flags], { now: new Date() })).status).toBe(0);
    const demanded = ['--source', source, '--builder', entry.builder.replace('@refs/tags/*', '')];
    expect((await runCli(['verify', ...flags, ...demanded], { now: new Date() })).status).toBe(0);
  });
});
