/** The authority as its clients meet it; its tokens are judged by core, in whole bundles, and by OpenSSL. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BUNDLE_V03,
  concat,
  contextConstructed,
  encodeBase64,
  encodeBundle,
  encodeDer,
  encodePem,
  equalBytes,
  fromHex,
  parseBundle,
  parseCertificatesPem,
  parseTimestampResponse,
  type TimestampToken,
  toHex,
  uint,
  utf8,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { boolean, digest, generateKey, hashAlgorithm, integer, nullValue, OID, octetString, oid, sequence, sha256 } from '@assay/make';
import { requestTimestamp } from '@assay/sign';
import { createInstance, type Instance, type Sample, verifySample } from '@assay/testkit';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { TSAWitness } from '@sigstore/sign';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { asyncProperty } from '../../../core/test/random.ts';
import { served } from '../../../sign/test/services.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Service } from '../service.ts';
import { type Disk, openDisk } from '../store/disk.ts';
import { openTsa, type TsaOptions } from './tsa.ts';

const BASE_URL = 'http://127.0.0.1:4100';
const DATA = utf8('a signature');

interface Bench {
  readonly instance: Instance;
  readonly tsa: Service;
  /** Moved by the test. */
  now: Date;
  reopen(options?: Partial<TsaOptions>): Promise<Service>;
}

async function open(options: Partial<TsaOptions> = {}): Promise<Bench> {
  const instance = createInstance();
  const bench = { instance, now: instance.now };
  const all: TsaOptions = {
    disk: openDisk(temporaryFolder()),
    clock: () => bench.now,
    baseUrl: BASE_URL,
    log: pino({ level: 'silent' }),
    signer: instance.tsaSigner,
    chain: instance.tsaChain,
    ...options,
  };
  const reopen = (changed: Partial<TsaOptions> = {}): Promise<Service> => openTsa({ ...all, ...changed });
  return Object.assign(bench, { tsa: await reopen(), reopen });
}

const SHA256_WITH_NULL = sequence(oid(OID.sha256), nullValue());

interface QueryParts {
  readonly version?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly digest?: Uint8Array;
  /** What follows the message imprint. */
  readonly rest?: readonly Uint8Array[];
}

function query({
  version = integer(1),
  algorithm = hashAlgorithm('sha256'),
  digest: hashed = sha256(DATA),
  rest = [],
}: QueryParts = {}): Uint8Array<ArrayBuffer> {
  return sequence(version, sequence(algorithm, octetString(hashed)), ...rest);
}

function post(tsa: Service, body: Uint8Array<ArrayBuffer> | string, contentType = 'application/timestamp-query'): Promise<Response> {
  return Promise.resolve(tsa.app.fetch(new Request(`${BASE_URL}/api/v1/timestamp`, { method: 'POST', headers: { 'Content-Type': contentType }, body })));
}

const postJson = (tsa: Service, json: unknown, contentType = 'application/json'): Promise<Response> =>
  post(tsa, typeof json === 'string' ? json : JSON.stringify(json), contentType);

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  expect(response.status, await (response.ok ? '' : response.clone().text())).toBe(200);
  expect(response.headers.get('Content-Type')).toBe('application/timestamp-reply');
  return new Uint8Array(await response.arrayBuffer());
}

const tokenOf = async (response: Response): Promise<TimestampToken> => parseTimestampResponse(await bytesOf(response));

const JSON_REQUEST = { artifactHash: encodeBase64(sha256(DATA)), hashAlgorithm: 'sha256' };

