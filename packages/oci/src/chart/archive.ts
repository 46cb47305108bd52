/**
 * Reading chart archives: gzip around tar, with every file below one folder, whose name says nothing.
 *
 *   foo/Chart.yaml
 *   foo/values.yaml
 *   foo/templates/…
 *   foo/charts/bar/Chart.yaml      a chart within, as a folder or as foo/charts/bar-1.2.3.tgz
 *
 * Archives come from strangers. Refused are paths that lead out of the folder, links and devices, two entries for one path, and everything beyond the caps,
 * which count what is unpacked: of a bomb no more is unpacked than the cap allows.
 */
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isTrustError, quote, TrustError } from '@assay/core';
import { extract, type Header } from 'tar-stream';

export interface ChartFile {
  /** Below the folder of the chart, with slashes. */
  readonly name: string;
  readonly data: Uint8Array;
}

/** What may still be unpacked: one for an archive and all that are within it. */
export class UnpackBudget {
  #remaining = MAX_CHART_BYTES;

  /** Errors: `CHART_ARCHIVE`, `CHART_TOO_LARGE`. */
  async unpack(gzip: Uint8Array): Promise<Uint8Array> {
    try {
      const bytes = await promisify(gunzip)(gzip, { maxOutputLength: Math.max(1, this.#remaining) });
      this.#remaining -= bytes.length;
      return bytes;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') throw new TrustError('CHART_TOO_LARGE', TOO_LARGE);
      throw new TrustError('CHART_ARCHIVE', message === 'unexpected end of file' ? 'unexpected EOF' : `gzip: ${message}`, { cause: error });
    }
  }
}

/** Whether this begins like gzip; what does not is told apart from a broken archive. */
export function looksLikeArchive(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 0x08;
}

/**
 * The files in their order, without byte order marks.
 * Errors: `CHART_ARCHIVE`, `CHART_PATH`, `CHART_ENTRY`, `CHART_DUPLICATE`, `CHART_TOO_LARGE`.
 */
export async function readArchive(gzip: Uint8Array, budget: UnpackBudget = new UnpackBudget()): Promise<ChartFile[]> {
  const entries = await readTar(await budget.unpack(gzip));
  if (entries.length === 0) throw new TrustError('CHART_ARCHIVE', 'no files in chart archive');
  refuseDuplicates(entries.map(({ name }) => name));
  return entries;
}

async function readTar(tar: Uint8Array): Promise<ChartFile[]> {
  const files: ChartFile[] = [];
  const entries = extract();
  entries.end(tar);
  try {
    for await (const entry of entries) {
      const chunks: Uint8Array[] = [];
      const name = nameOf(entry.header);
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      if (name !== undefined) files.push({ name, data: withoutMark(Buffer.concat(chunks)) });
    }
  } catch (error) {
    if (isTrustError(error)) throw error;
    throw new TrustError('CHART_ARCHIVE', `tar: ${quote(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
  return files;
}

/** Undefined for folders, which are made when a file is in them. */
function nameOf({ name, type, size = 0, pax }: Header): string | undefined {
  const isFile = type === 'file' || type === 'contiguous-file';
  if (type === 'directory' || (isFile && name.endsWith('/'))) return undefined;
  if (!isFile || Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse'))) {
    throw new TrustError('CHART_ENTRY', `chart contains ${quote(name)}, which is not a regular file`, {
      expected: 'files and folders',
      found: type ?? 'sparse',
    });
  }
  const path = pathInChart(name);
  if (size <= MAX_CHART_FILE_BYTES) return path;
  throw new TrustError('CHART_TOO_LARGE', `decompressed chart file "${quote(name)}" is larger than the maximum file size ${MAX_CHART_FILE_BYTES}`);
}

/** Without the folder. Archives made on Windows may have backslashes. */
function pathInChart(name: string): string {
  const refuse = (problem: string): never => {
    throw new TrustError('CHART_PATH', problem, { found: quote(name) });
  };
  const [first = '', ...rest] = name.split(name.includes('\\') ? '\\' : '/');
  const below = rest.join('/');
  if (first === '' || below.startsWith('/')) refuse('chart illegally contains absolute paths');
  const path = posix.normalize(below);
  if (path === '.' && first === 'Chart.yaml') refuse('chart yaml not in base directory');
  if (path === '.') refuse(`chart illegally contains content outside the base directory: "${quote(name)}"`);
  if (path.startsWith('..') || first === '..') refuse('chart illegally references parent directory');
  if (/^[a-zA-Z]:\//.test(path) || path.includes('\0')) refuse('chart contains illegally named files');
  return path;
}

/** Which of two would count differs between readers, so that one could be verified and the other used. */
function refuseDuplicates(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw duplicate(name, 'two files');
    seen.add(name);
  }
  for (const name of names) {
    for (let folder = posix.dirname(name); folder !== '.'; folder = posix.dirname(folder)) {
      if (seen.has(folder)) throw duplicate(folder, 'a file and a folder');
    }
  }
}

function duplicate(name: string, what: string): TrustError {
  return new TrustError('CHART_DUPLICATE', `chart contains ${what} called "${quote(name)}"`);
}

/** A byte order mark is no part of YAML or of a template. */
export function withoutMark(data: Uint8Array): Uint8Array {
  return data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf ? data.subarray(3) : data;
}

/** The caps of helm, here for all archives within one together. */
export const MAX_CHART_BYTES = 100 * 1024 * 1024;
export const MAX_CHART_FILE_BYTES = 5 * 1024 * 1024;
const TOO_LARGE = `decompressed chart is larger than the maximum file size ${MAX_CHART_BYTES}`;
