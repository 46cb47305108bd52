/** The stub answers as services.md section 5 states, and misbehaves as asked. */
import { toHex, utf8 } from '@assay/core';
import { entryId, verifierPem } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { createInstance, drop, put, rekorV1Stub, type StubFault, serve } from './index.ts';

const artifact = utf8('artifact');
const digest = `sha256:${toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', artifact)))}`;

function setup(fault?: StubFault) {
  const instance = createInstance();
  const message = instance.sign(artifact, { identity: { type: 'email', value: 'Someone@testkit.example' } });
  const envelope = instance.sign(artifact, { content: 'dsse' });
  const stub = rekorV1Stub(instance, fault === undefined ? {} : { fault });
  const get = (path: string): Promise<Response> => stub(new Request(`https://rekor.testkit.example${path}`));
  const post = (path: string, body: unknown): Promise<Response> =>
    stub(
      new Request(`https://rekor.testkit.example${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
  const idOf = (sample: typeof message): string => {
    const [entry] = sample.bundle.verificationMaterial.tlogEntries;
    return entryId(instance.rekorV1.treeId, new Uint8Array(Buffer.from(entry?.canonicalizedBody ?? '', 'base64')));
  };
  return { instance, message, envelope, get, post, idOf };
}

describe('entries', () => {
  test('by index, by id of 80 and of 64 digits', async () => {
    const { message, get, idOf } = setup();
    const id = idOf(message);
    for (const path of [`/api/v1/log/entries?logIndex=${message.expected.logIndexes[0]}`, `/api/v1/log/entries/${id}`, `/api/v1/log/entries/${id.slice(16)}`]) {
      const response = await get(path);
      expect(response.status).toBe(200);
      const body = (await response.json()) as Record<string, { body: string; verification: { inclusionProof: { treeSize: number } } }>;
      expect(Object.keys(body)).toEqual([id]);
      expect(body[id]?.body).toBe(message.bundle.verificationMaterial.tlogEntries[0]?.canonicalizedBody);
    }
  });

  test.each([
    ['/api/v1/log/entries?logIndex=1', 404],
    ['/api/v1/log/entries?logIndex=x', 422],
    [`/api/v1/log/entries/${'ab'.repeat(32)}`, 404],
    ['/api/v1/log/entries/zz', 400],
    ['/api/v1/unknown', 404],
  ])('%s answers %i', async (path, status) => {
    const response = await setup().get(path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code: status });
  });

  test('retrieved by id, index and proposal, ten at most', async () => {
    const { message, envelope, post, idOf } = setup();
    const proposal = JSON.parse(Buffer.from(message.bundle.verificationMaterial.tlogEntries[0]?.canonicalizedBody ?? '', 'base64').toString()) as unknown;
    const dsse = { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent: { envelope: JSON.stringify(envelope.bundle.dsseEnvelope), verifiers: [] } } };
    const response = await post('/api/v1/log/entries/retrieve', {
      entryUUIDs: [idOf(envelope)],
      logIndexes: [Number(message.expected.logIndexes[0])],
      entries: [proposal, dsse],
    });
    const found = ((await response.json()) as object[]).flatMap(Object.keys);
    expect(found).toEqual([idOf(envelope), idOf(message), idOf(message), idOf(envelope)]);
    expect((await post('/api/v1/log/entries/retrieve', { logIndexes: Array.from({ length: 11 }, () => 1) })).status).toBe(422);
    expect((await post('/api/v1/log/entries/retrieve', 'nonsense')).status).toBe(400);
  });
});

describe('uploads', () => {
  const proposal = ({ bundle }: { bundle: { verificationMaterial: { tlogEntries: { canonicalizedBody: string }[] } } }): unknown =>
    JSON.parse(Buffer.from(bundle.verificationMaterial.tlogEntries[0]?.canonicalizedBody ?? '', 'base64').toString());

  test('are recorded once, and then named', async () => {
    const { post } = setup();
    const another = proposal(createInstance().sign(artifact));
    const created = await post('/api/v1/log/entries', another);
    expect(created.status).toBe(201);
    const id = created.headers.get('etag') ?? '';
    expect(Object.keys((await created.json()) as object)).toEqual([id]);
    expect(created.headers.get('location')).toBe(`/api/v1/log/entries/${id}`);

    const equal = await post('/api/v1/log/entries', another);
    expect(equal.headers.get('location')).toBe(`/api/v1/log/entries/${id}`);
    expect(await equal.json()).toEqual({ code: 409, message: `an equivalent entry already exists in the transparency log with UUID ${id}` });
  });

  test.each<[string, (proposed: unknown) => unknown]>([
    ['another kind', put('kind', 'rekord')],
    ['another version', put('apiVersion', '0.0.9')],
    ['another digest', put('spec.data.hash.value', '00'.repeat(32))],
    ['a digest of a wrong length', put('spec.data.hash.value', '00')],
    ['another hash', put('spec.data.hash.algorithm', 'sha512')],
    ['no verifier', drop('spec.signature.publicKey')],
    ['no spec', drop('spec')],
  ])('are refused with %s', async (_, edit) => {
    const { post, message } = setup();
    const response = await post('/api/v1/log/entries', edit(proposal(message)));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 400 });
  });
});

describe('search', () => {
  test('by artifact digest, name and verifier, with or and and', async () => {
    const { message, envelope, post, idOf } = setup();
    const search = async (query: unknown): Promise<unknown> => (await post('/api/v1/index/retrieve', query)).json();
    expect(await search({ hash: digest })).toEqual([idOf(message), idOf(envelope)]);
    expect(await search({ email: 'someone@TESTKIT.example' })).toEqual([idOf(message)]);
    const content = verifierPem({ type: 'certificate', certificate: envelope.expected.certificate as Uint8Array, keyDetails: '' });
    expect(await search({ publicKey: { format: 'x509', content } })).toEqual([idOf(envelope)]);
    expect(await search({ hash: digest, email: 'someone@testkit.example', operator: 'and' })).toEqual([idOf(message)]);
    expect(await search({ hash: `sha256:${'00'.repeat(32)}` })).toEqual([]);
    expect((await post('/api/v1/index/retrieve', {})).status).toBe(400);
  });
});

describe('log', () => {
  test('gives its state, key and consistency proofs', async () => {
    const { instance, get } = setup();
    expect(await (await get('/api/v1/log')).json()).toMatchObject({ treeSize: instance.rekorV1.tree.size, treeID: String(instance.rekorV1.treeId) });
    expect(await (await get('/api/v1/log/publicKey')).text()).toContain('BEGIN PUBLIC KEY');
    expect((await get(`/api/v1/log/proof?firstSize=3&lastSize=${instance.rekorV1.tree.size}`)).status).toBe(200);
    expect((await get('/api/v1/log/proof?firstSize=9&lastSize=3')).status).toBe(400);
  });
});

describe('faults', () => {
  test.each([
    ['status-500', 500],
    ['malformed', 200],
    ['html', 200],
  ] as const)('%s', async (fault, status) => {
    const response = await setup(fault).get('/api/v1/log');
    expect(response.status).toBe(status);
    if (status === 200) await expect(response.json()).rejects.toThrow();
  });

  test.each(['other-artifact', 'wrong-set', 'wrong-proof', 'other-id'] as const)('%s differs from the truth', async (fault) => {
    const { message, get, instance, idOf } = setup(fault);
    const answer = await (await get(`/api/v1/log/entries?logIndex=${message.expected.logIndexes[0]}`)).json();
    const truth = await (await rekorV1Stub(instance)(new Request(`https://x/api/v1/log/entries/${idOf(message)}`))).json();
    expect(answer).not.toEqual(truth);
  });

  test('unavailable at first', async () => {
    const stub = rekorV1Stub(createInstance(), { unavailableFor: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await stub(new Request('https://x/api/v1/log'))).status);
    expect(statuses).toEqual([503, 503, 200]);
  });
});

test('serve puts a handler on a socket', async () => {
  const instance = createInstance();
  instance.sign(artifact);
  const server = await serve(rekorV1Stub(instance));
  const response = await fetch(`${server.url}/api/v1/index/retrieve`, { method: 'POST', body: JSON.stringify({ hash: digest }) });
  expect(await response.json()).toHaveLength(1);
  await server.close();
});
