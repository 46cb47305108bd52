/** How blobs go in: by mounting, at once, as a stream, in pieces; and in flat memory. */
import { utf8 } from '@assay/core';
import type { BodySource } from '@assay/net';
import type { Lie, RegistryOptions } from '@assay/testkit';
import { describe, expect, test, vi } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { serve } from '../../../net/test/loopback.ts';
import { openClient, openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { sourceOf } from '../store.ts';

const MIB = 1024 * 1024;
const SMALL = utf8('a small blob');
const LARGE = new Uint8Array(8 * MIB + 10).map((_, i) => i % 251);

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const client = opened.repository();
  const put = (bytes: Uint8Array, mountFrom?: string, content: BodySource = sourceOf(bytes)) => client.putBlob(descriptorOf(bytes), content, mountFrom);
  const methods = () => opened.steps().map((step) => step.split(' ')[0]);
  const holds = (bytes: Uint8Array): boolean => Buffer.compare(opened.content.getBlob('app', digestOf(bytes)) ?? new Uint8Array(0), bytes) === 0;
  return { ...opened, client, put, methods, holds };
}

function descriptorOf(bytes: Uint8Array): Descriptor {
  return { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
}

describe('an upload', () => {
  test.each<[string, Uint8Array, RegistryOptions, string[]]>([
    ['of a small blob is whole', SMALL, {}, ['POST', 'PUT']],
    ['of nothing is whole', new Uint8Array(0), {}, ['POST', 'PUT']],
    ['of 8 MiB is whole', LARGE.subarray(0, 8 * MIB), {}, ['POST', 'PUT']],
    ['of more is a stream', LARGE, {}, ['POST', 'PATCH', 'PUT']],
    ['to absolute locations', LARGE, { locations: 'absolute' }, ['POST', 'PATCH', 'PUT']],
    ['of a small blob where only pieces are taken', SMALL, { uploads: 'chunked-only' }, ['POST', 'PUT', 'POST', 'PATCH', 'PUT']],
    ['of nothing where only pieces are taken', new Uint8Array(0), { uploads: 'chunked-only' }, ['POST', 'PUT']],
    ['of a large blob where only pieces are taken', LARGE, { uploads: 'chunked-only' }, ['POST', 'PATCH', 'PUT']],
    ['of a small blob where only whole ones are taken', SMALL, { uploads: 'monolithic-only' }, ['POST', 'PUT']],
    ['where pieces have a least size', LARGE, { uploads: 'chunked-only', minChunkBytes: 1000 }, ['POST', 'PATCH', 'PUT']],
  ])('%s', async (_, bytes, serveOptions, expected) => {
    const { put, methods, holds, content } = await open(serveOptions);
    await put(bytes);
    expect(methods()).toEqual(expected);
    expect(holds(bytes)).toBe(true);
    expect(content.uploads.size).toBe(expected.filter((method) => method === 'POST').length - 1); // what was refused was never finished
  });

  test.each([413, 411, 416, 501])('as a stream that is refused with %i goes in pieces', async (status) => {
    const { put, methods, holds, registry } = await open({ lies: [{ lie: 'status', status, on: { method: 'PATCH', times: 1 } }] });
    await put(LARGE);
    expect(methods()).toEqual(['POST', 'PATCH', 'POST', 'PATCH', 'PATCH', 'PUT']);
    expect(registry.requests.flatMap(({ headers }) => headers['content-range'] ?? [])).toEqual([`0-${8 * MIB - 1}`, `${8 * MIB}-${8 * MIB + 9}`]);
    expect(holds(LARGE)).toBe(true);
  });

  test('in pieces whose least size is larger than ours', async () => {
    const { put, holds, registry } = await open({
      minChunkBytes: 8 * MIB + 5,
      lies: [{ lie: 'status', status: 413, on: { method: 'PATCH', times: 1 } }],
    });
    await put(LARGE);
    expect(registry.requests.flatMap(({ headers }) => headers['content-range'] ?? [])).toEqual([`0-${8 * MIB + 4}`, `${8 * MIB + 5}-${8 * MIB + 9}`]);
    expect(holds(LARGE)).toBe(true);
  });

  test('in pieces larger than memory should hold is refused', async () => {
    const { put } = await open({ minChunkBytes: 64 * MIB + 1, lies: [{ lie: 'status', status: 413, on: { method: 'PATCH' } }] });
    expect((await caught(put(LARGE))).code).toBe('OCI_UPLOAD');
  });

  test('in pieces, of which the registry says it has fewer bytes, is given up', async () => {
    const lies: Lie[] = [
      { lie: 'status', status: 413, on: { method: 'PATCH', times: 1 } },
      { lie: 'wrong-range', on: { method: 'PATCH' } },
    ];
    const { put, holds } = await open({ lies });
    expect(await caught(put(LARGE))).toMatchObject({ code: 'OCI_UPLOAD', message: expect.stringContaining(`up to byte ${8 * MIB - 2}`) });
    expect(holds(LARGE)).toBe(false);
  });

  test('that the registry says it stored as another is an error', async () => {
    for (const bytes of [SMALL, LARGE]) {
      const { put } = await open({ lies: [{ lie: 'digest-header' }] });
      expect((await caught(put(bytes))).code).toBe('OCI_DIGEST_MISMATCH');
    }
  });

  test('keeps what the location has in its query', async () => {
    const { put, registry } = await open();
    await put(SMALL);
    expect(new URL(registry.requests[1]?.path ?? '', registry.url).searchParams.get('_state')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a location', () => {
  /** Answers 202 with it to each POST, and takes everything else. */
  async function openLocating(location: (port: number) => string | undefined) {
    const server = await serve((request, response) => {
      request.resume();
      const to = location(server.port);
      if (request.method === 'POST') response.writeHead(202, to === undefined ? {} : { Location: to }).end();
      else response.writeHead(201).end();
    });
    const client = openClient().registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' });
    return { server, put: () => client.putBlob(descriptorOf(SMALL), sourceOf(SMALL)) };
  }

  test.each([
    ['that is missing', () => undefined],
    ['that is no URL', () => 'http://[/'],
    ['on another host', (port: number) => `http://localhost:${port}/x`],
    ['on another host without a scheme', () => '//evil.example/x'],
    ['of another kind', () => 'file:///tmp/x'],
    ['that is a script', () => 'javascript:x'],
  ])('%s is not followed', async (_, location) => {
    const { server, put } = await openLocating(location);
    expect((await caught(put())).code).toBe('OCI_UPLOAD');
    expect(server.requests).toEqual(['POST /v2/app/blobs/uploads/']);
  });

  test.each([
    ['of the inside of a proxy', () => 'https://127.0.0.1:1234/up/1?a=b'],
    ['with credentials, which are not used', (port: number) => `http://user:x@127.0.0.1:${port}/up/1?a=b`],
    ['relative', () => '/up/1?a=b'],
  ])('%s is followed to the registry', async (_, location) => {
    const { server, put } = await openLocating(location);
    await put();
    expect(server.requests[1]).toBe(`PUT /up/1?a=b&digest=${encodeURIComponent(digestOf(SMALL))}`);
    expect(server.headers[1]?.authorization).toBeUndefined();
  });

  test('that has a digest already gets ours', async () => {
    const { server, put } = await openLocating(() => '/up/1?digest=sha256:other');
    await put();
    expect(server.requests[1]).toBe(`PUT /up/1?digest=${encodeURIComponent(digestOf(SMALL))}`);
  });
});

describe('a mount', () => {
  test('takes one request, and no content', async () => {
    const { put, content, holds, steps } = await open();
    content.putBlob('base', SMALL);
    await put(SMALL, 'base', neverOpened);
    expect(steps()).toEqual(['POST app/blobs/uploads/']);
    expect(holds(SMALL)).toBe(true);
  });

  test.each<[string, RegistryOptions, string[]]>([
    ['that is refused is an upload', { mounts: 'refused' }, ['POST', 'PUT']],
    ['of what is not there is an upload', {}, ['POST', 'PUT']],
    ['that may not be is an upload', { lies: [{ lie: 'status', status: 403, on: { path: /mount=/ } }] }, ['POST', 'POST', 'PUT']],
    ['that is not known is an upload', { lies: [{ lie: 'status', status: 405, on: { path: /mount=/ } }] }, ['POST', 'POST', 'PUT']],
  ])('%s', async (_, serveOptions, expected) => {
    const { put, methods, holds } = await open(serveOptions);
    await put(SMALL, 'base');
    expect(methods()).toEqual(expected);
    expect(holds(SMALL)).toBe(true);
  });

  test('from the repository itself is an upload', async () => {
    const { put, registry } = await open();
    await put(SMALL, 'app');
    expect(registry.requests[0]?.path).toBe('/v2/app/blobs/uploads/');
  });

  test('of something else than was asked for is an error', async () => {
    const { put, content } = await open({ lies: [{ lie: 'digest-header' }] });
    content.putBlob('base', SMALL);
    expect((await caught(put(SMALL, 'base'))).code).toBe('OCI_DIGEST_MISMATCH');
  });
});

describe('content that', () => {
  test('fails in the middle leaves nothing, and is told as it is', async () => {
    const { put, content } = await open();
    for (const bytes of [SMALL, LARGE]) {
      const failing: BodySource = {
        size: bytes.length,
        async *open() {
          yield bytes.subarray(0, bytes.length / 2);
          throw new RangeError('the disk broke');
        },
      };
      await expect(put(bytes, undefined, failing)).rejects.toThrow('the disk broke');
    }
    expect([...(content.repositories.get('app')?.blobs.keys() ?? [])]).toEqual([]);
  });

  test.each([
    ['is shorter than it says', SMALL.subarray(1)],
    ['is longer than it says', utf8('a small blob, and more')],
  ])('%s leaves nothing', async (_, bytes) => {
    const { put, content } = await open();
    expect((await caught(put(SMALL, undefined, sourceOf(bytes)))).code).toBe('NET_BODY_SIZE');
    expect([...(content.repositories.get('app')?.blobs.keys() ?? [])]).toEqual([]);
  });

  test('is another than it says is refused by the registry', async () => {
    const { put, content } = await open();
    const error = await caught(put(SMALL, undefined, sourceOf(utf8('A SMALL BLOB'))));
    expect([error.code, error.message]).toEqual(['OCI_STATUS', expect.stringContaining('DIGEST_INVALID')]);
    expect([...(content.repositories.get('app')?.blobs.keys() ?? [])]).toEqual([]);
  });

  test('is read from its start each time an upload is begun', async () => {
    const { put, holds } = await open({ lies: [{ lie: 'reset', on: { method: 'PATCH', times: 2 } }] });
    let opened = 0;
    const content: BodySource = {
      size: LARGE.length,
      async *open() {
        opened += 1;
        yield LARGE.subarray(0, MIB);
        yield LARGE.subarray(MIB);
      },
    };
    await put(LARGE, undefined, content);
    expect([opened, holds(LARGE)]).toEqual([3, true]);
  });
});

describe('memory stays flat', () => {
  const CHUNK = 64 * 1024;

  test('as a stream: no more is read than the registry has taken, but for what lies in sockets', async () => {
    // A registry that stops after the headers of the PATCH, and takes the rest when the client has come to rest.
    let release: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await serve((request, response) => {
      const answer = () => response.writeHead(request.method === 'PUT' ? 201 : 202, { Location: '/up/1' }).end();
      if (request.method !== 'PATCH') {
        request.resume();
        answer();
      } else stopped.then(() => request.resume().once('end', answer));
    });
    const client = openClient().registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' });
    const total = 2000;
    let given = 0;
    const chunk = new Uint8Array(CHUNK);
    const content: BodySource = {
      size: total * CHUNK,
      async *open() {
        for (given = 0; given < total; given += 1) yield chunk;
      },
    };
    const putting = client.putBlob({ mediaType: 'x', digest: digestOf(chunk), size: total * CHUNK }, content);
    await vi.waitFor(() => expect(given).toBeGreaterThan(0), { timeout: 60_000 });
    for (let before = -1; before !== given; ) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(given).toBeLessThan(total / 2); // of 125 MiB; what the sockets of this machine hold is a few
    release();
    await putting;
    expect(given).toBe(total);
  });

  test('in pieces: no more is read than one piece beyond what the registry has', async () => {
    const { client, content: stored } = await open({ lies: [{ lie: 'status', status: 413, on: { method: 'PATCH', times: 1 } }] });
    const chunk = new Uint8Array(MIB);
    const taken = (): number => Math.max(0, ...[...stored.uploads.values()].map(({ size }) => size));
    let opened = 0;
    let most = 0;
    const content: BodySource = {
      size: 40 * MIB,
      async *open() {
        opened += 1;
        for (let given = 0; given < 40 * MIB; given += MIB) {
          if (opened === 2) most = Math.max(most, given - taken());
          yield chunk;
        }
      },
    };
    await client.putBlob(descriptorOf(new Uint8Array(40 * MIB)), content);
    expect(opened).toBe(2);
    expect(most).toBeLessThanOrEqual(8 * MIB);
  });
});

const neverOpened: BodySource = {
  size: SMALL.length,
  open() {
    throw new Error('the content was read');
  },
};
