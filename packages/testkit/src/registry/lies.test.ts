/** Every lie is really told, where it should be and nowhere else. */
import { utf8 } from '@assay/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, type AskOptions, ask, codesOf } from './ask.ts';
import { digestOf, type Lie, OCI_MANIFEST, putImage, type RegistryOptions, serveRegistry } from './index.ts';

const BLOB = utf8('0123456789');
const BLOB_PATH = `/v2/app/blobs/${digestOf(BLOB)}`;
const MANIFEST = '/v2/app/manifests/v1';
const UPLOADS = '/v2/app/blobs/uploads/';

async function open(lies: readonly Lie[], options: RegistryOptions = {}) {
  const registry = await serveRegistry({ ...options, lies });
  onTestFinished(() => registry.close());
  const { content } = registry;
  content.putBlob('app', BLOB);
  const image = putImage(content, 'app', { tag: 'v1' });
  const manifest = Buffer.from(content.getManifest('app', 'v1')?.bytes ?? []);
  const at = (location: string, asked?: AskOptions) => ask(new URL(location, registry.url).href, asked);
  const push = (asked: AskOptions = {}) => at('/v2/app/manifests/v2', { method: 'PUT', headers: { 'Content-Type': OCI_MANIFEST }, body: manifest, ...asked });
  return { registry, content, image, manifest, at, push };
}

const json = ({ text }: Answer) => JSON.parse(text) as { manifests: { digest: string; size: number }[]; annotations?: Record<string, string> };

describe('content', () => {
  test('other-bytes: another manifest of the same size under the digest, still readable', async () => {
    const { at, manifest, image } = await open([{ lie: 'other-bytes' }]);
    for (const reference of ['v1', image.digest]) {
      const answer = await at(`/v2/app/manifests/${reference}`);
      expect(answer.headers['docker-content-digest']).toBe(image.digest);
      expect(answer.body).toHaveLength(manifest.length);
      expect(digestOf(answer.body)).not.toBe(image.digest);
      expect(json(answer)).toMatchObject({ config: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) } });
    }
  });

  test('other-bytes: a blob whose last byte is another, whole or in part; or the bytes given', async () => {
    const { at } = await open([{ lie: 'other-bytes' }]);
    expect(await at(BLOB_PATH)).toMatchObject({ text: '0123456788', headers: { 'docker-content-digest': digestOf(BLOB) } });
    expect(await at(BLOB_PATH, { headers: { Range: 'bytes=8-9' } })).toMatchObject({ status: 206, text: '88' });
    const given = await open([{ lie: 'other-bytes', bytes: utf8('abcdefghij') }]);
    expect(await given.at(BLOB_PATH)).toMatchObject({ text: 'abcdefghij' });
  });

  test.each([
    [3, '0123456789   '],
    [-4, '012345'],
  ])('wrong-size by %i: the whole HTTP message agrees on it', async (by, text) => {
    const { at } = await open([{ lie: 'wrong-size', by }]);
    expect(await at(BLOB_PATH)).toMatchObject({ text, broken: undefined, headers: { 'content-length': String(text.length) } });
    expect(await at(BLOB_PATH, { method: 'HEAD' })).toMatchObject({ headers: { 'content-length': String(text.length) } });
  });

  test('changing-tag: every second answer for a tag is another manifest, with its own digest', async () => {
    const { at, image, registry } = await open([{ lie: 'changing-tag' }]);
    const answers = [await at(MANIFEST), await at(MANIFEST), await at(MANIFEST)];
    expect(answers.map(({ body, headers }) => digestOf(body) === headers['docker-content-digest'])).toEqual([true, true, true]);
    expect(answers.map(({ body }) => digestOf(body) === image.digest)).toEqual([true, false, true]);
    registry.reset();
    expect((await at(MANIFEST, { method: 'HEAD' })).headers['docker-content-digest']).toBe(image.digest);
    expect((await at(MANIFEST)).headers['docker-content-digest']).not.toBe(image.digest);
    for (const _ of [1, 2]) expect((await at(`/v2/app/manifests/${image.digest}`)).headers['docker-content-digest']).toBe(image.digest);
  });

  test('changing-tag: or the manifest given', async () => {
    const { at } = await open([{ lie: 'changing-tag', manifest: utf8('{}') }]);
    await at(MANIFEST);
    expect(await at(MANIFEST)).toMatchObject({ text: '{}', headers: { 'docker-content-digest': digestOf(utf8('{}')) } });
  });

  test('foreign-referrers: the list names referrers of another subject', async () => {
    const { at, content, image } = await open([{ lie: 'foreign-referrers' }]);
    const own = putImage(content, 'app', { subject: image });
    const foreign = putImage(content, 'app', { subject: putImage(content, 'app', { annotations: { other: 'image' } }) });
    const listed = json(await at(`/v2/app/referrers/${image.digest}`)).manifests.map(({ digest }) => digest);
    expect(listed).toEqual([own.digest, foreign.digest]);
  });

  test('foreign-referrers: the tag that stands for the list lies too', async () => {
    const { at, content, image } = await open([{ lie: 'foreign-referrers' }], { referrers: 'none' });
    const foreign = putImage(content, 'app', { subject: { ...image, digest: digestOf(utf8('other')) } });
    const tag = image.digest.replace(':', '-');
    content.putManifest('app', { schemaVersion: 2, manifests: [] }, { tag });
    const answer = await at(`/v2/app/manifests/${tag}`);
    expect(json(answer).manifests).toMatchObject([{ digest: foreign.digest }]);
    expect(answer.headers['docker-content-digest']).toBe(digestOf(answer.body));
  });

  test('many-referrers: ten thousand before the honest one', async () => {
    const { at, content, image } = await open([{ lie: 'many-referrers' }]);
    const own = putImage(content, 'app', { subject: image });
    const { manifests } = json(await at(`/v2/app/referrers/${image.digest}`));
    expect([manifests.length, new Set(manifests.map(({ digest }) => digest)).size, manifests.at(-1)?.digest]).toEqual([10_001, 10_001, own.digest]);
  });

  test.each([MANIFEST, '/v2/app/tags/list', `/v2/app/referrers/${digestOf(BLOB)}`])('malformed-json: %s does not parse', async (path) => {
    const { at } = await open([{ lie: 'malformed-json' }]);
    const answer = await at(path);
    expect(() => json(answer)).toThrow(SyntaxError);
    expect([answer.status, answer.broken]).toEqual([200, undefined]);
  });

  test('deep-json: the honest document, and a member nested a hundred thousand deep', async () => {
    const { at, image } = await open([{ lie: 'deep-json' }]);
    const { text, body, headers } = await at(MANIFEST);
    expect(text).toMatch(/^\{"schemaVersion":2,.*,"deep":\[{100000}\]{100000}\}$/);
    expect(headers['docker-content-digest']).toBe(digestOf(body));
    expect(digestOf(body)).not.toBe(image.digest);
    expect((await at('/v2/')).text).toMatch(/^\{"deep":\[/);
  });
});

