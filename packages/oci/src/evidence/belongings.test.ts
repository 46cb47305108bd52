import { utf8 } from '@assay/core';
import { OCI_INDEX, putImage, type RegistryContent, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { openRegistry } from '../../test/open-registry.ts';
import { type Digest, toDigest } from '../digest.ts';
import { type Belonging, digestsIn, findBelongings, type Missed } from './belongings.ts';
import { attachmentTag } from './find.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const SIGNATURE = { 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' };

/** `sig sha256-….sig`, `att referrer` */
const inWords = ({ kind, suffix }: Belonging): string => `${kind} ${suffix === undefined ? 'referrer' : 'tag'}`;
const why = ({ problem, loss }: Missed): string => `${problem.code}: ${loss}`;

interface Scene {
  readonly content: RegistryContent;
  /** Of the image `app:1`. */
  readonly digest: Digest;
  referrer(artifactType: string | undefined, annotations?: Record<string, string>, layerType?: string): Digest;
  attachment(suffix: 'sig' | 'att' | 'sbom', repository?: string): Digest;
}

function arrange(content: RegistryContent): Scene {
  const subject = putImage(content, 'app', { tag: '1' });
  const digest = toDigest(subject.digest);
  let count = 0;
  const layer = (mediaType: string) => [{ mediaType, bytes: utf8(`content ${count++}`) }];
  return {
    content,
    digest,
    referrer: (artifactType, annotations = {}, layerType = artifactType ?? 'text/plain') =>
      toDigest(putImage(content, 'app', { subject, layers: layer(layerType), annotations, ...(artifactType !== undefined && { artifactType }) }).digest),
    attachment: (suffix, repository = 'app') =>
      toDigest(putImage(content, repository, { tag: attachmentTag(digest, suffix), layers: layer('text/plain') }).digest),
  };
}

async function open(serve: RegistryOptions = {}): Promise<Scene & Awaited<ReturnType<typeof openRegistry>>> {
  const opened = await openRegistry(serve);
  return { ...opened, ...arrange(opened.content) };
}

describe('what belongs to an image', () => {
  test('is told by what it says of itself', async () => {
    const { repository, digest, referrer, attachment } = await open();
    for (const suffix of ['sig', 'att', 'sbom'] as const) attachment(suffix);
    referrer(BUNDLE, SIGNATURE);
    referrer(BUNDLE, { 'dev.sigstore.bundle.content': 'message-signature' });
    referrer(BUNDLE, { 'dev.sigstore.bundle.predicateType': 'https://spdx.dev/Document' });
    referrer(BUNDLE);
    referrer('application/vnd.dev.cosign.artifact.sbom.v1+json', {}, 'text/spdx');
    referrer('application/vnd.in-toto+json', {}, 'application/vnd.dsse.envelope.v1+json');
    referrer('application/x', {}, 'application/vnd.dev.cosign.simplesigning.v1+json');
    referrer('application/vnd.somebody.else', {}, 'text/plain');
    const { found, missed } = await findBelongings([digest], { image: repository(), depth: 'direct' });
    expect(missed).toEqual([]);
    expect(found.map(inWords).slice(0, 3)).toEqual(['sig tag', 'att tag', 'sbom tag']);
    const referrers = found.slice(3).map(({ kind }) => kind);
    expect(referrers.toSorted()).toEqual(['att', 'att', 'att', 'other', 'sbom', 'sig', 'sig', 'sig']);
  });

  test('SBOMs may be signed in turn; what is said of signatures is nobody’s question', async () => {
    const { repository, digest, content, attachment, registry } = await open();
    const sbom = attachment('sbom');
    const signature = attachment('sig');
    putImage(content, 'app', { tag: attachmentTag(sbom, 'sig') });
    putImage(content, 'app', { tag: attachmentTag(signature, 'sig') });
    const { found } = await findBelongings([digest], { image: repository() });
    expect(found.map(({ subject, suffix }) => [subject, suffix])).toEqual([
      [digest, 'sig'],
      [digest, 'sbom'],
      [sbom, 'sig'],
    ]);
    expect(registry.requests.filter(({ path }) => path.includes(signature.replace(':', '-')))).toEqual([]);
  });

  test('the side repository comes first, and both are asked', async () => {
    const { repository, digest, attachment } = await open();
    attachment('sig');
    attachment('sig', 'side');
    attachment('att', 'side');
    const { found } = await findBelongings([digest], { image: repository(), sideRepository: repository('side') });
    expect(found.map(({ reader, suffix }) => `${reader.name.split('/')[1]} ${suffix}`)).toEqual(['side sig', 'side att', 'app sig']);
  });

  test('a prefix stands in front of tags', async () => {
    const { repository, digest, content } = await open();
    putImage(content, 'app', { tag: `mine-${attachmentTag(digest, 'sig')}` });
    expect((await findBelongings([digest], { image: repository() })).found).toEqual([]);
    expect((await findBelongings([digest], { image: repository(), tagPrefix: 'mine-' })).found.map(inWords)).toEqual(['sig tag']);
  });
});

