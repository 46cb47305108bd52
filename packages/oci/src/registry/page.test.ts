import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { type Loopback, serve } from '../../../net/test/loopback.ts';
import { openClient } from '../../test/open-registry.ts';
import type { Digest } from '../digest.ts';
import type { ReferrerList } from '../store.ts';
import { nextPage } from './page.ts';
import type { RepositoryClient } from './repository.ts';

const SUBJECT: Digest = `sha256:${'a'.repeat(64)}`;
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Every page is `tags` or `manifests`, and `link` says where it goes on. */
function paging(page: { readonly tags?: unknown; readonly manifests?: unknown }, link: (url: string, asked: number) => string): RequestListener {
  let asked = 0;
  return (request, response) => {
    asked += 1;
    response.writeHead(200, { 'Content-Type': INDEX, Link: link(request.url ?? '', asked) }).end(JSON.stringify(page));
  };
}

async function clientOf(listener: RequestListener): Promise<{ client: RepositoryClient; server: Loopback }> {
  const server = await serve(listener);
  return { client: openClient().registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' }), server };
}

async function firstList(client: RepositoryClient): Promise<ReferrerList | undefined> {
  for await (const list of client.referrerLists(SUBJECT)) return list;
  return undefined;
}

const next = (path: string): string => `<${path}>; rel="next"`;

describe('a list', () => {
  test.each([
    ['that leads to itself', (url: string) => next(url)],
    ['that leads in a circle', (url: string) => next(url.endsWith('?b') ? '/v2/app/x?a' : '/v2/app/x?b')],
  ])('%s ends there', async (_, link) => {
    const tags = await clientOf(paging({ tags: ['v1'] }, link));
    expect(await tags.client.tags()).toEqual(Array.from({ length: tags.server.requests.length }, () => 'v1'));
    expect(tags.server.requests.length).toBeLessThanOrEqual(3);
    const referrers = await clientOf(paging({ manifests: [] }, link));
    expect(await firstList(referrers.client)).toMatchObject({ says: 'none' });
    expect(referrers.server.requests.length).toBeLessThanOrEqual(3);
  });

  test('of empty pages, each with one more behind it, is not followed for ever', async () => {
    const link = (_: string, asked: number): string => next(`/v2/app/more?${asked}`);
    const tags = await clientOf(paging({ tags: [] }, link));
    expect(await caught(tags.client.tags())).toMatchObject({ code: 'OCI_LIMIT', message: expect.stringContaining('more than 1000 pages') });
    expect(tags.server.requests).toHaveLength(1000);
    const referrers = await clientOf(paging({ manifests: [] }, link));
    expect(await firstList(referrers.client)).toMatchObject({ problem: { code: 'OCI_LIMIT' } });
  });

  test('of more referrers than belong to one image is not read to its end', async () => {
    const descriptor = (i: number) => ({ mediaType: 'x', digest: `sha256:${String(i).padStart(64, '0')}`, size: 1 });
    const page = { manifests: Array.from({ length: 300 }, (_, i) => descriptor(i)) };
    const { client, server } = await clientOf(paging(page, (_, asked) => next(`/v2/app/more?${asked}`)));
    expect(await firstList(client)).toMatchObject({ descriptors: [], problem: { code: 'OCI_LIMIT' } });
    expect(server.requests).toHaveLength(4);
  });

  test('of more tags than anybody has is not read to its end', async () => {
    const page = { tags: Array.from({ length: 50_000 }, (_, i) => `v${i}`) };
    const { client, server } = await clientOf(paging(page, (_, asked) => next(`/v2/app/more?${asked}`)));
    expect((await caught(client.tags())).code).toBe('OCI_LIMIT');
    expect(server.requests).toHaveLength(5);
  });

  test('that goes on at another host is refused', async () => {
    const elsewhere = await serve((_, response) => response.end('{"tags":["v2"]}'));
    const { client } = await clientOf(paging({ tags: ['v1'] }, () => next(`${elsewhere.url}/v2/app/tags/list`)));
    expect(await caught(client.tags())).toMatchObject({ code: 'OCI_STATUS', found: `127.0.0.1:${elsewhere.port}` });
    expect(elsewhere.requests).toEqual([]);
  });

  test.each([
    ['a path that leads elsewhere', '../../other/manifests/v1'],
    ['a query', 'v1?x'],
    ['nothing', ''],
    ['129 characters', 'x'.repeat(129)],
    ['escapes of a terminal', '\u001b[2J'],
    ['a number', 1],
    ['null', null],
  ])('of tags with one that is %s is refused', async (_, tag) => {
    const { client } = await clientOf(paging({ tags: ['v1', tag] }, () => ''));
    expect(await caught(client.tags())).toMatchObject({ code: 'OCI_MANIFEST', message: expect.stringContaining('tags[1]: is not a tag') });
  });

  test.each([
    ['no list', {}, []],
    ['null, as Go writes no tags', { tags: null }, []],
    ['an object', { tags: {} }, 'OCI_MANIFEST'],
    ['text', { tags: 'v1' }, 'OCI_MANIFEST'],
  ])('of tags that is %s: %j', async (_, page, expected) => {
    const { client } = await clientOf(paging(page, () => ''));
    if (typeof expected === 'string') expect((await caught(client.tags())).code).toBe(expected);
    else expect(await client.tags()).toEqual(expected);
  });
});

describe('where a list goes on', () => {
  const after = (link: string | undefined, url = 'https://r.example/v2/app/tags/list'): string | undefined =>
    nextPage({ status: 200, url, body: new Uint8Array(0), headers: link === undefined ? {} : { link } })?.href;

  test.each([
    ['a path', '</v2/app/tags/list?n=2&last=b>; rel="next"', 'https://r.example/v2/app/tags/list?n=2&last=b'],
    ['a query', '<?last=b>; rel="next"', 'https://r.example/v2/app/tags/list?last=b'],
    ['a URL', '<https://r.example/x>; rel="next"', 'https://r.example/x'],
    ['the scheme of the inside', '<http://r.example/x>; rel="next"', 'https://r.example/x'],
    ['rel without quotes', '</x>; rel=next', 'https://r.example/x'],
    ['other parameters', '</x>; title="y"; rel="next"', 'https://r.example/x'],
    ['the second link', '</a>; rel="prev", </b>; rel="next"', 'https://r.example/b'],
    ['another relation', '</x>; rel="prev"', undefined],
    ['no relation', '</x>', undefined],
    ['no brackets', '/x; rel="next"', undefined],
    ['what is no URL', '<http://[>; rel="next"', undefined],
    ['no header', undefined, undefined],
  ])('%s', (_, link, expected) => {
    expect(after(link)).toBe(expected);
  });
});
