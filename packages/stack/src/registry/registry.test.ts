/** The endpoints of the distribution specification 1.1, one after the other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  codesOf,
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  digestOf,
  filesBelow,
  OCI_INDEX,
  OCI_MANIFEST,
  openScene,
  putBlob,
  putImage,
  putManifest,
  streamOf,
} from '../../test/registry-scene.ts';

const NOWHERE = `sha256:${'0'.repeat(64)}`;
const MIB = 1024 * 1024;

describe('every answer', () => {
  test.each([
    ['of a version', '/v2/', 'GET', 200],
    ['of a version without a slash', '/v2', 'GET', 200],
    ['of a list', '/v2/_catalog', 'GET', 200],
    ['that refuses', `/v2/app/blobs/${NOWHERE}`, 'GET', 404],
    ['to HEAD', `/v2/app/blobs/${NOWHERE}`, 'HEAD', 404],
    ['to a method that nobody knows', '/v2/app/tags/list', 'PURGE', 405],
    ['to what is no endpoint', '/v2/app/other', 'GET', 404],
    ['to what is no text', '/v2/%ff/tags/list', 'GET', 400],
  ])('%s keeps browsers from running what was pushed', async (_, path, method, status) => {
    const { at } = await openScene();
    expect(await at(path, { method })).toMatchObject({
      status,
      headers: {
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'docker-distribution-api-version': 'registry/2.0',
      },
    });
  });

  test('of content too, which may be a page', async () => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', '<script>alert(1)</script>');
    expect(await scene.at(`/v2/app/blobs/${digest}`)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'" },
    });
  });

  test.each(['/oidc/login', '/v2/../oidc/login', '/v2/%2e%2e/oidc/login', '/v20/'])('leaves %s to others', async (path) => {
    const { at } = await openScene();
    expect((await at(path)).headers['docker-distribution-api-version']).toBeUndefined();
  });
});

describe('pulling', () => {
  test('a manifest by tag and by digest, byte for byte', async () => {
    const scene = await openScene();
    const { digest, size } = await putImage(scene, 'team/app', { reference: 'v1' });
    for (const reference of ['v1', digest, encodeURIComponent(digest)]) {
      const answer = await scene.at(`/v2/team/app/manifests/${reference}`);
      const headers = { 'content-type': OCI_MANIFEST, 'docker-content-digest': digest, 'content-length': String(size) };
      expect(answer).toMatchObject({ status: 200, headers });
      expect(digestOf(answer.body)).toBe(digest);
      expect(await scene.at(`/v2/team/app/manifests/${reference}`, { method: 'HEAD' })).toMatchObject({ status: 200, headers, text: '' });
    }
  });

  test.each([
    ['whole', undefined, 200, '0123456789', undefined],
    ['from a byte on', 'bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['a part', 'bytes=2-3', 206, '23', 'bytes 2-3/10'],
    ['a byte', 'bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['beyond the end', 'bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['the last bytes', 'bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['more last bytes than there are', 'bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
    ['two ranges, which it may ignore', 'bytes=0-1,4-5', 200, '0123456789', undefined],
    ['a range that goes back, which is none', 'bytes=5-4', 200, '0123456789', undefined],
    ['a range of nothing, which is none', 'bytes=-', 200, '0123456789', undefined],
    ['a range in another unit', 'lines=1-2', 200, '0123456789', undefined],
  ])('a blob: %s', async (_, range, status, text, contentRange) => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', '0123456789');
    const answer = await scene.at(`/v2/app/blobs/${digest}`, range === undefined ? {} : { headers: { Range: range } });
    expect(answer).toMatchObject({
      status,
      text,
      headers: { 'docker-content-digest': digest, 'accept-ranges': 'bytes', 'content-length': String(text.length) },
    });
    expect(answer.headers['content-range']).toBe(contentRange);
  });

  test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('refuses %s, and says how long the blob is', async (range) => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', '0123456789');
    const answer = await scene.at(`/v2/app/blobs/${digest}`, { headers: { Range: range } });
    expect(answer).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
  });

  test('the head of a blob has its length, and no range', async () => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', '0123456789');
    const answer = await scene.at(`/v2/app/blobs/${digest}`, { method: 'HEAD', headers: { Range: 'bytes=1-2' } });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '10', 'docker-content-digest': digest }, text: '' });
  });

  test('an empty blob', async () => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', '');
    expect(await scene.at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } });
    expect(await scene.at(`/v2/app/blobs/${digest}`, { headers: { Range: 'bytes=0-' } })).toMatchObject({ status: 416 });
  });

  test('a blob goes on while it is deleted', async () => {
    const scene = await openScene();
    const bytes = new Uint8Array(3 * MIB).map((_, i) => i % 251);
    const { digest } = await putBlob(scene, 'app', bytes);
    const response = await scene.registry.app.fetch(new Request(`http://127.0.0.1/v2/app/blobs/${digest}`));
    expect(await scene.at(`/v2/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digest);
    expect(await scene.at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 404 });
  });

  test.each([
    ['/v2/app/manifests/none', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/app/manifests/${NOWHERE}`, 404, 'MANIFEST_UNKNOWN'],
    ['/v2/none/manifests/v1', 404, 'NAME_UNKNOWN'],
    [`/v2/app/blobs/${NOWHERE}`, 404, 'BLOB_UNKNOWN'],
    [`/v2/none/blobs/${NOWHERE}`, 404, 'NAME_UNKNOWN'],
    ['/v2/app/blobs/sha256:abc', 400, 'DIGEST_INVALID'],
    [`/v2/app/blobs/md5:${'0'.repeat(32)}`, 400, 'DIGEST_INVALID'],
    [`/v2/app/blobs/sha256:${'0'.repeat(64)}%0a`, 400, 'DIGEST_INVALID'],
    [`/v2/app/manifests/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
    ['/v2/app/manifests/-dash', 400, 'MANIFEST_INVALID'],
    ['/v2/app/manifests/.dot', 400, 'MANIFEST_INVALID'],
    [`/v2/app/manifests/${'a'.repeat(129)}`, 400, 'MANIFEST_INVALID'],
    ['/v2/app/manifests/v1%00', 400, 'MANIFEST_INVALID'],
    ['/v2/UPPER/manifests/v1', 400, 'NAME_INVALID'],
    ['/v2/_blobs/manifests/v1', 400, 'NAME_INVALID'],
    ['/v2/a..b/tags/list', 400, 'NAME_INVALID'],
    ['/v2/a//b/tags/list', 400, 'NAME_INVALID'],
    ['/v2/..%2f..%2fetc/tags/list', 400, 'NAME_INVALID'],
    ['/v2/app%2f..%2f..%2f..%2fetc/manifests/passwd', 400, 'NAME_INVALID'],
    ['/v2/app/manifests/..%2f..%2fsecret', 404, 'UNSUPPORTED'],
    ['/v2/app/blobs/..%5c..%5csecret', 400, 'DIGEST_INVALID'],
    ['/v2/app%00/tags/list', 400, 'NAME_INVALID'],
    [`/v2/${'a'.repeat(256)}/tags/list`, 400, 'NAME_INVALID'],
    ['/v2/none/tags/list', 404, 'NAME_UNKNOWN'],
    ['/v2/app/tags/list?n=x', 400, 'UNSUPPORTED'],
    ['/v2/app/tags/list?n=-1', 400, 'UNSUPPORTED'],
    ['/v2/app/blobs/uploads/none', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['/v2/app/blobs/uploads/', 405, 'UNSUPPORTED'],
    ['/v2/app/referrers/v1', 400, 'DIGEST_INVALID'],
    ['/v2/app/other', 404, 'UNSUPPORTED'],
  ])('refuses %s: %i %s', async (path, status, code) => {
    const scene = await openScene();
    await putImage(scene, 'app', { reference: 'v1' });
    const answer = await scene.at(path);
    expect(answer.status).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
  });

  test('names as long and as odd as the specification allows', async () => {
    const scene = await openScene();
    for (const name of [
      'a',
      'a-b',
      'a--b',
      'a__b',
      'a.b/c_d/e-f',
      'blobs/uploads',
      'tags/list',
      'a/manifests/b',
      '0'.repeat(255),
      Array(128).fill('x').join('/'),
    ]) {
      const { digest } = await putImage(scene, name, { reference: `_${'T'.repeat(127)}` });
      expect(await scene.at(`/v2/${name}/manifests/_${'T'.repeat(127)}`), name).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } });
      expect(JSON.parse((await scene.at(`/v2/${name}/tags/list`)).text)).toEqual({ name, tags: [`_${'T'.repeat(127)}`] });
    }
  });
});

describe('pushing a manifest', () => {
  async function withBlobs() {
    const scene = await openScene();
    const config = await putBlob(scene, 'app', '{}');
    const layer = await putBlob(scene, 'app', 'layer');
    return { ...scene, config, layer, image: { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] } };
  }

  test.each([OCI_MANIFEST, DOCKER_MANIFEST])('of type %s, by tag and by digest, kept byte for byte', async (mediaType) => {
    const scene = await withBlobs();
    const text = ` ${JSON.stringify({ ...scene.image, mediaType }, undefined, 3)}\n`;
    const digest = digestOf(text);
    for (const reference of ['v1', digest]) {
      const answer = await putManifest(scene, 'app', reference, text, `${mediaType}; charset=utf-8`);
      expect(answer).toMatchObject({ status: 201, headers: { location: `/v2/app/manifests/${digest}`, 'docker-content-digest': digest }, text: '' });
      expect(answer.headers['oci-subject']).toBeUndefined();
      expect(await scene.at(`/v2/app/manifests/${reference}`)).toMatchObject({ status: 200, text, headers: { 'content-type': mediaType } });
    }
  });

  test.each([OCI_INDEX, DOCKER_INDEX])('of type %s', async (mediaType) => {
    const scene = await withBlobs();
    const child = await putImage(scene, 'app');
    const text = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [child] });
    expect(await putManifest(scene, 'app', 'v1', text, mediaType)).toMatchObject({ status: 201 });
    expect(await scene.at('/v2/app/manifests/v1')).toMatchObject({ status: 200, text, headers: { 'content-type': mediaType } });
  });

  test.each([
    ['an image', (image: object) => ({ ...image, mediaType: undefined }), OCI_MANIFEST],
    ['an index', () => ({ schemaVersion: 2, manifests: [] }), OCI_INDEX],
  ])('without a media type is %s by its shape', async (_, change, mediaType) => {
    const scene = await withBlobs();
    const text = JSON.stringify(change(scene.image));
    expect(await scene.at('/v2/app/manifests/v1', { method: 'PUT', body: new TextEncoder().encode(text) })).toMatchObject({ status: 201 });
    expect(await putManifest(scene, 'app', 'v2', text, mediaType)).toMatchObject({ status: 201 });
    expect(await scene.at('/v2/app/manifests/v1', { method: 'HEAD' })).toMatchObject({ headers: { 'content-type': mediaType } });
  });

  test('an index of layers, as a build cache is', async () => {
    const scene = await withBlobs();
    const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [scene.layer, scene.config] });
    expect(await putManifest(scene, 'app', 'cache', text, OCI_INDEX)).toMatchObject({ status: 201 });
  });

  test('by a SHA-512 digest', async () => {
    const scene = await withBlobs();
    const text = JSON.stringify(scene.image);
    const digest = digestOf(text, 'sha512');
    expect(await putManifest(scene, 'app', digest, text)).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    expect(await scene.at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200, text, headers: { 'docker-content-digest': digest } });
  });

  test('moves a tag, and keeps what it was', async () => {
    const scene = await openScene();
    const [first, second] = [await putImage(scene, 'app', { reference: 'v1', layer: '1' }), await putImage(scene, 'app', { reference: 'v1', layer: '2' })];
    expect(await scene.at('/v2/app/manifests/v1')).toMatchObject({ headers: { 'docker-content-digest': second.digest } });
    expect(await scene.at(`/v2/app/manifests/${first.digest}`)).toMatchObject({ status: 200 });
  });

  test('layers that are kept elsewhere need not be here', async () => {
    const scene = await withBlobs();
    const layers = [{ mediaType: 'application/x', digest: NOWHERE, size: 1, urls: ['https://example.com/layer'] }];
    expect(await putManifest(scene, 'app', 'v1', JSON.stringify({ ...scene.image, layers }))).toMatchObject({ status: 201 });
  });

  const absent = { mediaType: 'application/x', digest: NOWHERE, size: 1 };
  test.each<[string, (image: object) => unknown, number, string, string?]>([
    ['text that is not JSON', () => '{', 400, 'MANIFEST_INVALID'],
    ['no object', () => '[]', 400, 'MANIFEST_INVALID'],
    ['nothing', () => '', 400, 'MANIFEST_INVALID'],
    ['a member twice', () => '{"schemaVersion":2,"schemaVersion":2}', 400, 'MANIFEST_INVALID'],
    ['schema version 1', (image) => ({ ...image, schemaVersion: 1 }), 400, 'MANIFEST_INVALID'],
    ['no config', (image) => ({ ...image, config: undefined }), 400, 'MANIFEST_INVALID'],
    ['layers that are no list', (image) => ({ ...image, layers: {} }), 400, 'MANIFEST_INVALID'],
    ['a layer that is no object', (image) => ({ ...image, layers: ['x'] }), 400, 'MANIFEST_INVALID'],
    ['a descriptor without a digest', (image) => ({ ...image, layers: [{ mediaType: 'a', size: 1 }] }), 400, 'MANIFEST_INVALID'],
    ['a descriptor with a path for a digest', (image) => ({ ...image, layers: [{ ...absent, digest: '../../x' }] }), 400, 'MANIFEST_INVALID'],
    ['a descriptor without a type', (image) => ({ ...image, layers: [{ digest: NOWHERE, size: 1 }] }), 400, 'MANIFEST_INVALID'],
    ['a size that is text', (image) => ({ ...image, layers: [{ ...absent, size: '1' }] }), 400, 'MANIFEST_INVALID'],
    ['a size below nothing', (image) => ({ ...image, layers: [{ ...absent, size: -1 }] }), 400, 'MANIFEST_INVALID'],
    ['annotations that are not text', (image) => ({ ...image, annotations: { a: 1 } }), 400, 'MANIFEST_INVALID'],
    ['a subject with a path for a digest', (image) => ({ ...image, subject: { ...absent, digest: 'sha256:../../../x' } }), 400, 'MANIFEST_INVALID'],
    ['an image that could be an index', (image) => ({ ...image, manifests: [] }), 400, 'MANIFEST_INVALID'],
    ['an image that says it is an index', (image) => ({ ...image, mediaType: OCI_INDEX }), 400, 'MANIFEST_INVALID', OCI_INDEX],
    ['another type inside', (image) => ({ ...image, mediaType: DOCKER_MANIFEST }), 400, 'MANIFEST_INVALID'],
    ['a type that is none of images', (image) => ({ ...image, mediaType: 'text/html' }), 400, 'MANIFEST_INVALID', 'text/html'],
    ["Docker's type without a word inside", (image) => ({ ...image, mediaType: undefined }), 400, 'MANIFEST_INVALID', DOCKER_MANIFEST],
    ['a layer that is not there', (image) => ({ ...image, layers: [absent] }), 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['a config that is not there', (image) => ({ ...image, config: absent }), 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['an index of what is not there', () => ({ schemaVersion: 2, manifests: [absent] }), 400, 'MANIFEST_BLOB_UNKNOWN', OCI_INDEX],
    ['more than 4 MiB', () => `{}${' '.repeat(4 * MIB)}`, 413, 'MANIFEST_INVALID'],
  ])('refuses %s', async (_, change, status, code, type) => {
    const scene = await withBlobs();
    const before = filesBelow(scene.folder);
    const body = change(scene.image);
    const answer = await putManifest(scene, 'app', 'v1', typeof body === 'string' ? body : JSON.stringify(body), type);
    expect([answer.status, codesOf(answer)]).toEqual([status, [code]]);
    expect(filesBelow(scene.folder)).toEqual(before);
  });

  test('refuses a body that breaks off', async () => {
    const scene = await withBlobs();
    const body = streamOf([new TextEncoder().encode(JSON.stringify(scene.image))], 'broken');
    const answer = await scene.at('/v2/app/manifests/v1', { method: 'PUT', body });
    expect([answer.status, codesOf(answer)]).toEqual([400, ['MANIFEST_INVALID']]);
    expect(await scene.at('/v2/app/manifests/v1')).toMatchObject({ status: 404 });
  });

  test('refuses a digest that is another', async () => {
    const scene = await withBlobs();
    const answer = await putManifest(scene, 'app', NOWHERE, JSON.stringify(scene.image));
    expect([answer.status, codesOf(answer)]).toEqual([400, ['DIGEST_INVALID']]);
  });

  test('takes 4 MiB', async () => {
    const scene = await withBlobs();
    const text = JSON.stringify(scene.image);
    expect(await putManifest(scene, 'app', 'v1', text + ' '.repeat(4 * MIB - text.length))).toMatchObject({ status: 201 });
  });

  test('blobs of another repository do not count', async () => {
    const scene = await withBlobs();
    const answer = await putManifest(scene, 'other', 'v1', JSON.stringify(scene.image));
    expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN']);
  });
});

describe('deleting', () => {
  test('a tag leaves the manifest; a manifest takes its tags along, and no other', async () => {
    const scene = await openScene();
    const remove = (path: string) => scene.at(`/v2/app/${path}`, { method: 'DELETE' });
    const { digest } = await putImage(scene, 'app', { reference: 'v1' });
    const other = await putImage(scene, 'app', { reference: 'other', layer: 'other' });
    expect(await remove('manifests/v1')).toMatchObject({ status: 202 });
    expect(await remove('manifests/v1')).toMatchObject({ status: 404 });
    expect(await scene.at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200 });
    await putImage(scene, 'app', { reference: 'v2' });
    expect(await remove(`manifests/${digest}`)).toMatchObject({ status: 202 });
    expect(await scene.at('/v2/app/manifests/v2')).toMatchObject({ status: 404 });
    expect(await remove(`manifests/${digest}`)).toMatchObject({ status: 404 });
    expect(JSON.parse((await scene.at('/v2/app/tags/list')).text)).toEqual({ name: 'app', tags: ['other'] });
    expect(await scene.at('/v2/app/manifests/other')).toMatchObject({ headers: { 'docker-content-digest': other.digest } });
  });

  test('a blob leaves it to other repositories; its content goes with the last', async () => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'app', 'shared');
    await putBlob(scene, 'team/app', 'shared');
    const content = `blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
    expect(filesBelow(scene.folder).filter((path) => path === content)).toEqual([content]);
    expect(await scene.at(`/v2/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(await scene.at(`/v2/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
    expect(await scene.at(`/v2/team/app/blobs/${digest}`)).toMatchObject({ status: 200, text: 'shared' });
    expect(await scene.at(`/v2/team/app/blobs/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    expect(filesBelow(scene.folder)).toEqual([]);
  });

  test('a referrer takes it from the list', async () => {
    const scene = await openScene();
    const subject = await putImage(scene, 'app');
    const { digest } = await putImage(scene, 'app', { more: { subject } });
    const before = filesBelow(scene.folder);
    expect(before.filter((path) => path.includes('_referrers'))).toHaveLength(1);
    await scene.at(`/v2/app/manifests/${digest}`, { method: 'DELETE' });
    expect(JSON.parse((await scene.at(`/v2/app/referrers/${subject.digest}`)).text)).toMatchObject({ manifests: [] });
    expect(filesBelow(scene.folder).filter((path) => path.includes('_referrers'))).toEqual([]);
  });
});

describe('lists', () => {
  test('tags, sorted, in pages that lead through all of them', async () => {
    const scene = await openScene();
    const tags = ['B', '_x', 'a', 'a.1', 'b', 'v10', 'v9'];
    for (const tag of tags.toReversed()) await putImage(scene, 'app', { reference: tag });
    expect(JSON.parse((await scene.at('/v2/app/tags/list')).text)).toEqual({ name: 'app', tags });
    const found: string[] = [];
    const sizes: number[] = [];
    for (let path: string | undefined = '/v2/app/tags/list?n=3'; path !== undefined; ) {
      const { text, headers } = await scene.at(path);
      const page = (JSON.parse(text) as { tags: string[] }).tags;
      found.push(...page);
      sizes.push(page.length);
      path = /^<(.*)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
    }
    expect(found).toEqual(tags);
    expect(sizes).toEqual([3, 3, 1]);
  });

  test.each([
    ['?n=0', [], undefined],
    ['?n=2', ['a', 'b'], '</v2/app/tags/list?n=2&last=b>; rel="next"'],
    ['?n=3', ['a', 'b', 'c'], undefined],
    ['?n=9', ['a', 'b', 'c'], undefined],
    ['?last=a', ['b', 'c'], undefined],
    ['?n=1&last=a', ['b'], '</v2/app/tags/list?n=1&last=b>; rel="next"'],
    ['?n=1&last=aa', ['b'], '</v2/app/tags/list?n=1&last=b>; rel="next"'],
    ['?last=c', [], undefined],
  ])('tags with %s', async (query, tags, link) => {
    const scene = await openScene();
    for (const tag of ['a', 'b', 'c']) await putImage(scene, 'app', { reference: tag });
    const answer = await scene.at(`/v2/app/tags/list${query}`);
    expect(JSON.parse(answer.text)).toEqual({ name: 'app', tags });
    expect(answer.headers['link']).toBe(link);
  });

  test('repositories that hold manifests, sorted, in pages', async () => {
    const scene = await openScene();
    for (const name of ['b', 'a/b', 'a', 'a-b']) await putImage(scene, name);
    await putBlob(scene, 'only-blobs', 'x');
    expect(JSON.parse((await scene.at('/v2/_catalog')).text)).toEqual({ repositories: ['a', 'a-b', 'a/b', 'b'] });
    const { headers } = await scene.at('/v2/_catalog?n=3');
    expect(headers['link']).toBe('</v2/_catalog?n=3&last=a%2Fb>; rel="next"');
    expect(JSON.parse((await scene.at('/v2/_catalog?n=3&last=a%2Fb')).text)).toEqual({ repositories: ['b'] });
  });

  test('referrers, with their artifact type and annotations', async () => {
    const scene = await openScene();
    const subject = await putImage(scene, 'app');
    const plain = await putImage(scene, 'app', { more: { subject } });
    const typed = await putImage(scene, 'app', { more: { subject, artifactType: 'application/x', annotations: { a: 'b' } } });
    const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], subject });
    expect(await putManifest(scene, 'app', 'index', index, OCI_INDEX)).toMatchObject({ status: 201, headers: { 'oci-subject': subject.digest } });
    const expected = [
      { ...plain, artifactType: 'application/vnd.oci.image.config.v1+json' },
      { ...typed, artifactType: 'application/x', annotations: { a: 'b' } },
      { mediaType: OCI_INDEX, digest: digestOf(index), size: index.length },
    ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const answer = await scene.at(`/v2/app/referrers/${subject.digest}`);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': OCI_INDEX } });
    expect(answer.headers['oci-filters-applied']).toBeUndefined();
    expect(JSON.parse(answer.text)).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: expected });
    const filtered = await scene.at(`/v2/app/referrers/${subject.digest}?artifactType=application%2Fx`);
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType');
    expect(JSON.parse(filtered.text)).toMatchObject({ manifests: expected.filter(({ digest }) => digest === typed.digest) });
  });

  test('referrers may come before what they belong to', async () => {
    const scene = await openScene();
    const subject = { mediaType: OCI_MANIFEST, digest: NOWHERE, size: 2 };
    const { digest } = await putImage(scene, 'app', { more: { subject } });
    expect(JSON.parse((await scene.at(`/v2/app/referrers/${NOWHERE}`)).text)).toMatchObject({ manifests: [{ digest }] });
  });

  test.each(['app', 'none'])('no referrers is an empty list, also of %s', async (repository) => {
    const scene = await openScene();
    await putImage(scene, 'app');
    expect(await scene.at(`/v2/${repository}/referrers/${NOWHERE}`)).toMatchObject({
      status: 200,
      text: JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }),
    });
  });

  test('referrers that are too many for one document come in pages, each once', async () => {
    const scene = await openScene();
    const subject = await putImage(scene, 'app');
    const digests: string[] = [];
    for (let i = 0; i < 7; i++) {
      const { digest } = await putImage(scene, 'app', { more: { subject, artifactType: `type/${i % 2}`, annotations: { large: `${i}`.repeat(MIB) } } });
      if (i % 2 === 0) digests.push(digest);
    }
    const found: string[] = [];
    let pages = 0;
    for (let path: string | undefined = `/v2/app/referrers/${subject.digest}?artifactType=type%2F0`; path !== undefined; pages++) {
      const { text, headers } = await scene.at(path);
      expect(headers['oci-filters-applied']).toBe('artifactType');
      found.push(...(JSON.parse(text) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest));
      path = /^<(.*)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
    }
    expect(found).toEqual(digests.sort());
    expect(pages).toBe(4);
  });
});

describe('a registry that is read-only', () => {
  test('serves, and refuses what would change it', async () => {
    const scene = await openScene();
    const { digest } = await putImage(scene, 'app', { reference: 'v1' });
    const before = filesBelow(scene.folder);
    const readOnly = await openScene({ folder: scene.folder, readOnly: true });
    expect(await readOnly.at('/v2/app/manifests/v1')).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } });
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['POST', `blobs/uploads/?mount=${NOWHERE}&from=app`],
      ['PUT', 'manifests/v2'],
      ['DELETE', 'manifests/v1'],
      ['DELETE', `manifests/${digest}`],
      ['DELETE', `blobs/${digestOf('layer')}`],
      ['PUT', 'blobs/uploads/x?digest=y'],
    ] as const) {
      const answer = await readOnly.at(`/v2/app/${path}`, { method });
      expect([method, path, answer.status, codesOf(answer)]).toEqual([method, path, 405, ['UNSUPPORTED']]);
    }
    expect(filesBelow(scene.folder)).toEqual(before);
  });
});

test('what it holds can be read with ls and cat', async () => {
  const scene = await openScene();
  const { digest } = await putImage(scene, 'team/app', { reference: 'v1', layer: 'the layer' });
  const [config, layer, manifest] = [digestOf('{}'), digestOf('the layer'), digest].map((text) => text.slice(7)) as [string, string, string];
  expect(filesBelow(scene.folder)).toEqual(
    [
      `blobs/sha256/${config.slice(0, 2)}/${config}`,
      `blobs/sha256/${layer.slice(0, 2)}/${layer}`,
      `repositories/team/app/_blobs/sha256/${config}`,
      `repositories/team/app/_blobs/sha256/${layer}`,
      `repositories/team/app/_manifests/sha256/${manifest}`,
      'repositories/team/app/_tags/v1',
    ].sort(),
  );
  expect(readFileSync(join(scene.folder, 'repositories/team/app/_tags/v1'), 'utf8')).toBe(`${digest}\n`);
});

test('all of it is there after a restart', async () => {
  const scene = await openScene();
  const subject = await putImage(scene, 'app', { reference: 'v1' });
  await putImage(scene, 'app', { more: { subject } });
  await scene.registry.close();
  const again = await openScene({ folder: scene.folder });
  for (const path of [
    '/v2/_catalog',
    '/v2/app/tags/list',
    '/v2/app/manifests/v1',
    `/v2/app/referrers/${subject.digest}`,
    `/v2/app/blobs/${digestOf('layer')}`,
  ]) {
    expect((await again.at(path)).text, path).toBe((await scene.at(path)).text);
  }
});
