/** What belongs to a manifest, by the referrers API and by the list under the fallback tag; and that list written by several at once. */
import { utf8 } from '@assay/core';
import { putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { openRegistry } from '../../test/open-registry.ts';
import { type Digest, digestOf } from '../digest.ts';
import { encodeImage, encodeIndex } from '../encode.ts';
import { type Descriptor, type ImageIndex, readManifest } from '../manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, SIGSTORE_BUNDLE } from '../media-types.ts';
import { allReferrers, type ReferrerList } from '../store.ts';
import { addToFallback, fallbackTag, MAX_REFERRERS, removeFromFallback } from './referrers.ts';
import type { RepositoryClient } from './repository.ts';

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  const client = opened.repository();
  const config = opened.content.putBlob('app', utf8('{}'), OCI_CONFIG) as Descriptor;
  /** A referrer as its bytes; no two with the same note are the same. */
  const referrer = (note: string, subject: Descriptor = image) =>
    encodeImage({ mediaType: OCI_MANIFEST, artifactType: SIGSTORE_BUNDLE, config, layers: [], subject, annotations: { note } });
  const push = (note: string, by: RepositoryClient = client) => by.putManifest({ bytes: referrer(note), mediaType: OCI_MANIFEST });
  const listed = () => readList(opened.content.getManifest('app', fallbackTag(image.digest))?.bytes);
  const lists = async (artifactType?: string) => {
    const all: ReferrerList[] = [];
    for await (const list of client.referrerLists(image.digest, artifactType === undefined ? {} : { artifactType })) all.push(list);
    return all;
  };
  return { ...opened, image, client, config, referrer, push, listed, lists };
}

function readList(bytes: Uint8Array | undefined): readonly Descriptor[] {
  return bytes === undefined ? [] : (readManifest(bytes, OCI_INDEX, 'list').manifest as ImageIndex).manifests;
}

