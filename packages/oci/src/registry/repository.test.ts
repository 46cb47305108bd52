/** An honest registry, step by step: what comes, and with how many requests. */
import { utf8 } from '@assay/core';
import { OCI_INDEX as INDEX_TYPE, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { serve } from '../../../net/test/loopback.ts';
import { drained, openClient, openRegistry } from '../../test/open-registry.ts';
import type { Digest } from '../digest.ts';
import { encodeImage } from '../encode.ts';
import { type Descriptor, MAX_MANIFEST_BYTES } from '../manifest.ts';
import { DOCKER_INDEX, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts';
import { deleteTag } from './referrers.ts';

const API_VERSION = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
const NOWHERE: Digest = `sha256:${'0'.repeat(64)}`;

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  const bytes = opened.content.getManifest('app', 'v1')?.bytes ?? new Uint8Array(0);
  return { ...opened, client: opened.repository(), image, bytes };
}

describe('reading', () => {
  test('a manifest by tag and by digest: one request each', async () => {
    const { client, image, bytes, steps } = await open();
    for (const target of ['v1', image.digest]) {
      const stored = await client.requireManifest(target);
      expect(stored.descriptor).toEqual(image);
      expect(Buffer.from(stored.bytes)).toEqual(Buffer.from(bytes));
      expect(await client.manifest(target)).toEqual(stored);
    }
    expect(steps()).toEqual(['GET app/manifests/v1', 'GET app/manifests/v1', 'GET app/manifests/DIGEST', 'GET app/manifests/DIGEST']);
  });

  test('asks for every type of manifest that is known, and for nothing compressed', async () => {
    const { client, registry } = await open();
    await client.requireManifest('v1');
    expect(registry.requests[0]?.headers).toMatchObject({
      accept: [OCI_MANIFEST, INDEX_TYPE, DOCKER_MANIFEST, DOCKER_INDEX].join(', '),
      'accept-encoding': 'identity',
    });
  });

  test('a manifest by a SHA-512 digest', async () => {
    const { client, content, bytes } = await open();
    const { digest } = content.putManifest('app', bytes, { algorithm: 'sha512' });
    expect((await client.requireManifest(digest as Digest)).descriptor.digest).toBe(digest);
    expect((await client.resolve(digest as Digest))?.digest).toBe(digest);
  });

  test('the descriptor: one request without a body', async () => {
    const { client, image, steps } = await open();
    expect([await client.resolve('v1'), await client.resolve(image.digest)]).toEqual([image, image]);
    expect([await client.hasManifest(image.digest), await client.hasManifest(NOWHERE)]).toEqual([true, false]);
    expect(steps().every((step) => step.startsWith('HEAD '))).toBe(true);
  });

  test('a blob, whole and in pieces', async () => {
    const { client, content, steps } = await open();
    const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
    const blob = content.putBlob('app', bytes) as Descriptor;
    expect([await client.hasBlob(blob), await client.hasBlob({ ...blob, digest: NOWHERE })]).toEqual([true, false]);
    expect(Buffer.compare(await client.readBlob(blob, 300_000), bytes)).toBe(0);
    expect(Buffer.compare(await drained(client.blob(blob)), bytes)).toBe(0);
    expect(steps().map((step) => step.split(' ')[0])).toEqual(['HEAD', 'HEAD', 'GET', 'GET']);
  });

  test('an empty blob', async () => {
    const { client, content } = await open();
    const blob = content.putBlob('app', new Uint8Array(0)) as Descriptor;
    expect(await client.readBlob(blob, 0)).toHaveLength(0);
    expect(await drained(client.blob(blob))).toHaveLength(0);
  });

  test('a blob that is larger than it may be is not asked for', async () => {
    const { client, registry } = await open();
    expect((await caught(client.readBlob({ mediaType: 'x', digest: NOWHERE, size: 101 }, 100))).code).toBe('OCI_LIMIT');
    expect(registry.requests).toEqual([]);
  });

  test.each([
    ['more than it has', 11, 'OCI_SIZE_MISMATCH'],
    ['less than it has', 9, 'OCI_SIZE_MISMATCH'],
    ['nothing', 0, 'OCI_SIZE_MISMATCH'],
  ])('a blob whose descriptor says %s', async (_, size, code) => {
    const { client, content } = await open();
    const blob = { ...(content.putBlob('app', utf8('0123456789')) as Descriptor), size };
    expect((await caught(client.readBlob(blob, 100))).code).toBe(code);
    expect((await caught(drained(client.blob(blob)))).code).toBe(code);
  });

  test('a stream that is left early ends its connection', async () => {
    const { client, content } = await open();
    const blob = content.putBlob('app', new Uint8Array(50_000_000)) as Descriptor;
    let chunks = 0;
    for await (const _ of client.blob(blob)) {
      chunks += 1;
      if (chunks === 3) break;
    }
    expect(await client.tags()).toEqual(['v1']); // and closing the registry at the end of the test does not hang
  });

  test('what is larger than any manifest is refused', async () => {
    const { client, content, image } = await open();
    const config = { mediaType: OCI_CONFIG, digest: image.digest, size: 1 };
    const padded = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [], annotations: { x: 'x'.repeat(MAX_MANIFEST_BYTES) } });
    const { digest } = content.putManifest('app', padded, { tag: 'large' });
    expect((await caught(client.manifest('large'))).code).toBe('NET_TOO_LARGE');
    expect((await caught(client.manifest(digest as Digest))).code).toBe('NET_TOO_LARGE');
  });

  test('what is not there is undefined; who needs it gets an error in the words of the registry', async () => {
    const { client, host } = await open();
    for (const target of ['none', NOWHERE]) {
      expect([await client.manifest(target), await client.resolve(target)]).toEqual([undefined, undefined]);
      expect(await caught(client.requireManifest(target))).toMatchObject({
        code: 'OCI_NOT_FOUND',
        message: `GET http://${host}/v2/app/manifests/${target}: MANIFEST_UNKNOWN: manifest unknown to registry; ${target}`,
      });
    }
    const error = await caught(client.readBlob({ mediaType: 'x', digest: NOWHERE, size: 1 }, 10));
    expect([error.code, error.message]).toEqual(['OCI_NOT_FOUND', expect.stringContaining('BLOB_UNKNOWN')]);
  });

  const PATHS = ['../../other/manifests/v1', 'v1/../../blobs/x', 'v1?x=y', 'v1#x', '%2e%2e', '', '.', 'ä', 'x'.repeat(129), `sha256:${'A'.repeat(64)}`];
  test.each(PATHS)('%j is neither a tag nor a digest, and never part of a path', async (target) => {
    const { client, registry, bytes } = await open();
    expect([await client.manifest(target), await client.resolve(target)]).toEqual([undefined, undefined]);
    expect((await caught(client.requireManifest(target))).code).toBe('OCI_REFERENCE');
    expect((await caught(client.deleteManifest(target))).code).toBe('OCI_REFERENCE');
    expect((await caught(client.putManifest({ bytes, mediaType: OCI_MANIFEST, tag: target }))).code).toBe('OCI_REFERENCE');
    expect(registry.requests).toEqual([]);
  });
});

