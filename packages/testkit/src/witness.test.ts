/** What a witness takes, and what it refuses with which status. */
import { encodeBase64 } from '@assay/core';
import { generateKey, sha256 } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { createInstance } from './instance.ts';
import { witness } from './witness.ts';

const SIGNER = { name: 'witness.example', key: generateKey('ed25519') };

function scene() {
  const { rekorV2, now } = createInstance({ fillers: { before: 40, after: 0 } });
  const other = createInstance({ fillers: { before: 50, after: 0 } }).rekorV2;
  const handler = witness({ signer: SIGNER, logs: [{ origin: rekorV2.origin, spki: rekorV2.key.spki }], clock: () => now });
  const add = async (old: number, note: string, hashes: readonly Uint8Array[] = []): Promise<{ status: number; text: string; type: string | null }> => {
    const body = `old ${old}\n${hashes.map((hash) => `${encodeBase64(hash)}\n`).join('')}\n${note}`;
    const response = await handler(new Request('http://witness.test/add-checkpoint', { method: 'POST', body }));
    return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
  };
  const grow = (from: number, to: number) => add(from, rekorV2.checkpoint(to), rekorV2.tree.consistencyProof(from, to));
  const seen = async () => {
    const origin = Buffer.from(sha256(Buffer.from(rekorV2.origin))).toString('hex');
    const response = await handler(new Request(`http://witness.test/${origin}/checkpoint`));
    return { status: response.status, text: await response.text() };
  };
  return { log: rekorV2, other, add, grow, seen };
}

describe('a witness', () => {
  test('cosigns what it sees first, and whatever extends it', async () => {
    const { grow, seen, log } = scene();
    expect((await seen()).status).toBe(404);
    const first = await grow(0, 7);
    expect(first).toMatchObject({ status: 200, text: expect.stringMatching(/^— witness\.example [A-Za-z0-9+/=]+\n$/) });
    expect(await grow(7, 7)).toMatchObject({ status: 200 });
    const last = await grow(7, 33);
    expect(await seen()).toEqual({ status: 200, text: log.checkpoint(33) + last.text });
  });

  test.each([
    ['does not begin where it stopped', 5, 33, 409],
    ['goes back', 33, 7, 400],
  ])('refuses what %s', async (_, from, to, status) => {
    const { grow, add, log } = scene();
    await grow(0, 20);
    const answer = from < to ? await grow(from, to) : await add(from, log.checkpoint(to));
    expect(answer.status).toBe(status);
    if (status === 409) expect(answer).toMatchObject({ text: '20\n', type: 'text/x.tlog.size' });
  });

  test('refuses a proof that does not hold, and two trees of one size', async () => {
    const { grow, add, log, seen } = scene();
    await grow(0, 20);
    const before = await seen();
    const proof = log.tree.consistencyProof(20, 33);
    expect(await add(20, log.checkpoint(33), proof.slice(1))).toMatchObject({ status: 422 });
    const fork = createInstance({ fillers: { before: 0, after: 0 } }).rekorV2;
    Object.defineProperty(fork, 'key', { value: log.key });
    for (let i = 0; i < 20; i++) fork.append({ body: Buffer.from(`other ${i}`), kind: 'other', version: '1' }, new Date());
    expect(await add(20, fork.checkpoint(20))).toMatchObject({ status: 409, text: '20\n' });
    expect(await seen()).toEqual(before);
  });

  test('refuses logs that it does not know, and notes that the log did not sign', async () => {
    const { add, log, other } = scene();
    expect(await add(0, other.checkpoint(9))).toMatchObject({ status: 403 });
    expect(await add(0, log.checkpoint(9).replace(log.origin, 'elsewhere.example'))).toMatchObject({ status: 404 });
    expect(await add(0, log.checkpoint(9).replace('\n9\n', '\n10\n'))).toMatchObject({ status: 403 });
  });

  test.each(['', 'old 0', 'old x\n\nnote', 'old 0\nnot base64!\n\nnote', 'old 01\n\n'])('refuses what is no request: %j', async (body) => {
    const handler = witness({ signer: SIGNER, logs: [], clock: () => new Date(0) });
    expect((await handler(new Request('http://witness.test/add-checkpoint', { method: 'POST', body }))).status).toBe(400);
  });

  test('of two requests at once takes one', async () => {
    const { grow } = scene();
    const statuses = (await Promise.all([grow(0, 20), grow(0, 30)])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 409]);
  });
});