describe('a token', () => {
  test('echoes imprint and nonce, states the clock, and has the certificate of its signer only when that is asked for', async () => {
    const { instance, tsa } = await open();
    const nonce = fromHex('7fffffffffffffffffffffffffffffff');
    const token = await tokenOf(await post(tsa, query({ rest: [integer(nonce)] })));
    expect(token).toMatchObject({ imprint: { algorithm: 'sha256', value: sha256(DATA) }, nonce, genTime: instance.now, policy: OID.sigstoreTimestampPolicy });
    expect(token.certificates).toEqual([]);
    const asked = await tokenOf(await post(tsa, query({ rest: [boolean(true)] })));
    expect(asked.certificates).toEqual([instance.tsaSigner.certificate]);
    expect(asked.nonce).toBeUndefined();
  });

  test.each<[string, Uint8Array<ArrayBuffer>]>([
    ['without parameters', hashAlgorithm('sha256')],
    ['with NULL', SHA256_WITH_NULL],
  ])('has the bytes of an AlgorithmIdentifier %s', async (_, algorithm) => {
    const { tsa } = await open();
    const { content } = await tokenOf(await post(tsa, query({ algorithm })));
    const imprint = sequence(algorithm, octetString(sha256(DATA)));
    expect(toHex(content)).toContain(toHex(imprint));
  });

  test.each(['sha256', 'sha384', 'sha512'] as const)('is made for %s, asked in either form', async (hash) => {
    const { tsa } = await open();
    const value = digest(hash, DATA);
    const imprint = { algorithm: hash, value };
    expect(await tokenOf(await post(tsa, query({ algorithm: hashAlgorithm(hash), digest: value })))).toMatchObject({ imprint });
    expect(await tokenOf(await postJson(tsa, { artifactHash: encodeBase64(value), hashAlgorithm: hash.toUpperCase() }))).toMatchObject({ imprint });
  });

  test('has another serial number each time', async () => {
    const { tsa } = await open();
    const contents = new Set<string>();
    for (let i = 0; i < 20; i++) contents.add(toHex((await tokenOf(await post(tsa, query()))).content));
    expect(contents.size).toBe(20);
    expect(tsa.stats?.()).toEqual({ issued: 20 });
  });

  test.each(['1.3.6.1.4.1.57264.2', '1.2.3.4'])('names the accepted policy %s that was asked for', async (policy) => {
    const { tsa } = await open({ policies: ['1.2.3.4'] });
    expect(await tokenOf(await post(tsa, query({ rest: [oid(policy)] })))).toMatchObject({ policy });
    expect(await tokenOf(await postJson(tsa, { ...JSON_REQUEST, tsaPolicyOID: policy }))).toMatchObject({ policy });
  });

  test.each<[string, string]>([
    ['9007199254740993', '20000000000001'],
    ['340282366920938463463374607431768211455', '00ffffffffffffffffffffffffffffffff'],
    ['0', '00'],
  ])('echoes the nonce %s of a JSON request', async (nonce, hex) => {
    const { tsa } = await open();
    const token = await tokenOf(
      await postJson(tsa, `{"artifactHash":"${JSON_REQUEST.artifactHash}","hashAlgorithm":"sha256","certificates":true,"nonce":${nonce}}`),
    );
    expect(toHex(token.nonce ?? new Uint8Array(0))).toBe(hex);
    expect(token.certificates).toHaveLength(1);
  });

  test.each([
    'application/timestamp-query',
    'Application/Timestamp-Query',
    'application/timestamp-query; charset=binary',
    'application/timestamp-query;x="application/json"',
  ])('answers DER sent as %s', async (contentType) => {
    expect(await tokenOf(await post((await open()).tsa, query(), contentType))).toBeDefined();
  });

  test('answers JSON sent with a charset, and with members that it does not know or that are null', async () => {
    const { tsa } = await open();
    const request = { ...JSON_REQUEST, nonce: null, tsaPolicyOID: '', certificates: null, extra: [1] };
    expect(await tokenOf(await postJson(tsa, request, 'application/json; charset=UTF-8'))).toBeDefined();
  });
});

