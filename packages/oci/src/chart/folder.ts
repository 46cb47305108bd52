/** Charts as folders: read with their .helmignore, and written from archives. */
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type ChartFile, MAX_CHART_BYTES, MAX_CHART_FILE_BYTES, readArchive, withoutMark } from './archive.ts';
import { type Chart, chartOf } from './chart.ts';
import { type IgnoreRules, parseIgnoreRules } from './ignore.ts';
import { parseMetadata } from './metadata.ts';

export interface FolderOptions {
  /** Told of every symbolic link, whose target becomes part of the chart. */
  readonly onLink?: (path: string, target: string) => void;
}

/**
 * Reads the files of a folder in the order of their names. Links are followed within the folder and refused where they lead out of it: what a stranger's chart
 * points at, a package for others should not hold.
 * Errors: `CHART_FILE`, `CHART_METADATA`, `CHART_ENTRY` (devices, links that lead out), `CHART_TOO_LARGE`, `FILE_…`.
 */
export async function loadChartFolder(folder: string, options: FolderOptions = {}): Promise<Chart> {
  return chartOf(new FolderReader(folder, options).read());
}

class FolderReader {
  readonly #top: string;
  readonly #realTop: string;
  readonly #onLink: (path: string, target: string) => void;
  readonly #ignores: IgnoreRules;
  readonly #files: ChartFile[] = [];
  #bytes = 0;

  constructor(folder: string, { onLink = () => undefined }: FolderOptions) {
    this.#top = resolve(folder);
    this.#realTop = realpathSync(this.#top);
    this.#onLink = onLink;
    const ignoreFile = join(this.#top, '.helmignore');
    this.#ignores = parseIgnoreRules(existsSync(ignoreFile) ? readFileCapped(ignoreFile, MAX_CHART_FILE_BYTES) : undefined);
  }

  read(): ChartFile[] {
    this.#readFolder('', [this.#realTop]);
    return this.#files;
  }

  /** @param trail the real paths of this folder and of those that it lies in: a link to one of them would never end */
  #readFolder(path: string, trail: readonly string[]): void {
    const names = readdirSync(join(this.#top, path)).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) this.#readEntry(path === '' ? name : `${path}/${name}`, trail);
  }

  #readEntry(path: string, trail: readonly string[]): void {
    const full = join(this.#top, path);
    const stats = targetOf(full);
    if (this.#ignores(path, stats?.isDirectory() === true ? 'folder' : 'file')) return;
    const real = lstatSync(full).isSymbolicLink() ? this.#checkedLink(path) : join(trail.at(-1) as string, basename(path));
    if (trail.includes(real)) throw new TrustError('CHART_ENTRY', `${quote(path)}: a symbolic link to a folder that it lies in`);
    if (stats?.isFile() === true) this.#readFile(path, stats.size);
    else if (stats?.isDirectory() === true) this.#readFolder(path, [...trail, real]);
    else throw new TrustError('CHART_ENTRY', `cannot load irregular file ${quote(full)} as it has file mode type bits set`);
  }

  /** Where it really leads. */
  #checkedLink(path: string): string {
    const real = realPath(join(this.#top, path));
    if (real === undefined) throw new TrustError('CHART_ENTRY', `${quote(path)}: a symbolic link that leads nowhere`);
    if (!real.startsWith(`${this.#realTop}${sep}`)) {
      throw new TrustError('CHART_ENTRY', `${quote(path)}: a symbolic link that leads out of the chart`, {
        expected: 'a file of the chart',
        found: quote(real),
      });
    }
    this.#onLink(join(this.#top, path), real);
    return real;
  }

  #readFile(path: string, size: number): void {
    this.#bytes += size;
    if (size > MAX_CHART_FILE_BYTES)
      throw new TrustError('CHART_TOO_LARGE', `chart file "${quote(path)}" is larger than the maximum file size ${MAX_CHART_FILE_BYTES}`);
    if (this.#bytes > MAX_CHART_BYTES) throw new TrustError('CHART_TOO_LARGE', `the chart is larger than the maximum size ${MAX_CHART_BYTES}`);
    this.#files.push({ name: path, data: withoutMark(readFileCapped(join(this.#top, path), MAX_CHART_FILE_BYTES)) });
  }
}

/** Undefined for a link that leads nowhere. */
function targetOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Unpacks an archive into a new folder of the chart's name below `into`, and returns its path. The folder appears by rename when everything is in it.
 * Errors: those of `readArchive`, `CHART_FILE`, `CHART_METADATA`, `CHART_EXISTS`.
 */
export async function expandChart(archive: Uint8Array, into: string): Promise<string> {
  const files = await readArchive(archive);
  const chartFile = files.find(({ name }) => name === 'Chart.yaml');
  if (chartFile === undefined) throw new TrustError('CHART_FILE', 'Chart.yaml file is missing');
  const { name: chartName } = parseMetadata({ file: 'Chart.yaml', data: chartFile.data });
  const target = join(into, chartName);
  if (existsSync(target)) throw new TrustError('CHART_EXISTS', `failed to untar: a file or directory with the name ${quote(target)} already exists`);
  mkdirSync(into, { recursive: true });
  const partial = join(into, `.${chartName}.${process.pid}.partial`);
  try {
    for (const { name, data } of files) {
      const path = join(partial, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, data, { flag: 'wx' });
    }
    renameSync(partial, target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return target;
}