describe('resolving where HEAD says little', () => {
  async function openPlain(head: Record<string, string | number> | number) {
    const { bytes, image } = await open();
    const server = await serve((request, response) => {
      if (request.method === 'HEAD') response.writeHead(typeof head === 'number' ? head : 200, typeof head === 'number' ? API_VERSION : head).end();
      else response.writeHead(200, { 'Content-Type': OCI_MANIFEST, 'Docker-Content-Digest': image.digest }).end(bytes);
    });
    const client = openClient().registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' });
    return { client, image, server };
  }
  const whole = { 'Content-Type': OCI_MANIFEST, 'Docker-Content-Digest': NOWHERE, 'Content-Length': 7 };

  test.each([
    ['405', 405],
    ['400', 400],
    ['no digest', { ...whole, 'Docker-Content-Digest': '' }],
    ['a digest that is none', { ...whole, 'Docker-Content-Digest': 'sha256:x' }],
    ['no type', { ...whole, 'Content-Type': '' }],
    ['a type of its own', { ...whole, 'Content-Type': 'application/json' }],
  ])('%s: the manifest itself is read', async (_, head) => {
    const { client, image, server } = await openPlain(head);
    expect(await client.resolve('v1')).toEqual(image);
    expect(server.requests).toEqual(['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1']);
  });

  test('enough: it is believed, since whatever is read later is read by that digest', async () => {
    const { client, server } = await openPlain(whole);
    expect(await client.resolve('v1')).toEqual({ mediaType: OCI_MANIFEST, digest: NOWHERE, size: 7 });
    expect(server.requests).toHaveLength(1);
  });

  test('another digest than the one that was asked for: it is not', async () => {
    const { client, image } = await openPlain(whole);
    expect(await caught(client.resolve(image.digest))).toMatchObject({ code: 'OCI_DIGEST_MISMATCH', expected: image.digest, found: NOWHERE });
  });
});

test('a tag that is another manifest at every second look: what was resolved stays what is read', async () => {
  const { client, image, bytes } = await open({ lies: [{ lie: 'changing-tag' }] });
  const first = await client.resolve('v1');
  const second = await client.resolve('v1');
  expect([first?.digest, second?.digest === image.digest]).toEqual([image.digest, false]);
  expect(Buffer.from((await client.requireManifest(first?.digest ?? '')).bytes)).toEqual(Buffer.from(bytes));
  // The other one is nowhere but under the tag: nothing passes for it.
  expect(await client.manifest(second?.digest ?? '')).toBeUndefined();
});