describe('a referrer', () => {
  /** The list that clients keep, where a registry keeps none. */
  const list = ({ content, digest }: Scene, referrers: readonly Digest[]): void => {
    const manifests = referrers.map((referrer) => ({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: referrer, size: 7 }));
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: digest.replace(':', '-'), mediaType: OCI_INDEX });
  };

  test('that is in both lists counts once', async () => {
    const scene = await open();
    list(scene, [scene.referrer(BUNDLE, SIGNATURE)]);
    expect((await findBelongings([scene.digest], { image: scene.repository() })).found).toHaveLength(1);
  });

  test('that is listed and gone is no loss', async () => {
    const scene = await open({ referrers: 'none' });
    const gone = toDigest(`sha256:${'0'.repeat(64)}`);
    list(scene, [gone]);
    const { found, missed } = await findBelongings([scene.digest], { image: scene.repository() });
    expect(found).toEqual([]);
    expect(missed.map(why)).toEqual(['OCI_NOT_FOUND: none']);
    expect(missed[0]).toMatchObject({ digest: gone, what: `${scene.host}/app@${gone}` });
  });

  test('that belongs to another image is not taken, whatever a list says', async () => {
    const scene = await open({ referrers: 'none' });
    const other = putImage(scene.content, 'app', { layers: [{ mediaType: 'text/plain', bytes: utf8('another image') }] });
    const foreign = putImage(scene.content, 'app', { subject: other, artifactType: BUNDLE });
    list(scene, [toDigest(foreign.digest)]);
    const { found, missed } = await findBelongings([scene.digest], { image: scene.repository() });
    expect(found).toEqual([]);
    expect(missed.map(why)).toEqual(['OCI_SUBJECT: none']);
  });

  test('whose manifest is not what its digest says is lost', async () => {
    const scene = await open({ lies: [{ lie: 'other-bytes', on: { path: /\/manifests\/sha256:/ } }] });
    scene.referrer(BUNDLE, SIGNATURE);
    const { found, missed } = await findBelongings([scene.digest], { image: scene.repository() });
    expect(found).toEqual([]);
    expect(missed.map(why)).toEqual(['OCI_DIGEST_MISMATCH: certain']);
  });
});

describe('a place that cannot be asked', () => {
  test.each([
    ['the list of referrers may hide something', /\/referrers\//, 'possible'],
    ['the list under the fallback tag may hide something', /\/manifests\/sha256-[0-9a-f]{64}$/, 'possible'],
    ['a tag is known to be asked for', /\.sig$/, 'certain'],
  ])('%s', async (_, path, loss) => {
    const scene = await open({ lies: [{ lie: 'status', status: 403, on: { path } }] });
    scene.attachment('att');
    const { found, missed } = await findBelongings([scene.digest], { image: scene.repository() });
    expect(found.map(inWords)).toEqual(['att tag']);
    expect(missed.map(why)).toEqual([`OCI_DENIED: ${loss}`]);
  });

  test('the image itself under the fallback tag is no list: cosign copy puts it there', async () => {
    const scene = await open({ referrers: 'none' });
    const image = scene.content.getManifest('app', '1');
    scene.content.putManifest('app', image?.bytes ?? '', { tag: scene.digest.replace(':', '-') });
    expect(await findBelongings([scene.digest], { image: scene.repository() })).toEqual({ found: [], missed: [] });
  });
});

describe('what an index holds', () => {
  test('is told once each, an index before its children', async () => {
    const { content, repository } = await open();
    const child = (text: string) => putImage(content, 'app', { layers: [{ mediaType: 'text/plain', bytes: utf8(text) }] });
    const [a, b] = [child('a'), child('b')];
    const putIndex = (manifests: readonly object[], tag?: string) =>
      content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { mediaType: OCI_INDEX, ...(tag !== undefined && { tag }) });
    const inner = putIndex([b, a]);
    const outer = putIndex([a, inner, a], 'multi');
    const digests = await digestsIn(await repository().requireManifest('multi'), repository());
    expect(digests).toEqual([outer.digest, a.digest, inner.digest, b.digest]);
  });

  test('must be there, when it is an index', async () => {
    const { content, repository } = await open();
    const gone = { mediaType: OCI_INDEX, digest: `sha256:${'1'.repeat(64)}`, size: 7 };
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [gone] }, { mediaType: OCI_INDEX, tag: 'multi' });
    const stored = await repository().requireManifest('multi');
    await expect(digestsIn(stored, repository())).rejects.toMatchObject({ code: 'OCI_NOT_FOUND' });
  });
});
