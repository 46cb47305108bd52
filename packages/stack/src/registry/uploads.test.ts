/** How blobs come in: in every order of pieces, broken off, cancelled, at once, and on a disk that fails. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultyDisk } from '../../test/registry-faults.ts';
import {
  type Answer,
  codesOf,
  digestOf,
  filesBelow,
  openScene,
  putBlob,
  putImage,
  putManifest,
  type Scene,
  streamOf,
  temporaryFolder,
} from '../../test/registry-scene.ts';
import { openDisk } from '../store/disk.ts';
import { openStreams } from './streams.ts';

const MIB = 1024 * 1024;
const NOWHERE = `sha256:${'0'.repeat(64)}`;
const CONTENT = new TextEncoder().encode('0123456789');
const CONTENT_DIGEST = digestOf(CONTENT);

async function begin({ at }: Scene, repository = 'app', query = ''): Promise<string> {
  const { status, headers } = await at(`/v2/${repository}/blobs/uploads/${query}`, { method: 'POST' });
  expect(status).toBe(202);
  return headers['location'] ?? '';
}

function chunk(bytes: Uint8Array, start?: number): RequestInit {
  const range = start === undefined ? {} : { 'Content-Range': `${start}-${start + bytes.length - 1}` };
  return { method: 'PATCH', headers: { 'Content-Type': 'application/octet-stream', ...range }, body: bytes as BodyInit };
}

function put(bytes: Uint8Array | null = null, headers: Record<string, string> = {}): RequestInit {
  return { method: 'PUT', headers, body: bytes as BodyInit };
}

async function holds({ at }: Scene, content: Uint8Array, repository = 'app'): Promise<boolean> {
  const answer = await at(`/v2/${repository}/blobs/${digestOf(content)}`);
  return answer.status === 200 && Buffer.compare(answer.body, content) === 0;
}

describe('an upload', () => {
  test.each<[string, (scene: Scene) => Promise<Answer>]>([
    ['in one POST', ({ at }) => at(`/v2/app/blobs/uploads/?digest=${CONTENT_DIGEST}`, { method: 'POST', body: CONTENT })],
    ['in one POST without a slash', ({ at }) => at(`/v2/app/blobs/uploads?digest=${CONTENT_DIGEST}`, { method: 'POST', body: CONTENT })],
    ['by POST and PUT', async (scene) => scene.at(`${await begin(scene)}?digest=${CONTENT_DIGEST}`, put(CONTENT))],
    [
      'as a stream without a length',
      async (scene) => {
        const location = await begin(scene);
        const body = streamOf([CONTENT.subarray(0, 3), CONTENT.subarray(3)]);
        const { status, headers } = await scene.at(location, { method: 'PATCH', body });
        expect([status, headers['range'], headers['location']]).toEqual([202, '0-9', location]);
        return scene.at(`${location}?digest=${encodeURIComponent(CONTENT_DIGEST)}`, put());
      },
    ],
    [
      'in pieces, the last one with the PUT',
      async (scene) => {
        const location = await begin(scene);
        expect(await scene.at(location, chunk(CONTENT.subarray(0, 4), 0))).toMatchObject({ status: 202, headers: { range: '0-3' } });
        expect(await scene.at(location, chunk(CONTENT.subarray(4, 6), 4))).toMatchObject({ status: 202, headers: { range: '0-5' } });
        expect(await scene.at(location)).toMatchObject({ status: 204, headers: { range: '0-5', location } });
        return scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT.subarray(6), { 'Content-Range': '6-9' }));
      },
    ],
  ])('%s', async (_, upload) => {
    const scene = await openScene();
    expect(await upload(scene)).toMatchObject({
      status: 201,
      headers: { location: `/v2/app/blobs/${CONTENT_DIGEST}`, 'docker-content-digest': CONTENT_DIGEST },
      text: '',
    });
    expect(await holds(scene, CONTENT)).toBe(true);
    expect(filesBelow(scene.folder)).toHaveLength(2);
    expect(scene.registry.stats?.()).toMatchObject({ uploads: 0 });
  });

  test.each([
    ['said at the start', '?digest-algorithm=sha512'],
    ['said only at the end', ''],
  ])('of a SHA-512 digest, %s', async (_, query) => {
    const scene = await openScene();
    const digest = digestOf(CONTENT, 'sha512');
    const location = await begin(scene, 'app', query);
    await scene.at(location, chunk(CONTENT.subarray(0, 4), 0));
    expect(await scene.at(`${location}?digest=${digest}`, put(CONTENT.subarray(4)))).toMatchObject({ status: 201 });
    expect(await scene.at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 200, text: '0123456789', headers: { 'docker-content-digest': digest } });
    expect(await scene.at(`/v2/app/blobs/uploads/?digest=${digest}`, { method: 'POST', body: CONTENT })).toMatchObject({ status: 201 });
  });

  test.each([
    ['a piece that leaves some out', chunk(CONTENT.subarray(6), 6), 416, 'BLOB_UPLOAD_INVALID'],
    ['a piece again', chunk(CONTENT.subarray(0, 4), 0), 416, 'BLOB_UPLOAD_INVALID'],
    ['a range that is none', { ...chunk(CONTENT), headers: { 'Content-Range': 'bytes 4-13/14' } }, 400, 'BLOB_UPLOAD_INVALID'],
    ['a range that goes back', { ...chunk(CONTENT), headers: { 'Content-Range': '4-2' } }, 400, 'SIZE_INVALID'],
    ['a range of another length than the body', { ...chunk(CONTENT), headers: { 'Content-Range': '4-5', 'Content-Length': '10' } }, 400, 'SIZE_INVALID'],
    ['a stream shorter than its range', { ...chunk(CONTENT), headers: { 'Content-Range': '4-14' } }, 400, 'SIZE_INVALID'],
    ['a stream longer than its range', { ...chunk(CONTENT), headers: { 'Content-Range': '4-5' } }, 400, 'SIZE_INVALID'],
    ['a body that breaks before its first byte', { method: 'PATCH', body: streamOf([], 'broken') }, 400, 'BLOB_UPLOAD_INVALID'],
    ['a method that is none of its own', { method: 'POST' }, 405, 'UNSUPPORTED'],
  ] as const)('refuses %s, says where it is, and goes on', async (_, init, status, code) => {
    const scene = await openScene();
    const location = await begin(scene);
    await scene.at(location, chunk(CONTENT.subarray(0, 4), 0));
    const refused = await scene.at(location, init);
    expect([refused.status, codesOf(refused)]).toEqual([status, [code]]);
    if (status === 416) expect(refused.headers).toMatchObject({ range: '0-3', location });
    expect(await scene.at(location)).toMatchObject({ status: 204, headers: { range: '0-3' } });
    expect(await scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT.subarray(4)))).toMatchObject({ status: 201 });
    expect(await holds(scene, CONTENT)).toBe(true);
  });

  test.each([
    ['in one POST', (scene: Scene) => scene.at(`/v2/app/blobs/uploads/?digest=${NOWHERE}`, { method: 'POST', body: CONTENT })],
    ['by POST and PUT', async (scene: Scene) => scene.at(`${await begin(scene)}?digest=${NOWHERE}`, put(CONTENT))],
    [
      'in pieces',
      async (scene: Scene) => {
        const location = await begin(scene);
        await scene.at(location, chunk(CONTENT));
        return scene.at(`${location}?digest=${NOWHERE}`, put());
      },
    ],
    ['of another algorithm', async (scene: Scene) => scene.at(`${await begin(scene)}?digest=sha512:${'0'.repeat(128)}`, put(CONTENT))],
    ['with nothing at all', async (scene: Scene) => scene.at(`${await begin(scene)}?digest=${NOWHERE}`, put())],
  ])('of another digest %s leaves nothing', async (_, upload) => {
    const scene = await openScene();
    const answer = await upload(scene);
    expect([answer.status, codesOf(answer)]).toEqual([400, ['DIGEST_INVALID']]);
    expect(filesBelow(scene.folder)).toEqual([]);
    expect(scene.registry.stats?.()).toMatchObject({ uploads: 0 });
  });

  test.each(['', '?digest=', '?digest=sha256:abc', '?digest=../../x'])('that ends with %j is refused, and goes on', async (query) => {
    const scene = await openScene();
    const location = await begin(scene);
    const answer = await scene.at(location + query, put(CONTENT));
    expect([answer.status, codesOf(answer)]).toEqual([400, ['DIGEST_INVALID']]);
    expect(await scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT))).toMatchObject({ status: 201 });
  });

  test('that breaks off keeps what arrived, and goes on from there', async () => {
    const scene = await openScene();
    const location = await begin(scene);
    const broken = await scene.at(location, { method: 'PATCH', body: streamOf([CONTENT.subarray(0, 4)], 'broken') });
    expect(codesOf(broken)).toEqual(['BLOB_UPLOAD_INVALID']);
    expect(await scene.at(location)).toMatchObject({ status: 204, headers: { range: '0-3' } });
    expect(await scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT.subarray(4), { 'Content-Range': '4-9' }))).toMatchObject({ status: 201 });
  });

  test('at once that breaks off leaves nothing', async () => {
    const scene = await openScene();
    const body = streamOf([CONTENT], 'broken');
    const answer = await scene.at(`/v2/app/blobs/uploads/?digest=${CONTENT_DIGEST}`, { method: 'POST', body });
    expect([answer.status, codesOf(answer)]).toEqual([400, ['BLOB_UPLOAD_INVALID']]);
    expect(filesBelow(scene.folder)).toEqual([]);
  });

  test('is known in its own repository alone', async () => {
    const scene = await openScene();
    const location = await begin(scene, 'app');
    expect(await scene.at(location.replace('/app/', '/other/'))).toMatchObject({ status: 404 });
    expect(await scene.at(location)).toMatchObject({ status: 204 });
  });

  test('that is cancelled is gone, also while it writes', async () => {
    const scene = await openScene();
    const quiet = await begin(scene);
    await scene.at(quiet, chunk(CONTENT));
    expect(await scene.at(quiet, { method: 'DELETE' })).toMatchObject({ status: 204 });
    expect(codesOf(await scene.at(quiet))).toEqual(['BLOB_UPLOAD_UNKNOWN']);

    const location = await begin(scene);
    const { body, send } = heldBody();
    const writing = scene.at(location, { method: 'PATCH', body });
    await send(CONTENT);
    expect(await scene.at(location, { method: 'DELETE' })).toMatchObject({ status: 204 });
    await send(CONTENT);
    expect(codesOf(await writing)).toEqual(['BLOB_UPLOAD_UNKNOWN']);
    expect(filesBelow(scene.folder)).toEqual([]);
  });

  test('has one writer; the second is told where it stands', async () => {
    const scene = await openScene();
    const location = await begin(scene);
    const { body, send, end } = heldBody();
    const writing = scene.at(location, { method: 'PATCH', body });
    await send(CONTENT.subarray(0, 4));
    for (const init of [chunk(CONTENT), put(CONTENT)]) {
      expect(await scene.at(`${location}?digest=${CONTENT_DIGEST}`, init)).toMatchObject({ status: 416, headers: { location } });
    }
    end();
    expect(await writing).toMatchObject({ status: 202, headers: { range: '0-3' } });
    expect(await scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT.subarray(4)))).toMatchObject({ status: 201 });
  });

  test.each([
    ['announced', { body: new Uint8Array(11), headers: { 'Content-Length': '11' } }],
    ['streamed', { body: streamOf([new Uint8Array(6), new Uint8Array(5)]) }],
  ])('over the cap, %s, is refused and dropped', async (_, init) => {
    const scene = await openScene({ maxUploadBytes: 10 });
    const location = await begin(scene);
    const answer = await scene.at(location, { method: 'PATCH', ...init });
    expect([answer.status, codesOf(answer)]).toEqual([413, ['SIZE_INVALID']]);
    expect(await scene.at(location)).toMatchObject({ status: 404 });
    expect(filesBelow(scene.folder)).toEqual([]);
    await putBlob(scene, 'app', new Uint8Array(10));
  });

  test('that nobody went on with for a day is dropped', async () => {
    let now = new Date('2026-08-25T00:00:00Z');
    const scene = await openScene({ clock: () => now });
    const location = await begin(scene);
    await scene.at(location, chunk(CONTENT));
    now = new Date('2026-08-24T00:00:00Z'); // clocks go back
    await begin(scene);
    expect(await scene.at(location)).toMatchObject({ status: 204 });
    now = new Date('2026-08-26T00:00:01Z');
    await begin(scene);
    expect(await scene.at(location)).toMatchObject({ status: 404 });
    expect(filesBelow(scene.folder)).toEqual([]);
  });

  test('ends with the registry, unless its last byte has arrived', async () => {
    const folder = temporaryFolder();
    const streams = openStreams(folder);
    let reached: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const moving = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const move = async (from: string, to: string): Promise<void> => {
      reached();
      await gate;
      await streams.move(from, to);
    };
    const scene = await openScene({ folder, streams: { ...streams, move } });
    await scene.at(await begin(scene), chunk(CONTENT));
    const whole = scene.at(`/v2/app/blobs/uploads/?digest=${CONTENT_DIGEST}`, { method: 'POST', body: CONTENT });
    await moving;
    const closed = scene.registry.close();
    goOn();
    await closed;
    expect(await holds(scene, CONTENT)).toBe(true);
    expect(await whole).toMatchObject({ status: 201 });
    expect(filesBelow(folder).filter((path) => path.startsWith('uploads/'))).toEqual([]);
    expect(await scene.at('/v2/app/blobs/uploads/', { method: 'POST' })).toMatchObject({ status: 503 });
  });

  test('of a process that was killed is removed at the next start', async () => {
    const scene = await openScene();
    const location = await begin(scene);
    await scene.at(location, chunk(CONTENT));
    expect(filesBelow(scene.folder)).toHaveLength(1);
    const again = await openScene({ folder: scene.folder });
    expect(filesBelow(scene.folder)).toEqual([]);
    expect(await again.at(location)).toMatchObject({ status: 404 });
  });
});

/** A body whose pieces come when the test says so. */
function heldBody() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own;
    },
  });
  return {
    body,
    send: async (bytes: Uint8Array) => {
      controller?.enqueue(bytes);
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
    end: () => controller?.close(),
  };
}