describe('refused:', () => {
  const refusals: readonly (readonly [string, QueryParts | Uint8Array<ArrayBuffer>, string])[] = [
    ['SHA-1', { algorithm: hashAlgorithm('sha1'), digest: digest('sha1', DATA) }, 'Weak hash algorithm in timestamp request'],
    ['a hash that is not known', { algorithm: sequence(oid('1.2.3')) }, 'Error generating timestamp response: unsupported hash algorithm'],
    ['a digest that is too short', { digest: new Uint8Array(31) }, 'Message digest has incorrect length for specified algorithm'],
    ['a digest that is too long', { digest: new Uint8Array(33) }, 'Message digest has incorrect length for specified algorithm'],
    ['no digest', { digest: new Uint8Array(0) }, 'Message digest has incorrect length for specified algorithm'],
    ['another policy', { rest: [oid('1.2.3')] }, 'unaccepted policy: requested TSA policy is not supported by the TSA'],
    [
      'extensions',
      { rest: [encodeDer(contextConstructed(0), sequence(oid('1.2.3'), octetString(DATA)))] },
      'unaccepted extension: requested extensions are not supported by the TSA',
    ],
    ['a negative nonce', { rest: [encodeDer(2, Uint8Array.of(0x80))] }, 'Error generating timestamp response: the nonce is negative'],
    ['an empty nonce', { rest: [encodeDer(2)] }, 'Error generating timestamp response: nonce: empty INTEGER'],
    ['a nonce that is not minimal', { rest: [encodeDer(2, Uint8Array.of(0, 1))] }, 'Error generating timestamp response: nonce: INTEGER is not minimal'],
    ['version 2', { version: integer(2) }, 'Error generating timestamp response: version 2, expected 1'],
    [
      'parameters of a hash that are not NULL',
      { algorithm: sequence(oid(OID.sha256), octetString(DATA)) },
      'Error generating timestamp response: hash algorithm: 1 unexpected values',
    ],
    [
      'a NULL with content',
      { algorithm: sequence(oid(OID.sha256), encodeDer(5, DATA)) },
      'Error generating timestamp response: hash algorithm: malformed NULL',
    ],
    ['members out of order', { rest: [boolean(true), integer(5)] }, 'Error generating timestamp response: request: 1 unexpected values'],
    ['a byte after the request', concat(query(), Uint8Array.of(0)), 'Error generating timestamp response: 1 bytes follow the value'],
    ['two requests', concat(query(), query()), 'bytes follow the value'],
    ['an indefinite length', concat(Uint8Array.of(0x30, 0x80), query().subarray(2), Uint8Array.of(0, 0)), 'indefinite length'],
    ['nothing', new Uint8Array(0), 'truncated'],
    ['JSON that says it is DER', utf8(JSON.stringify(JSON_REQUEST)), 'Error generating timestamp response'],
  ];

  test.each(refusals)('%s', async (_, request, message) => {
    const { tsa } = await open({ policies: ['1.2.3.4'] });
    const response = await post(tsa, request instanceof Uint8Array ? request : query(request));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 400, message: expect.stringContaining(message) });
    expect(tsa.stats?.()).toEqual({ issued: 0 });
  });

  test.each<[string, unknown, string]>([
    ['SHA-1', { ...JSON_REQUEST, hashAlgorithm: 'sha1' }, 'Weak hash algorithm in timestamp request'],
    ['a hash that is not known', { ...JSON_REQUEST, hashAlgorithm: 'md5' }, 'Error generating timestamp response: unsupported hash algorithm'],
    ['no hash algorithm', { artifactHash: JSON_REQUEST.artifactHash }, 'Error generating timestamp response: unsupported hash algorithm'],
    ['a digest of another length', { ...JSON_REQUEST, hashAlgorithm: 'sha512' }, 'Message digest has incorrect length for specified algorithm'],
    ['no digest', { hashAlgorithm: 'sha256' }, 'Error generating timestamp response: request: artifactHash: is missing or empty'],
    ['a digest that is not base64', { ...JSON_REQUEST, artifactHash: '*' }, 'not standard base64'],
    ['another policy', { ...JSON_REQUEST, tsaPolicyOID: '1.2.3' }, 'unaccepted policy: requested TSA policy is not supported by the TSA'],
    ['a policy of 129 numbers', { ...JSON_REQUEST, tsaPolicyOID: Array(129).fill('1').join('.') }, 'OID should be comprised of at most 128 components'],
    ['a policy that is no number', { ...JSON_REQUEST, tsaPolicyOID: 'constructor' }, 'OID should be comprised of at most 128 components'],
    ['a nonce that is text', { ...JSON_REQUEST, nonce: '5' }, 'request: nonce: is not an integer'],
    ['a nonce with a fraction', { ...JSON_REQUEST, nonce: 1.5 }, 'request: nonce: is not an integer'],
    [
      'a nonce that is not exact',
      `{"artifactHash":"${JSON_REQUEST.artifactHash}","hashAlgorithm":"sha256","nonce":1e300}`,
      'request: nonce: is not an integer',
    ],
    ['a negative nonce', { ...JSON_REQUEST, nonce: -1 }, 'request: nonce: is negative'],
    ['certificates that are no boolean', { ...JSON_REQUEST, certificates: 'yes' }, 'request: certificates: is neither true nor false'],
    ['a member twice', `{"artifactHash":"${JSON_REQUEST.artifactHash}","hashAlgorithm":"sha256","hashAlgorithm":"sha1"}`, 'request is not valid JSON'],
    ['an array', [JSON_REQUEST], 'expected a JSON object'],
    ['no JSON', 'hello', 'request is not valid JSON'],
  ])('JSON with %s', async (_, json, message) => {
    const { tsa } = await open();
    const response = await postJson(tsa, json);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 400, message: expect.stringContaining(message) });
    expect(tsa.stats?.()).toEqual({ issued: 0 });
  });

  test.each(['text/plain', 'application/timestamp-reply', 'application/jsonp', 'x; application/json', 'application/json, application/timestamp-query', ''])(
    'the media type "%s"',
    async (contentType) => {
      const { tsa } = await open();
      const response = await post(tsa, query(), contentType);
      expect(response.status).toBe(415);
      expect(await response.json()).toEqual({
        code: 415,
        message: `unsupported media type "${contentType}", only [application/json application/timestamp-query] are allowed`,
      });
    },
  );

  test.each<[string, Uint8Array<ArrayBuffer>, string, number]>([
    ['DER over a megabyte', new Uint8Array(1024 * 1024 + 1), 'application/timestamp-query', 1024 * 1024],
    ['JSON over a kilobyte', utf8(JSON.stringify({ ...JSON_REQUEST, extra: 'x'.repeat(1024) })), 'application/json', 1024],
  ])('%s', async (_, body, contentType, limit) => {
    const response = await post((await open()).tsa, body, contentType);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 413, message: expect.stringContaining(`more than ${limit} bytes`) });
  });

  test('hostile bytes of every kind: either a refusal, or a token about what was asked', async () => {
    const { tsa } = await open();
    const honest = query({ algorithm: SHA256_WITH_NULL, rest: [oid(OID.sigstoreTimestampPolicy), integer(0x1234567890n), boolean(true)] });
    const judge = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      const response = await post(tsa, bytes);
      if (response.status === 400) return;
      const { imprint, content } = await tokenOf(response);
      expect(bytes.length).toBe(honest.length);
      expect(toHex(bytes)).toContain(toHex(imprint.value));
      expect(toHex(content)).toContain(toHex(octetString(imprint.value)));
    };
    for (let length = 0; length < honest.length; length++) expect((await post(tsa, honest.slice(0, length))).status).toBe(400);
    for (let i = 0; i < honest.length; i++) {
      for (const bit of [0x01, 0x20, 0x80]) await judge(honest.map((byte, at) => (at === i ? byte ^ bit : byte)));
    }
    const at = fc.nat(honest.length - 1);
    await asyncProperty(fc.tuple(at, fc.nat(255), at, fc.nat(255)), async ([i, x, j, y]) => {
      const bytes = honest.slice();
      bytes[i] = x;
      bytes[j] = y;
      await judge(bytes);
    });
    await asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect((await post(tsa, new Uint8Array(bytes))).status).toBe(400);
    });
  });

  test('any nonce comes back as it went', async () => {
    const { tsa } = await open();
    await asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 520n }), async (nonce) => {
      const { nonce: echoed = new Uint8Array(0) } = await tokenOf(await post(tsa, query({ rest: [integer(nonce)] })));
      expect(BigInt(`0x${toHex(echoed)}`)).toBe(nonce);
    });
  });
});

