import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failures, group } from '@assay/core';
import { loadChartFolder, packageChart } from '@assay/oci/chart';
import { afterAll, describe, expect, test } from 'vitest';
import type { Release, ReleasedChart } from '../release.ts';
import { chartChecks } from './chart-checks.ts';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const RELEASE = { images: [{ name: 'app', repository: 'ghcr.io/acme/app', digest: DIGEST }] } as unknown as Release;
const CHART = { name: 'app', version: '1.0.0', images: { 'server.image': 'app' } } as unknown as ReleasedChart;

const folder = mkdtempSync(join(tmpdir(), 'assay-chart-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function packed(values: string): Promise<Uint8Array> {
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: app\nversion: 1.0.0\n');
  writeFileSync(join(folder, 'values.yaml'), values);
  return packageChart(await loadChartFolder(folder), { modified: new Date(0) }).archive;
}

const codesOf = async (archive: Uint8Array, chart = CHART): Promise<(string | undefined)[]> =>
  failures(group('x', 'x', await chartChecks(archive, chart, RELEASE))).map(({ code }) => code);

describe('the chart of a release', () => {
  test.each([
    ['repository and digest', `server: { image: { repository: ghcr.io/acme/app, digest: '${DIGEST}' } }`],
    ['registry, repository and digest', `server:\n  image:\n    registry: ghcr.io\n    repository: acme/app\n    digest: ${DIGEST}\n`],
  ])('names the signed image by %s', async (_, values) => {
    expect(await codesOf(await packed(values))).toEqual([]);
  });

  test.each([
    ['another digest', `server: { image: { repository: ghcr.io/acme/app, digest: 'sha256:${'0'.repeat(64)}' } }`],
    ['another repository', `server: { image: { repository: ghcr.io/mallory/app, digest: '${DIGEST}' } }`],
    ['a tag alone', 'server: { image: { repository: ghcr.io/acme/app, tag: 1.0.0 } }'],
    ['nothing there', 'server: {}'],
    ['values that inherit the name', 'server: { __proto__: { image: {} } }'],
  ])('is refused with %s', async (_, values) => {
    expect(await codesOf(await packed(values))).toEqual(['RELEASE_MISMATCH']);
  });

  test('is refused as another chart', async () => {
    const archive = await packed(`server: { image: { repository: ghcr.io/acme/app, digest: '${DIGEST}' } }`);
    expect(await codesOf(archive, { ...CHART, version: '2.0.0' })).toEqual(['RELEASE_MISMATCH']);
    expect(await codesOf(archive.subarray(0, 100))).toHaveLength(1);
  });
});
