import { readdirSync } from 'node:fs';
import { utf8 } from '@assay/core';
import { OCI_INDEX as INDEX_TYPE, type Lie, putImage, type RegistryContent, type RegistryOptions, serveRegistry } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { temporaryFolder } from '../../net/test/temporary-folder.ts';
import { openRegistry, stepOf } from '../test/open-registry.ts';
import { type BlobEvent, type CopyOptions, childrenFor, copyImage } from './copy.ts';
import { type Digest, digestOf } from './digest.ts';
import { Layout } from './layout.ts';
import type { Descriptor, ImageIndex, StoredManifest } from './manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER } from './media-types.ts';
import type { ContentReader, ContentWriter } from './store.ts';

const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

/** Two repositories of one registry, or of two. */
async function open(serveOptions: RegistryOptions = {}, target: RegistryOptions | 'same' = 'same') {
  const source = await openRegistry(serveOptions);
  const { content, registry } = target === 'same' ? source : await openRegistry(target);
  const { host } = registry;
  const from = source.repository('source');
  const to = source.registries.repository({ registry: host, repository: 'target' });
  const copy = async (reference: string, tag?: string, options: Partial<CopyOptions> = {}): Promise<Digest> =>
    copyImage(await from.requireManifest(reference), tag, { from, to, ...options });
  /** Nothing that anyone could pull. */
  const expectNothing = (...digests: string[]) => {
    expect(content.tags('target')).toEqual([]);
    expect([...(content.repositories.get('target')?.manifests.keys() ?? [])]).toEqual([]);
    for (const digest of digests) expect(content.getBlob('target', digest)).toBeUndefined();
  };
  return { source, content, target: registry, from, to, copy, expectNothing };
}

function putLayers(content: RegistryContent, ...texts: readonly string[]): { image: Descriptor; layers: readonly string[] } {
  const layers = texts.map((text) => ({ mediaType: OCI_LAYER, bytes: utf8(text) }));
  return { image: putImage(content, 'source', { tag: 'v1', layers }) as Descriptor, layers: layers.map(({ bytes }) => digestOf(bytes)) };
}

const manifestOf = (content: RegistryContent, repository: string, reference: string) =>
  Buffer.from(content.getManifest(repository, reference)?.bytes ?? []).toString();

function putIndex(content: RegistryContent, children: readonly object[], tag = 'index'): Descriptor {
  return content.putManifest('source', { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: children }, { tag }) as Descriptor;
}

