import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { collect, contentOf, type Entry, tarOf } from '../../test/archives.ts';
import { digestOf, hexOf } from '../digest.ts';
import type { ImageManifest } from '../manifest.ts';
import { DockerArchive } from './docker-archive.ts';
import { writeDockerArchive } from './docker-archive-write.ts';
import { writeLegacyArchive } from './legacy-archive-write.ts';
import type { StoredImage } from './platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const layer = await tarOf(['etc/', 'etc/hello']);
const compressed = gzipSync(layer);
const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] }, config: {} });
const manifest = (...images: readonly object[]) => ({ name: 'manifest.json', body: JSON.stringify(images) });
const image = (more: object = {}) => ({ Config: 'config.json', RepoTags: ['example.com/app:1'], Layers: ['layer.tar'], ...more });

async function save(entries: readonly Entry[]): Promise<string> {
  return saveBytes(await tarOf(entries));
}

function saveBytes(bytes: Uint8Array): string {
  const path = join(folder, `${digestOf(bytes).slice(7, 20)}.tar`);
  writeFileSync(path, bytes);
  return path;
}

const open = async (entries: readonly Entry[], tag?: string) => (await DockerArchive.open(await save(entries))).image(tag);
const files: Entry[] = [
  { name: 'config.json', body: config },
  { name: 'layer.tar', body: compressed.toString('latin1') },
];

describe('an archive', () => {
  test.each<[string, Entry[]]>([
    ['as docker save writes it: layers without compression', [{ name: 'layer.tar', body: layer.toString() }]],
    [
      'with a link to a layer',
      [
        { name: 'b/layer.tar', body: layer.toString() },
        { name: 'layer.tar', type: 'symlink', linkname: 'b/layer.tar' },
      ],
    ],
    [
      'with a chain of links',
      [
        { name: 'x/y.tar', body: layer.toString() },
        { name: 'c/layer.tar', type: 'symlink', linkname: '../x/y.tar' },
        { name: 'layer.tar', type: 'link', linkname: 'c/layer.tar' },
      ],
    ],
  ])('%s', async (_, layers) => {
    const { stored, content } = await open([{ name: 'config.json', body: config }, ...layers, manifest(image())]);
    const [descriptor] = (stored.manifest as ImageManifest).layers;
    if (descriptor === undefined) throw new Error('no layer');
    expect(gunzipSync(await collect(content.blob(descriptor)))).toEqual(layer);
    expect((stored.manifest as ImageManifest).config.digest).toBe(digestOf(Buffer.from(config)));
  });

  test('with more than one image needs a tag', async () => {
    const both = [...files, manifest(image(), image({ RepoTags: ['docker.io/library/other:latest'] }))];
    await expect(open(both)).rejects.toMatchObject({ code: 'OCI_ARCHIVE', message: expect.stringContaining('only a single image') });
    expect((await open(both, 'other')).stored.descriptor.digest).toBe((await open(both, 'example.com/app:1')).stored.descriptor.digest);
  });

  test.each<[string, Entry[], string]>([
    ['no manifest.json', files, 'file manifest.json not found in tar'],
    ['a manifest.json that is no JSON', [...files, { name: 'manifest.json', body: '[' }], 'not valid JSON'],
    ['a manifest.json that is no list', [...files, { name: 'manifest.json', body: '{}' }], 'no valid manifest.json'],
    ['no such tag', [...files, manifest(image())], 'tag nope not found in tarball'],
    ['a layer that is not there', [{ name: 'config.json', body: config }, manifest(image())], 'file layer.tar not found in tar'],
    [
      'a circle of links',
      [
        { name: 'config.json', body: config },
        { name: 'layer.tar', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'symlink', linkname: 'layer.tar' },
        manifest(image()),
      ],
      'link cycle detected',
    ],
    ['fewer layers than the configuration says', [...files, manifest(image({ Layers: [] }))], 'references 0 layer(s)'],
    ['a path that is no text', [...files, manifest(image({ Config: 5 }))], 'Config: expected a path'],
  ])('with %s is refused', async (what, entries, message) => {
    await expect(open(entries, what === 'no such tag' ? 'nope' : undefined)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  test('of a configuration beyond the cap is refused before it is read', async () => {
    const huge = { name: 'config.json', body: ' '.repeat(9 * 1024 * 1024) };
    await expect(open([huge, manifest(image())])).rejects.toMatchObject({ code: 'OCI_LIMIT' });
  });
});

describe('what is written', () => {
  const bytes = Buffer.from(config);
  const stored = {
    manifest: {
      kind: 'image',
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: digestOf(bytes), size: bytes.length },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: digestOf(compressed), size: compressed.length }],
    },
  } as unknown as StoredImage;
  const toSave = { stored, from: contentOf(bytes, compressed), repoTags: ['example.com/app:1'] };

  test('is read again with the same digests', async () => {
    const path = saveBytes(await collect(writeDockerArchive([toSave])));
    const read = await (await DockerArchive.open(path)).image('example.com/app:1');
    expect((read.stored.manifest as ImageManifest).layers).toEqual(stored.manifest.layers);
    expect((read.stored.manifest as ImageManifest).config).toEqual(stored.manifest.config);
  });

  test('in the older form holds the layers without compression', async () => {
    const path = saveBytes(await collect(writeLegacyArchive([toSave])));
    const read = await (await DockerArchive.open(path)).image(undefined);
    const [descriptor] = (read.stored.manifest as ImageManifest).layers;
    if (descriptor === undefined) throw new Error('no layer');
    expect(gunzipSync(await collect(read.content.blob(descriptor)))).toEqual(layer);
  });

  test('holds a layer that two images share once', async () => {
    const archive = await collect(writeDockerArchive([toSave, { ...toSave, repoTags: ['example.com/app:2'] }]));
    expect(archive.toString('latin1').split(`${hexOf(digestOf(compressed))}.tar.gz\0`)).toHaveLength(2);
  });
});
