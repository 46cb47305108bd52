/** Images as folders: there and back, what other tools find in them, and folders that lie. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { OCI_INDEX, putImage } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Opened, openRegistry } from '../../test/open-registry.ts';
import { type Digest, hexOf, toDigest } from '../digest.ts';
import { Layout } from '../layout.ts';
import { allReferrers } from '../store.ts';
import { attachmentTag } from './find.ts';
import { loadImage, savedEntry, saveImage } from './save.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const layer = (text: string, mediaType = 'text/plain') => ({ layers: [{ mediaType, bytes: utf8(text) }] });

interface Source extends Opened {
  readonly image: Digest;
  readonly index: Digest;
}

/** `app:1` is an image with everything, `app:multi` an index that holds it, with a signature of its own. */
async function openSource(): Promise<Source> {
  const opened = await openRegistry();
  const { content } = opened;
  const image = putImage(content, 'app', { tag: '1' });
  const digest = toDigest(image.digest);
  for (const suffix of ['sig', 'att', 'sbom'] as const) putImage(content, 'app', { tag: attachmentTag(digest, suffix), ...layer(suffix) });
  putImage(content, 'app', { subject: image, artifactType: BUNDLE, ...layer('bundle', BUNDLE) });
  const index = content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image] }, { tag: 'multi', mediaType: OCI_INDEX });
  putImage(content, 'app', { tag: attachmentTag(toDigest(index.digest), 'sig'), ...layer('signature of the index') });
  return { ...opened, image: digest, index: toDigest(index.digest) };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-save-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function save(from: Opened, tag: string, folder = temporaryFolder()): Promise<Layout> {
  const layout = Layout.openOrCreate(folder);
  const missed = await saveImage(await from.repository().requireManifest(tag), layout, { from: from.repository() });
  expect(missed).toEqual([]);
  return layout;
}

async function load(layout: Layout, to: Opened, more: object = {}) {
  const image = await layout.manifest(savedEntry(layout).digest);
  if (image === undefined) throw new Error('not there');
  return loadImage(image, '2', { from: layout, to: to.repository('copy'), ...more });
}

describe('an image in a folder', () => {
  test('is marked as cosign marks it; what cosign leaves behind has a tag', async () => {
    const from = await openSource();
    const layout = await save(from, '1');
    expect(layout.entries().map(({ annotations }) => annotations)).toEqual([
      { kind: 'dev.cosignproject.cosign/image' },
      { kind: 'dev.cosignproject.cosign/sigs' },
      { kind: 'dev.cosignproject.cosign/atts' },
      { 'org.opencontainers.image.ref.name': attachmentTag(from.image, 'sbom') },
    ]);
    expect((await allReferrers(layout, from.image)).map(({ artifactType }) => artifactType)).toEqual([BUNDLE]);
  });

  test('of an index: what belongs to its images has a tag too', async () => {
    const from = await openSource();
    const layout = await save(from, 'multi');
    expect(layout.entries().map(({ annotations }) => Object.values(annotations ?? {})[0])).toEqual([
      'dev.cosignproject.cosign/imageIndex',
      'dev.cosignproject.cosign/sigs',
      ...(['sig', 'att', 'sbom'] as const).map((suffix) => attachmentTag(from.image, suffix)),
    ]);
    // The entry of kind `sigs` belongs to the index alone.
    const ofIndex = await layout.resolve(attachmentTag(from.index, 'sig'));
    expect(ofIndex?.digest).not.toBe((await layout.resolve(attachmentTag(from.image, 'sig')))?.digest);
    expect(await layout.resolve(attachmentTag(from.index, 'att'))).toBeUndefined();
  });

  test('takes the place of the one before it', async () => {
    const from = await openSource();
    const layout = await save(from, 'multi');
    await save(from, '1', layout.folder);
    expect(savedEntry(layout).digest).toBe(from.image);
    await save(from, '1', layout.folder);
    expect(layout.entries()).toHaveLength(4);
  });

  test.each(['1', 'multi'])('%s comes back whole', async (tag) => {
    const [from, to] = [await openSource(), await openRegistry({ referrers: 'none' })];
    expect(await load(await save(from, tag), to)).toEqual([]);
    const target = to.repository('copy');
    expect((await target.resolve('2'))?.digest).toBe(tag === '1' ? from.image : from.index);
    for (const suffix of ['sig', 'att', 'sbom'] as const) {
      const there = await target.resolve(attachmentTag(from.image, suffix));
      expect(there?.digest).toBe((await from.repository().resolve(attachmentTag(from.image, suffix)))?.digest);
    }
    expect(await allReferrers(target, from.image)).toHaveLength(1);
  });

  test('goes with its evidence elsewhere, where that is wanted', async () => {
    const [from, to] = [await openSource(), await openRegistry()];
    await load(await save(from, '1'), to, { evidenceTo: to.repository('side') });
    expect(to.content.tags('copy')).toEqual(['2']);
    expect(to.content.tags('side')).toHaveLength(3);
    expect(await allReferrers(to.repository('side'), from.image)).toHaveLength(1);
  });

  test('adds its signatures to those that are there', async () => {
    const [from, to] = [await openSource(), await openRegistry()];
    const tag = attachmentTag(from.image, 'sig');
    putImage(to.content, 'copy', { tag, ...layer('an older signature') });
    expect(await load(await save(from, '1'), to)).toEqual([]);
    const { manifest } = await to.repository('copy').requireManifest(tag);
    expect(manifest.kind === 'image' && manifest.layers).toHaveLength(2);
    await load(await save(from, '1'), to);
    expect((await to.repository('copy').requireManifest(tag)).manifest).toEqual(manifest);
  });
});