describe('headers', () => {
  test.each([
    ['another', 'text/html', 'text/html'],
    ['none', undefined, undefined],
  ])('content-type: %s', async (_, is, expected) => {
    const { at } = await open([{ lie: 'content-type', is }]);
    expect((await at(MANIFEST)).headers['content-type']).toBe(expected);
  });

  const OTHER = `sha256:${'0'.repeat(64)}`;

  test('digest-header: of what is pulled', async () => {
    const { at, image } = await open([{ lie: 'digest-header' }]);
    const { headers, body } = await at(MANIFEST);
    expect([headers['docker-content-digest'], digestOf(body)]).toEqual([OTHER, image.digest]);
  });

  test('digest-header: of what was pushed, with the Location; stored it is as it was', async () => {
    const { at, push, content, image } = await open([{ lie: 'digest-header' }]);
    expect(await push()).toMatchObject({ status: 201, headers: { 'docker-content-digest': OTHER, location: `/v2/app/manifests/${OTHER}` } });
    expect(content.getManifest('app', 'v2')?.digest).toBe(image.digest);
    const bytes = utf8('pushed');
    const answer = await at(`${UPLOADS}?digest=${digestOf(bytes)}`, { method: 'POST', body: bytes });
    expect(answer).toMatchObject({ status: 201, headers: { 'docker-content-digest': OTHER, location: `/v2/app/blobs/${OTHER}` } });
    expect(content.getBlob('app', digestOf(bytes))).toEqual(Buffer.from(bytes));
  });

  test.each(['relative', 'absolute'] as const)('upload-location: another host takes the upload (%s)', async (locations) => {
    const other = await open([]);
    const { at } = await open([{ lie: 'upload-location', to: other.registry.url }], { content: other.content, locations });
    const { status, headers } = await at(UPLOADS, { method: 'POST' });
    expect([status, headers['location']]).toEqual([202, expect.stringContaining(`${other.registry.url}${UPLOADS}`)]);
    const body = utf8('to another host');
    const put = await ask(`${headers['location']}&digest=${digestOf(body)}`, { method: 'PUT', body, headers: { Authorization: 'Bearer lured' } });
    expect(put.status).toBe(201);
    expect(other.registry.requests).toMatchObject([{ method: 'PUT', headers: { authorization: 'Bearer lured' } }]);
  });

  test('wrong-range: a chunk that was taken is said to be shorter', async () => {
    const { at } = await open([{ lie: 'wrong-range', on: { method: 'PATCH' } }]);
    const location = (await at(UPLOADS, { method: 'POST' })).headers['location'] ?? '';
    expect(await at(location, { method: 'PATCH', body: '0123' })).toMatchObject({ status: 202, headers: { range: '0-2' } });
    expect(await at(location)).toMatchObject({ status: 204, headers: { range: '0-3' } });
  });
});