describe('an image is copied', () => {
  test('with its configuration and layers, byte for byte, and the tag last', async () => {
    const { source, content, copy } = await open();
    const { image, layers } = putLayers(source.content, 'one', 'two', 'three');
    expect(await copy('v1', 'copied')).toBe(image.digest);
    expect(manifestOf(content, 'target', 'copied')).toBe(manifestOf(content, 'source', 'v1'));
    expect(layers.map((layer) => String(Buffer.from(content.getBlob('target', layer) ?? [])))).toEqual(['one', 'two', 'three']);
    expect(source.steps().at(-1)).toBe('PUT target/manifests/copied');
    expect(source.steps().filter((step) => step.startsWith('PUT target/manifests'))).toHaveLength(1);
  });

  test('by digest alone without a tag', async () => {
    const { source, content, copy } = await open();
    const { image } = putLayers(source.content, 'one');
    await copy('v1');
    expect([content.tags('target'), content.getManifest('target', image.digest)?.digest]).toEqual([[], image.digest]);
  });

  test('each blob once, however often it is listed, and what is there is not fetched', async () => {
    const { source, content, copy } = await open();
    putLayers(source.content, 'same', 'same', 'there', 'new');
    content.putBlob('target', utf8('there'));
    source.forget();
    await copy('v1', 'copied');
    // The configuration, `same` and `new`.
    expect(source.steps().filter((step) => step === 'GET source/blobs/DIGEST')).toHaveLength(3);
    expect(source.steps().filter((step) => step === 'HEAD target/blobs/DIGEST')).toHaveLength(4);
    expect(source.steps().filter((step) => step === 'PUT target/blobs/uploads/ID')).toHaveLength(3);
  });

  test('without content where the registry can mount it', async () => {
    const { source, content, copy } = await open();
    const { layers } = putLayers(source.content, 'one', 'two');
    await copy('v1', 'copied', { mountFrom: 'source' });
    expect(source.steps().filter((step) => / source\/blobs|PUT .*blobs/.test(step))).toEqual([]);
    for (const layer of layers) expect(content.getBlob('target', layer)).toBeDefined();
  });

  test('with content where it cannot', async () => {
    const { source, content, copy } = await open({ mounts: 'refused' });
    const { layers } = putLayers(source.content, 'one');
    await copy('v1', 'copied', { mountFrom: 'source' });
    expect(content.getBlob('target', layers[0] ?? '')).toEqual(Buffer.from('one'));
  });

  test('to another registry', async () => {
    const { source, content, copy, target } = await open({}, {});
    putLayers(source.content, 'one');
    await copy('v1', 'copied');
    expect(content.tags('target')).toEqual(['copied']);
    expect(target.requests.map(stepOf).at(-1)).toBe('PUT target/manifests/copied');
  });

  test.each([
    [1, 1],
    [2, 2],
    [undefined, 4],
  ])('with %s jobs: %i blobs at once', async (jobs, expected) => {
    const { source, copy } = await open();
    putLayers(source.content, ...Array.from({ length: 12 }, (_, i) => `layer ${i}`));
    let now = 0;
    let most = 0;
    const onBlob = ({ step }: BlobEvent): void => {
      if (step === 'start') now += 1;
      most = Math.max(most, now);
      if (step === 'done') now -= 1;
    };
    await copy('v1', 'copied', { onBlob, ...(jobs !== undefined && { jobs }) });
    expect(most).toBe(expected);
  });

  test('and tells how far it is', async () => {
    const { source, content, copy } = await open();
    putImage(source.content, 'source', {
      tag: 'v1',
      config: { mediaType: OCI_CONFIG, bytes: utf8('{}') },
      layers: [{ mediaType: OCI_LAYER, bytes: utf8('0123456789') }],
    });
    content.putBlob('target', utf8('{}'));
    const told: string[] = [];
    await copy('v1', 'copied', { jobs: 1, onBlob: ({ descriptor, step, bytes }) => told.push(`${descriptor.mediaType.split('.').at(-1)} ${step} ${bytes}`) });
    expect(told).toEqual(['v1+json exists 2', 'tar start 0', 'tar progress 10', 'tar done 10']);
  });
});

describe('layers that may not be passed on', () => {
  const layer = { mediaType: FOREIGN, bytes: utf8('foreign') };

  async function openForeign(mediaType: string) {
    const scene = await open({ checkReferences: false });
    const { content } = scene.source;
    const config = content.putBlob('source', utf8('{}'), OCI_CONFIG);
    const blob = content.putBlob('source', layer.bytes, mediaType);
    content.putManifest('source', { schemaVersion: 2, config, layers: [{ ...blob, urls: ['https://example.com/layer'] }] }, { tag: 'v1' });
    return { ...scene, isThere: () => scene.content.getBlob('target', blob.digest) !== undefined };
  }

  test('are left out', async () => {
    const { copy, isThere } = await openForeign(FOREIGN);
    await copy('v1', 'copied');
    expect(isThere()).toBe(false);
  });

  test('are copied when that is asked for', async () => {
    const { copy, isThere } = await openForeign(FOREIGN);
    await copy('v1', 'copied', { foreignLayers: 'copy' });
    expect(isThere()).toBe(true);
  });

  test('are known by their type: a layer with URLs is copied like any other', async () => {
    const { copy, isThere } = await openForeign(OCI_LAYER);
    await copy('v1', 'copied');
    expect(isThere()).toBe(true);
  });
});

