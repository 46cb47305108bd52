import { utf8 } from '@assay/core';
import { createHttpClient, type HttpClient } from '@assay/net';
import { snappyCompress } from 'hysnappy';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { type FakeGithub, fakeGithub, type Kept } from '../../test/github-api.ts';
import { decompress } from './bundle-url.ts';
import { type FetchAttestationsOptions, fetchAttestations } from './fetch-attestations.ts';
import { fetchTrustDomain } from './trust-domain.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const http: HttpClient = createHttpClient({ sleep: async () => undefined });
const paged: FakeGithub = await fakeGithub({ pageSize: 2 });
afterAll(async () => {
  http.close();
  await paged.close();
});
beforeEach(() => {
  paged.requests.length = 0;
  paged.authorizations.length = 0;
  paged.stumbles.length = 0;
  paged.kept.clear();
  paged.answer = undefined;
  paged.trustDomain = '';
});

const document = (name: string): Uint8Array => utf8(JSON.stringify({ name, big: 12345678901234 }));
const keep = (scope: string, ...kept: readonly Kept[]) => paged.kept.set(`${scope} ${DIGEST}`, kept);
const fetchAll = (more: Partial<FetchAttestationsOptions> = {}) =>
  fetchAttestations({ http, host: 'github.com', api: paged.url, scope: { repo: 'o/r' }, digest: DIGEST, ...more } as FetchAttestationsOptions);
const names = (found: readonly { bundle: Uint8Array }[]) => found.map(({ bundle }) => (JSON.parse(new TextDecoder().decode(bundle)) as { name: string }).name);

describe('a list', () => {
  test('is asked for by repository and digest', async () => {
    keep('repos/o/r', { bundle: document('a') });
    expect(await fetchAll()).toEqual([{ bundle: document('a'), initiator: 'user' }]);
    expect(paged.requests).toEqual([`GET /repos/o/r/attestations/${DIGEST}?per_page=30`]);
    expect(paged.authorizations).toEqual(['']);
  });

  test('is asked for by owner, with a token and the predicate type', async () => {
    keep('orgs/o', { bundle: document('a') });
    await fetchAll({ scope: { owner: 'o' }, token: 'T', predicateType: 'https://slsa.dev/provenance/v1', limit: 500 });
    expect(paged.requests).toEqual([`GET /orgs/o/attestations/${DIGEST}?per_page=100&predicate_type=https%3A%2F%2Fslsa.dev%2Fprovenance%2Fv1`]);
    expect(paged.authorizations).toEqual(['token T']);
  });

  test('is read over all its pages', async () => {
    keep('repos/o/r', ...['a', 'b', 'c', 'd', 'e'].map((name) => ({ bundle: document(name) })));
    expect(names(await fetchAll())).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(paged.requests).toHaveLength(3);
  });

  test('is read no further than the limit', async () => {
    keep('repos/o/r', ...['a', 'b', 'c', 'd', 'e'].map((name) => ({ bundle: document(name) })));
    expect(names(await fetchAll({ limit: 3 }))).toEqual(['a', 'b', 'c']);
    expect(paged.requests).toHaveLength(2);
  });

  test('leaves out what the platform states of releases, when asked to', async () => {
    keep('repos/o/r', { bundle: document('a'), initiator: 'github' }, { bundle: document('b'), initiator: 'user' }, { bundle: document('c'), initiator: '' });
    expect(names(await fetchAll())).toEqual(['a', 'b', 'c']);
    expect(names(await fetchAll({ initiator: 'user' }))).toEqual(['b', 'c']);
  });

  test('of nothing is an error of its own', async () => {
    keep('repos/o/r');
    expect(await caught(fetchAll())).toMatchObject({ code: 'ATTESTATION_NONE', message: 'no attestations found' });
    keep('repos/o/r', { bundle: document('a'), initiator: 'github' });
    expect(await caught(fetchAll({ initiator: 'user' }))).toMatchObject({ code: 'ATTESTATION_NONE' });
  });

  test('that goes on at another host is not followed', async () => {
    paged.answer = () => Response.json({ attestations: [] }, { headers: { link: '<https://elsewhere.example/x>; rel="next"' } });
    expect(await caught(fetchAll({ token: 'T' }))).toMatchObject({ code: 'ATTESTATION_API', found: 'https://elsewhere.example' });
  });

  test('that never ends is given up', async () => {
    paged.answer = () => Response.json({ attestations: [] }, { headers: { link: '</more>; rel="next"' } });
    expect(await caught(fetchAll())).toMatchObject({ code: 'ATTESTATION_API', message: expect.stringContaining('100 pages') });
  });
});