describe('delivery', () => {
  test.each([
    ['half of it', {}, '01234'],
    ['what was asked', { after: 2 }, '01'],
    ['nothing', { after: 0 }, ''],
  ])('truncated: the connection ends after %s', async (_, how, text) => {
    const { at } = await open([{ lie: 'truncated', ...how }]);
    expect(await at(BLOB_PATH)).toMatchObject({ status: 200, headers: { 'content-length': '10' }, text, broken: { message: 'aborted' } });
  });

  test('truncated: or is reset', async () => {
    const { at } = await open([{ lie: 'truncated', by: 'reset' }]);
    expect(await at(BLOB_PATH)).toMatchObject({ status: 200, broken: { message: 'read ECONNRESET' } });
  });

  test('endless: the body goes on and on, until the client has had enough', async () => {
    const { at, manifest, registry } = await open([{ lie: 'endless' }]);
    const answer = await at(MANIFEST, { maxBytes: 1_000_000 });
    expect(answer.body.length).toBeGreaterThan(1_000_000);
    expect(answer.text.startsWith(manifest.toString())).toBe(true);
    expect(answer.text.trimEnd()).toBe(manifest.toString());
    expect(answer.headers['content-length']).toBeUndefined();
    await registry.close(); // waits for every connection
    await expect(at('/v2/')).rejects.toThrow('ECONNREFUSED');
  });

  test('drip: one byte at a time', async () => {
    const { at } = await open([{ lie: 'drip', everyMs: 5 }]);
    const started = performance.now();
    expect(await at(BLOB_PATH)).toMatchObject({ text: '0123456789', broken: undefined });
    expect(performance.now() - started).toBeGreaterThan(30); // ten waits of 5 ms; a slow machine only adds
  });

  test('none is told of a HEAD, which has no body', async () => {
    for (const lie of [{ lie: 'truncated' }, { lie: 'endless' }, { lie: 'drip', everyMs: 60_000 }] as const) {
      const { at } = await open([lie]);
      expect(await at(BLOB_PATH, { method: 'HEAD' })).toMatchObject({ status: 200, broken: undefined, headers: { 'content-length': '10' } });
    }
  });
});

describe('instead of an answer', () => {
  test.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [404, 'MANIFEST_UNKNOWN'],
    [429, 'TOOMANYREQUESTS'],
    [500, 'UNKNOWN'],
    [503, 'UNAVAILABLE'],
  ])('status %i: %s, and a push stored nothing', async (status, code) => {
    const { push, content } = await open([{ lie: 'status', status, headers: { 'Retry-After': '1' } }]);
    const answer = await push();
    expect([answer.status, codesOf(answer), answer.headers['retry-after']]).toEqual([status, [code], '1']);
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('status, after: refused, but stored', async () => {
    const { push, content } = await open([{ lie: 'status', status: 500, when: 'after' }]);
    expect(await push()).toMatchObject({ status: 500 });
    expect(content.tags('app')).toEqual(['v1', 'v2']);
  });

  test.each([
    ['instead', ['v1']],
    ['after', ['v1', 'v2']],
  ] as const)('reset, %s: no answer, and the tags are %j', async (when, tags) => {
    const { push, content, registry } = await open([{ lie: 'reset', when }]);
    await expect(push()).rejects.toThrow('ECONNRESET'); // a connection that merely ends says `socket hang up`
    expect(content.tags('app')).toEqual(tags);
    expect(registry.requests).toMatchObject([{ method: 'PUT', status: 0 }]);
  });

  test.each([
    ['manifest', MANIFEST],
    ['blob', BLOB_PATH],
  ])('redirect: to another host, which sees what credentials follow to a %s', async (_, path) => {
    const other = await open([]);
    const { at } = await open([{ lie: 'redirect', to: other.registry.url, status: 302 }]);
    const answer = await at(path);
    expect(answer).toMatchObject({ status: 302, headers: { location: other.registry.url + path } });
    await ask(answer.headers['location'] ?? '', { headers: { Authorization: 'Bearer lured' } });
    expect(other.registry.requests).toMatchObject([{ path, headers: { authorization: 'Bearer lured' }, status: 200 }]);
  });

  test('redirect: only those whom the registry would have answered', async () => {
    const { at } = await open([{ lie: 'redirect', to: 'http://127.0.0.1:9' }], { auth: { kind: 'basic', username: 'u', password: 'p' } });
    expect(await at(MANIFEST)).toMatchObject({ status: 401 });
    expect(await at(MANIFEST, { headers: { Authorization: `Basic ${btoa('u:p')}` } })).toMatchObject({ status: 307 });
  });

  test('redirect-loop: to itself for ever, never the same URL', async () => {
    const { at } = await open([{ lie: 'redirect-loop' }]);
    const visited = new Set<string>();
    for (let url = MANIFEST; visited.size < 30; ) {
      const { status, headers } = await at(url);
      expect([status, visited.has(headers['location'] ?? '')]).toEqual([307, false]);
      url = headers['location'] ?? '';
      visited.add(url);
    }
  });

  test.each([
    [
      'a realm on another host',
      { realm: 'http://127.0.0.1:9/token' },
      'Bearer realm="http://127.0.0.1:9/token",service="registry.test",scope="repository:app:pull"',
    ],
    ['one that is malformed', { header: 'Bearer realm="unclosed' }, 'Bearer realm="unclosed'],
    ['several', { header: ['Negotiate', 'Basic realm="x"'] }, 'Negotiate, Basic realm="x"'],
  ])('challenge: %s, to those without credentials', async (_, how, expected) => {
    const { at } = await open([{ lie: 'challenge', ...how }]);
    expect(await at(MANIFEST)).toMatchObject({ status: 401, headers: { 'www-authenticate': expected } });
    expect(await at(MANIFEST, { headers: { Authorization: 'Bearer x' } })).toMatchObject({ status: 200 });
  });
});

