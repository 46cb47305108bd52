/** A registry that lies, at each step of the client: which code each lie gives, how often it is asked, and that nothing half-written stays behind. */
import { isTrustError, utf8 } from '@assay/core';
import { type Lie, OCI_INDEX, OCI_MANIFEST, type On, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { drained, type Opened, type OpenOptions, openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { type ReferrerList, sourceOf } from '../store.ts';
import type { RepositoryClient } from './repository.ts';

const BLOB = utf8('0123456789'.repeat(10));
const NEW_BLOB = utf8('to be uploaded');
const LARGE = new Uint8Array(8 * 1024 * 1024 + 1);

interface Scene extends Opened {
  readonly client: RepositoryClient;
  readonly image: Descriptor;
  readonly blob: Descriptor;
}

/** The lies begin when the scene is set. */
async function openScene(lies: readonly Lie[], serve: RegistryOptions = {}, options: OpenOptions = {}): Promise<Scene> {
  const opened = await openRegistry({ ...serve, lies }, options);
  const { content } = opened;
  const image = putImage(content, 'app', { tag: 'v1' }) as Descriptor;
  const referrer = putImage(content, 'app', { subject: image, artifactType: 'application/x' });
  content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [referrer] }, { tag: image.digest.replace(':', '-') });
  const blob = content.putBlob('app', BLOB) as Descriptor;
  const client = opened.repository();
  // From here on the scheme is known; with clients that are out of time soon that may fail, and does not matter.
  await client.connection.request({ method: 'GET', path: '', scopes: [] }).catch(() => undefined);
  opened.forget();
  return { ...opened, client, image, blob };
}

interface Step {
  readonly name: string;
  /** The requests that are lied to. */
  readonly on: On;
  readonly run: (scene: Scene) => Promise<unknown>;
}