describe('an index is copied', () => {
  test('with its images, and theirs; images first', async () => {
    const { source, content, copy } = await open();
    const [a, b] = ['a', 'b'].map((arch) => putImage(source.content, 'source', { annotations: { arch } }));
    const inner = putIndex(source.content, [b ?? {}], 'inner');
    const index = putIndex(source.content, [a ?? {}, inner]);
    expect(await copy('index', 'copied')).toBe(index.digest);
    for (const { digest } of [a, b, inner, index] as Descriptor[]) {
      expect(manifestOf(content, 'target', digest)).toBe(manifestOf(content, 'source', digest));
    }
    expect(content.tags('target')).toEqual(['copied']);
  });

  test('of nothing', async () => {
    const { source, content, copy } = await open();
    putIndex(source.content, []);
    await copy('index', 'copied');
    expect(content.tags('target')).toEqual(['copied']);
  });

  test('without reading the images that are there', async () => {
    const { source, content, copy, from } = await open();
    const child = putImage(source.content, 'source', {});
    putImage(content, 'target', {});
    putIndex(source.content, [child]);
    await copy('index', 'copied');
    expect(source.steps().filter((step) => step === 'GET source/manifests/DIGEST')).toEqual([]);
    expect(from.name).toContain('source');
  });

  test('and one image of it that is not there leaves no index', async () => {
    const { source, copy, content } = await open({ checkReferences: false });
    const child = putImage(source.content, 'source', {});
    const missing = { ...child, digest: `sha256:${'0'.repeat(64)}` };
    putIndex(source.content, [child, missing]);
    const error = await caught(copy('index', 'copied'));
    expect([error.code, error.message]).toEqual(['OCI_NOT_FOUND', expect.stringContaining(missing.digest)]);
    expect(content.tags('target')).toEqual([]);
  });
});

describe('a blob that lies in the middle of a copy leaves neither a blob nor a tag', () => {
  const LAYER = 'x'.repeat(100_000);
  const on = { method: 'GET', path: /source\/blobs/ };
  test.each<[string, Lie, string]>([
    ['other bytes', { lie: 'other-bytes', on }, 'OCI_DIGEST_MISMATCH'],
    ['more bytes', { lie: 'wrong-size', by: 3, on }, 'OCI_SIZE_MISMATCH'],
    ['fewer bytes', { lie: 'wrong-size', by: -3, on }, 'OCI_SIZE_MISMATCH'],
    ['no end', { lie: 'endless', on }, 'OCI_SIZE_MISMATCH'],
    ['an early end', { lie: 'truncated', on }, 'NET_UNREACHABLE'],
    ['a reset', { lie: 'truncated', by: 'reset', on }, 'NET_UNREACHABLE'],
    ['404', { lie: 'status', status: 404, on }, 'OCI_NOT_FOUND'],
    ['403', { lie: 'status', status: 403, on }, 'OCI_DENIED'],
    ['500', { lie: 'status', status: 500, on }, 'OCI_STATUS'],
    ['redirects without an end', { lie: 'redirect-loop', on }, 'NET_REDIRECT'],
  ])('%s', async (_, lie, code) => {
    for (const target of ['same', {}] as const) {
      const { source, copy, expectNothing } = await open({ lies: [lie] }, target);
      const { layers } = putLayers(source.content, LAYER);
      expect((await caught(copy('v1', 'copied'))).code).toBe(code);
      expectNothing(...layers);
    }
  });

  test.each<[string, Lie, string]>([
    ['other bytes', { lie: 'other-bytes', on }, 'OCI_DIGEST_MISMATCH'],
    ['fewer bytes', { lie: 'wrong-size', by: -3, on }, 'OCI_SIZE_MISMATCH'],
    ['an early end', { lie: 'truncated', on }, 'NET_UNREACHABLE'],
  ])('nor in a folder: %s', async (_, lie, code) => {
    const { source, copy } = await open({ lies: [lie] });
    const { layers } = putLayers(source.content, LAYER);
    const layout = Layout.openOrCreate(temporaryFolder());
    expect((await caught(copy('v1', 'copied', { to: layout }))).code).toBe(code);
    expect([layout.entries(), partialsIn(layout)]).toEqual([[], []]);
    expect(await layout.hasBlob({ mediaType: OCI_LAYER, digest: layers[0] as Digest, size: LAYER.length })).toBe(false);
  });

  test('an early end once is fetched and sent again', async () => {
    const { source, copy, content } = await open({ lies: [{ lie: 'truncated', on: { ...on, times: 1 } }] });
    const { layers } = putLayers(source.content, LAYER);
    await copy('v1', 'copied');
    expect(content.getBlob('target', layers[0] ?? '')?.length).toBe(LAYER.length);
  });

  test('a destination that fails leaves no tag, written or not', async () => {
    for (const when of ['instead', 'after'] as const) {
      const { source, copy, content } = await open({}, { lies: [{ lie: 'reset', when, on: { path: /blobs/ } }] });
      putLayers(source.content, 'one');
      expect((await caught(copy('v1', 'copied'))).code).toBe('NET_UNREACHABLE');
      expect(content.tags('target')).toEqual([]);
    }
  });

  test('a manifest that fails may be there, and then it is right', async () => {
    const lie: Lie = { lie: 'status', status: 500, when: 'after', on: { method: 'PUT', path: /manifests/ } };
    const { source, copy, content } = await open({}, { lies: [lie] });
    const { image } = putLayers(source.content, 'one');
    expect((await caught(copy('v1', 'copied'))).code).toBe('OCI_STATUS');
    expect(content.getManifest('target', 'copied')?.digest).toBe(image.digest);
  });
});