describe('on', () => {
  const statuses = async (at: (path: string) => Promise<Answer>, paths: readonly string[]) => {
    const found: number[] = [];
    for (const path of paths) found.push((await at(path)).status);
    return found;
  };

  test('method and path choose the step', async () => {
    const { at } = await open([{ lie: 'status', status: 500, on: { method: 'HEAD', path: /\/blobs\// } }]);
    expect(await statuses(at, [BLOB_PATH, MANIFEST])).toEqual([200, 200]);
    expect(await statuses((path) => at(path, { method: 'HEAD' }), [BLOB_PATH, MANIFEST])).toEqual([500, 200]);
  });

  test('skip and times choose the turn, and reset begins anew', async () => {
    const { at, registry } = await open([{ lie: 'status', status: 503, on: { path: /manifests/, skip: 1, times: 2 } }]);
    expect(await statuses(at, [MANIFEST, BLOB_PATH, MANIFEST, BLOB_PATH, MANIFEST, MANIFEST])).toEqual([200, 200, 503, 200, 503, 200]);
    registry.reset();
    expect(await statuses(at, [MANIFEST, MANIFEST])).toEqual([200, 503]);
  });

  test('an answer that a lie is not about does not use up its turn', async () => {
    const { at } = await open([{ lie: 'digest-header', on: { times: 1 } }]);
    await statuses(at, ['/v2/', '/v2/app/tags/list', '/v2/app/manifests/none']);
    expect((await at(MANIFEST)).headers['docker-content-digest']).toMatch(/:0{64}$/);
  });

  test('a challenge of the honest registry does not use up a turn of a lie about content', async () => {
    const { at } = await open([{ lie: 'content-type', is: 'text/html', on: { times: 1 } }], { auth: { kind: 'basic', username: 'u', password: 'p' } });
    await at(MANIFEST);
    expect((await at(MANIFEST, { headers: { Authorization: `Basic ${btoa('u:p')}` } })).headers['content-type']).toBe('text/html');
  });

  test('several lies are told of one answer', async () => {
    const { at } = await open([{ lie: 'wrong-size', by: 2 }, { lie: 'digest-header' }, { lie: 'truncated', after: 11 }]);
    expect(await at(BLOB_PATH)).toMatchObject({
      text: '0123456789 ',
      headers: { 'content-length': '12', 'docker-content-digest': expect.stringMatching(/:0{64}$/) },
    });
  });

  test('the token endpoint can be lied about as well', async () => {
    const auth = { kind: 'bearer', username: 'u', password: 'p', anonymousPull: true } as const;
    const { registry } = await open([{ lie: 'malformed-json', on: { path: /^\/token/ } }], { auth });
    const { status, text } = await ask(`${registry.tokenUrl}?service=registry.test`);
    expect(status).toBe(200);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });
});
