/** The stub answers as services.md section 9 states. Its faults are seen by the client that it is for. */

import { contextConstructed, encodeBase64, encodeDer, parseTimestampResponse, toHex, utf8 } from '@assay/core';
import { boolean, hashAlgorithm, integer, octetString, oid, sequence, sha256 } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { createInstance, timestampStub } from './index.ts';

const digest = sha256(utf8('data'));
const QUERY = 'application/timestamp-query';

function setup() {
  const instance = createInstance();
  const stub = timestampStub(instance);
  const ask = (body: string | Uint8Array<ArrayBuffer>, type: string): Promise<Response> =>
    stub(new Request('https://tsa.testkit.example/api/v1/timestamp', { method: 'POST', headers: { 'Content-Type': type }, body }));
  return { instance, stub, ask };
}

const imprint = (hash: 'sha1' | 'sha256' = 'sha256', value: Uint8Array = digest) => sequence(hashAlgorithm(hash), octetString(value));

async function token(response: Response) {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/timestamp-reply');
  return parseTimestampResponse(new Uint8Array(await response.arrayBuffer()));
}

test('a DER request is granted, with nonce and certificate as asked for', async () => {
  const { instance, ask } = setup();
  const bare = await token(await ask(sequence(integer(1), imprint()), QUERY));
  expect(bare).toMatchObject({ imprint: { value: digest }, genTime: instance.now, nonce: undefined, certificates: [], policy: '1.3.6.1.4.1.57264.2' });
  const full = await token(
    await ask(sequence(integer(1), imprint(), oid('1.3.6.1.4.1.57264.2'), integer(2n ** 70n), boolean(true)), `${QUERY}; charset=utf-8`),
  );
  expect(toHex(full.nonce ?? digest)).toBe(`40${'00'.repeat(8)}`);
  expect(full.certificates).toEqual([instance.tsaSigner.certificate]);
});

test('a JSON request is granted, and answered in DER', async () => {
  const { ask } = setup();
  const request = { artifactHash: encodeBase64(digest), hashAlgorithm: 'sha256', certificates: true, nonce: 258, tsaPolicyOID: '1.3.6.1.4.1.57264.2' };
  const answer = await token(await ask(JSON.stringify(request), 'application/json'));
  expect(answer.imprint.value).toEqual(digest);
  expect(toHex(answer.nonce ?? digest)).toBe('0102');
  expect(answer.certificates).toHaveLength(1);
});

describe('refused with 400:', () => {
  test.each<[string, Uint8Array<ArrayBuffer>]>([
    ['SHA-1', sequence(integer(1), imprint('sha1', digest.subarray(0, 20)))],
    ['a digest of a wrong length', sequence(integer(1), imprint('sha256', digest.subarray(1)))],
    ['another policy', sequence(integer(1), imprint(), oid('1.2.3'))],
    ['extensions', sequence(integer(1), imprint(), encodeDer(contextConstructed(0)))],
    ['another version', sequence(integer(2), imprint())],
    ['junk', new Uint8Array(9)],
    ['nothing', new Uint8Array(0)],
  ])('%s', async (_, body) => {
    expect((await setup().ask(body, QUERY)).status).toBe(400);
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['an unknown hash', JSON.stringify({ artifactHash: encodeBase64(digest), hashAlgorithm: 'md5' })],
    ['no hash', JSON.stringify({ hashAlgorithm: 'sha256' })],
  ])('%s', async (_, body) => {
    expect((await setup().ask(body, 'application/json')).status).toBe(400);
  });
});

test('another content type is refused with 415, another path with 404', async () => {
  const { ask, stub } = setup();
  expect((await ask(sequence(integer(1), imprint()), 'application/octet-stream')).status).toBe(415);
  expect((await stub(new Request('https://tsa.testkit.example/', { method: 'POST' }))).status).toBe(404);
});

test('the chain is given out, leaf first', async () => {
  const { instance, stub } = setup();
  const pem = await (await stub(new Request('https://tsa.testkit.example/api/v1/timestamp/certchain'))).text();
  expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(instance.tsaChain.length);
  expect(pem.replaceAll('\n', '')).toContain(encodeBase64(instance.tsaSigner.certificate));
});