/** What writers that failed have left. */
function partialsIn({ folder }: Layout): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.includes('partial'));
}

describe('behind an error', () => {
  /** A store that takes blobs one at a time, when it is told to. */
  function stepwise(failing: string) {
    const begun: string[] = [];
    const ended: string[] = [];
    let running = 0;
    let begunUntilThen = 0;
    const to: ContentWriter = {
      name: 'store',
      hasBlob: async () => false,
      hasManifest: async () => false,
      async putBlob({ digest }) {
        begun.push(digest);
        running += 1;
        for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
        running -= 1;
        if (digest === failing) {
          begunUntilThen = begun.length;
          throw new RangeError('no room');
        }
        ended.push(digest);
      },
      putManifest: async () => digestOf(new Uint8Array(0)),
    };
    return { to, begun, ended, running: () => running, begunUntilThen: () => begunUntilThen };
  }

  test('nothing is begun, and nothing is under way', async () => {
    const layers = Array.from({ length: 20 }, (_, i): Descriptor => ({ mediaType: OCI_LAYER, digest: digestOf(utf8(String(i))), size: 1 }));
    const [config, ...others] = layers as [Descriptor, ...Descriptor[]];
    const stored: StoredManifest = {
      descriptor: config,
      bytes: new Uint8Array(0),
      manifest: { kind: 'image', mediaType: 'x', artifactType: undefined, subject: undefined, annotations: {}, config, layers: others },
    };
    const { to, begun, ended, running, begunUntilThen } = stepwise(layers[5]?.digest ?? '');
    await expect(copyImage(stored, 'v1', { from: {} as ContentReader, to, jobs: 3 })).rejects.toThrow('no room');
    expect(running()).toBe(0);
    expect(begun).toHaveLength(begunUntilThen());
    expect(begun.length).toBeLessThan(layers.length);
    const before = ended.length;
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect([begun.length, ended.length]).toEqual([begunUntilThen(), before]);
  });
});

describe('the children of an index for a platform', () => {
  const child = (digit: string, os: string, architecture: string, variant?: string): Descriptor => ({
    mediaType: 'x',
    digest: `sha256:${digit.repeat(64)}`,
    size: 1,
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
  });
  const bare: Descriptor = { mediaType: 'x', digest: `sha256:${'f'.repeat(64)}`, size: 1 };
  const manifests = [child('1', 'linux', 'amd64'), child('2', 'linux', 'arm', 'v6'), child('3', 'linux', 'arm', 'v7'), child('4', 'windows', 'amd64'), bare];
  const index: ImageIndex = { kind: 'index', mediaType: OCI_INDEX, artifactType: undefined, subject: undefined, annotations: {}, manifests };

  test.each([
    ['linux/amd64', '1'],
    ['linux/arm', '23'],
    ['linux/arm/v7', '3'],
    ['linux', '123'],
    ['/amd64', '14'],
    ['', '1234'],
    ['linux/riscv64', ''],
    ['linux/amd64/v2', ''],
  ])('%s', (platform, digits) => {
    expect(childrenFor(index, platform).map(({ digest }) => digest.at(-1))).toEqual([...digits]);
  });
});

test('a copy from a registry that fetches its blobs from elsewhere', async () => {
  const store = await serveRegistry();
  onTestFinished(() => store.close());
  const { source, content, copy } = await open({ content: store.content, blobRedirect: store.url }, {});
  const { layers } = putLayers(source.content, 'one');
  await copy('v1', 'copied');
  expect(content.getBlob('target', layers[0] ?? '')).toEqual(Buffer.from('one'));
});