describe('the clock', () => {
  const at = (bench: Bench, offsetMs: number): void => {
    bench.now = new Date(bench.instance.now.getTime() + offsetMs);
  };
  const genTime = async (tsa: Service): Promise<Date> => (await tokenOf(await post(tsa, query()))).genTime;

  test('may stand still, and go back by a second: the last time is stated again', async () => {
    const bench = await open();
    for (const offset of [0, 0, -1, -1000, -500]) {
      at(bench, offset);
      expect(await genTime(bench.tsa)).toEqual(bench.instance.now);
    }
    at(bench, 1000);
    expect(await genTime(bench.tsa)).toEqual(new Date(bench.instance.now.getTime() + 1000));
  });

  // sigstore-js refused one timestamp in ten: DER has no trailing zeros in a fraction, and it read three digits or none.
  test.each([7, 70, 700, 999])('is told in whole seconds, %s ms after one too', async (offset) => {
    const bench = await open();
    at(bench, offset);
    expect(await genTime(bench.tsa)).toEqual(bench.instance.now);
  });

  test('that went back further issues nothing until it has caught up', async () => {
    const bench = await open();
    await genTime(bench.tsa);
    expect(bench.tsa.problem?.()).toBeUndefined();
    at(bench, -60_000);
    const response = await post(bench.tsa, query());
    expect(response.status).toBe(500);
    const problem = expect.stringContaining('the clock is 60.0 s behind the last timestamp, 2026-08-25T00:00:00.000Z');
    expect(await response.json()).toEqual({ code: 500, message: problem });
    expect(bench.tsa.problem?.()).toEqual(problem);
    expect(bench.tsa.stats?.()).toEqual({ issued: 1 });
    at(bench, -1000);
    expect(bench.tsa.problem?.()).toBeUndefined();
    expect(await genTime(bench.tsa)).toEqual(bench.instance.now);
  });

  test('that went back while the authority was down is noticed', async () => {
    const bench = await open();
    await genTime(bench.tsa);
    at(bench, 1400); // within the second in which nothing is written: closing does
    await genTime(bench.tsa);
    await bench.tsa.close();
    at(bench, -1000);
    const again = await bench.reopen();
    expect(again.problem?.()).toContain('the clock is 2.4 s behind');
    expect((await post(again, query())).status).toBe(500);
    at(bench, 400);
    expect((await genTime(again)).getTime()).toBe(bench.instance.now.getTime() + 1000);
  });

  test('is written once a second, so that a crash forgets no more than that', async () => {
    const writes: string[] = [];
    const disk = openDisk(temporaryFolder());
    const counting: Disk = { ...disk, write: async (path, bytes) => void writes.push(new TextDecoder().decode(bytes).trimEnd(), path) };
    const bench = await open({ disk: counting });
    for (let offset = 0; offset < 2500; offset += 100) {
      at(bench, offset);
      await genTime(bench.tsa);
    }
    await bench.tsa.close();
    const written = writes.filter((text) => text !== 'last-issued');
    expect(written).toEqual(['2026-08-25T00:00:00.000Z', '2026-08-25T00:00:01.000Z', '2026-08-25T00:00:02.000Z', '2026-08-25T00:00:02.400Z']);
  });

  test('that cannot be written is told of, and written with a later timestamp', async () => {
    const disk = openDisk(temporaryFolder());
    const logged: string[] = [];
    let full = true;
    const failing: Disk = { ...disk, write: (path, bytes) => (full ? Promise.reject(new Error('ENOSPC')) : disk.write(path, bytes)) };
    const bench = await open({ disk: failing, log: pino({ level: 'error' }, { write: (line) => void logged.push(line) }) });
    await genTime(bench.tsa);
    await new Promise(setImmediate);
    expect(logged.join('')).toContain('last-issued cannot be written');
    full = false;
    at(bench, 1000);
    await genTime(bench.tsa);
    await bench.tsa.close();
    expect(readFileSync(join(disk.root, 'last-issued'), 'utf8')).toBe('2026-08-25T00:00:01.000Z\n');
  });

  test('is refused with the file that holds no time', async () => {
    const disk = openDisk(temporaryFolder());
    await disk.write('last-issued', utf8('yesterday\n'));
    await expect(open({ disk })).rejects.toMatchObject({ code: 'STACK_DATA', message: `${disk.root}/last-issued: there is no time in it` });
  });

  test.each([
    ['before its certificate', '2024-12-31T23:59:59Z'],
    ['after its certificate', '2035-01-01T00:00:01Z'],
  ])('issues nothing %s', async (_, time) => {
    const bench = await open();
    bench.now = new Date(time);
    expect((await post(bench.tsa, query())).status).toBe(500);
    expect(bench.tsa.problem?.()).toBe('the certificate of the timestamp authority is valid from 2025-01-01T00:00:00.000Z to 2035-01-01T00:00:00.000Z');
    expect(bench.tsa.stats?.()).toEqual({ issued: 0 });
  });
});

