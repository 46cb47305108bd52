/** Against a timestamp authority in memory; its tokens are judged by core, in a bundle that a log recorded as well. */
import { isTrustError, parseTimestampResponse, TrustError, utf8 } from '@assay/core';
import { createInstance, rekorV1Stub, type TimestampFault, type TimestampStubOptions, timestampStub } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { altered, type Change, replaced, served, signed } from '../../test/services.ts';
import { logToRekorV1 } from './rekor-v1.ts';
import type { Service } from './service.ts';
import { requestTimestamp } from './timestamp.ts';

const DATA = utf8('a signature');

async function authority(options: TimestampStubOptions = {}, instance = createInstance(), change: Change = (response) => response): Promise<Service> {
  const service = await served(altered(timestampStub(instance, options), change));
  return { ...service, url: `${service.url}/api/v1/timestamp` };
}

describe('a timestamp', () => {
  test.each<[string, TimestampStubOptions]>([
    ['of an authority that answers 200', {}],
    ['of an authority that answers 201', { created: true }],
    ['of an authority that is overloaded at first', { unavailableFor: 2 }],
  ])('%s verifies in a bundle', async (_, options) => {
    const instance = createInstance();
    const { signing, judge } = signed(instance);
    const timestamp = await requestTimestamp(signing.content.signature, await authority(options, instance));
    const entry = await logToRekorV1(signing, await served(rekorV1Stub(instance)));
    const { ok, verification } = await judge({ entries: [entry], timestamps: [timestamp] });
    expect(ok).toBe(true);
    expect(verification?.verified?.times).toContainEqual({ time: instance.now, source: 'timestamp authority' });
  });

  test('carries the certificate of its signer, as was asked for', async () => {
    const instance = createInstance();
    const token = parseTimestampResponse(await requestTimestamp(DATA, await authority({}, instance)));
    expect(token.certificates).toEqual([instance.tsaSigner.certificate]);
  });

  test('is asked for with another nonce each time, eight bytes, positive', async () => {
    const asked: Uint8Array[] = [];
    const service = await authority();
    for (let i = 0; i < 20; i++) asked.push(parseTimestampResponse(await requestTimestamp(DATA, service)).nonce ?? new Uint8Array(0));
    expect(new Set(asked.map(String)).size).toBe(20);
    expect(asked.every((nonce) => nonce.length === 8 && (nonce[0] as number) < 0x80)).toBe(true);
  });
});

describe('refused:', () => {
  test.each<[TimestampFault, string, string]>([
    ['status-500', 'TSA_REQUEST', 'HTTP 500: Error generating timestamp response'],
    ['html', 'TSA_PARSE', 'not well-formed'],
    ['malformed', 'TSA_PARSE', 'truncated'],
    ['trailing', 'TSA_PARSE', 'follow'],
    ['refused', 'TSA_STATUS', 'status 2'],
    ['other-imprint', 'TSA_IMPRINT', 'about something else'],
    ['other-nonce', 'TSA_NONCE', 'has the nonce of another request'],
    ['no-nonce', 'TSA_NONCE', 'has no nonce'],
  ])('an authority that is %s', async (fault, code, message) => {
    const service = await authority({ fault });
    const found = await refusal(() => requestTimestamp(DATA, service));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(found.message).toContain(`${service.url}: `);
  });

  test.each<[string, Change, string]>([
    ['nothing', replaced(''), 'TSA_PARSE'],
    ['an answer beyond the cap', replaced(new Uint8Array(300_000)), 'NET_TOO_LARGE'],
    ['a JSON answer', replaced('{}'), 'TSA_PARSE'],
    ['another status', async (response) => new Response(await response.arrayBuffer(), { status: 202 }), 'TSA_REQUEST'],
  ])('%s', async (_, change, code) => {
    const service = await authority({}, createInstance(), change);
    expect(await refusal(() => requestTimestamp(DATA, service))).toMatchObject({ code });
  });

  test('every answer that is cut short', async () => {
    const instance = createInstance();
    let length = 0;
    const cut: Change = async (response) => replaced(new Uint8Array(await response.arrayBuffer()).slice(0, length))(response);
    const service = await authority({}, instance, cut);
    const whole = (await requestTimestamp(DATA, await authority({}, instance))).length;
    for (; length < whole - 8; length += 7) expect(await refusal(() => requestTimestamp(DATA, service))).toMatchObject({ code: 'TSA_PARSE' });
  });

  test('an answer to an earlier request', async () => {
    let recorded: Response | undefined;
    const replay: Change = (response) => {
      recorded ??= response.clone();
      return recorded.clone();
    };
    const service = await authority({}, createInstance(), replay);
    await requestTimestamp(DATA, service);
    expect(await refusal(() => requestTimestamp(DATA, service))).toMatchObject({ code: 'TSA_NONCE' });
  });

  test('an address that is not the endpoint, with the status as data', async () => {
    const { url, http } = await served(timestampStub(createInstance()));
    const error = await requestTimestamp(DATA, { url, http }).catch((thrown: unknown) => thrown);
    expect(isTrustError(error) && error).toMatchObject({ code: 'TSA_REQUEST', data: { status: 404 } });
  });
});

test('the caller can give up', async () => {
  const controller = new AbortController();
  const reason = new TrustError('USAGE', 'given up');
  const service = await served(async () => {
    controller.abort(reason);
    return new Promise<Response>(() => undefined);
  });
  await expect(requestTimestamp(DATA, { ...service, signal: controller.signal })).rejects.toBe(reason);
});
