/** An OCI layout with one image: layers are compressed as most tools do, and everything lies on disk. */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { copyImage, Layout, OCI_MANIFEST } from '@assay/oci';
import { appendLayers, buildImage, describeLayer, emptyImage, type Layer, mutateImage, type NewEntry, writeTar } from '@assay/oci/image';

export type Entries = AsyncIterable<NewEntry> | Iterable<NewEntry>;

/** @param layers from the bottom to the top. Returns `folder`. */
export async function writeImage(folder: string, tag: string, layers: readonly Layer[]): Promise<string> {
  const empty = mutateImage(emptyImage('oci'), { platform: { os: 'linux', architecture: 'amd64' }, env: [['PATH', '/usr/local/bin:/usr/bin']] });
  const { stored, content } = buildImage(appendLayers(empty, layers));
  await copyImage(stored, tag, { from: content, to: Layout.openOrCreate(folder) });
  return folder;
}

/** Compressed into the file `path`, which has to stay until the image is written. */
export async function writeLayer(path: string, entries: Entries): Promise<Layer> {
  await pipeline(Readable.from(writeTar(withFolders(entries)), { objectMode: true }), createGzip(), createWriteStream(path));
  return describeLayer({ size: statSync(path).size, open: () => createReadStream(path) }, OCI_MANIFEST, path);
}

/** With the folders in front that lead to each, as archives of folders have them: there are readers who look for files there alone. */
async function* withFolders(entries: Entries): AsyncGenerator<NewEntry, void, void> {
  const there = new Set(['.']);
  for await (const entry of entries) {
    const name = entry.header.name.replace(/\/$/, '');
    for (const folder of parentsOf(name)) {
      if (!there.has(folder)) yield { header: { name: `${folder}/`, type: 'directory', size: 0, mode: 0o755 } };
      there.add(folder);
    }
    if (entry.header.type !== 'directory' || !there.has(name)) yield entry;
    there.add(name);
  }
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