describe('opening', () => {
  const instance = createInstance();
  const [leaf, ...issuers] = instance.tsaChain as [Uint8Array, ...Uint8Array[]];
  test.each<[string, Partial<TsaOptions>, string]>([
    ['a chain of one', { chain: [leaf] }, 'at least two'],
    ['a chain without the signer', { chain: issuers }, 'does not begin with'],
    ['a chain out of order', { chain: [leaf, ...issuers.toReversed()] }, 'certificate 2 of the chain did not issue'],
    ['another key', { signer: { ...instance.tsaSigner, key: generateKey('p256') } }, 'for another key'],
    [
      'a signer that is an authority',
      { signer: { key: instance.tsaIssuer.key, certificate: instance.tsaIssuer.certificate }, chain: issuers },
      'not for timestamping alone',
    ],
  ])('refuses %s', async (_, options, message) => {
    await expect(open({ signer: instance.tsaSigner, chain: instance.tsaChain, ...options })).rejects.toThrow(message);
  });

  test.each<[string, NonNullable<Parameters<typeof createInstance>[0]>]>([
    ['another purpose besides', { alter: { tsaLeaf: (fields) => withPurposes(fields, [OID.timeStamping, OID.codeSigning], true) } }],
    ['the purpose not critical', { alter: { tsaLeaf: (fields) => withPurposes(fields, [OID.timeStamping], false) } }],
  ])('refuses a signer with %s', async (_, options) => {
    const odd = createInstance(options);
    await expect(open({ signer: odd.tsaSigner, chain: odd.tsaChain })).rejects.toThrow('not for timestamping alone');
  });

  function withPurposes<T extends { extensions: readonly { oid: string; critical: boolean; value: Uint8Array }[] }>(
    fields: T,
    purposes: string[],
    critical: boolean,
  ): T {
    const value = sequence(...purposes.map(oid));
    return { ...fields, extensions: fields.extensions.map((one) => (one.oid === OID.extendedKeyUsage ? { oid: one.oid, critical, value } : one)) };
  }
});