describe('tags', () => {
  test.each([{}, { locations: 'absolute' as const }])('over pages: %j', async (options) => {
    const { client, content, steps } = await open({ ...options, tagsPageSize: 2 });
    for (const tag of ['b', 'a', 'c', 'd']) putImage(content, 'app', { tag });
    expect(await client.tags()).toEqual(['a', 'b', 'c', 'd', 'v1']);
    expect(steps()).toHaveLength(3);
  });

  test('of a repository that is not there', async () => {
    const { repository } = await open();
    expect((await caught(repository('none').tags())).code).toBe('OCI_NOT_FOUND');
  });
});

describe('writing a manifest', () => {
  test('under a tag and under its digest, byte for byte, with one request', async () => {
    const { client, content, image, bytes, steps } = await open();
    expect(await client.putManifest({ bytes, mediaType: OCI_MANIFEST, tag: 'v2' })).toBe(image.digest);
    expect(await client.putManifest({ bytes, mediaType: OCI_MANIFEST })).toBe(image.digest);
    expect(steps()).toEqual(['PUT app/manifests/v2', 'PUT app/manifests/DIGEST']);
    expect(Buffer.from(content.getManifest('app', 'v2')?.bytes ?? [])).toEqual(Buffer.from(bytes));
  });

  test.each([
    ['what is no manifest', utf8('{}'), OCI_MANIFEST, 'OCI_MANIFEST'],
    ['what is another type than it says', undefined, INDEX_TYPE, 'OCI_CONTENT_TYPE'],
    ['what is of no known type', undefined, 'application/x', 'OCI_CONTENT_TYPE'],
  ])('%s is not sent', async (_, document, mediaType, code) => {
    const { client, registry, bytes } = await open();
    expect((await caught(client.putManifest({ bytes: document ?? bytes, mediaType, tag: 'v2' }))).code).toBe(code);
    expect(registry.requests).toEqual([]);
  });

  test('whose blobs are not there is refused, and leaves no tag', async () => {
    const { client, content } = await open();
    const config = { mediaType: OCI_CONFIG, digest: NOWHERE, size: 1 };
    const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [] });
    const error = await caught(client.putManifest({ bytes, mediaType: OCI_MANIFEST, tag: 'v2' }));
    expect([error.code, error.message]).toEqual(['OCI_STATUS', expect.stringContaining('MANIFEST_BLOB_UNKNOWN')]);
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('that the registry says it stored as another is an error', async () => {
    const { client, bytes, image } = await open({ lies: [{ lie: 'digest-header' }] });
    expect(await caught(client.putManifest({ bytes, mediaType: OCI_MANIFEST, tag: 'v2' }))).toMatchObject({
      code: 'OCI_DIGEST_MISMATCH',
      expected: image.digest,
      found: NOWHERE,
    });
  });
});

describe('deleting', () => {
  test('a tag, a manifest, and what is not there', async () => {
    const { client, content, image } = await open();
    putImage(content, 'app', { tag: 'v2' });
    await client.deleteManifest('v1');
    expect(content.tags('app')).toEqual(['v2']);
    await client.deleteManifest(image.digest);
    await client.deleteManifest(image.digest);
    expect([content.tags('app'), content.getManifest('app', image.digest)]).toEqual([[], undefined]);
  });

  test.each([
    [400, 'OCI_STATUS'],
    [405, 'OCI_UNSUPPORTED'],
  ] as const)('where it is not allowed (%i)', async (deletes, code) => {
    const { client, content, image } = await open({ deletes });
    expect((await caught(client.deleteManifest(image.digest))).code).toBe(code);
    expect((await caught(deleteTag(client, 'v1'))).code).toBe(code);
    expect(content.tags('app')).toEqual(['v1']);
  });

  test.each([400, 405])('a tag where only digests are deleted (%i)', async (status) => {
    const { client, content, steps } = await open({ lies: [{ lie: 'status', status, on: { method: 'DELETE', path: /manifests\/v1/ } }] });
    await deleteTag(client, 'v1');
    expect(content.tags('app')).toEqual([]);
    expect(steps()).toEqual(['DELETE app/manifests/v1', 'GET app/manifests/v1', 'DELETE app/manifests/DIGEST']);
  });

  test('a tag that may not be deleted', async () => {
    const { client } = await open({ lies: [{ lie: 'status', status: 403, on: { method: 'DELETE' } }] });
    expect((await caught(deleteTag(client, 'v1'))).code).toBe('OCI_DENIED');
  });
});

test('one connection for a registry, however many repositories', async () => {
  const { registries, host } = await open();
  expect(registries.connection(host)).toBe(registries.repository({ registry: host, repository: 'other' }).connection);
});

test('an aborted signal ends what is under way', async () => {
  const abort = new AbortController();
  const { registries } = openClient({ signal: abort.signal });
  const server = await serve(() => abort.abort(new Error('enough')));
  const client = registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' });
  await expect(client.tags()).rejects.toThrow('enough');
});
