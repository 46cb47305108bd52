import { utf8 } from '@assay/core';
import { type Lie, OCI_INDEX, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { openRegistry } from '../../test/open-registry.ts';
import { putLayers } from '../../test/put-evidence.ts';
import { encodeIndex } from '../encode.ts';
import type { Descriptor } from '../manifest.ts';
import { findContainingIndex, type SignedIndexSearch } from './signed-index.ts';

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const { content } = opened;
  const child = putImage(content, 'app', { annotations: { arch: 'amd64' } }) as Descriptor;
  const sibling = putImage(content, 'app', { annotations: { arch: 'arm64' } }) as Descriptor;
  const putIndex = (tag: string | undefined, manifests: readonly Descriptor[] = [child, sibling], note = '') =>
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests, annotations: { note } }), tag === undefined ? {} : { tag }) as Descriptor;
  const find = (more: Partial<SignedIndexSearch> = {}) => findContainingIndex({ image: opened.repository(), child: child.digest, ...more });
  return { ...opened, child, sibling, putIndex, find };
}

describe('the index that holds an image', () => {
  test('is found under the tag that came with the digest, first', async () => {
    const { putIndex, find, steps } = await open();
    putIndex('v0', undefined, 'other');
    const { digest } = putIndex('v1');
    expect(await find({ tag: 'v1' })).toEqual({ digest, tag: 'v1' });
    expect(steps()).toEqual(['GET app/tags/list', 'GET app/manifests/v1']);
  });

  test('is found by what is signed, before other tags', async () => {
    const { content, putIndex, find, steps } = await open();
    putImage(content, 'app', { tag: 'v9' });
    const { digest } = putIndex(undefined);
    putLayers(content, digest, 'sig', [{ content: 'x' }]);
    expect(await find()).toEqual({ digest, tag: undefined });
    expect(steps()).toEqual(['GET app/tags/list', 'GET app/manifests/DIGEST']);
  });

  test('is found by what is signed in a side repository', async () => {
    const { content, putIndex, find, repository } = await open();
    const { digest } = putIndex(undefined);
    putLayers(content, digest, 'att', [{ content: 'x' }], { repository: 'side' });
    expect(await find()).toBeUndefined();
    expect(await find({ sideRepository: repository('side') })).toEqual({ digest, tag: undefined });
  });

  test('is found under any tag, the last of the list first', async () => {
    const { content, putIndex, find, steps } = await open();
    for (const tag of ['v1', 'v2', 'v3']) putImage(content, 'app', { tag });
    const { digest } = putIndex('v2-index');
    expect(await find()).toEqual({ digest, tag: 'v2-index' });
    expect(steps()).toEqual(['GET app/tags/list', 'GET app/manifests/v3', 'GET app/manifests/v2-index']);
  });

  test('is none that holds others alone', async () => {
    const { putIndex, find, sibling } = await open();
    putIndex('v1', [sibling]);
    expect(await find({ tag: 'v1' })).toBeUndefined();
  });

  test('is not the image itself', async () => {
    const { content, child, find, steps } = await open();
    putLayers(content, child.digest, 'sig', [{ content: 'x' }]);
    expect(await find()).toBeUndefined();
    expect(steps()).toEqual(['GET app/tags/list']);
  });
});

describe('looking for it', () => {
  test('ends after 50 manifests', async () => {
    const { content, find, steps } = await open();
    for (let i = 0; i < 80; i += 1) putImage(content, 'app', { tag: `v${i}`, layers: [{ mediaType: 'x', bytes: utf8(String(i)) }] });
    expect(await find()).toBeUndefined();
    expect(steps().filter((step) => step.startsWith('GET app/manifests/'))).toHaveLength(50);
  });

  test.each<[string, Lie]>([
    ['tags that may not be listed', { lie: 'status', status: 403, on: { path: /tags/ } }],
    ['tags that are no JSON', { lie: 'malformed-json', on: { path: /tags/ } }],
  ])('goes on with the tag that is known: %s', async (_, lie) => {
    const { putIndex, find } = await open({ lies: [lie] });
    const { digest } = putIndex('v1');
    expect(await find({ tag: 'v1' })).toEqual({ digest, tag: 'v1' });
  });

  test.each<[string, Lie]>([
    ['that is denied', { lie: 'status', status: 403, on: { path: /manifests\/v9/ } }],
    ['of other bytes', { lie: 'other-bytes', on: { path: /manifests\/v9/ } }],
    ['that is no JSON', { lie: 'malformed-json', on: { path: /manifests\/v9/ } }],
    ['that is reset', { lie: 'reset', on: { path: /manifests\/v9/ } }],
  ])('passes over a manifest %s', async (_, lie) => {
    const { putIndex, find } = await open({ lies: [lie] });
    putIndex('v9', undefined, 'the one that lies');
    const { digest } = putIndex('v1');
    expect(await find()).toEqual({ digest, tag: 'v1' });
  });
});