describe('a mount', () => {
  test.each([
    ['from the repository that has it', '&from=base', 201],
    ['from wherever it is', '', 201],
    ['from a repository that does not have it', '&from=none', 202],
    ['from what is no repository', '&from=..%2F..%2Fbase', 202],
  ])('%s', async (_, from, status) => {
    const scene = await openScene();
    const { digest } = await putBlob(scene, 'base', CONTENT);
    const answer = await scene.at(`/v2/app/blobs/uploads/?mount=${digest}${from}`, { method: 'POST' });
    expect(answer.status).toBe(status);
    expect(await holds(scene, CONTENT)).toBe(status === 201);
    if (status === 201) expect(answer.headers).toMatchObject({ location: `/v2/app/blobs/${digest}`, 'docker-content-digest': digest });
    else expect(await scene.at(`${answer.headers['location']}?digest=${digest}`, put(CONTENT))).toMatchObject({ status: 201 });
  });

  test('of what is nowhere is an upload', async () => {
    const scene = await openScene();
    expect(await scene.at(`/v2/app/blobs/uploads/?mount=${NOWHERE}`, { method: 'POST' })).toMatchObject({ status: 202 });
  });

  test('of what is no digest is refused', async () => {
    const scene = await openScene();
    expect(codesOf(await scene.at('/v2/app/blobs/uploads/?mount=x&from=app', { method: 'POST' }))).toEqual(['DIGEST_INVALID']);
  });
});

