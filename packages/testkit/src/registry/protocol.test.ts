/** The honest registry, asked endpoint by endpoint as the distribution specification 1.1 numbers them. */
import { utf8 } from '@assay/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AskOptions, ask, codesOf } from './ask.ts';
import { digestOf, OCI_INDEX, OCI_MANIFEST, putImage, type RegistryOptions, serveRegistry } from './index.ts';

async function open(options: RegistryOptions = {}) {
  const registry = await serveRegistry(options);
  onTestFinished(() => registry.close());
  const at = (path: string, asked?: AskOptions) => ask(registry.url + path, asked);
  return { registry, content: registry.content, at };
}

const NOWHERE = `sha256:${'0'.repeat(64)}`;

test('answers for its version, and records what was asked', async () => {
  const { registry, at } = await open();
  expect(await at('/v2/', { headers: { 'X-Test': 'yes' } })).toMatchObject({ status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' } });
  expect(registry.requests).toMatchObject([{ method: 'GET', path: '/v2/', headers: { 'x-test': 'yes' }, status: 200 }]);
  registry.reset();
  expect(registry.requests).toEqual([]);
});

describe('pulling', () => {
  test('a manifest by tag and by digest, byte for byte', async () => {
    const { content, at } = await open();
    const { digest, size } = putImage(content, 'team/app', { tag: 'v1' });
    for (const reference of ['v1', digest, encodeURIComponent(digest)]) {
      const answer = await at(`/v2/team/app/manifests/${reference}`);
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': OCI_MANIFEST, 'docker-content-digest': digest, 'content-length': String(size) },
      });
      expect(digestOf(answer.body)).toBe(digest);
    }
    const head = await at('/v2/team/app/manifests/v1', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest, 'content-length': String(size) }, text: '' });
  });

  test.each([
    ['whole', undefined, 200, '0123456789', undefined],
    ['from a byte on', 'bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['a part', 'bytes=2-3', 206, '23', 'bytes 2-3/10'],
    ['beyond the end', 'bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['the last bytes', 'bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['two ranges, which it may ignore', 'bytes=0-1,4-5', 200, '0123456789', undefined],
  ])('a blob: %s', async (_, range, status, text, contentRange) => {
    const { content, at } = await open();
    const { digest } = content.putBlob('app', utf8('0123456789'));
    const answer = await at(`/v2/app/blobs/${digest}`, range === undefined ? {} : { headers: { Range: range } });
    expect(answer).toMatchObject({ status, text, headers: { 'docker-content-digest': digest } });
    expect(answer.headers['content-range']).toBe(contentRange);
  });

  test('refuses a range behind the end, and says how long the blob is', async () => {
    const { content, at } = await open();
    const { digest } = content.putBlob('app', utf8('0123456789'));
    expect(await at(`/v2/app/blobs/${digest}`, { headers: { Range: 'bytes=10-' } })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
  });

  test('without support for ranges, a range gets the whole blob', async () => {
    const { content, at } = await open({ blobRanges: false });
    const { digest } = content.putBlob('app', utf8('0123456789'));
    expect(await at(`/v2/app/blobs/${digest}`, { headers: { Range: 'bytes=4-' } })).toMatchObject({ status: 200, text: '0123456789' });
  });

  test('sends those who get a blob to another server, and nobody else', async () => {
    const { content, registry: store } = await open();
    const { at } = await open({ content, blobRedirect: store.url });
    const { digest } = content.putBlob('app', utf8('elsewhere'));
    const path = `/v2/app/blobs/${digest}`;
    expect(await at(path)).toMatchObject({ status: 307, headers: { location: store.url + path }, text: '' });
    expect(await ask(store.url + path)).toMatchObject({ status: 200, text: 'elsewhere' });
    expect(await at(path, { method: 'HEAD' })).toMatchObject({ status: 200, headers: { 'content-length': '9' } });
  });

  test.each([
    ['/v2/app/manifests/none', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/app/manifests/${NOWHERE}`, 404, 'MANIFEST_UNKNOWN'],
    ['/v2/none/manifests/v1', 404, 'NAME_UNKNOWN'],
    [`/v2/app/blobs/${NOWHERE}`, 404, 'BLOB_UNKNOWN'],
    [`/v2/none/blobs/${NOWHERE}`, 404, 'NAME_UNKNOWN'],
    ['/v2/app/blobs/sha256:abc', 400, 'DIGEST_INVALID'],
    [`/v2/app/manifests/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
    ['/v2/app/manifests/-dash', 400, 'MANIFEST_INVALID'],
    ['/v2/UPPER/manifests/v1', 400, 'NAME_INVALID'],
    ['/v2/a..b/tags/list', 400, 'NAME_INVALID'],
    ['/v2/none/tags/list', 404, 'NAME_UNKNOWN'],
    ['/v2/app/blobs/uploads/none', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['/v2/app/other', 404, 'UNSUPPORTED'],
  ])('refuses %s: %i %s', async (path, status, code) => {
    const { content, at } = await open();
    putImage(content, 'app', { tag: 'v1' });
    const answer = await at(path);
    expect(answer.status).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
  });
});

describe('pushing a manifest', () => {
  const push = (body: string | Uint8Array, type = OCI_MANIFEST): AskOptions => ({ method: 'PUT', headers: { 'Content-Type': type }, body });

  async function withImage(options: RegistryOptions = {}) {
    const scene = await open(options);
    const { digest } = putImage(scene.content, 'source');
    const manifest = Buffer.from(scene.content.getManifest('source', digest)?.bytes ?? []);
    putImage(scene.content, 'app', { annotations: { only: 'for its blobs' } });
    return { ...scene, manifest, digest };
  }

  test('by tag and by digest, kept byte for byte', async () => {
    const { at, content, manifest, digest } = await withImage();
    for (const reference of ['v1', digest]) {
      const answer = await at(`/v2/app/manifests/${reference}`, push(manifest));
      expect(answer).toMatchObject({ status: 201, headers: { location: `/v2/app/manifests/${digest}`, 'docker-content-digest': digest } });
    }
    expect(content.getManifest('app', 'v1')).toMatchObject({ digest, mediaType: OCI_MANIFEST });
    expect(content.getManifest('app', digest)?.bytes).toEqual(manifest);
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('by a SHA-512 digest', async () => {
    const { at, manifest } = await withImage();
    const digest = digestOf(manifest, 'sha512');
    expect(await at(`/v2/app/manifests/${digest}`, push(manifest))).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    expect(await at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } });
  });

  test.each([
    ['OCI-Subject where the referrers API is', 'api', true],
    ['no OCI-Subject where it is not', 'none', false],
  ] as const)('answers a manifest with a subject, even an unknown one, with %s', async (_, referrers, shows) => {
    const { at } = await open({ referrers });
    const subject = { mediaType: OCI_MANIFEST, digest: NOWHERE, size: 2 };
    const answer = await at('/v2/app/manifests/v1', push(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [], subject })));
    expect(answer.status).toBe(201);
    expect(answer.headers['oci-subject']).toBe(shows ? NOWHERE : undefined);
  });

  const layer = { mediaType: 'application/x', digest: NOWHERE, size: 1 };
  test.each([
    ['a digest that is another', `manifests/${NOWHERE}`, '{}', 400, 'DIGEST_INVALID'],
    ['text that is not JSON', 'manifests/v1', '{', 400, 'MANIFEST_INVALID'],
    ['layers that are no list', 'manifests/v1', '{"layers":{}}', 400, 'MANIFEST_INVALID'],
    ['a descriptor without a digest', 'manifests/v1', '{"layers":[{"mediaType":"a","size":1}]}', 400, 'MANIFEST_INVALID'],
    ['a layer that is not there', 'manifests/v1', JSON.stringify({ layers: [layer] }), 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['a config that is not there', 'manifests/v1', JSON.stringify({ config: layer }), 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['an index of a manifest that is not there', 'manifests/v1', JSON.stringify({ manifests: [layer] }), 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['another media type inside', 'manifests/v1', JSON.stringify({ mediaType: OCI_INDEX }), 400, 'MANIFEST_INVALID'],
    ['more than 4 MiB', 'manifests/v1', `{}${' '.repeat(4 * 1024 * 1024)}`, 413, 'MANIFEST_INVALID'],
  ])('refuses %s', async (_, path, body, status, code) => {
    const { at, content } = await open();
    const answer = await at(`/v2/app/${path}`, push(body));
    expect(answer.status).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    expect(content.repositories.has('app')).toBe(false);
  });

  test('takes layers that are kept elsewhere, and anything when references are not checked', async () => {
    const strict = await open();
    expect(await strict.at('/v2/app/manifests/v1', push(JSON.stringify({ layers: [{ ...layer, urls: ['https://example.com/l'] }] })))).toMatchObject({
      status: 201,
    });
    const lax = await open({ checkReferences: false });
    expect(await lax.at('/v2/app/manifests/v1', push(JSON.stringify({ layers: [layer] })))).toMatchObject({ status: 201 });
  });
});

describe('deleting', () => {
  test('a tag leaves the manifest; a manifest takes its tags along', async () => {
    const { at, content } = await open();
    const { digest } = putImage(content, 'app', { tag: 'v1' });
    expect(await at('/v2/app/manifests/v1', { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(await at('/v2/app/manifests/v1')).toMatchObject({ status: 404 });
    expect(await at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200 });
    putImage(content, 'app', { tag: 'v2' });
    expect(await at(`/v2/app/manifests/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(await at('/v2/app/manifests/v2')).toMatchObject({ status: 404 });
    expect(content.tags('app')).toEqual([]);
    expect(await at(`/v2/app/manifests/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
  });

  test('a blob', async () => {
    const { at, content } = await open();
    const { digest } = content.putBlob('app', utf8('gone'));
    expect(await at(`/v2/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(await at(`/v2/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
  });

  test.each([400, 405] as const)('is answered %i where it is disabled', async (deletes) => {
    const { at, content } = await open({ deletes });
    const { digest } = putImage(content, 'app', { tag: 'v1' });
    const blob = content.putBlob('app', utf8('stays'));
    for (const path of ['manifests/v1', `manifests/${digest}`, `blobs/${blob.digest}`]) {
      const answer = await at(`/v2/app/${path}`, { method: 'DELETE' });
      expect([answer.status, codesOf(answer)]).toEqual([deletes, ['UNSUPPORTED']]);
      expect(await at(`/v2/app/${path}`)).toMatchObject({ status: 200 });
    }
  });

  test('directly: a tag, once', async () => {
    const { content } = await open();
    putImage(content, 'app', { tag: 'v1' });
    expect([content.deleteTag('app', 'v1'), content.deleteTag('app', 'v1'), content.tags('app')]).toEqual([true, false, []]);
  });
});

describe('listing tags', () => {
  async function withTags(options: RegistryOptions = {}) {
    const scene = await open(options);
    for (const tag of ['b', 'a', 'C', 'd']) putImage(scene.content, 'app', { tag });
    const list = async (query: string) => {
      const { text, headers } = await scene.at(`/v2/app/tags/list${query}`);
      return { ...(JSON.parse(text) as { name: string; tags: string[] }), link: headers['link'] };
    };
    return { ...scene, list };
  }

  test.each([
    ['', ['C', 'a', 'b', 'd'], undefined],
    ['?n=2', ['C', 'a'], '</v2/app/tags/list?n=2&last=a>; rel="next"'],
    ['?n=2&last=a', ['b', 'd'], undefined],
    ['?last=a', ['b', 'd'], undefined],
    ['?n=4', ['C', 'a', 'b', 'd'], undefined],
    ['?n=0', [], undefined],
    ['?n=2&last=zzz', [], undefined],
  ])('tags/list%s: %j', async (query, tags, link) => {
    const { list } = await withTags();
    expect(await list(query)).toEqual({ name: 'app', tags, link });
  });

  test('a page is no longer than the registry likes, and its link may be absolute', async () => {
    const { list, registry } = await withTags({ tagsPageSize: 3, locations: 'absolute' });
    expect(await list('?n=100')).toMatchObject({ tags: ['C', 'a', 'b'], link: `<${registry.url}/v2/app/tags/list?n=100&last=b>; rel="next"` });
  });

  test('refuses a number that is none', async () => {
    const { at } = await withTags();
    expect(await at('/v2/app/tags/list?n=-1')).toMatchObject({ status: 400 });
  });
});

describe('referrers', () => {
  async function withReferrers(options: RegistryOptions = {}) {
    const scene = await open(options);
    const image = putImage(scene.content, 'app', { tag: 'v1' });
    const config = { mediaType: 'application/vnd.example.config', bytes: utf8('{}') };
    const typed = putImage(scene.content, 'app', { subject: image, artifactType: 'application/vnd.example.sbom', annotations: { made: 'here' } });
    const untyped = putImage(scene.content, 'app', { subject: image, config });
    const index = scene.content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], subject: image });
    const list = async (query = '', digest = image.digest) => {
      const answer = await scene.at(`/v2/app/referrers/${digest}${query}`);
      return { ...answer, manifests: (JSON.parse(answer.text) as { manifests: { digest: string }[] }).manifests };
    };
    return { ...scene, image, typed, untyped, index, list };
  }

  test('lists each with its type and annotations; an index has no type of its config', async () => {
    const { typed, untyped, index, list } = await withReferrers();
    const { status, headers, manifests } = await list();
    expect([status, headers['content-type']]).toEqual([200, OCI_INDEX]);
    const expected = [
      { ...typed, artifactType: 'application/vnd.example.sbom', annotations: { made: 'here' } },
      { ...untyped, artifactType: 'application/vnd.example.config' },
      index,
    ];
    expect(manifests).toEqual(expected.sort((a, b) => (a.digest < b.digest ? -1 : 1)));
  });

  test('filters by type, and says so', async () => {
    const { typed, list } = await withReferrers();
    const query = `?artifactType=${encodeURIComponent('application/vnd.example.sbom')}`;
    expect(await list(query)).toMatchObject({ manifests: [{ digest: typed.digest }], headers: { 'oci-filters-applied': 'artifactType' } });
  });

  test('does not filter, and does not say so, where filters are not applied', async () => {
    const { list } = await withReferrers({ filterReferrers: false });
    const { manifests, headers } = await list('?artifactType=application%2Fvnd.example.sbom');
    expect(manifests).toHaveLength(3);
    expect(headers['oci-filters-applied']).toBeUndefined();
  });

  test('pages lead to all of them, once each', async () => {
    const { registry, image, list } = await withReferrers({ referrersPageSize: 2 });
    const found: string[] = [];
    let path: string | undefined = `/v2/app/referrers/${image.digest}`;
    while (path !== undefined) {
      const { text, headers }: Awaited<ReturnType<typeof ask>> = await ask(registry.url + path);
      found.push(...(JSON.parse(text) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest));
      path = /^<(.+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
    }
    expect((await list()).manifests).toHaveLength(2);
    expect([found.length, new Set(found).size]).toEqual([3, 3]);
  });

  test('an empty list for a subject without any, and in a repository that is not there', async () => {
    const { at, list } = await withReferrers();
    expect(await list('', NOWHERE)).toMatchObject({ status: 200, manifests: [] });
    expect(await at(`/v2/none/referrers/${NOWHERE}`)).toMatchObject({ status: 200 });
    expect(await at('/v2/app/referrers/sha256:short')).toMatchObject({ status: 400 });
  });

  test.each([
    ['none', 404],
    [400, 400],
    [406, 406],
  ] as const)('with referrers %s the path answers %i', async (referrers, status) => {
    const { at, image } = await withReferrers({ referrers });
    expect(await at(`/v2/app/referrers/${image.digest}`)).toMatchObject({ status });
  });
});

test('a rate limit answers 429 to the first requests of a path only', async () => {
  const { content, at, registry } = await open({ rateLimit: { path: /\/manifests\//, requests: 2, retryAfter: '7' } });
  putImage(content, 'app', { tag: 'v1' });
  expect(await at('/v2/')).toMatchObject({ status: 200 });
  for (const _ of [1, 2]) {
    const limited = await at('/v2/app/manifests/v1');
    expect([limited.status, limited.headers['retry-after'], codesOf(limited)]).toEqual([429, '7', ['TOOMANYREQUESTS']]);
  }
  expect(await at('/v2/app/manifests/v1')).toMatchObject({ status: 200 });
  registry.reset();
  expect(await at('/v2/app/manifests/v1')).toMatchObject({ status: 429 });
});
