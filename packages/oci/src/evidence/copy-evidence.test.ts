/** An image with everything that belongs to it, from registry to registry: what arrives, in which order, and what is said of the rest. */
import { utf8 } from '@assay/core';
import { OCI_INDEX, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { type Opened, openRegistry, stepOf } from '../../test/open-registry.ts';
import { type Digest, toDigest } from '../digest.ts';
import { allReferrers } from '../store.ts';
import { copyWithEvidence } from './copy-evidence.ts';
import { attachmentTag } from './find.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const KINDS: readonly { readonly kind: string; readonly serve: RegistryOptions }[] = [
  { kind: 'with the referrers API', serve: {} },
  { kind: 'without it', serve: { referrers: 'none' } },
];

interface Source extends Opened {
  readonly index: Digest;
  readonly children: readonly Digest[];
  readonly bundle: Digest;
}

const layer = (text: string, mediaType = 'text/plain') => ({ layers: [{ mediaType, bytes: utf8(text) }] });

/** An index of two images: the index and the first have a bundle and a signature, the first an SBOM with a signature of its own. */
async function openSource(serve: RegistryOptions): Promise<Source> {
  const opened = await openRegistry(serve);
  const { content } = opened;
  const children = ['amd64', 'arm64'].map((name) => putImage(content, 'app', layer(name)));
  const index = content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children }, { tag: '1', mediaType: OCI_INDEX });
  let bundle = '';
  for (const subject of [index, children[0]]) {
    if (subject === undefined) continue;
    const referrer = putImage(content, 'app', { subject, artifactType: BUNDLE, ...layer(`bundle of ${subject.digest}`, BUNDLE) });
    bundle = referrer.digest;
    if (serve.referrers !== undefined) {
      const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [referrer] };
      content.putManifest('app', list, { tag: subject.digest.replace(':', '-'), mediaType: OCI_INDEX });
    }
    putImage(content, 'app', { tag: attachmentTag(toDigest(subject.digest), 'sig'), ...layer(`signature of ${subject.digest}`) });
  }
  const [first] = children.map(({ digest }) => toDigest(digest)) as [Digest, Digest];
  const sbom = putImage(content, 'app', { tag: attachmentTag(first, 'sbom'), ...layer('sbom') });
  putImage(content, 'app', { tag: attachmentTag(toDigest(sbom.digest), 'sig'), ...layer('signature of the sbom') });
  return { ...opened, index: toDigest(index.digest), children: children.map(({ digest }) => toDigest(digest)), bundle: toDigest(bundle) };
}

async function copy(from: Source, to: Opened, more: object = {}) {
  const source = from.repository();
  return copyWithEvidence(await source.requireManifest('1'), '2', { from: source, to: to.repository('copy'), ...more });
}

describe.each(KINDS)('from a registry $kind', ({ serve: fromKind }) => {
  test.each(KINDS)('to one $kind: everything arrives, and again changes nothing', async ({ serve }) => {
    const [from, to] = [await openSource(fromKind), await openRegistry(serve)];
    expect(await copy(from, to)).toEqual([]);
    const target = to.repository('copy');
    expect((await target.resolve('2'))?.digest).toBe(from.index);
    for (const digest of [from.index, from.children[0] as Digest]) {
      expect((await allReferrers(target, digest)).map((one) => one.artifactType)).toEqual([BUNDLE]);
      expect(await target.resolve(attachmentTag(digest, 'sig'))).toBeDefined();
    }
    const sbom = await target.requireManifest(attachmentTag(from.children[0] as Digest, 'sbom'));
    expect(await target.resolve(attachmentTag(sbom.descriptor.digest, 'sig'))).toBeDefined();
    const [manifests, tags] = [to.content.open('copy').manifests.size, to.content.tags('copy')];
    const copied: unknown[] = [];
    expect(await copy(from, to, { onCopy: (one: unknown) => copied.push(one) })).toEqual([]);
    expect([to.content.open('copy').manifests.size, to.content.tags('copy'), copied]).toEqual([manifests, tags, []]);
  });
});

test('the tag comes last: whoever pulls it finds everything', async () => {
  const [from, to] = [await openSource({}), await openRegistry()];
  await copy(from, to);
  const puts = to.registry.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'));
  expect(puts.map(stepOf).at(-1)).toBe('PUT copy/manifests/2');
  expect(puts.filter(({ path }) => path.endsWith('/manifests/2'))).toHaveLength(1);
});

test('within one registry blobs are mounted, not sent', async () => {
  const from = await openSource({});
  await copy(from, from, { mountFrom: 'app' });
  const uploads = from.registry.requests.filter(({ method, path }) => method === 'PATCH' || (method === 'PUT' && path.includes('/blobs/')));
  expect(uploads).toEqual([]);
});

describe('what could not be copied', () => {
  test('a bundle whose content is not what its digest says: the rest arrives', async () => {
    const from = await openSource({});
    const [blob] = JSON.parse(new TextDecoder().decode(from.content.getManifest('app', from.bundle)?.bytes)).layers as { digest: string }[];
    const lying = await openRegistry({ content: from.content, lies: [{ lie: 'other-bytes', on: { path: new RegExp(`/blobs/${blob?.digest}`) } }] });
    const to = await openRegistry();
    const missed = await copy({ ...from, ...lying }, to);
    expect(missed).toMatchObject([{ what: `${lying.host}/app@${from.bundle}`, loss: 'certain', problem: { code: 'OCI_DIGEST_MISMATCH' } }]);
    expect(to.content.getManifest('copy', from.bundle)).toBeUndefined();
    expect(to.content.getManifest('copy', '2')?.digest).toBe(from.index);
  });

  test('two signatures for one tag: that of the side repository is taken', async () => {
    const [from, to] = [await openSource({}), await openRegistry()];
    const tag = attachmentTag(from.index, 'sig');
    const side = putImage(from.content, 'side', { tag, ...layer('another signature') });
    const missed = await copy(from, to, { sideRepository: from.repository('side') });
    expect(missed).toMatchObject([{ loss: 'certain', problem: { code: 'OCI_EXISTS', expected: side.digest } }]);
    expect(to.content.getManifest('copy', tag)?.digest).toBe(side.digest);
  });

  test('a child of the index that is gone: the image gets no tag', async () => {
    const [from, to] = [await openSource({}), await openRegistry()];
    from.content.open('app').manifests.delete(from.children[1] as string);
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'OCI_NOT_FOUND' });
    expect(to.content.tags('copy')).toEqual([]);
  });
});
