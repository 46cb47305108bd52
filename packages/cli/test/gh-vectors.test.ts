/** The cases that the vectors have for GitHub's CLI, through the command line, where no network is. Those of another level: packages/slsa/src/github. */
import { describe, expect, test } from 'vitest';
import { findTool } from './foreign-tools.ts';
import { runCli } from './run-cli.ts';
import { readSlsaCases, slsaPath } from './slsa-cases.ts';

const cases = readSlsaCases().filter(({ tool, level }) => tool === 'gh' && level !== 'api');
/** The one artifact that the vectors leave out. */
const archive = findTool('sigstore-js-archive', '2.1.0').path;
if (cases.length === 0) console.warn("the vectors of GitHub's CLI are skipped: there are none");
if (archive === '') console.warn("vectors of GitHub's CLI are skipped: no sigstore-js-archive in ASSAY_TESTBED (tools/testbed.sh sigstore-js-archive)");

describe.skipIf(cases.length === 0)('gh attestation verify', () => {
  for (const one of cases) {
    const omitted = one.artifacts?.find((artifact) => artifact.omitted === true)?.path;
    test.skipIf(omitted !== undefined && archive === '')(one.name, async () => {
      const places = new Set([...one.files, ...one.args.filter((arg) => arg.startsWith('gh/'))]);
      const args = one.args.map((arg) => (arg === omitted ? archive : places.has(arg) ? slsaPath(arg) : arg));
      const run = await runCli(['gh', ...args], { now: new Date('2026-11-01T00:00:00Z') });
      if (one.expect === 'accept') expect(run).toEqual({ status: 0, stdout: '', stderr: '' });
      else {
        expect(run).toMatchObject({ status: 1, stdout: '' });
        expect(run.stderr).toMatch(/^\nError: .*\n$/);
        expect(run.stderr).toContain(one.error?.contains);
      }
    });
  }
});