const RESOLVE: Step = { name: 'resolving a tag', on: { path: /manifests\/v1$/ }, run: ({ client }) => client.resolve('v1') };
const BY_TAG: Step = { name: 'a manifest by tag', on: { path: /manifests\/v1$/ }, run: ({ client }) => client.manifest('v1') };
const BY_DIGEST: Step = { name: 'a manifest by digest', on: { path: /manifests\/sha256:/ }, run: ({ client, image }) => client.manifest(image.digest) };
const STREAM: Step = { name: 'a blob as a stream', on: { path: /blobs\// }, run: ({ client, blob }) => drained(client.blob(blob)) };
const READ_BLOB: Step = { name: 'a blob as a whole', on: { path: /blobs\// }, run: ({ client, blob }) => client.readBlob(blob, 1000) };
const HAS_BLOB: Step = { name: 'asking for a blob', on: { path: /blobs\// }, run: ({ client, blob }) => client.hasBlob(blob) };
const TAGS: Step = { name: 'the tags', on: { path: /tags\/list/ }, run: ({ client }) => client.tags() };
const REFERRERS: Step = { name: 'the referrers', on: { path: /referrers\// }, run: (scene) => answerOf(scene, 0) };
const FALLBACK: Step = { name: 'the fallback tag', on: { path: /manifests\/sha256-/ }, run: (scene) => answerOf(scene, 1) };

/** Of one of the two lists; its problem is thrown. */
async function answerOf({ client, image }: Scene, which: 0 | 1): Promise<string> {
  const lists: ReferrerList[] = [];
  for await (const list of client.referrerLists(image.digest)) lists.push(list);
  const list = lists[which];
  if (list?.problem !== undefined) throw list.problem;
  return list?.says ?? '';
}

const OPEN: Step = { name: 'opening an upload', on: { method: 'POST' }, run: (scene) => put(NEW_BLOB, scene) };
const PUT_BLOB: Step = { name: 'putting a blob', on: { method: 'PUT', path: /blobs\// }, run: (scene) => put(NEW_BLOB, scene) };
const PATCH: Step = { name: 'sending a large blob', on: { method: 'PATCH' }, run: (scene) => put(LARGE, scene) };
const COMMIT: Step = { name: 'committing a large blob', on: { method: 'PUT', path: /blobs\// }, run: (scene) => put(LARGE, scene) };
const PUT_MANIFEST: Step = { name: 'putting a manifest', on: { method: 'PUT', path: /manifests\// }, run: putManifest };
const DELETE: Step = { name: 'deleting a manifest', on: { method: 'DELETE' }, run: ({ client }) => client.deleteManifest('v1').then(() => 'done') };

async function put(bytes: Uint8Array, { client }: Scene, mountFrom?: string): Promise<string> {
  await client.putBlob({ mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length }, sourceOf(bytes), mountFrom);
  return 'done';
}

async function putManifest({ client, content }: Scene): Promise<string> {
  await client.putManifest({ bytes: content.getManifest('app', 'v1')?.bytes ?? new Uint8Array(0), mediaType: OCI_MANIFEST, tag: 'v2' });
  return 'done';
}

/** What came of it: a code, or what was found in a word. */
async function outcomeOf(step: Step, scene: Scene): Promise<string> {
  try {
    const value = await step.run(scene);
    if (value === undefined || value === false) return 'nothing';
    return typeof value === 'string' ? value : 'ok';
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
}

/** What a failed writing leaves: nothing that can be pulled. */
function expectNothingWritten({ content }: Scene): void {
  expect(content.tags('app').filter((tag) => !tag.startsWith('sha256-'))).toEqual(['v1']);
  for (const bytes of [NEW_BLOB, LARGE]) expect(content.getBlob('app', digestOf(bytes))).toBeUndefined();
}

describe('a refusal', () => {
  const U = 'OCI_UNAUTHORIZED';
  const D = 'OCI_DENIED';
  const N = 'OCI_NOT_FOUND';
  const R = 'OCI_RATE_LIMITED';
  const S = 'OCI_STATUS';
  // Three requests where trouble may pass. A HEAD that is refused is asked again as GET, which says why.
  const rows: readonly (readonly [Step, ...(readonly [number, string, number])[]])[] = [
    [RESOLVE, [401, U, 2], [403, D, 2], [404, 'nothing', 1], [429, R, 6], [500, S, 6]],
    [BY_TAG, [401, U, 1], [403, D, 1], [404, 'nothing', 1], [429, R, 3], [500, S, 3]],
    [BY_DIGEST, [401, U, 1], [403, D, 1], [404, 'nothing', 1], [429, R, 3], [500, S, 3]],
    [STREAM, [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [READ_BLOB, [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [HAS_BLOB, [401, U, 1], [403, D, 1], [404, 'nothing', 1], [429, R, 3], [500, S, 3]],
    [TAGS, [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [REFERRERS, [400, 'not supported (HTTP 400)', 1], [401, U, 1], [403, D, 1], [404, 'not supported (HTTP 404)', 1], [429, R, 3], [500, S, 3]],
    [FALLBACK, [401, U, 1], [403, D, 1], [404, 'no such tag', 1], [429, R, 3], [500, S, 3]],
    [OPEN, [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    // Three uploads, each begun anew.
    [PUT_BLOB, [400, S, 1], [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [PATCH, [400, S, 1], [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [COMMIT, [400, S, 1], [401, U, 1], [403, D, 1], [404, N, 1], [429, R, 3], [500, S, 3]],
    [PUT_MANIFEST, [400, S, 1], [401, U, 1], [403, D, 1], [404, N, 1], [405, 'OCI_UNSUPPORTED', 1], [429, R, 3], [500, S, 3]],
    [DELETE, [400, S, 1], [401, U, 1], [403, D, 1], [404, 'done', 1], [405, 'OCI_UNSUPPORTED', 1], [429, R, 3], [500, S, 3]],
  ];
  const cases = rows.flatMap(([step, ...answers]) => answers.map(([status, outcome, count]) => ({ name: step.name, step, status, outcome, count })));

  test.each(cases)('$status to $name: $outcome after $count requests', async ({ step, status, outcome, count }) => {
    const scene = await openScene([{ lie: 'status', status, on: step.on }]);
    expect(await outcomeOf(step, scene)).toBe(outcome);
    expect(scene.registry.requests.filter((request) => request.status === status)).toHaveLength(count);
    expectNothingWritten(scene);
  });

  test.each(cases.filter(({ status, step }) => status === 401 && step !== RESOLVE))('says which place refused: $name', async ({ step }) => {
    const scene = await openScene([{ lie: 'status', status: 403, on: step.on }]);
    await expect(step.run(scene)).rejects.toThrow(/^(?:GET|HEAD|POST|PUT|PATCH|DELETE) http:\/\/127\.0\.0\.1:\d+\/v2\/app\/.*(?:DENIED|403)/);
  });

  const retried = [RESOLVE, BY_TAG, BY_DIGEST, STREAM, READ_BLOB, HAS_BLOB, TAGS, REFERRERS, FALLBACK, OPEN, PUT_BLOB, PATCH, COMMIT, PUT_MANIFEST, DELETE];
  const honest = ['ok', 'done', '1 referrer'];
  for (const status of [429, 503]) {
    test.each(retried)(`${status} with Retry-After is waited for, and then it goes well: $name`, async (step) => {
      const scene = await openScene([{ lie: 'status', status, headers: { 'Retry-After': '7' }, on: { ...step.on, times: 1 } }]);
      expect(honest).toContain(await outcomeOf(step, scene));
      expect(scene.waits).toEqual([7000]);
    });

    test.each(retried)(`${status} that asks for an hour is not waited for: $name`, async (step) => {
      const scene = await openScene([{ lie: 'status', status, headers: { 'Retry-After': '3600' }, on: step.on }]);
      expect(await outcomeOf(step, scene)).toBe(status === 429 ? R : S);
      expect(scene.waits).toEqual([]);
      expectNothingWritten(scene);
    });
  }

  test('a page that is missing in the middle of the referrers is no missing API', async () => {
    const lie: Lie = { lie: 'status', status: 404, on: { path: /referrers.*last=/ } };
    const scene = await openScene([lie], { referrersPageSize: 1 });
    putImage(scene.content, 'app', { subject: scene.image, artifactType: 'application/y' });
    expect(await outcomeOf(REFERRERS, scene)).toBe(N);
  });
});

describe('a connection that breaks', () => {
  const all = [RESOLVE, BY_TAG, BY_DIGEST, STREAM, READ_BLOB, HAS_BLOB, TAGS, REFERRERS, FALLBACK, OPEN, PUT_BLOB, PATCH, COMMIT, PUT_MANIFEST, DELETE];

  test.each(all)('is no answer: $name', async (step) => {
    const scene = await openScene([{ lie: 'reset', on: step.on }]);
    expect(await outcomeOf(step, scene)).toBe('NET_UNREACHABLE');
    expectNothingWritten(scene);
  });

  test.each(all)('once is tried again: $name', async (step) => {
    const scene = await openScene([{ lie: 'reset', on: { ...step.on, times: 1 } }]);
    expect(['ok', 'done', '1 referrer']).toContain(await outcomeOf(step, scene));
  });

  describe('after the work was done, which is then not done twice', () => {
    test.each([
      [OPEN, ['POST app/blobs/uploads/', 'POST app/blobs/uploads/', 'PUT app/blobs/uploads/ID']],
      [PUT_BLOB, ['POST app/blobs/uploads/', 'PUT app/blobs/uploads/ID', 'HEAD app/blobs/DIGEST']],
      [COMMIT, ['POST app/blobs/uploads/', 'PATCH app/blobs/uploads/ID', 'PUT app/blobs/uploads/ID', 'HEAD app/blobs/DIGEST']],
      [PUT_MANIFEST, ['PUT app/manifests/v2', 'PUT app/manifests/v2']],
      [DELETE, ['DELETE app/manifests/v1', 'DELETE app/manifests/v1']],
    ])('$name', async (step, steps) => {
      const scene = await openScene([{ lie: 'reset', when: 'after', on: { ...step.on, times: 1 } }]);
      expect(await outcomeOf(step, scene)).toBe('done');
      expect(scene.steps()).toEqual(steps);
    });

    test('sending a large blob: a new upload is begun, since nobody knows how far the old one came', async () => {
      const scene = await openScene([{ lie: 'reset', when: 'after', on: { ...PATCH.on, times: 1 } }]);
      expect(await outcomeOf(PATCH, scene)).toBe('done');
      expect(scene.steps().map((step) => step.split(' ')[0])).toEqual(['POST', 'PATCH', 'HEAD', 'POST', 'PATCH', 'PUT']);
      expect(scene.content.getBlob('app', digestOf(LARGE))).toEqual(Buffer.from(LARGE));
    });
  });

  test('always after the work was done: that is known too', async () => {
    const scene = await openScene([{ lie: 'reset', when: 'after', on: PUT_BLOB.on }]);
    expect(await outcomeOf(PUT_BLOB, scene)).toBe('done');
    expect(scene.content.getBlob('app', digestOf(NEW_BLOB))).toEqual(Buffer.from(NEW_BLOB));
  });

  test.each([PUT_BLOB, PATCH])('whose upload is sent anew waits a little longer each time: $name', async (step) => {
    const scene = await openScene([{ lie: 'reset', on: step.on }]);
    await outcomeOf(step, scene);
    expect(scene.waits).toEqual([500, 1000]);
  });
});

describe('a body', () => {
  const TRUNCATED: Lie = { lie: 'truncated' };
  const RESET: Lie = { lie: 'truncated', by: 'reset' };
  const EMPTIED: Lie = { lie: 'truncated', after: 0 };
  const ENDLESS: Lie = { lie: 'endless' };
  const LONGER: Lie = { lie: 'wrong-size', by: 3 };
  const SHORTER: Lie = { lie: 'wrong-size', by: -4 };
  const OTHER: Lie = { lie: 'other-bytes' };
  const MALFORMED: Lie = { lie: 'malformed-json' };
  const DEEP: Lie = { lie: 'deep-json' };
  const HTML: Lie = { lie: 'content-type', is: 'text/html' };
  const INDEX: Lie = { lie: 'content-type', is: OCI_INDEX };
  const UNTYPED: Lie = { lie: 'content-type', is: undefined };
  const HEADER: Lie = { lie: 'digest-header' };
  const MANY: Lie = { lie: 'many-referrers' };

  test.each<[name: string, lie: Lie, step: Step, outcome: string]>([
    ['that ends early', TRUNCATED, BY_TAG, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, BY_DIGEST, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, STREAM, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, READ_BLOB, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, TAGS, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, REFERRERS, 'NET_UNREACHABLE'],
    ['that ends early', TRUNCATED, FALLBACK, 'NET_UNREACHABLE'],
    ['that is reset', RESET, BY_TAG, 'NET_UNREACHABLE'],
    ['that is reset', RESET, STREAM, 'NET_UNREACHABLE'],
    ['that ends at once', EMPTIED, BY_DIGEST, 'NET_UNREACHABLE'],
    ['that ends at once', EMPTIED, STREAM, 'NET_UNREACHABLE'],
    ['without an end', ENDLESS, BY_TAG, 'NET_TOO_LARGE'],
    ['without an end', ENDLESS, BY_DIGEST, 'NET_TOO_LARGE'],
    ['without an end', ENDLESS, STREAM, 'OCI_SIZE_MISMATCH'],
    ['without an end', ENDLESS, READ_BLOB, 'NET_TOO_LARGE'],
    ['without an end', ENDLESS, TAGS, 'NET_TOO_LARGE'],
    ['without an end', ENDLESS, REFERRERS, 'NET_TOO_LARGE'],
    ['without an end', ENDLESS, FALLBACK, 'NET_TOO_LARGE'],
    ['that is longer', LONGER, BY_TAG, 'OCI_DIGEST_MISMATCH'],
    ['that is longer', LONGER, BY_DIGEST, 'OCI_DIGEST_MISMATCH'],
    ['that is longer', LONGER, STREAM, 'OCI_SIZE_MISMATCH'],
    ['that is longer', LONGER, READ_BLOB, 'OCI_SIZE_MISMATCH'],
    ['that is longer, by spaces that nobody minds', LONGER, TAGS, 'ok'],
    ['that is longer', LONGER, FALLBACK, 'OCI_DIGEST_MISMATCH'],
    ['that is much longer', { lie: 'wrong-size', by: 1_000_000 }, STREAM, 'NET_TOO_LARGE'],
    ['that is shorter', SHORTER, BY_TAG, 'OCI_DIGEST_MISMATCH'],
    ['that is shorter', SHORTER, BY_DIGEST, 'OCI_DIGEST_MISMATCH'],
    ['that is shorter', SHORTER, STREAM, 'OCI_SIZE_MISMATCH'],
    ['that is shorter', SHORTER, READ_BLOB, 'OCI_SIZE_MISMATCH'],
    ['that is shorter', SHORTER, TAGS, 'OCI_MANIFEST'],
    ['that is shorter', SHORTER, REFERRERS, 'OCI_MANIFEST'],
    ['that is shorter', SHORTER, FALLBACK, 'OCI_DIGEST_MISMATCH'],
    ['of other bytes', OTHER, BY_TAG, 'OCI_DIGEST_MISMATCH'],
    ['of other bytes', OTHER, BY_DIGEST, 'OCI_DIGEST_MISMATCH'],
    ['of other bytes', OTHER, STREAM, 'OCI_DIGEST_MISMATCH'],
    ['of other bytes', OTHER, READ_BLOB, 'OCI_DIGEST_MISMATCH'],
    ['of other bytes', OTHER, TAGS, 'OCI_MANIFEST'],
    ['of other bytes', OTHER, FALLBACK, 'OCI_DIGEST_MISMATCH'],
    ['that is no JSON', MALFORMED, BY_TAG, 'OCI_MANIFEST'],
    ['that is no JSON', MALFORMED, BY_DIGEST, 'OCI_DIGEST_MISMATCH'],
    ['that is no JSON', MALFORMED, TAGS, 'OCI_MANIFEST'],
    ['that is no JSON', MALFORMED, REFERRERS, 'OCI_MANIFEST'],
    ['that is no JSON', MALFORMED, FALLBACK, 'OCI_MANIFEST'],
    ['that nests', DEEP, BY_TAG, 'OCI_MANIFEST'],
    ['that nests', DEEP, BY_DIGEST, 'OCI_DIGEST_MISMATCH'],
    ['that nests', DEEP, TAGS, 'OCI_MANIFEST'],
    ['that nests', DEEP, REFERRERS, 'OCI_MANIFEST'],
    ['that nests', DEEP, FALLBACK, 'OCI_MANIFEST'],
    ['of another type', HTML, RESOLVE, 'OCI_CONTENT_TYPE'],
    ['of another type', HTML, BY_TAG, 'OCI_CONTENT_TYPE'],
    ['of another type', HTML, BY_DIGEST, 'OCI_CONTENT_TYPE'],
    ['of another type', HTML, REFERRERS, 'not supported (HTTP 200)'],
    ['of another type, as some clients push it', HTML, FALLBACK, '1 referrer'],
    ['of the type of an index', INDEX, BY_TAG, 'OCI_CONTENT_TYPE'],
    ['of the type of an index', INDEX, BY_DIGEST, 'OCI_CONTENT_TYPE'],
    ['of no type', UNTYPED, RESOLVE, 'ok'],
    ['of no type', UNTYPED, BY_DIGEST, 'ok'],
    ['of no type', UNTYPED, REFERRERS, 'not supported (HTTP 200)'],
    ['under another digest', HEADER, BY_TAG, 'OCI_DIGEST_MISMATCH'],
    ['under another digest, which is not what was asked for', HEADER, BY_DIGEST, 'ok'],
    ['under another digest', HEADER, FALLBACK, 'OCI_DIGEST_MISMATCH'],
    ['with ten thousand entries', MANY, REFERRERS, 'OCI_LIMIT'],
    ['with ten thousand entries', MANY, FALLBACK, 'OCI_LIMIT'],
  ])('%s: %#', async (_, lie, step, outcome) => {
    const scene = await openScene([{ ...lie, on: step.on }]);
    expect(await outcomeOf(step, scene)).toBe(outcome);
  });

  test.each([BY_TAG, BY_DIGEST, READ_BLOB, TAGS, REFERRERS, FALLBACK])('that ends early once is read again: $name', async (step) => {
    const scene = await openScene([{ lie: 'truncated', on: { ...step.on, times: 1 } }]);
    expect(['ok', '1 referrer']).toContain(await outcomeOf(step, scene));
  });

  // One that trickles is cut off by the silence between two bytes, or by the time that the whole may take.
  test.each([BY_TAG, BY_DIGEST, STREAM, READ_BLOB, TAGS, REFERRERS, FALLBACK])('that stops after a byte: $name', async (step) => {
    const scene = await openScene([{ lie: 'drip', everyMs: 60_000, on: step.on }], {}, { http: { idleTimeoutMs: 30, retries: 0 } });
    expect(await outcomeOf(step, scene)).toBe('NET_TIMEOUT');
  });

  test.each([BY_TAG, READ_BLOB, TAGS, REFERRERS, FALLBACK])('that trickles: $name', async (step) => {
    const scene = await openScene([{ lie: 'drip', everyMs: 15, on: step.on }], {}, { http: { timeoutMs: 100 } });
    expect(await outcomeOf(step, scene)).toBe('NET_TIMEOUT');
  });

  test('of a blob that trickles ends with the patience of the caller', async () => {
    const abort = new AbortController();
    const scene = await openScene([{ lie: 'drip', everyMs: 5, on: STREAM.on }], {}, { signal: abort.signal });
    const reading = async (): Promise<void> => {
      for await (const _ of scene.client.blob(scene.blob)) abort.abort(new Error('enough'));
    };
    await expect(reading()).rejects.toThrow('enough');
  });

  test.each([STREAM, PUT_MANIFEST, DELETE])('of a refusal without an end: $name', async (step) => {
    const refused: Lie = { lie: 'status', status: 403, on: step.on };
    const scene = await openScene([refused, { lie: 'endless', on: step.on }]);
    expect(['OCI_DENIED', 'NET_TOO_LARGE']).toContain(await outcomeOf(step, scene));
  });
});
