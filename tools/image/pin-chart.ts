/** The Helm chart as an archive, with the image that was just built in its values. */
import { join } from 'node:path';
import type { Digest } from '@assay/oci';
import { loadChartFolder, packageChart } from '@assay/oci/chart';
import { parseDocument } from 'yaml';
import { ROOT, version } from '../bundle.ts';

export interface PinnedImage {
  readonly digest: Digest;
  /** Where it was pushed to; without it the values keep theirs. */
  readonly repository?: string | undefined;
}

/** Written as helm writes archives. `modified` is the time of all files in it. */
export async function pinnedChart({ digest, repository }: PinnedImage, modified: Date): Promise<Uint8Array> {
  const chart = await loadChartFolder(CHART_FOLDER);
  const values = parseDocument(Buffer.from(chart.values ?? []).toString());
  values.setIn(['image', 'digest'], digest);
  if (repository !== undefined) values.setIn(['image', 'repository'], repository);
  const pinned = { ...chart, values: Buffer.from(values.toString({ lineWidth: 0 })) };
  return packageChart(pinned, { modified, version: version(), appVersion: version() }).archive;
}

export const CHART_FOLDER = join(ROOT, 'deploy/charts/assay');