describe('the lists', () => {
  test('where there is an API: it is asked first, and the tag only by who goes on', async () => {
    const { push, client, image, steps, forget } = await open();
    const digest = await push('a');
    forget();
    for await (const { descriptors, says } of client.referrerLists(image.digest)) {
      expect([descriptors.map((one) => one.digest), says]).toEqual([[digest], '1 referrer']);
      break;
    }
    expect(steps()).toEqual(['GET app/referrers/DIGEST']);
  });

  test.each([
    ['none', 404],
    [400, 400],
    [406, 406],
  ] as const)('where there is none (%s): the tag answers', async (referrers, status) => {
    const { push, lists, image, client, steps, forget } = await open({ referrers });
    const digest = await push('a');
    forget();
    expect(await lists()).toMatchObject([
      { says: `not supported (HTTP ${status})`, descriptors: [], place: `referrers of ${client.name}@${image.digest}` },
      { says: '1 referrer', descriptors: [{ digest, artifactType: SIGSTORE_BUNDLE }], place: `${client.name}:${fallbackTag(image.digest)}` },
    ]);
    expect(steps()).toEqual(['GET app/referrers/DIGEST', 'GET app/manifests/sha256-HEX']);
  });

  test('of nothing', async () => {
    const { lists } = await open();
    expect((await lists()).map(({ says }) => says)).toEqual(['none', 'no such tag']);
  });

  test('over pages', async () => {
    const { push, lists, steps, forget } = await open({ referrersPageSize: 2 });
    for (const note of ['a', 'b', 'c', 'd', 'e']) await push(note);
    forget();
    expect((await lists())[0]).toMatchObject({ says: '5 referrers', descriptors: { length: 5 } });
    expect(steps().filter((step) => step.includes('referrers'))).toHaveLength(3);
  });

  test.each([true, false])('of one type, whether the registry filters (%s) or we do', async (filterReferrers) => {
    const { push, content, image, lists } = await open({ filterReferrers });
    const digest = await push('a');
    putImage(content, 'app', { subject: image, artifactType: 'application/x' });
    expect((await lists(SIGSTORE_BUNDLE))[0]?.descriptors.map((one) => one.digest)).toEqual([digest]);
  });

  test('name each referrer once', async () => {
    const { push, content, image, lists } = await open({ referrers: 'none' });
    const digest = await push('a');
    const twice = readList(content.getManifest('app', fallbackTag(image.digest))?.bytes).flatMap((one) => [one, one]);
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: twice }), { tag: fallbackTag(image.digest) });
    expect((await lists())[1]?.descriptors.map((one) => one.digest)).toEqual([digest]);
  });

  test('of other types that were pushed as an image are read all the same', async () => {
    const { content, image, lists, push } = await open({ referrers: 'none' });
    const digest = await push('a');
    const bytes = content.getManifest('app', fallbackTag(image.digest))?.bytes ?? new Uint8Array(0);
    content.putManifest('app', bytes, { tag: fallbackTag(image.digest), mediaType: OCI_MANIFEST });
    expect((await lists())[1]?.descriptors.map((one) => one.digest)).toEqual([digest]);
  });

  test('know the image itself under the tag, as cosign copies it there, for no list', async () => {
    const { content, image, lists, push, listed } = await open({ referrers: 'none' });
    content.putManifest('app', content.getManifest('app', 'v1')?.bytes ?? '', { tag: fallbackTag(image.digest) });
    expect((await lists())[1]).toMatchObject({ says: 'no such tag', descriptors: [] });
    const digest = await push('a');
    expect(listed().map((one) => one.digest)).toEqual([digest]);
  });

  test.each([
    ['1000', MAX_REFERRERS, undefined],
    ['1001', MAX_REFERRERS + 1, 'OCI_LIMIT'],
    ['ten thousand', 10_000, 'OCI_LIMIT'],
  ])('of %s', async (_, count, code) => {
    for (const referrers of ['api', 'none'] as const) {
      const { lists, content, image } = await open({ referrers, lies: [{ lie: 'many-referrers', count }] });
      content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [] }), { tag: fallbackTag(image.digest) });
      const list = (await lists())[referrers === 'api' ? 0 : 1];
      expect([list?.problem?.code, list?.descriptors.length]).toEqual(code === undefined ? [undefined, count] : [code, 0]);
    }
  });

  test('a place that fails says so, and does not keep the next from being asked', async () => {
    const { lists, push } = await open({ referrers: 'none', lies: [{ lie: 'status', status: 403, on: { path: /referrers/ } }] });
    await push('a');
    expect(await lists()).toMatchObject([{ problem: { code: 'OCI_DENIED' }, descriptors: [] }, { says: '1 referrer' }]);
  });

  test('as one, for who must not miss any: each once, and a place that fails is an error', async () => {
    const { client, image, push, content } = await open();
    const digest = await push('a');
    const entry = { mediaType: OCI_MANIFEST, digest, size: 1 };
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [entry] }), { tag: fallbackTag(image.digest) });
    expect((await allReferrers(client, image.digest)).map((one) => one.digest)).toEqual([digest]);
    const failing = await open({ lies: [{ lie: 'status', status: 500, on: { path: /referrers/ } }] });
    expect((await caught(allReferrers(failing.client, failing.image.digest))).code).toBe('OCI_STATUS');
  });
});