describe('a folder that another tool made', () => {
  test('holds its image without marks, and evidence by tag', async () => {
    const from = await openSource();
    const layout = Layout.openOrCreate(temporaryFolder());
    for (const tag of ['1', attachmentTag(from.image, 'sig')]) {
      const { bytes, descriptor } = await from.repository().requireManifest(tag);
      await layout.putManifest({ bytes, mediaType: descriptor.mediaType, tag });
    }
    expect(savedEntry(layout).digest).toBe(from.image);
  });

  test('with two images does not say which one is meant', async () => {
    const from = await openSource();
    const layout = Layout.openOrCreate(temporaryFolder());
    for (const tag of ['1', 'multi']) {
      const { bytes, descriptor } = await from.repository().requireManifest(tag);
      await layout.putManifest({ bytes, mediaType: descriptor.mediaType, tag });
    }
    expect(() => savedEntry(layout)).toThrow('holds 2 images, one was expected');
  });

  test('without an image', () => {
    expect(() => savedEntry(Layout.openOrCreate(temporaryFolder()))).toThrow('holds 0 images, one was expected');
  });
});

describe('a folder that lies', () => {
  const blobPath = (layout: Layout, digest: Digest) => join(layout.folder, 'blobs', 'sha256', hexOf(digest));

  /** One byte of a blob is another. */
  const spoil = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };

  test('about the image: nothing gets a tag', async () => {
    const [from, to] = [await openSource(), await openRegistry()];
    const layout = await save(from, '1');
    spoil(blobPath(layout, from.image));
    await expect(load(layout, to)).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
    expect(to.content.tags('copy')).toEqual([]);
  });

  test('about a layer: nothing gets a tag', async () => {
    const [from, to] = [await openSource(), await openRegistry()];
    const layout = await save(from, '1');
    const { manifest } = await from.repository().requireManifest('1');
    if (manifest.kind === 'image') spoil(blobPath(layout, (manifest.layers[0] as { digest: Digest }).digest));
    await expect(load(layout, to)).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
    expect(to.content.tags('copy')).toEqual([]);
  });

  test.each(['sig', 'att', 'sbom'] as const)('about what is under .%s: the rest is loaded, and this is said', async (suffix) => {
    const [from, to] = [await openSource(), await openRegistry()];
    const layout = await save(from, '1');
    const tag = attachmentTag(from.image, suffix);
    spoil(blobPath(layout, (await from.repository().requireManifest(tag)).descriptor.digest));
    const missed = await load(layout, to);
    // Whoever looks for referrers reads every manifest, so it is met there too.
    expect(new Set(missed.map(({ problem, loss }) => `${problem.code} ${loss}`))).toEqual(
      new Set(['OCI_DIGEST_MISMATCH possible', 'OCI_DIGEST_MISMATCH certain']),
    );
    expect(await allReferrers(to.repository('copy'), from.image)).toHaveLength(1);
    expect(to.content.tags('copy')).not.toContain(tag);
  });

  test('about an index.json that is something else', async () => {
    const from = await openSource();
    const layout = await save(from, '1');
    writeFileSync(join(layout.folder, 'index.json'), readFileSync(blobPath(layout, from.image)));
    expect(() => savedEntry(layout)).toThrow(/OCI_MANIFEST|not of the type|image manifest/);
  });

  test('about what is among the blobs: JSON that is no manifest, folders, names that are no digests', async () => {
    const from = await openSource();
    const layout = await save(from, '1');
    const blobs = join(layout.folder, 'blobs', 'sha256');
    const document = utf8('{"schemaVersion":1,"layers":"none"}');
    await layout.putBlob({ mediaType: 'text/plain', digest: toDigest(`sha256:${await hexDigest(document)}`), size: document.length }, source(document));
    mkdirSync(join(blobs, 'f'.repeat(64)));
    writeFileSync(join(blobs, 'README'), '{"schemaVersion":2}');
    expect(readdirSync(blobs)).toContain('README');
    expect(await allReferrers(layout, from.image)).toHaveLength(1);
  });

  test('about having blobs at all', async () => {
    const folder = temporaryFolder();
    const layout = Layout.openOrCreate(folder);
    rmSync(join(folder, 'blobs'), { recursive: true });
    expect(await allReferrers(layout, toDigest(`sha256:${'0'.repeat(64)}`))).toEqual([]);
  });
});

async function hexDigest(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex');
}

function source(bytes: Uint8Array) {
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}