describe('at the same time', () => {
  test('one blob into one repository and into others, and one tag', async () => {
    const scene = await openScene();
    const content = new Uint8Array(MIB).fill(7);
    await Promise.all(Array.from({ length: 12 }, (_, i) => putBlob(scene, i % 2 === 0 ? 'app' : `other/${i}`, content)));
    expect(await holds(scene, content)).toBe(true);
    const images = await Promise.all(Array.from({ length: 12 }, (_, i) => putImage(scene, 'app', { reference: 'v1', layer: `layer ${i}` })));
    const { headers } = await scene.at('/v2/app/manifests/v1');
    expect(images.map(({ digest }) => digest)).toContain(headers['docker-content-digest']);
    for (const { digest } of images) expect(await scene.at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200 });
  });

  test('pushing and deleting one blob: who was told it is there has it', async () => {
    const scene = await openScene();
    for (let round = 0; round < 20; round++) {
      await putBlob(scene, 'a', CONTENT);
      await Promise.all([scene.at(`/v2/a/blobs/${CONTENT_DIGEST}`, { method: 'DELETE' }), putBlob(scene, 'b', CONTENT), putBlob(scene, 'c', CONTENT)]);
      expect([await holds(scene, CONTENT, 'b'), await holds(scene, CONTENT, 'c')]).toEqual([true, true]);
      for (const name of ['b', 'c']) await scene.at(`/v2/${name}/blobs/${CONTENT_DIGEST}`, { method: 'DELETE' });
      expect(filesBelow(scene.folder).filter((path) => path.startsWith('blobs/'))).toEqual([]);
    }
  });
});