describe('a bundle', () => {
  test('behind an address is fetched without the token, and decompressed', async () => {
    keep('repos/o/r', { bundle: document('a'), place: 'storage' }, { bundle: document('b') });
    expect(await fetchAll({ token: 'T' })).toEqual([
      { bundle: document('a'), initiator: 'user' },
      { bundle: document('b'), initiator: 'user' },
    ]);
    expect(paged.authorizations).toEqual(['token T', '']);
  });

  test('that is nowhere is an error', async () => {
    keep('repos/o/r', { bundle: document('a'), place: 'nowhere' });
    expect((await caught(fetchAll())).message).toBe('attestation has no bundle or bundle URL');
  });

  test('whose storage refuses is told without the signature in its address', async () => {
    keep('repos/o/r', { bundle: document('a'), place: 'storage' });
    paged.answer = (request) => (request.url.includes('/storage/') ? new Response('', { status: 403 }) : undefined);
    const { message } = await caught(fetchAll());
    expect(message).toContain('/storage/');
    expect(message).toContain('returned status code 403');
    expect(message).not.toContain('SECRET');
  });

  const block = snappyCompress(document('a'));
  test.each([
    ['empty', new Uint8Array(0)],
    ['cut off', block.subarray(0, block.length - 1)],
    ['text', utf8('<html>not found</html>')],
    ['longer than it says', Uint8Array.of(1, ...block.subarray(1))],
    ['a length that never ends', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['a length of 4 GiB', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)],
    ['a copy from before the beginning', Uint8Array.of(8, 0b00000001, 0xff)],
  ])('compressed and %s is refused', async (_, bytes) => {
    expect(await caught(decompress(bytes))).toMatchObject({ code: 'ATTESTATION_API', message: expect.stringContaining('failed to decompress with snappy') });
  });

  test('of every length comes out of the block as it went in', async () => {
    for (const length of [0, 1, 60, 61, 300, 70_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
      expect(await decompress(snappyCompress(bytes))).toEqual(bytes);
    }
  });
});

describe('a refusal', () => {
  const refusals: [string, () => Response, string, number][] = [
    ['404 with JSON', () => Response.json({ message: 'Not Found' }, { status: 404 }), 'HTTP 404: Not Found (', 404],
    ['401 with JSON', () => Response.json({ message: 'Bad credentials' }, { status: 401 }), 'HTTP 401: Bad credentials (', 401],
    [
      'several reasons',
      () => Response.json({ message: 'Validation Failed', errors: [{ message: 'no' }] }, { status: 422 }),
      'HTTP 422: Validation Failed; no (',
      422,
    ],
    ['text', () => new Response('nope', { status: 403 }), 'HTTP 403: 403 Forbidden (', 403],
    ['JSON that is none', () => new Response('{', { status: 404, headers: { 'content-type': 'application/json' } }), 'HTTP 404: 404 Not Found (', 404],
    ['a status without a name', () => new Response('', { status: 418 }), 'HTTP 418 (', 418],
    ['control characters', () => Response.json({ message: 'a\u001b[31mb' }, { status: 404 }), 'HTTP 404: a\\u001b[31mb (', 404],
  ];
  test.each(refusals)('%s', async (_, answer, text, status) => {
    paged.answer = answer;
    const error = await caught(fetchAll());
    expect(error.code).toBe('ATTESTATION_API');
    expect(error.message).toContain(`${text}${paged.url}/repos/o/r/attestations/${DIGEST}`);
    expect(error.data).toMatchObject({ status });
  });

  test('of a server in trouble is asked again, three times', async () => {
    keep('repos/o/r', { bundle: document('a') });
    paged.stumbles.push(502, 503, 500);
    expect(names(await fetchAll())).toEqual(['a']);
    paged.stumbles.push(500, 500, 500, 500);
    expect(await caught(fetchAll())).toMatchObject({ code: 'ATTESTATION_API', data: { status: 500 } });
  });

  test.each([
    ['not JSON', 'nothing'],
    ['another shape', '{"attestations":{}}'],
    ['two of one member', '{"attestations":[],"attestations":[]}'],
  ])('an answer that is %s', async (_, body) => {
    paged.answer = () => new Response(body);
    expect(await caught(fetchAll())).toMatchObject({ code: 'ATTESTATION_API' });
  });
});

describe('a trust domain', () => {
  const fetchDomain = () => fetchTrustDomain({ http, host: 'acme.ghe.com', api: paged.url, token: 'T' });

  test('is what the host says', async () => {
    paged.trustDomain = 'dotcom-eu';
    expect(await fetchDomain()).toBe('dotcom-eu');
    expect(paged.requests).toEqual(['GET /meta']);
  });

  test('is empty where it says nothing', async () => {
    paged.answer = () => Response.json({});
    expect(await fetchDomain()).toBe('');
  });

  test('that could lead elsewhere is refused', async () => {
    paged.trustDomain = '../other';
    expect(await caught(fetchDomain())).toMatchObject({ code: 'ATTESTATION_API' });
  });
});
