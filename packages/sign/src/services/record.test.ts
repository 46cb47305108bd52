/** All services of a virtual instance together: what is asked in which order, and what is said when one of them fails. */
import { isTrustError, parseTimestampResponse, TrustError, utf8 } from '@assay/core';
import { sha256 } from '@assay/make';
import { createHttpClient } from '@assay/net';
import { createInstance, type Handler, type Instance, keyFor, rekorV1Stub, rekorV2Stub, type SignOptions, timestampStub } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { served, signed } from '../../test/services.ts';
import { type RecordOptions, recordSigning } from './record.ts';

/** The services on sockets; `asked` names them in the order of requests. */
async function services(instance: Instance, handlers: { v1?: Handler; v2?: Handler; tsa?: Handler } = {}) {
  const asked: string[] = [];
  const noting = (name: string, handler: Handler) =>
    served((request) => {
      asked.push(name);
      return handler(request);
    });
  const v1 = await noting('v1', handlers.v1 ?? rekorV1Stub(instance));
  const v2 = await noting('v2', handlers.v2 ?? rekorV2Stub(instance));
  const tsa = await noting('tsa', handlers.tsa ?? timestampStub(instance));
  return {
    asked,
    http: v1.http,
    v1: { url: v1.url, majorApiVersion: 1 },
    v2: { url: v2.url, majorApiVersion: 2 },
    tsa: { url: `${tsa.url}/api/v1/timestamp` },
  };
}

describe('with everything recorded, the bundle verifies:', () => {
  test.each<[string, SignOptions, ('v1' | 'v2' | 'tsa')[]]>([
    ['a certificate, Rekor v1', {}, ['v1']],
    ['a certificate, Rekor v1 and an authority', {}, ['tsa', 'v1']],
    ['a certificate, Rekor v2 and an authority', {}, ['tsa', 'v2']],
    ['a certificate, both logs', {}, ['v1', 'v2']],
    ['a certificate, both logs and an authority', { content: 'dsse' }, ['tsa', 'v1', 'v2']],
    ['a key, Rekor v2 alone', { key: keyFor('own', 'p256') }, ['v2']],
  ])('%s', async (_, options, wanted) => {
    const instance = createInstance();
    const { signing, judge } = signed(instance, options);
    const { asked, http, tsa, ...logs } = await services(instance);
    const recorded = await recordSigning(signing, {
      logs: wanted.flatMap((name) => (name === 'tsa' ? [] : [logs[name]])),
      timestampAuthorities: wanted.includes('tsa') ? [tsa] : [],
      http,
    });
    // The logs at once, the authority before them.
    expect(asked.toSorted()).toEqual(wanted.toSorted());
    if (wanted.includes('tsa')) expect(asked[0]).toBe('tsa');
    expect(await judge(recorded)).toMatchObject({ ok: true });
  });

  test('a key that no service was asked about', async () => {
    const { signing } = signed(createInstance(), { key: keyFor('own', 'p256') });
    const http = createHttpClient({ offline: true });
    expect(await recordSigning(signing, { logs: [], timestampAuthorities: [], http })).toEqual({ entries: [], timestamps: [] });
  });
});

test('authorities are asked through their own client, over what they are told to cover', async () => {
  const instance = createInstance();
  const { signing } = signed(instance);
  const { tsa, asked, http } = await services(instance);
  const offline = createHttpClient({ offline: true });
  const [timestamp] = (await recordSigning(signing, { logs: [], timestampAuthorities: [tsa], http: offline, timestampHttp: http, timestamped: utf8('{}') }))
    .timestamps;
  expect(asked).toEqual(['tsa']);
  expect(parseTimestampResponse(timestamp ?? new Uint8Array(0)).imprint.value).toEqual(sha256(utf8('{}')));
});