test('any interleaving of good, wrong and broken pieces of several uploads gives the blobs', async () => {
  const step = fc.record({
    upload: fc.nat(2),
    size: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('ranged', 'ranged', 'streamed', 'out of order', 'too short', 'too long', 'broken'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 3, maxLength: 3 }),
      fc.array(step, { maxLength: 25 }),
      async (contents, steps) => {
        const scene = await openScene();
        const uploads = await Promise.all(contents.map(async (content) => ({ content, at: 0, location: await begin(scene) })));
        for (const { upload: number, size, kind } of steps) {
          const upload = uploads[number] as (typeof uploads)[number];
          const { content, location, at } = upload;
          const piece = content.subarray(at, at + size);
          if (piece.length === 0) continue;
          const range = (start: number, length: number) => ({ 'Content-Range': `${start}-${start + length - 1}` });
          const halves = [piece.subarray(0, piece.length >> 1), piece.subarray(piece.length >> 1)].filter(({ length }) => length > 0);
          const [headers, end, status, taken] = {
            ranged: [range(at, piece.length), 'whole', 202, piece.length] as const,
            streamed: [{}, 'whole', 202, piece.length] as const,
            'out of order': [range(at + 1, piece.length), 'whole', 416, 0] as const,
            'too short': [range(at, piece.length + 1), 'whole', 400, 0] as const,
            'too long': [range(at, Math.max(1, piece.length - 1)), 'whole', piece.length === 1 ? 202 : 400, piece.length === 1 ? 1 : 0] as const,
            broken: [range(at, piece.length), 'broken', 400, undefined] as const,
          }[kind];
          const answer = await scene.at(location, { method: 'PATCH', headers, body: streamOf(halves, end) });
          expect(answer.status, kind).toBe(status);
          // A broken body leaves any beginning of itself. The header cannot tell one byte from none, the file can.
          upload.at = taken === undefined ? sizeOf(scene, location) : at + taken;
          expect((await scene.at(location)).headers['range']).toBe(`0-${Math.max(0, upload.at - 1)}`);
        }
        for (const { content, at, location } of uploads) {
          expect(await scene.at(`${location}?digest=${digestOf(content)}`, put(content.slice(at)))).toMatchObject({ status: 201 });
          expect(await holds(scene, content)).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

function sizeOf({ folder }: Scene, location: string): number {
  return statSync(join(folder, 'uploads', location.split('/').at(-1) ?? '')).size;
}

describe('a disk that fails once', () => {
  /** Everything a client does to push an image that refers to another. */
  async function push(scene: Pick<Scene, 'at'>): Promise<Answer> {
    const config = await putBlob(scene, 'app', '{}');
    const started = await scene.at('/v2/app/blobs/uploads/', { method: 'POST' });
    const location = started.headers['location'] ?? '';
    for (const answer of [
      await scene.at(location, chunk(CONTENT.subarray(0, 4), 0)),
      await scene.at(`${location}?digest=${CONTENT_DIGEST}`, put(CONTENT.subarray(4))),
    ]) {
      if (answer.status >= 300) return answer;
    }
    const layer = { mediaType: 'application/x', digest: CONTENT_DIGEST, size: CONTENT.length };
    const subject = { mediaType: 'application/x', digest: NOWHERE, size: 1 };
    return putManifest(scene, 'app', 'v1', JSON.stringify({ schemaVersion: 2, config, layers: [layer], subject }));
  }

  test.each(['not written', 'half written', 'written'] as const)('%s, at any write: nothing wrong is served, and pushing again works', async (when) => {
    const writes = await countWrites();
    expect(writes).toBeGreaterThanOrEqual(12);
    for (let at = 1; at <= writes; at++) {
      const folder = temporaryFolder();
      const faulty = faultyDisk(openDisk(folder), openStreams(folder), { at: at + 1, when });
      const scene = await openScene({ folder, disk: faulty.disk, streams: faulty.streams });
      const first = await push(scene).catch((error: Error) => ({ status: 500, text: error.message }));
      expect(first.status, `write ${at}: ${first.text}`).toBe(500);
      await expectSound(scene);
      const reopened = await openScene({ folder });
      expect(filesBelow(folder).filter((path) => path.startsWith('uploads/'))).toEqual([]);
      await expectSound(reopened);
      for (const again of [scene, reopened]) {
        expect(await push(again), `write ${at}`).toMatchObject({ status: 201 });
        const { text } = await again.at('/v2/app/manifests/v1');
        expect(JSON.parse((await again.at(`/v2/app/referrers/${NOWHERE}`)).text)).toMatchObject({ manifests: [{ digest: digestOf(text) }] });
      }
    }
  });

  async function countWrites(): Promise<number> {
    const folder = temporaryFolder();
    const faulty = faultyDisk(openDisk(folder), openStreams(folder), { at: -1, when: 'not written' });
    const scene = await openScene({ folder, disk: faulty.disk, streams: faulty.streams });
    const before = faulty.count();
    expect(await push(scene)).toMatchObject({ status: 201 });
    return faulty.count() - before;
  }

  /** Whatever is served is what its digest says, and has what it refers to. */
  async function expectSound(scene: Scene): Promise<void> {
    for (const content of [new TextEncoder().encode('{}'), CONTENT]) {
      const answer = await scene.at(`/v2/app/blobs/${digestOf(content)}`);
      expect([200, 404]).toContain(answer.status);
      if (answer.status === 200) expect(answer.body).toEqual(content);
    }
    const manifest = await scene.at('/v2/app/manifests/v1');
    expect([200, 404]).toContain(manifest.status);
    if (manifest.status === 200) {
      const { layers, config } = JSON.parse(manifest.text) as { layers: { digest: string }[]; config: { digest: string } };
      for (const { digest } of [config, ...layers]) expect(await scene.at(`/v2/app/blobs/${digest}`, { method: 'HEAD' })).toMatchObject({ status: 200 });
    }
    const { manifests } = JSON.parse((await scene.at(`/v2/app/referrers/${NOWHERE}`)).text) as { manifests: { digest: string }[] };
    for (const { digest } of manifests) expect(await scene.at(`/v2/app/manifests/${digest}`)).toMatchObject({ status: 200 });
  }
});
