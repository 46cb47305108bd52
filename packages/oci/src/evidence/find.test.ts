/** Where evidence is looked for, in which order, with how many requests, and what each place is said to have answered. */
import { utf8 } from '@assay/core';
import { type Lie, OCI_INDEX, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../net/test/temporary-folder.ts';
import { openRegistry } from '../../test/open-registry.ts';
import { putBundle, putLayers } from '../../test/put-evidence.ts';
import { copyImage } from '../copy.ts';
import type { Digest } from '../digest.ts';
import { encodeIndex } from '../encode.ts';
import { Layout } from '../layout.ts';
import type { Descriptor } from '../manifest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST, SIGSTORE_BUNDLE } from '../media-types.ts';
import { fallbackTag } from '../registry/referrers.ts';
import type { PlaceAnswer } from '../store.ts';
import type { Evidence, Unreadable } from './evidence.ts';
import { attachmentTag, type FindOptions, findEvidence } from './find.ts';

const BOTH = ['signatures', 'attestations'] as const;
const NOWHERE: Digest = `sha256:${'0'.repeat(64)}`;

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const { content } = opened;
  const image = putImage(content, 'app', { tag: 'v1' }) as Descriptor;
  const repository = opened.repository();
  await repository.resolve('v1');
  opened.forget();
  /** Everything, or until `stop` says so. */
  const find = async (options: Partial<FindOptions> = {}, stop: (found: readonly (Evidence | Unreadable)[]) => boolean = () => false) => {
    const found: (Evidence | Unreadable)[] = [];
    const answers: PlaceAnswer[] = [];
    for await (const event of findEvidence({ image: repository, digest: image.digest, want: BOTH, ...options })) {
      if (event.kind === 'answer') answers.push(event.answer);
      else found.push(event.evidence);
      if (stop(found)) break;
    }
    return {
      found,
      answers,
      says: answers.map(({ says }) => says),
      texts: found.map(textOf),
      codes: found.flatMap((one) => (one.format === undefined ? [one.problem.code] : [])),
    };
  };
  /** A list under the fallback tag, of whatever. */
  const putList = (manifests: readonly Descriptor[], name = 'app') =>
    content.putManifest(name, encodeIndex({ mediaType: OCI_INDEX, manifests }), { tag: fallbackTag(image.digest) });
  return { ...opened, image, repository: opened.repository, find, putList };
}

function textOf(evidence: Evidence | Unreadable): string {
  return evidence.format === undefined ? evidence.problem.code : String(Buffer.from(evidence.content));
}

describe('the places', () => {
  test('are asked in this order, and say what they answered', async () => {
    const { find, image, host, steps } = await open();
    const { found, answers } = await find();
    expect(found).toEqual([]);
    const app = `${host}/app`;
    expect(answers).toEqual([
      { place: `referrers of ${app}@${image.digest}`, says: 'none' },
      { place: `${app}:${fallbackTag(image.digest)}`, says: 'no such tag' },
      { place: `${app}:${attachmentTag(image.digest, 'sig')}`, says: 'no such tag' },
      { place: `${app}:${attachmentTag(image.digest, 'att')}`, says: 'no such tag' },
    ]);
    expect(steps()).toEqual([
      'GET app/referrers/DIGEST',
      'GET app/manifests/sha256-HEX',
      'GET app/manifests/sha256-HEX.sig',
      'GET app/manifests/sha256-HEX.att',
    ]);
  });

  test('of a side repository come after those of the image', async () => {
    const { find, repository, host, content, image } = await open();
    putLayers(content, image.digest, 'sig', [{ content: 'aside' }], { repository: 'side/all' });
    const { texts, answers } = await find({ sideRepository: repository('side/all') });
    expect(texts).toEqual(['aside']);
    expect(answers.map(({ place }) => place.replace(/^referrers of /, '').split(/[:@]sha256/)[0])).toEqual([
      ...Array.from({ length: 4 }, () => `${host}/app`),
      ...Array.from({ length: 4 }, () => `${host}/side/all`),
    ]);
  });

  test.each([
    ['bundles', ['referrers', 'fallback']],
    ['tags', ['sig', 'att']],
  ] as const)('may be %s only', async (only, expected) => {
    const { find } = await open();
    const { answers } = await find({ only });
    expect(answers.map(({ place }) => (place.startsWith('referrers') ? 'referrers' : (/\.(\w+)$/.exec(place)?.[1] ?? 'fallback')))).toEqual(expected);
  });

  test.each([
    [['signatures'], ['sig']],
    [['attestations'], ['att']],
    [BOTH, ['sig', 'att']],
  ] as const)('of %j are %j', async (want, suffixes) => {
    const { find } = await open();
    const { answers } = await find({ only: 'tags', want });
    expect(answers.map(({ place }) => place.split('.').at(-1))).toEqual(suffixes);
  });

  test('count what they hold', async () => {
    const { find, content, image } = await open();
    putBundle(content, image, 'bundle one');
    putBundle(content, image, 'bundle two');
    putImage(content, 'app', { subject: image, artifactType: 'application/spdx+json' });
    putLayers(content, image.digest, 'sig', [{ content: 'one' }]);
    putLayers(content, image.digest, 'att', [{ content: 'one' }, { content: 'two' }]);
    expect((await find()).says).toEqual(['3 referrers, 2 with evidence', 'no such tag', '1 signature', '2 attestations']);
  });

  test('may have a prefix in their tags', async () => {
    const { find, content, image } = await open();
    putLayers(content, image.digest, 'sig', [{ content: 'prefixed' }], { tagPrefix: 'mine-' });
    expect([(await find()).texts, (await find({ tagPrefix: 'mine-' })).texts]).toEqual([[], ['prefixed']]);
  });
});

