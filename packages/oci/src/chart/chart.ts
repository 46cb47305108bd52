/** A chart in memory, from the files of its folder or archive. */
import { extname } from 'node:path/posix';
import { isTrustError, quote, TrustError } from '@assay/core';
import { type ChartFile, readArchive, UnpackBudget } from './archive.ts';
import { type ChartLock, parseLock } from './lock.ts';
import { type ChartMetadata, parseMetadata } from './metadata.ts';
import { requireMap } from './tree-fields.ts';
import { MAX_YAML_BYTES, parseYaml } from './yaml-read.ts';

export interface Chart {
  readonly metadata: ChartMetadata;
  readonly lock: ChartLock | undefined;
  /** values.yaml as it is. */
  readonly values: Uint8Array | undefined;
  /** values.schema.json as it is. */
  readonly schema: Uint8Array | undefined;
  readonly templates: readonly ChartFile[];
  /** Everything else. */
  readonly files: readonly ChartFile[];
  /** Charts below charts/, by the names of their folders or archives. */
  readonly dependencies: readonly Chart[];
}

/** Errors: those of `readArchive`, `CHART_FILE`, `CHART_METADATA`. */
export async function parseChart(archive: Uint8Array, budget: UnpackBudget = new UnpackBudget()): Promise<Chart> {
  return chartOf(await readArchive(archive, budget), budget);
}

/** Errors: `CHART_FILE`, `CHART_METADATA`, and those of archives within. */
export async function chartOf(files: readonly ChartFile[], budget: UnpackBudget = new UnpackBudget()): Promise<Chart> {
  const byName = new Map(files.map(({ name, data }) => [name, data]));
  const metadata = readMetadata(byName);
  return {
    metadata,
    lock: readLock(byName),
    values: readValues(byName),
    schema: byName.get('values.schema.json'),
    templates: files.filter(({ name }) => name.startsWith('templates/')),
    files: files.filter(({ name }) => isOtherFile(name, metadata)),
    dependencies: await readDependencies(files, metadata, budget),
  };
}

function readMetadata(files: ReadonlyMap<string, Uint8Array>): ChartMetadata {
  const data = files.get('Chart.yaml');
  if (data === undefined) throw new TrustError('CHART_FILE', 'Chart.yaml file is missing');
  const requirements = files.get('requirements.yaml');
  const chartYaml = { file: 'Chart.yaml', data };
  return requirements === undefined ? parseMetadata(chartYaml) : parseMetadata(chartYaml, { file: 'requirements.yaml', data: requirements });
}

function readLock(files: ReadonlyMap<string, Uint8Array>): ChartLock | undefined {
  const found = ['Chart.lock', 'requirements.lock'].filter((name) => files.has(name)).at(-1);
  return found === undefined ? undefined : parseLock(files.get(found) as Uint8Array, found);
}

/** Only looked at, so that a mistake is told before the chart is published; very large ones are not. */
function readValues(files: ReadonlyMap<string, Uint8Array>): Uint8Array | undefined {
  const data = files.get('values.yaml');
  if (data !== undefined && data.length <= MAX_YAML_BYTES) requireMap(parseYaml(data, 'values.yaml'), 'values.yaml');
  return data;
}

/** What has no place of its own. Charts of version 1 keep their dependencies in files beside Chart.yaml. */
function isOtherFile(name: string, { apiVersion }: ChartMetadata): boolean {
  if (SPECIAL_FILES.has(name) || name.startsWith('templates/')) return false;
  if (name === 'requirements.yaml' || name === 'requirements.lock') return apiVersion === 'v1';
  return !name.startsWith('charts/') || extname(name) === '.prov';
}

async function readDependencies(files: readonly ChartFile[], { name: parent }: ChartMetadata, budget: UnpackBudget): Promise<Chart[]> {
  const charts: Chart[] = [];
  for (const [folder, group] of [...groupedInCharts(files)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    try {
      charts.push(await readDependency(folder, group, budget));
    } catch (error) {
      throw within(error, `error unpacking subchart ${quote(folder)} in ${parent}`);
    }
  }
  return charts;
}

/** Files below charts/ by the next part of their path, without those that a name sets aside. */
function groupedInCharts(files: readonly ChartFile[]): Map<string, ChartFile[]> {
  const groups = new Map<string, ChartFile[]>();
  for (const { name, data } of files) {
    const [, folder, rest = ''] = /^charts\/([^_./][^/]*)(?:\/(.*))?$/s.exec(name) ?? [];
    if (folder === undefined || extname(name) === '.prov') continue;
    const group = groups.get(folder);
    if (group === undefined) groups.set(folder, [{ name: rest, data }]);
    else group.push({ name: rest, data });
  }
  return groups;
}

/** A folder, or an archive: a file without anything below it. Other loose files in charts/ are no charts. */
function readDependency(folder: string, group: readonly ChartFile[], budget: UnpackBudget): Promise<Chart> {
  const archive = group.find(({ name }) => name === '');
  if (extname(folder) === '.tgz' && archive !== undefined) return parseChart(archive.data, budget);
  return chartOf(
    group.filter(({ name }) => name !== ''),
    budget,
  );
}

/** Charts may lie in charts in charts: of a long way the inner end is told. */
function within(error: unknown, where: string): unknown {
  if (!isTrustError(error) || error.message.length > MAX_WAY_LENGTH) return error;
  const { code, message, hint, expected, found } = error;
  return new TrustError(code, `${where}: ${message}`, {
    hint,
    cause: error,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
  });
}

const MAX_WAY_LENGTH = 1000;
const SPECIAL_FILES: ReadonlySet<string> = new Set(['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json']);
