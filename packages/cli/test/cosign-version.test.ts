/** `cosign version`: what scripts take from it. */
import { describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { runCosign, Scratch } from './run-cli.ts';

const home = new Scratch().folder;
const text = await runCosign(['version']);
const json = await runCosign(['version', '--json']);

test('GitVersion is the cosign we stand in for, as text and as JSON', () => {
  expect(text.stdout).toMatch(new RegExp(`^GitVersion: {4}v${COSIGN_VERSION}$`, 'm'));
  expect(JSON.parse(json.stdout)).toMatchObject({ gitVersion: `v${COSIGN_VERSION}` });
  expect([text.status, text.stderr, json.status, json.stderr]).toEqual([0, '', 0, '']);
});

test('says what really runs', () => {
  expect(text.stdout).toMatch(/^cosign: Assay \d+\.\d+\.\d+/);
  expect(JSON.parse(json.stdout)).toMatchObject({ assayVersion: expect.stringMatching(/^\d+\.\d+\.\d+/), goVersion: `node${process.versions.node}` });
});

test.each(['-version', 'version'])('cosign %s', async (word) => {
  expect((await runCosign([word])).stdout).toBe(text.stdout);
});

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`cosign version is not compared: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

describe.skipIf(cosign === '')('like the real cosign', () => {
  const labels = (stdout: string) => [...stdout.matchAll(/^(\w+: +)\S/gm)].map(([, label]) => label).filter((label) => label !== 'cosign: ');
  const names = (stdout: string) => Object.keys(JSON.parse(stdout) as object).filter((name) => name !== 'assayVersion');

  test('the same labels in the same columns', async () => {
    expect(labels(text.stdout)).toEqual(labels((await runRealCosign(cosign, ['version'], { home })).stdout));
  });

  test('the same members, and the same indentation', async () => {
    const { stdout } = await runRealCosign(cosign, ['version', '--json'], { home });
    expect(names(json.stdout)).toEqual(names(stdout));
    expect(json.stdout.split('\n').slice(0, 2)).toEqual(stdout.split('\n').slice(0, 2));
  });
});