describe('a referrer that is pushed', () => {
  test('where there is an API: one request', async () => {
    const { push, steps, content } = await open();
    await push('a');
    expect(steps()).toEqual(['PUT app/manifests/DIGEST']);
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('where there is none: the list is read, written, and read again', async () => {
    const { push, steps, listed } = await open({ referrers: 'none' });
    const digest = await push('a');
    expect(steps()).toEqual(['PUT app/manifests/DIGEST', 'GET app/manifests/sha256-HEX', 'PUT app/manifests/sha256-HEX', 'GET app/manifests/sha256-HEX']);
    expect(listed()).toEqual([{ mediaType: OCI_MANIFEST, digest, size: expect.any(Number), artifactType: SIGSTORE_BUNDLE }]);
  });

  test('again is not listed again', async () => {
    const { push, steps, forget, listed } = await open({ referrers: 'none' });
    await push('a');
    forget();
    await push('a');
    expect(steps()).toEqual(['PUT app/manifests/DIGEST', 'GET app/manifests/sha256-HEX']);
    expect(listed()).toHaveLength(1);
  });

  test('keeps what others listed as it was, sorted by digest', async () => {
    const { push, listed, content, image } = await open({ referrers: 'none', checkReferences: false });
    const foreign: Descriptor = {
      mediaType: 'application/x',
      digest: `sha256:${'f'.repeat(64)}`,
      size: 7,
      annotations: { kept: 'yes' },
      artifactType: 'application/y',
    };
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [foreign] }), { tag: fallbackTag(image.digest) });
    const pushed = [await push('a'), await push('b'), await push('c')];
    expect(listed().map(({ digest }) => digest)).toEqual([...pushed, foreign.digest].toSorted());
    expect(listed().at(-1)).toEqual(foreign);
  });

  test.each([
    ['a list that cannot be read', { lie: 'status', status: 500, on: { method: 'GET', path: /sha256-/ } }, 'OCI_STATUS'],
    ['a list that is not JSON', { lie: 'malformed-json', on: { method: 'GET', path: /sha256-/ } }, 'OCI_MANIFEST'],
    ['a list of other bytes', { lie: 'other-bytes', on: { method: 'GET', path: /sha256-/ } }, 'OCI_DIGEST_MISMATCH'],
    ['a list that is full', { lie: 'many-referrers', on: { method: 'GET', path: /sha256-/ } }, 'OCI_LIMIT'],
    ['a list that cannot be written', { lie: 'status', status: 403, on: { method: 'PUT', path: /sha256-/ } }, 'OCI_DENIED'],
  ] as const)('beside %s is an error, and the list stays', async (_, lie, code) => {
    const { push, content, image, listed, referrer } = await open({ referrers: 'none', lies: [lie] });
    const bytes = referrer('before');
    const before = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
    content.putManifest('app', bytes);
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [before] }), { tag: fallbackTag(image.digest) });
    expect((await caught(push('a'))).code).toBe(code);
    expect(listed()).toEqual([before]);
  });

  test('whose entry is lost again and again is an error', async () => {
    const { client, image, referrer, content } = await open({ referrers: 'none', checkReferences: false });
    const put = client.putManifest.bind(client);
    let written = 0;
    // Somebody who writes an empty list behind each of ours.
    client.putManifest = async (manifest) => {
      const digest = await put(manifest);
      if (manifest.tag !== undefined) {
        written += 1;
        content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [] }), { tag: fallbackTag(image.digest) });
      }
      return digest;
    };
    const stored = readManifest(referrer('a'), OCI_MANIFEST, 'x');
    expect((await caught(addToFallback(client, image.digest, stored))).code).toBe('OCI_UPLOAD');
    expect(written).toBe(5);
  });

  test('together with one whose writing comes between reading and writing is listed beside it', async () => {
    const { client, push, listed, referrer } = await open({ referrers: 'none' });
    const other = digestOf(referrer('other'));
    const put = client.putManifest.bind(client);
    let interrupted = false;
    client.putManifest = async (manifest) => {
      // The other one has read before us, and writes after us.
      const digest = await put(manifest);
      if (manifest.tag !== undefined && !interrupted) {
        interrupted = true;
        const bytes = referrer('other');
        await put({
          bytes: encodeIndex({ mediaType: OCI_INDEX, manifests: [{ mediaType: OCI_MANIFEST, digest: other, size: bytes.length }] }),
          mediaType: OCI_INDEX,
          tag: manifest.tag,
        });
      }
      return digest;
    };
    // In place of the registry's rule that what is listed is there.
    await put({ bytes: referrer('other'), mediaType: OCI_MANIFEST });
    const digest = await push('ours');
    expect(listed().map((one) => one.digest)).toEqual([digest, other].toSorted());
  });
});

describe('a referrer that is deleted', () => {
  test('is taken off the list, and the empty list is deleted', async () => {
    const { client, image, push, listed, content } = await open({ referrers: 'none' });
    const [a, b] = [await push('a'), await push('b')];
    await removeFromFallback(client, image.digest, new Set([a]));
    expect(listed().map(({ digest }) => digest)).toEqual([b]);
    await removeFromFallback(client, image.digest, new Set([b]));
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('and was not listed changes nothing', async () => {
    const { client, image, push, steps, forget } = await open({ referrers: 'none' });
    await removeFromFallback(client, image.digest, new Set([image.digest]));
    await push('a');
    forget();
    await removeFromFallback(client, image.digest, new Set([image.digest]));
    expect(steps()).toEqual(['GET app/manifests/sha256-HEX']);
  });
});

test('the tag of a long digest is cut as the specification has it, and is a tag', async () => {
  const digest: Digest = `sha512:${'ab'.repeat(64)}`;
  expect(fallbackTag(digest)).toBe(`sha512-${'ab'.repeat(32)}`);
  expect(fallbackTag(`sha256:${'c'.repeat(64)}`)).toBe(`sha256-${'c'.repeat(64)}`);
});