test('the chain is PEM, the signer first', async () => {
  const { instance, tsa } = await open();
  const response = await tsa.app.fetch(new Request(`${BASE_URL}/api/v1/timestamp/certchain`));
  expect(response.headers.get('Content-Type')).toBe('application/pem-certificate-chain');
  expect(parseCertificatesPem(await response.text()).map(({ der }) => der)).toEqual(instance.tsaChain);
});

test('an unexpected failure is a 500 that says nothing of its cause', async () => {
  const { tsa } = await open({
    clock: () => {
      throw new Error('the token of the HSM is 1234');
    },
  });
  const response = await post(tsa, query());
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ code: 500, message: 'Error generating timestamp response' });
});

describe('clients', () => {
  /** A bundle of the instance whose one timestamp is `timestamp`; its time comes from nowhere else. */
  const judged = async (sample: Sample, timestamp: Uint8Array) => {
    const bundle = parseBundle(sample.bundleBytes);
    const bundleBytes = utf8(encodeBundle({ ...bundle, mediaType: BUNDLE_V03, timestamps: [timestamp] }));
    return verifySample({ ...sample, bundleBytes }, nodeCrypto);
  };
  const sampleOf = (instance: Instance): Sample => instance.sign(DATA, { log: 'v2', signedAt: new Date(instance.now.getTime() - 2000) });
  const endpoint = async (tsa: Service) => {
    const { url, http } = await served(async (request) => tsa.app.fetch(request));
    return { url: `${url}/api/v1/timestamp`, http };
  };

  test('our own', async () => {
    const { instance, tsa } = await open();
    const sample = sampleOf(instance);
    const verdict = await judged(sample, await requestTimestamp(sample.expected.signature, await endpoint(tsa)));
    expect(verdict.says).toBeUndefined();
    expect(verdict.verification?.verified?.times).toContainEqual({ time: instance.now, source: 'timestamp authority' });
  });

  test('sigstore-js', async () => {
    const { instance, tsa } = await open();
    const sample = sampleOf(instance);
    const { url } = await endpoint(tsa);
    const witness = new TSAWitness({ tsaBaseURL: url.replace('/api/v1/timestamp', ''), retry: 0, timeout: 10_000 });
    const signature = Buffer.from(sample.expected.signature);
    const messageSignature = { signature, messageDigest: { algorithm: HashAlgorithm.SHA2_256, digest: Buffer.from(sha256(DATA)) } };
    const { rfc3161Timestamps: [timestamp] = [] } = await witness.testify({ $case: 'messageSignature', messageSignature });
    expect((await judged(sample, timestamp?.signedTimestamp ?? uint(0, 1))).says).toBeUndefined();
  });

  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  if (!hasOpenssl) console.warn('tests of timestamps against OpenSSL are skipped: no openssl on PATH');

  describe.skipIf(!hasOpenssl)('OpenSSL', () => {
    test.each([
      ['with a nonce and certificates', ['-sha256', '-cert']],
      ['without either', ['-sha256', '-no_nonce']],
      ['with SHA-512 and a policy', ['-sha512', '-tspolicy', '1.3.6.1.4.1.57264.2', '-cert']],
    ])('asks %s, and accepts what comes back', async (_, flags) => {
      const { instance, tsa } = await open();
      const folder = temporaryFolder();
      const openssl = (...args: string[]) => {
        const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
        return { status, output: stdout + stderr };
      };
      const [, ...issuers] = instance.tsaChain.map((certificate) => encodePem('CERTIFICATE', certificate));
      writeFileSync(join(folder, 'data'), DATA);
      writeFileSync(join(folder, 'root.pem'), issuers.at(-1) ?? '');
      writeFileSync(join(folder, 'untrusted.pem'), instance.tsaChain.map((certificate) => encodePem('CERTIFICATE', certificate)).join(''));
      expect(openssl('ts', '-query', '-data', 'data', ...flags, '-out', 'query.tsq')).toMatchObject({ status: 0 });
      const reply = await bytesOf(await post(tsa, new Uint8Array(readFileSync(join(folder, 'query.tsq')))));
      writeFileSync(join(folder, 'reply.tsr'), reply);

      const trust = ['-CAfile', 'root.pem', '-untrusted', 'untrusted.pem', '-attime', String(instance.now.getTime() / 1000)];
      for (const about of [
        ['-data', 'data'],
        ['-queryfile', 'query.tsq'],
      ]) {
        const { status, output } = openssl('ts', '-verify', '-in', 'reply.tsr', ...about, ...trust);
        expect(output).toContain('Verification: OK');
        expect(status).toBe(0);
      }
      writeFileSync(join(folder, 'data'), 'something else');
      expect(openssl('ts', '-verify', '-in', 'reply.tsr', '-data', 'data', ...trust).status).not.toBe(0);
      expect(openssl('ts', '-reply', '-in', 'reply.tsr', '-text').output).toContain('Accuracy: 0x01 seconds');
    });

    test('is refused when it asks with SHA-1', async () => {
      const { tsa } = await open();
      const asked = spawnSync('openssl', ['ts', '-query', '-digest', toHex(digest('sha1', DATA)), '-sha1']).stdout;
      expect((await post(tsa, new Uint8Array(asked))).status).toBe(400);
    });
  });

  test('a token for one request is not one for another', async () => {
    const { instance, tsa } = await open();
    const sample = sampleOf(instance);
    const token = await bytesOf(await post(tsa, query({ digest: sha256(utf8('another signature')) })));
    expect(await judged(sample, token)).toMatchObject({ ok: false, code: 'TSA_IMPRINT' });
    expect(equalBytes(token, await bytesOf(await post(tsa, query())))).toBe(false);
  });
});
