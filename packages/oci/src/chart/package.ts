/** Packaging: a chart as the archive that helm would make of it, files and headers alike. */
import { quote, TrustError } from '@assay/core';
import type { ChartFile } from './archive.ts';
import { encodeArchive } from './archive-write.ts';
import type { Chart } from './chart.ts';
import { lockYaml } from './lock.ts';
import { chartYaml, checkedMetadata } from './metadata.ts';
import { parseVersion } from './semver.ts';

export interface PackageOptions {
  /** Time of the files in the archive. */
  readonly modified: Date;
  /** Instead of the one in Chart.yaml. */
  readonly version?: string | undefined;
  readonly appVersion?: string | undefined;
}

export interface ChartPackage {
  /** `NAME-VERSION.tgz` */
  readonly fileName: string;
  readonly archive: Uint8Array;
}

/** Errors: `CHART_VERSION`, `CHART_METADATA`, `CHART_DEPENDENCY` (one is not in charts/), `CHART_FILE` (a schema that is not JSON). */
export function packageChart(chart: Chart, { modified, version, appVersion }: PackageOptions): ChartPackage {
  const changed = { ...chart.metadata, ...(version && { version }), ...(appVersion && { appVersion }) };
  if (parseVersion(changed.version) === undefined)
    throw new TrustError('CHART_VERSION', 'invalid semantic version', { data: { version: quote(changed.version) } });
  const missing = changed.dependencies.filter(({ name }) => !chart.dependencies.some(({ metadata }) => metadata.name === name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => quote(name)).join(', ');
    throw new TrustError('CHART_DEPENDENCY', `found in Chart.yaml, but missing in charts/ directory: ${names}`);
  }
  const metadata = checkedMetadata(changed);
  return { fileName: `${metadata.name}-${metadata.version}.tgz`, archive: encodeArchive(archiveFiles({ ...chart, metadata }, ''), modified) };
}

/** Charts within are written as folders, whatever they were. */
function archiveFiles(chart: Chart, folder: string): ChartFile[] {
  const base = `${folder}${chart.metadata.name}/`;
  const own = [...generated(chart), ...chart.templates, ...chart.files];
  return [...own.map(({ name, data }) => ({ name: base + name, data })), ...chart.dependencies.flatMap((one) => archiveFiles(one, `${base}charts/`))];
}

function* generated({ metadata, lock, values, schema }: Chart): Generator<ChartFile, void, void> {
  yield { name: 'Chart.yaml', data: Buffer.from(chartYaml(metadata)) };
  if (metadata.apiVersion === 'v2' && lock !== undefined) yield { name: 'Chart.lock', data: Buffer.from(lockYaml(lock)) };
  if (values !== undefined) yield { name: 'values.yaml', data: values };
  if (schema !== undefined) yield { name: 'values.schema.json', data: checkedSchema(schema) };
}

function checkedSchema(schema: Uint8Array): Uint8Array {
  try {
    JSON.parse(new TextDecoder().decode(schema));
    return schema;
  } catch (error) {
    throw new TrustError('CHART_FILE', 'failed to save: Invalid JSON in values.schema.json', { cause: error });
  }
}