describe('who has found enough asks no more', () => {
  const first = (found: readonly unknown[]): boolean => found.length === 1;

  test('a bundle: three requests', async () => {
    const { find, content, image, steps } = await open();
    putBundle(content, image, 'bundle');
    putBundle(content, image, 'another');
    putLayers(content, image.digest, 'sig', [{ content: 'payload' }]);
    await find({}, first);
    expect(steps()).toEqual(['GET app/referrers/DIGEST', 'GET app/manifests/DIGEST', 'GET app/blobs/DIGEST']);
  });

  test('a bundle where there is no referrers API: four', async () => {
    const { find, content, image, steps, putList } = await open({ referrers: 'none' });
    putList([putBundle(content, image, 'bundle')]);
    await find({}, first);
    expect(steps()).toEqual(['GET app/referrers/DIGEST', 'GET app/manifests/sha256-HEX', 'GET app/manifests/DIGEST', 'GET app/blobs/DIGEST']);
  });

  test('a signature under its tag: four, two when only tags are asked', async () => {
    const { find, content, image, steps, forget } = await open();
    putLayers(content, image.digest, 'sig', [{ content: 'one' }, { content: 'two' }]);
    await find({}, first);
    expect(steps()).toEqual(['GET app/referrers/DIGEST', 'GET app/manifests/sha256-HEX', 'GET app/manifests/sha256-HEX.sig', 'GET app/blobs/DIGEST']);
    forget();
    await find({ only: 'tags' }, first);
    expect(steps()).toEqual(['GET app/manifests/sha256-HEX.sig', 'GET app/blobs/DIGEST']);
  });

  test('nothing is fetched twice, whatever lists name it', async () => {
    const { find, content, image, registry, putList } = await open();
    const bundle = putBundle(content, image, 'bundle');
    putList([bundle, bundle]);
    const { texts, says } = await find();
    expect([texts, says[0], says[1]]).toEqual([['bundle'], '1 referrer, 1 with evidence', '1 referrer, 0 with evidence']);
    const paths = registry.requests.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe('a referrer', () => {
  test('that is listed as a bundle is read first; none is left out for what a list says of it', async () => {
    const { find, content, image, putList } = await open({ referrers: 'none' });
    const listed = ['x', undefined, SIGSTORE_BUNDLE, 'application/spdx+json'].map((artifactType, i) => {
      const { artifactType: _, ...descriptor } = putBundle(content, image, `bundle ${i}`);
      return { ...descriptor, ...(artifactType !== undefined && { artifactType }) };
    });
    putList(listed);
    expect((await find()).texts).toEqual(['bundle 2', 'bundle 1', 'bundle 0', 'bundle 3']);
  });

  test('with several bundles names each by its place', async () => {
    const { find, content, image, host } = await open();
    const layers = ['one', 'two'].map((text) => ({ mediaType: SIGSTORE_BUNDLE, bytes: utf8(text) }));
    const { digest } = putImage(content, 'app', { subject: image, artifactType: SIGSTORE_BUNDLE, layers });
    expect((await find()).found.map(({ reference }) => reference)).toEqual([`${host}/app@${digest}, layer 1 of 2`, `${host}/app@${digest}, layer 2 of 2`]);
  });

  test('that is an index holds no evidence', async () => {
    const { find, content, image } = await open();
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, artifactType: SIGSTORE_BUNDLE, manifests: [], subject: image }));
    expect((await find()).says[0]).toBe('1 referrer, 0 with evidence');
  });

  test.each(['application/vnd.dev.sigstore.bundle+json;version=0.1', 'application/vnd.dev.sigstore.bundle.v0.9+json'])(
    'of type %s is read; its parser will judge',
    async (mediaType) => {
      const { find, content, image } = await open();
      putImage(content, 'app', { subject: image, layers: [{ mediaType, bytes: utf8('odd') }] });
      expect((await find()).found).toMatchObject([{ format: 'bundle' }]);
    },
  );

  test('of another kind is passed over in silence', async () => {
    const { find, content, image, steps } = await open();
    putImage(content, 'app', { subject: image, artifactType: 'application/spdx+json', layers: [{ mediaType: 'application/spdx+json', bytes: utf8('{}') }] });
    expect((await find({ only: 'bundles' })).found).toEqual([]);
    expect(steps().filter((step) => step.includes('blobs'))).toEqual([]);
  });
});

describe('evidence for another image', () => {
  async function withOther(options: RegistryOptions) {
    const scene = await open(options);
    const other = putImage(scene.content, 'app', { annotations: { other: 'image' } }) as Descriptor;
    return { ...scene, other, bundle: putBundle(scene.content, other, 'for another') };
  }

  test.each<[string, RegistryOptions]>([
    ['the API', { lies: [{ lie: 'foreign-referrers' }] }],
    ['the fallback tag', { referrers: 'none' }],
  ])('that a list names is told, and is no evidence: %s', async (_, options) => {
    const { find, other, bundle, image, content, host, putList } = await withOther(options);
    const own = putBundle(content, image, 'for us');
    putList([bundle, own]);
    const { texts, found } = await find({ only: 'bundles' });
    expect(texts.toSorted()).toEqual(['OCI_SUBJECT', 'for us']);
    expect(found.find(({ format }) => format === undefined)).toMatchObject({
      reference: `${host}/app@${bundle.digest}`,
      problem: { code: 'OCI_SUBJECT', expected: image.digest, found: other.digest },
    });
  });

  test('that names no image at all', async () => {
    const { find, content, putList } = await open({ referrers: 'none' });
    putList([putImage(content, 'app', { artifactType: SIGSTORE_BUNDLE, layers: [{ mediaType: SIGSTORE_BUNDLE, bytes: utf8('x') }] }) as Descriptor]);
    expect((await find()).found).toMatchObject([{ problem: { code: 'OCI_SUBJECT', found: 'no subject' } }]);
  });

  test('whose blob is ours all the same', async () => {
    const { find, content, image, other, putList } = await open({ referrers: 'none' }).then((scene) => ({
      ...scene,
      other: putImage(scene.content, 'app', { annotations: { other: 'image' } }) as Descriptor,
    }));
    // The same bundle, attached to both: only the manifest that names us counts.
    const [theirs, ours] = [putBundle(content, other, 'the same'), putBundle(content, image, 'the same')];
    putList([theirs, ours]);
    const { found } = await find({ only: 'bundles' });
    expect(found.map(({ reference, format }) => [reference.split('@')[1], format])).toEqual(
      expect.arrayContaining([
        [theirs.digest, undefined],
        [ours.digest, 'bundle'],
      ]),
    );
  });
});

describe('evidence that cannot be read', () => {
  const on = { path: /\/blobs\// };
  test.each<[string, Lie, string]>([
    ['other bytes', { lie: 'other-bytes', on: { ...on, times: 1 } }, 'OCI_DIGEST_MISMATCH'],
    ['too few bytes', { lie: 'wrong-size', by: -1, on: { ...on, times: 1 } }, 'OCI_SIZE_MISMATCH'],
    ['a blob that is not there', { lie: 'status', status: 404, on: { ...on, times: 1 } }, 'OCI_NOT_FOUND'],
    ['a blob that is denied', { lie: 'status', status: 403, on: { ...on, times: 1 } }, 'OCI_DENIED'],
    ['a registry that is broken', { lie: 'status', status: 500, on: { ...on, times: 3 } }, 'OCI_STATUS'],
    ['a connection that is reset', { lie: 'reset', on: { ...on, times: 3 } }, 'NET_UNREACHABLE'],
    ['a blob without an end', { lie: 'endless', on: { ...on, times: 1 } }, 'NET_TOO_LARGE'],
    ['a manifest of other bytes', { lie: 'other-bytes', on: { path: /manifests\/sha256:/, times: 1 } }, 'OCI_DIGEST_MISMATCH'],
    ['a manifest that is denied', { lie: 'status', status: 403, on: { path: /manifests\/sha256:/, times: 1 } }, 'OCI_DENIED'],
    ['a manifest of another type', { lie: 'content-type', is: OCI_INDEX, on: { path: /manifests\/sha256:/, times: 1 } }, 'OCI_CONTENT_TYPE'],
  ])('stands beside what can, as a bundle: %s', async (_, lie, code) => {
    const { find, content, image } = await open({ lies: [lie] });
    putBundle(content, image, 'one');
    putBundle(content, image, 'two');
    const { texts, codes } = await find();
    expect(codes).toEqual([code]);
    expect(texts.filter((text) => text === 'one' || text === 'two')).toHaveLength(1);
  });

  test('nor under a tag keeps the next from being read', async () => {
    const { find, content, image } = await open({ lies: [{ lie: 'other-bytes', on: { ...on, times: 1 } }] });
    putLayers(content, image.digest, 'sig', [{ content: 'one' }, { content: 'two' }]);
    expect((await find()).texts).toEqual(['OCI_DIGEST_MISMATCH', 'two']);
  });

  test('since it is listed and not there', async () => {
    const { find, content, image, putList } = await open({ referrers: 'none' });
    const gone = { mediaType: OCI_MANIFEST, digest: NOWHERE, size: 1 };
    putList([gone, putBundle(content, image, 'there')]);
    expect((await find()).texts.toSorted()).toEqual(['OCI_NOT_FOUND', 'there']);
  });

  test('in one place is read in another that has it', async () => {
    const { find, content, image, putList, repository } = await open({ referrers: 'none' });
    const bundle = putBundle(content, image, 'in the side repository', 'side');
    putList([bundle], 'side');
    putList([bundle]);
    expect((await find({ sideRepository: repository('side') })).texts).toEqual(['OCI_NOT_FOUND', 'in the side repository']);
  });

  test('since it is larger than it may be is not fetched', async () => {
    const { find, content, image, steps } = await open();
    putBundle(content, image, 'x'.repeat(101));
    expect((await find({ maxBytes: 100, only: 'bundles' })).codes).toEqual(['OCI_LIMIT']);
    expect(steps().filter((step) => step.includes('blobs'))).toEqual([]);
  });

  test('since there is more of it than anybody writes', async () => {
    const { find, content, image, steps } = await open();
    const layers = Array.from({ length: 1001 }, () => ({ content: 'the same' }));
    putLayers(content, image.digest, 'sig', layers);
    expect((await find({ only: 'tags' })).answers[0]).toMatchObject({ problem: { code: 'OCI_LIMIT' } });
    expect(steps().filter((step) => step.includes('blobs'))).toEqual([]);
    putBundle(content, image, 'good');
    putImage(content, 'app', { subject: image, layers: layers.map(() => ({ mediaType: SIGSTORE_BUNDLE, bytes: utf8('same') })) });
    expect((await find({ only: 'bundles' })).texts.toSorted()).toEqual(['OCI_LIMIT', 'good']);
  });
});

describe('a place that refuses', () => {
  const PLACES = [/referrers/, /sha256-[0-9a-f]{64}$/, /\.sig$/, /\.att$/];
  const REFUSALS = [
    [401, 'OCI_UNAUTHORIZED'],
    [403, 'OCI_DENIED'],
    [429, 'OCI_RATE_LIMITED'],
    [500, 'OCI_STATUS'],
  ] as const;

  test.each(PLACES.flatMap((path, i) => REFUSALS.map(([status, code]) => ({ path, i, status, code }))))(
    '$path with $status says so, and the others are asked',
    async ({ path, i, status, code }) => {
      const { find, content, image } = await open({ lies: [{ lie: 'status', status, on: { path } }] });
      putBundle(content, image, 'bundle');
      putLayers(content, image.digest, 'sig', [{ content: 'signature' }]);
      putLayers(content, image.digest, 'att', [{ content: 'attestation' }]);
      const { answers, texts } = await find();
      expect(answers.map(({ problem }) => problem?.code)).toEqual(PLACES.map((_, place) => (place === i ? code : undefined)));
      expect(texts).toEqual(['bundle', 'signature', 'attestation'].filter((_, place) => place !== [0, -1, 1, 2][i]));
      expect(answers[i]?.says).toBe(answers[i]?.problem?.message);
    },
  );

  test.each<[string, Lie, string]>([
    ['ten thousand referrers', { lie: 'many-referrers' }, 'OCI_LIMIT'],
    ['no JSON', { lie: 'malformed-json', on: { path: /referrers/ } }, 'OCI_MANIFEST'],
    ['a nesting bomb', { lie: 'deep-json', on: { path: /referrers/ } }, 'OCI_MANIFEST'],
    ['a list without an end', { lie: 'endless', on: { path: /referrers/ } }, 'NET_TOO_LARGE'],
    ['half a list', { lie: 'truncated', on: { path: /referrers/ } }, 'NET_UNREACHABLE'],
  ])('to answer well: %s', async (_, lie, code) => {
    const { find, content, image } = await open({ lies: [lie] });
    putLayers(content, image.digest, 'sig', [{ content: 'signature' }]);
    const { answers, texts } = await find();
    expect([answers[0]?.problem?.code, texts]).toEqual([code, ['signature']]);
  });

  test('everything leaves four answers, each with its reason', async () => {
    const { find } = await open({ lies: [{ lie: 'status', status: 403, on: { path: /sha256/ } }] });
    expect((await find()).answers.map(({ problem }) => problem?.code)).toEqual(Array.from({ length: 4 }, () => 'OCI_DENIED'));
  });
});

describe('older evidence', () => {
  test('has its annotations and the digest of its layer', async () => {
    const { find, content, image, host } = await open();
    const annotations = { 'dev.cosignproject.cosign/signature': 'c2ln' };
    const { digest } = putLayers(content, image.digest, 'sig', [{ content: 'payload', annotations }]);
    const [layer] = [content.putBlob('app', utf8('payload'))];
    expect((await find()).found).toEqual([
      { format: 'payload', content: utf8('payload'), annotations, digest: layer?.digest, reference: `${host}/app@${digest}` },
    ]);
  });

  test("under Docker's media types is the same", async () => {
    const { find, content, image } = await open();
    putLayers(content, image.digest, 'sig', [{ content: 'payload' }], { mediaType: DOCKER_MANIFEST });
    expect((await find()).texts).toEqual(['payload']);
  });

  test('is told by the type of its layers, not by its tag', async () => {
    const { find, content, image } = await open();
    const mediaTypes = ['application/vnd.dsse.envelope.v1+json', SIGSTORE_BUNDLE, 'text/plain', 'application/vnd.dev.cosign.simplesigning.v1+json'];
    putLayers(
      content,
      image.digest,
      'sig',
      mediaTypes.map((mediaType) => ({ content: mediaType, mediaType })),
    );
    const { found, says } = await find({ only: 'tags', want: ['signatures'] });
    expect([found.map(({ format }) => format), says]).toEqual([['envelope', 'bundle', 'payload'], ['3 signatures']]);
  });

  test('that is an index is none', async () => {
    const { find, content, image } = await open();
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [] }), { tag: attachmentTag(image.digest, 'sig') });
    expect((await find({ only: 'tags' })).says).toEqual(['0 signatures', 'no such tag']);
  });
});

test('in a layout evidence is found as in a registry', async () => {
  const { find, content, image, repository } = await open();
  const bundle = putBundle(content, image, 'bundle');
  putLayers(content, image.digest, 'att', [{ content: 'attestation' }]);
  const layout = Layout.openOrCreate(temporaryFolder());
  const from = repository();
  for (const [target, tag] of [
    ['v1', 'v1'],
    [bundle.digest, undefined],
    [attachmentTag(image.digest, 'att'), attachmentTag(image.digest, 'att')],
  ] as const) {
    await copyImage(await from.requireManifest(target), tag, { from, to: layout });
  }
  const { texts, says } = await find({ image: layout });
  expect([texts, says]).toEqual([
    ['bundle', 'attestation'],
    ['1 with this subject, 1 with evidence', 'no such tag', '1 attestation'],
  ]);
});

test('an image with a SHA-512 digest has no tags, and is told so', async () => {
  const { find, content, image } = await open();
  const bytes = content.getManifest('app', image.digest)?.bytes ?? new Uint8Array(0);
  const { digest } = content.putManifest('app', bytes, { algorithm: 'sha512' });
  expect((await find({ digest: digest as Digest })).says).toEqual(['none', 'no such tag', 'no such tag', 'no such tag']);
});
