/** The tarballs that a command line names, as layers. */
import { createReadStream, statSync } from 'node:fs';
import type { BodySource } from '@assay/net';
import { describeLayer, type Image, type Layer, windowsLayer } from '@assay/oci/image';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { withSpooled } from './spool.ts';

/** `work` gets one layer for each path, in their order; the files must stay until it has ended. */
export async function withLayerFiles<T>(image: Image, paths: readonly string[], io: Io, work: (layers: readonly Layer[]) => Promise<T>): Promise<T> {
  const failing = `appending [${paths.join(' ')}]`;
  return collect(paths, []);

  async function collect(left: readonly string[], layers: readonly Layer[]): Promise<T> {
    const [path, ...rest] = left;
    if (path === undefined) return work(layers);
    return withFile(path, io, failing, async (file) => {
      const layer = await wrapped(failing, () => wrapped(`reading layer ${JSON.stringify(path)}`, () => readLayer(file, path, image)));
      return collect(rest, [...layers, layer]);
    });
  }
}

/** What cannot be read twice is put into a file first. */
function withFile<T>(path: string, io: Io, failing: string, work: (file: string) => Promise<T>): Promise<T> {
  if (path === '-') return withSpooled(io.stdin(), work);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return work(path);
  const problem = stats === undefined ? `stat ${path}: no such file or directory` : `read ${path}: is a directory`;
  if (stats === undefined || stats.isDirectory()) throw new CommandError(`${failing}: reading layer ${JSON.stringify(path)}: ${problem}`);
  return withSpooled(createReadStream(path), work);
}

function readLayer(file: string, path: string, { config, mediaType }: Image): Promise<Layer> {
  const source: BodySource = { size: undefined, open: () => createReadStream(file) };
  return describeLayer(config?.os === 'windows' ? windowsLayer(source, path) : source, mediaType, path);
}