describe('when one fails', () => {
  const broken: Handler = async () => Response.json({ message: 'out of order' }, { status: 400 });

  const failing = async (handlers: { v1?: Handler; v2?: Handler; tsa?: Handler }, more: Partial<RecordOptions> = {}) => {
    const instance = createInstance();
    const { asked, http, v1, v2, tsa } = await services(instance, handlers);
    const error = await recordSigning(signed(instance).signing, { logs: [v1, v2], timestampAuthorities: [tsa], http, ...more }).catch(
      (thrown: unknown) => thrown,
    );
    if (!isTrustError(error)) throw error;
    return { error, asked, v1, v2, tsa };
  };

  test('an authority: nothing is logged, and that is said', async () => {
    const { error, asked, v1, v2, tsa } = await failing({ tsa: broken });
    expect(asked).toEqual(['tsa']);
    expect(error).toMatchObject({ code: 'SIGNING_INCOMPLETE', cause: { code: 'TSA_REQUEST' } });
    expect(error.message).toBe(`${tsa.url}: server returned HTTP 400: out of order; not sent to ${v1.url}/; not sent to ${v2.url}/`);
  });

  test('a log: what the others did is said', async () => {
    const { error, v1, v2, tsa } = await failing({ v2: broken });
    expect(error).toMatchObject({ code: 'SIGNING_INCOMPLETE', cause: { code: 'REKOR_UPLOAD' } });
    expect(error.message).toMatch(/: server returned HTTP 400: out of order; timestamped by .*; logged by .* at index \d+$/);
    for (const part of [`${v2.url}/api/v2/log/entries: server`, `timestamped by ${tsa.url}`, `logged by ${v1.url}/ at index 4163442`])
      expect(error.message).toContain(part);
  });

  test('all logs: each says why', async () => {
    const { error } = await failing({ v1: rekorV1Stub(createInstance(), { fault: 'malformed' }), v2: broken });
    expect(error.message).toMatch(/not valid JSON.*out of order.*timestamped by/);
    expect(error.cause).toMatchObject({ code: 'REKOR_RESPONSE' });
    expect(error.hint).toBe((error.cause as TrustError).hint);
  });

  test('credentials in an address are not said', async () => {
    const { error, tsa } = await failing({ v2: broken });
    const secret = tsa.url.replace('http://', 'http://user:hunter2@');
    const again = await failing({ v1: broken }, { timestampAuthorities: [{ url: secret }] });
    expect(again.error.message).toContain('timestamped by');
    expect(`${error.message} ${again.error.message}`).not.toContain('hunter2');
  });

  test('because the caller gave up: with the reason of that', async () => {
    const controller = new AbortController();
    const reason = new TrustError('USAGE', 'given up');
    const giveUp: Handler = async () => {
      controller.abort(reason);
      return new Promise<Response>(() => undefined);
    };
    expect((await failing({ v1: giveUp }, { signal: controller.signal })).error).toBe(reason);
  });

  test('with a bug: it is thrown as it is', async () => {
    const instance = createInstance();
    const { http, v1 } = await services(instance);
    const { signing } = signed(instance, { content: 'dsse' });
    const options = { logs: [v1], timestampAuthorities: [], http };
    await expect(recordSigning({ ...signing, envelope: undefined }, options)).rejects.toThrow(TypeError);
  });
});

describe('what was had earlier', () => {
  test('is not asked for again', async () => {
    const instance = createInstance();
    const { signing, judge } = signed(instance);
    const { asked, http, v1, v2, tsa } = await services(instance);
    const options = { logs: [v1, v2], timestampAuthorities: [tsa], http };
    const first = await recordSigning(signing, { ...options, logs: [v1] });
    asked.length = 0;
    const already = { entries: new Map(first.entries.map((entry) => [v1.url, entry])), timestamps: new Map([[tsa.url, first.timestamps[0] as Uint8Array]]) };
    const recorded = await recordSigning(signing, { ...options, already });
    expect(asked).toEqual(['v2']);
    expect(recorded.entries[0]).toBe(first.entries[0]);
    expect(await judge(recorded)).toMatchObject({ ok: true });
  });

  test.each<[string, { v2?: Handler; tsa?: Handler }, string[], string[]]>([
    ['a log fails: the timestamp and the other entry', { v2: async () => Response.json({}, { status: 400 }) }, ['v1'], ['tsa']],
    ['an authority fails: nothing', { tsa: async () => Response.json({}, { status: 400 }) }, [], []],
  ])('is handed on when %s', async (_, handlers, entries, timestamps) => {
    const instance = createInstance();
    const { http, v1, v2, tsa } = await services(instance, handlers);
    const names = new Map([
      [v1.url, 'v1'],
      [v2.url, 'v2'],
      [tsa.url, 'tsa'],
    ]);
    const partly: string[][] = [];
    const onIncomplete: RecordOptions['onIncomplete'] = (there) =>
      partly.push(...[there.entries, there.timestamps].map((one) => [...one.keys()].map((url) => names.get(url) ?? url)));
    await refusal(() => recordSigning(signed(instance).signing, { logs: [v1, v2], timestampAuthorities: [tsa], http, onIncomplete }));
    expect(partly).toEqual([entries, timestamps]);
  });

  test('is handed on when the caller gives up', async () => {
    const instance = createInstance();
    const controller = new AbortController();
    const reason = new Error('given up');
    const giveUp: Handler = async () => {
      controller.abort(reason);
      return new Promise<Response>(() => undefined);
    };
    const { http, v1, tsa } = await services(instance, { v1: giveUp });
    let timestamps = 0;
    const onIncomplete: RecordOptions['onIncomplete'] = (there) => {
      timestamps = there.timestamps.size;
    };
    const options = { logs: [v1], timestampAuthorities: [tsa], http, onIncomplete, signal: controller.signal };
    await expect(recordSigning(signed(instance).signing, options)).rejects.toBe(reason);
    expect(timestamps).toBe(1);
  });
});

describe('refused before anything is asked:', () => {
  const nowhere = { http: createHttpClient({ offline: true }), timestampAuthorities: [] };

  test('a certificate for Rekor v2 without an authority: nobody could tell when it was used', async () => {
    const { signing } = signed(createInstance());
    const logs = [{ url: 'https://log.example', majorApiVersion: 2 }];
    expect(await refusal(() => recordSigning(signing, { logs, ...nowhere }))).toMatchObject({ code: 'SIGNING_CONFIG_SERVICES' });
  });

  test('a verifier that is none', async () => {
    const { signing } = signed(createInstance());
    expect(await refusal(() => recordSigning({ ...signing, verifierPem: '' }, { logs: [], ...nowhere }))).toMatchObject({ code: 'KEY_PARSE' });
  });

  test('a log of a version that does not exist', async () => {
    const { signing } = signed(createInstance());
    await expect(recordSigning(signing, { logs: [{ url: 'https://log.example', majorApiVersion: 3 }], ...nowhere })).rejects.toThrow(TypeError);
  });
});
