/** The API of Rekor v1, as clients use it and as nobody should; what it hands out is judged by core. */
import { Buffer } from 'node:buffer';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase64, fromHex, type JsonObject, parseCheckpoint, toHex, utf8, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { encodeEntryBody, generateKey, intoto002, leafHash, preAuthenticationEncoding, type RekorV1EntryJson, sha256 } from '@assay/make';
import { change, drop, type Edit, put, type Sample, type SignOptions, statementAbout } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  ARTIFACT,
  digestOf,
  failingDisk,
  get,
  instance,
  judge,
  keyOf,
  ORIGIN,
  openV1,
  post,
  proposalOf,
  signed,
  signerPem,
  TREE_ID,
  trustedLog,
  V1_KEY,
  v1Entry,
} from '../../test/rekor-scene.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from '../store/disk.ts';
import type { RekorV1 } from './v1.ts';

const ENTRIES = '/api/v1/log/entries';
const RETRIEVE = '/api/v1/log/entries/retrieve';
const SEARCH = '/api/v1/index/retrieve';

const upload = (rekor: RekorV1, sample: Sample): Promise<Answer> => post(rekor, ENTRIES, proposalOf(sample));
const idOf = ({ headers }: Answer): string => headers['etag'] ?? '';
const sizeOf = async (rekor: RekorV1): Promise<number> => ((await get(rekor, '/api/v1/log')).json as { treeSize: number }).treeSize;
const entryIn = ({ json }: Answer): RekorV1EntryJson => Object.values(json as unknown as Record<string, RekorV1EntryJson>)[0] as RekorV1EntryJson;

/** `count` entries of others. */
async function fill(rekor: RekorV1, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await upload(rekor, signed({ key: generateKey('p256') }))).toMatchObject({ status: 201 });
}

const KINDS: [string, SignOptions, string][] = [
  ['a message with a certificate', {}, 'hashedrekord 0.0.1'],
  ['a message with a P-384 certificate', { signerKey: 'p384' }, 'hashedrekord 0.0.1'],
  ['a message with a P-521 key', { key: keyOf('p521') }, 'hashedrekord 0.0.1'],
  ['a message with an RSA key', { key: keyOf('rsa2048') }, 'hashedrekord 0.0.1'],
  ['a message with an Ed25519 key, pre-hashed', { key: keyOf('ed25519') }, 'hashedrekord 0.0.1'],
  ['an envelope with a certificate', { content: 'dsse' }, 'dsse 0.0.1'],
  ['an envelope with a P-384 key', { content: 'dsse', key: keyOf('p384') }, 'dsse 0.0.1'],
  ['an envelope with an Ed25519 key', { content: 'dsse', key: keyOf('ed25519') }, 'dsse 0.0.1'],
];

describe('an upload', () => {
  test.each(KINDS)('is recorded and proven: %s', async (_, options, kind) => {
    const rekor = await openV1();
    await fill(rekor, 2);
    const sample = signed(options);
    const created = await upload(rekor, sample);
    expect(created.status, created.text).toBe(201);
    const id = idOf(created);
    expect(id).toMatch(/^108e9186e8c5677a[\da-f]{64}$/);
    expect(created.headers).toMatchObject({ location: `${ENTRIES}/${id}`, 'content-type': 'application/json' });
    expect(Object.keys(created.json as object)).toEqual([id]);
    expect(entryIn(created)).toMatchObject({
      integratedTime: instance.now.getTime() / 1000,
      logIndex: 2,
      verification: { inclusionProof: { logIndex: 2, treeSize: 3 } },
    });

    const entry = v1Entry(created);
    expect(`${entry.kind} ${entry.version}`).toBe(kind);
    expect(toHex(leafHash(entry.body))).toBe(id.slice(16));
    expect(encodeBase64(entry.logId)).toBe(digestOf(V1_KEY));
    expect(await judge(sample, entry)).toMatchObject({ ok: true });
  });

  test('is recorded as the field does it: the bodies of makers and of this log are the same', async () => {
    const rekor = await openV1();
    for (const options of [{}, { content: 'dsse' }] as const) {
      const sample = instance.sign(ARTIFACT, { log: 'v1', ...options });
      const [entry] = sample.bundle.verificationMaterial.tlogEntries;
      expect(entryIn(await upload(rekor, sample)).body).toBe(entry?.canonicalizedBody);
    }
  });

  test('of an envelope of any payload type is recorded', async () => {
    const rekor = await openV1();
    expect(await upload(rekor, signed({ content: 'dsse', payloadType: 'text/plain', payload: utf8('é') }))).toMatchObject({ status: 201 });
  });

  test('is named, not repeated, when there is an equal one', async () => {
    const rekor = await openV1();
    const sample = signed();
    const id = idOf(await upload(rekor, sample));
    const equal = await upload(rekor, sample);
    expect(equal).toMatchObject({ status: 409, headers: { location: `${ENTRIES}/${id}` } });
    expect(equal.json).toEqual({ code: 409, message: `an equivalent entry already exists in the transparency log with UUID ${id}` });
    expect(await sizeOf(rekor)).toBe(1);
  });

  test('that comes twice at once is recorded once', async () => {
    const rekor = await openV1();
    const sample = signed();
    const answers = await Promise.all([1, 2, 3].map(() => upload(rekor, sample)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(await sizeOf(rekor)).toBe(1);
  });

  test('with a PEM in another wrapping is the same entry', async () => {
    const rekor = await openV1();
    const sample = signed();
    await upload(rekor, sample);
    const wrapped = signerPem(sample).replaceAll('\n', '\r\n');
    const again = put('spec.signature.publicKey.content', encodeBase64(utf8(`\n${wrapped}\n`)))(proposalOf(sample));
    expect(await post(rekor, ENTRIES, again)).toMatchObject({ status: 409 });
  });
});

/** An intoto 0.0.2 proposal of the envelope, as sigstore-js and cosign make it. */
function intotoProposal(sample: Sample): JsonObject {
  const { payload = '', payloadType, signatures = [] } = sample.bundle.dsseEnvelope ?? {};
  const [first] = signatures;
  const signature = { sig: encodeBase64(utf8(first?.sig ?? '')), publicKey: encodeBase64(utf8(signerPem(sample))), keyid: 'someone' };
  const hash = { algorithm: 'sha256', value: toHex(sha256(utf8(JSON.stringify(sample.bundle.dsseEnvelope)))) };
  return {
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: { content: { envelope: { payload: encodeBase64(utf8(payload)), payloadType: payloadType ?? '', signatures: [signature] }, hash } },
  };
}

describe('an intoto entry', () => {
  test('is recorded without its payload, and verifies', async () => {
    const rekor = await openV1();
    const sample = signed({ content: 'dsse' });
    const created = await post(rekor, ENTRIES, intotoProposal(sample));
    expect(created.status, created.text).toBe(201);
    const entry = v1Entry(created);
    expect(await judge(sample, entry)).toMatchObject({ ok: true });
    const made = encodeEntryBody(
      intoto002({
        envelope: { payloadType: 'application/vnd.in-toto+json', payload: sample.expected.payload as Uint8Array, signature: sample.expected.signature },
        verifier: { type: 'certificate', certificate: sample.expected.certificate as Uint8Array, keyDetails: '' },
      }),
    );
    expect(drop('spec.content.envelope.signatures.0.keyid')(JSON.parse(new TextDecoder().decode(entry.body)))).toEqual(
      JSON.parse(new TextDecoder().decode(made)),
    );
  });

  test.each<[string, Edit, string]>([
    ['payload once in base64', put('spec.content.envelope.payload', encodeBase64(utf8('{"a":1}'))), 'is not base64 of base64'],
    ['no payload', drop('spec.content.envelope.payload'), 'is missing or empty'],
    ['no signature', put('spec.content.envelope.signatures', []), 'is missing or empty'],
    ['the digest of the envelope in another hash', put('spec.content.hash.algorithm', 'sha512'), 'expected sha256'],
    ['no digest of the envelope', drop('spec.content.hash'), 'is missing or empty'],
    ['another payload', put('spec.content.envelope.payload', encodeBase64(utf8(encodeBase64(utf8('{}'))))), 'could not verify envelope'],
    ['version 0.0.1', put('apiVersion', '0.0.1'), "does not support inserting entries of version '0.0.1'"],
  ])('is refused with %s', async (_, edit, message) => {
    const rekor = await openV1();
    const answer = await post(rekor, ENTRIES, edit(intotoProposal(signed({ content: 'dsse' }))));
    expect(answer).toMatchObject({ status: 400, json: { code: 400, message: expect.stringContaining(message) } });
    expect(await sizeOf(rekor)).toBe(0);
  });
});

describe('an envelope with several signatures', () => {
  const payload = statementAbout(ARTIFACT);
  const keys = [keyOf('p256'), keyOf('ed25519'), keyOf('rsa2048')];
  const signature = (key: (typeof keys)[number], data = payload): string =>
    encodeBase64(key.sign(preAuthenticationEncoding('application/vnd.in-toto+json', data)));
  const envelope = (signatures: readonly string[]): string =>
    JSON.stringify({ payload: encodeBase64(payload), payloadType: 'application/vnd.in-toto+json', signatures: signatures.map((sig) => ({ sig, keyid: '' })) });
  const proposal = (text: string, by: typeof keys) => ({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { proposedContent: { envelope: text, verifiers: by.map(({ publicPem }) => encodeBase64(utf8(publicPem))) } },
  });

  test('is recorded with each of them once, in the order of their base64, beside its own verifier', async () => {
    const rekor = await openV1();
    const signatures = keys.map((key) => signature(key));
    const created = await post(rekor, ENTRIES, proposal(envelope([...signatures, signatures[0] as string]), keys.toReversed()));
    expect(created.status, created.text).toBe(201);
    const { spec } = JSON.parse(new TextDecoder().decode(v1Entry(created).body)) as { spec: { signatures: unknown[] } };
    const expected = keys.map(({ publicPem }, i) => ({ signature: signatures[i] as string, verifier: encodeBase64(utf8(publicPem)) }));
    expect(spec.signatures).toEqual(expected.sort((a, b) => (a.signature < b.signature ? -1 : 1)));
  });

  test.each<[string, () => [string, typeof keys], string]>([
    ['one of them does not verify', () => [envelope([signature(keyOf('p256')), signature(keyOf('p384'))]), [keyOf('p256')]], 'all signatures must have a key'],
    ['a verifier verifies none', () => [envelope([signature(keyOf('p256'))]), [keyOf('p384'), keyOf('p256')]], 'could not verify envelope'],
    ['there is no verifier', () => [envelope([signature(keyOf('p256'))]), []], 'all signatures must have a key'],
    ['there are eleven', () => [envelope(Array.from({ length: 11 }, () => signature(keyOf('p256')))), [keyOf('p256')]], 'the cap is 10'],
    ['there is none', () => [envelope([]), [keyOf('p256')]], 'is missing or empty'],
    ['they are over another payload', () => [envelope([signature(keyOf('p256'), utf8('other'))]), [keyOf('p256')]], 'could not verify envelope'],
    ['it is no JSON', () => ['{', [keyOf('p256')]], 'is not valid JSON'],
    ['a member stands there twice', () => ['{"payload":"YQ==","payload":"YQ=="}', [keyOf('p256')]], 'duplicate member'],
  ])('is refused when %s', async (_, make, message) => {
    const rekor = await openV1();
    const answer = await post(rekor, ENTRIES, proposal(...make()));
    expect(answer).toMatchObject({ status: 400, json: { code: 400, message: expect.stringContaining(message) } });
    expect(await sizeOf(rekor)).toBe(0);
  });

  test('is taken with a verifier too many at the end, as long as all of them are verified before', async () => {
    const rekor = await openV1();
    expect(await post(rekor, ENTRIES, proposal(envelope([signature(keyOf('p256'))]), [keyOf('p256'), keyOf('p384')]))).toMatchObject({ status: 201 });
  });

  test('is taken with SHA-256 under P-384, as other logs take nothing else', async () => {
    const rekor = await openV1();
    const sample = signed({ content: 'dsse', key: keyOf('p384'), hash: 'sha256' });
    expect(await upload(rekor, sample)).toMatchObject({ status: 201 });
  });
});

const PEM = 'spec.signature.publicKey.content';
const HASH = 'spec.data.hash';

describe('a proposal is refused, and nothing is logged:', () => {
  test.each<[string, SignOptions, Edit, string]>([
    ['of kind rekord', {}, put('kind', 'rekord'), "entry kind 'rekord' is not enabled for submission on this server"],
    ['of a kind that is a method of every object', {}, put('kind', 'constructor'), "entry kind 'constructor' is not enabled"],
    ['of kind cose', {}, put('kind', 'cose'), "entry kind 'cose' is not enabled"],
    ['of version 0.0.2', {}, put('apiVersion', '0.0.2'), "does not support inserting entries of version '0.0.2'"],
    ['without a kind', {}, drop('kind'), 'is missing or empty'],
    ['without a spec', {}, drop('spec'), 'is missing or empty'],
    ['with a spec that is text', {}, put('spec', 'x'), 'expected an object'],
    ['without its signature', {}, drop('spec.signature.content'), 'is missing or empty'],
    ['with an empty signature', {}, put('spec.signature.content', ''), 'is missing or empty'],
    ['with a signature in other base64', {}, put('spec.signature.content', 'AA-_'), 'not standard base64'],
    ['with another signature', {}, put('spec.signature.content', 'AAAA'), 'verifying signature'],
    ['with another digest', {}, put(`${HASH}.value`, '00'.repeat(32)), 'verifying signature'],
    ['with a digest of a wrong length', {}, put(`${HASH}.value`, '00'), 'expected 64 hex digits'],
    ['with a digest that is no hex', {}, put(`${HASH}.value`, 'zz'.repeat(32)), 'expected 64 hex digits'],
    ['with a hash that nobody knows', {}, put(`${HASH}.algorithm`, 'sha1'), 'expected sha256, sha384 or sha512'],
    ['with a hash that is a method of every object', {}, put(`${HASH}.algorithm`, 'toString'), 'expected sha256, sha384 or sha512'],
    ['with a hash that does not go with the key', { hash: 'sha512' }, (same) => same, 'entry algorithms are not allowed'],
    ['with P-384 and SHA-256', { key: keyOf('p384'), hash: 'sha256' }, (same) => same, 'entry algorithms are not allowed'],
    ['with a key in PEM of another label', {}, change(PEM, relabel), 'expected one PEM block'],
    ['with two PEM blocks', {}, change<string>(PEM, twice), 'expected one PEM block'],
    ['with a key that is no PEM', {}, put(PEM, 'AAAA'), 'expected one PEM block'],
    ['with a certificate that is none', {}, put(PEM, encodeBase64(utf8('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'))), 'certificate'],
    ['with somebody else as signer', {}, put(PEM, encodeBase64(utf8(keyOf('p256').publicPem))), 'verifying signature'],
    [
      'of an envelope that Ed25519 signed pre-hashed',
      { content: 'dsse', key: keyOf('ed25519'), alter: { signature: prehashed } },
      (same) => same,
      'could not verify',
    ],
    ['of an envelope without its text', { content: 'dsse' }, drop('spec.proposedContent.envelope'), 'is missing or empty'],
    ['of an envelope as it is recorded', { content: 'dsse' }, put('spec', { envelopeHash: {}, payloadHash: {}, signatures: [] }), 'is missing or empty'],
  ])('%s', async (_, options, edit, message) => {
    const rekor = await openV1();
    const answer = await post(rekor, ENTRIES, edit(proposalOf(signed(options))));
    expect(answer).toMatchObject({ status: 400, json: { code: 400, message: expect.stringContaining(message) } });
    expect((answer.json as { message: string }).message).toMatch(/^error processing entry: /);
    expect(await sizeOf(rekor)).toBe(0);
  });

  test.each<[string, string | Uint8Array, number, string]>([
    ['nothing', '', 400, 'is not JSON'],
    ['half a document', '{"kind":', 400, 'is not JSON'],
    ['an array', '[]', 400, 'is not a JSON object'],
    ['a member twice', '{"kind":"hashedrekord","kind":"dsse"}', 400, 'duplicate member'],
    ['a document of a million levels', '['.repeat(1_000_000), 400, 'nested deeper than 64 levels'],
    ['a number of a million digits', `{"kind":${'9'.repeat(1_000_000)}}`, 400, 'number of more than'],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), 400, 'not UTF-8'],
    ['half a surrogate pair', '{"kind":"\\ud800"}', 400, 'surrogate'],
    ['more than 32 MiB', ' '.repeat(32 * 1024 * 1024 + 1), 413, 'request body too large'],
  ])('%s', async (_, body, status, message) => {
    const rekor = await openV1();
    expect(await post(rekor, ENTRIES, body)).toMatchObject({ status, json: { code: status, message: expect.stringContaining(message) } });
    expect(await sizeOf(rekor)).toBe(0);
  });

  test('one whose record would not fit into a bundle of entries', async () => {
    const rekor = await openV1();
    const name = { type: 'email', value: `${'x'.repeat(40_000)}@testkit.example` } as const;
    const answer = await upload(rekor, signed({ identity: name }));
    expect(answer).toMatchObject({ status: 400, json: { message: expect.stringMatching(/its record has \d+ bytes, at most 49152 are logged/) } });
  });
});

function relabel(pem: string): string {
  return encodeBase64(utf8(Buffer.from(pem, 'base64').toString().replaceAll('CERTIFICATE', 'X509 CRL')));
}

function twice(pem: string): string {
  const text = Buffer.from(pem, 'base64').toString();
  return encodeBase64(utf8(text + text));
}

function prehashed(): Uint8Array {
  return keyOf('ed25519').signMessage(preAuthenticationEncoding('application/vnd.in-toto+json', statementAbout(ARTIFACT)));
}

describe('an entry is read', () => {
  test('by index, and by id of 80 and of 64 digits in either case, each time with a fresh proof', async () => {
    const rekor = await openV1();
    const sample = signed();
    const id = idOf(await upload(rekor, sample));
    await fill(rekor, 4);
    for (const path of [`${ENTRIES}?logIndex=0`, `${ENTRIES}/${id}`, `${ENTRIES}/${id.slice(16)}`, `${ENTRIES}/${id.toUpperCase()}`]) {
      const found = await get(rekor, path);
      expect(found.status, path).toBe(200);
      expect(Object.keys(found.json as object)).toEqual([id]);
      expect(entryIn(found).verification.inclusionProof).toMatchObject({ treeSize: 5, logIndex: 0 });
      expect(await judge(sample, v1Entry(found))).toMatchObject({ ok: true });
    }
  });

  const ID = `108e9186e8c5677a${'ab'.repeat(32)}`;
  test.each<[string, number, string]>([
    [`${ENTRIES}?logIndex=1`, 404, 'Not Found'],
    [`${ENTRIES}?logIndex=999999999999999`, 404, 'Not Found'],
    [`${ENTRIES}?logIndex=x`, 422, 'logIndex in query should be an integer greater than or equal to 0, found x'],
    [`${ENTRIES}?logIndex=-1`, 422, 'logIndex in query should be an integer'],
    [`${ENTRIES}?logIndex=1e3`, 422, 'logIndex in query should be an integer'],
    [ENTRIES, 422, 'logIndex in query is required'],
    [`${ENTRIES}/${ID}`, 404, 'Not Found'],
    [`${ENTRIES}/${ID.slice(16)}`, 404, 'Not Found'],
    [`${ENTRIES}/zz`, 422, 'should be 64 or 80 hex digits, found zz'],
    [`${ENTRIES}/${ID}0`, 422, 'should be 64 or 80 hex digits'],
  ])('not: %s answers %i', async (path, status, message) => {
    const rekor = await openV1();
    await fill(rekor, 1);
    expect(await get(rekor, path)).toMatchObject({ status, json: { code: status, message: expect.stringContaining(message) } });
  });

  test('not under the id of another tree', async () => {
    const rekor = await openV1();
    const id = idOf(await upload(rekor, signed()));
    expect(await get(rekor, `${ENTRIES}/${'0'.repeat(15)}1${id.slice(16)}`)).toMatchObject({ status: 404 });
  });
});

describe('entries are retrieved', () => {
  test('by id, by index and by what was proposed or recorded', async () => {
    const rekor = await openV1();
    const [message, envelope] = [signed(), signed({ content: 'dsse' })];
    const ids = [idOf(await upload(rekor, message)), idOf(await upload(rekor, envelope))];
    const recorded = JSON.parse(new TextDecoder().decode(v1Entry(await get(rekor, `${ENTRIES}/${ids[1]}`)).body)) as unknown;
    const found = async (query: unknown): Promise<string[]> => {
      const { status, json, text } = await post(rekor, RETRIEVE, query);
      expect(status, text).toBe(200);
      return (json as object[]).flatMap(Object.keys);
    };
    expect(await found({ entryUUIDs: ids })).toEqual(ids);
    expect(await found({ entryUUIDs: ids.map((id) => id.slice(16)) })).toEqual(ids);
    expect(await found({ logIndexes: [1, 0, 7] })).toEqual([ids[1], ids[0]]);
    expect(await found({ entries: [proposalOf(message), proposalOf(envelope), recorded] })).toEqual([ids[0], ids[1], ids[1]]);
    expect(await found({ entryUUIDs: [ids[1]], logIndexes: [0], entries: [proposalOf(message)] })).toEqual([ids[1], ids[0], ids[0]]);
    expect(await found({ entries: [proposalOf(signed({ key: keyOf('p256') }))] })).toEqual([]);
    expect(await found({})).toEqual([]);
    const answer = await post(rekor, RETRIEVE, { logIndexes: [0] });
    expect(await judge(message, v1Entry(answer))).toMatchObject({ ok: true });
  });

  test.each<[string, unknown, number, string]>([
    ['eleven indexes', { logIndexes: Array.from({ length: 11 }, () => 0) }, 422, 'more than max allowed 10 entries in request'],
    ['eleven in all', { logIndexes: [0, 0, 0, 0, 0], entryUUIDs: Array.from({ length: 6 }, () => 'ab'.repeat(32)) }, 422, 'more than max allowed 10'],
    ['an id that is none', { entryUUIDs: ['ab'] }, 422, 'should be 64 or 80 hex digits'],
    ['an id that is a list', { entryUUIDs: [['ab']] }, 422, 'should be 64 or 80 hex digits'],
    ['an id that is an object', { entryUUIDs: [{}] }, 422, 'should be 64 or 80 hex digits'],
    ['ids that are text', { entryUUIDs: 'ab' }, 422, 'entryUUIDs in body must be an array'],
    ['an index that is text', { logIndexes: ['0'] }, 422, 'logIndexes in body must be integers'],
    ['a negative index', { logIndexes: [-1] }, 422, 'logIndexes in body must be integers'],
    ['an index beyond all numbers', '{"logIndexes":[99999999999999999999]}', 422, 'logIndexes in body must be integers'],
    ['an entry that is no object', { entries: ['x'] }, 422, 'entries in body must be objects'],
    ['an entry that does not verify', { entries: [put('spec.signature.content', 'AAAA')(proposalOf(signed()))] }, 400, 'verifying signature'],
    ['an entry of another kind', { entries: [{ kind: 'rekord', apiVersion: '0.0.1', spec: {} }] }, 400, "entry kind 'rekord'"],
    ['nonsense', 'nonsense', 400, 'is not JSON'],
  ])('not with %s', async (_, query, status, message) => {
    const rekor = await openV1();
    await fill(rekor, 1);
    expect(await post(rekor, RETRIEVE, query)).toMatchObject({ status, json: { code: status, message: expect.stringContaining(message) } });
  });
});

describe('a search', () => {
  const material = toHex(sha256(utf8('a material')));
  const withMaterial = utf8(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'a', digest: { sha256: toHex(sha256(utf8('a subject'))), sha512: 'AB' } }],
      predicateType: 'https://slsa.dev/provenance/v0.2',
      predicate: { materials: [{ uri: 'x', digest: { sha256: material } }, null, { digest: 'x' }] },
    }),
  );
  const searchable = async () => {
    const folder = temporaryFolder();
    const rekor = await openV1({ folder });
    const message = signed({ identity: { type: 'email', value: 'Someone@testkit.example' } });
    const envelope = signed({ content: 'dsse', key: keyOf('p256'), payload: withMaterial });
    const intoto = signed({ content: 'dsse' });
    const ids = {
      message: idOf(await upload(rekor, message)),
      envelope: idOf(await upload(rekor, envelope)),
      intoto: idOf(await post(rekor, ENTRIES, intotoProposal(intoto))),
    };
    return { folder, rekor, ids, message, envelope, intoto };
  };
  const hashOf = (data: Uint8Array): string => `sha256:${toHex(sha256(data))}`;
  const publicKey = (pem: string): unknown => ({ format: 'x509', content: encodeBase64(utf8(pem)) });
  const WORKFLOW = 'https://github.com/testkit-example/project/.github/workflows/release.yml@refs/tags/v1.0.0';

  const checkAll = async (rekor: RekorV1, { ids, message, envelope, intoto }: Omit<Awaited<ReturnType<typeof searchable>>, 'rekor' | 'folder'>) => {
    const found = async (query: unknown): Promise<unknown> => {
      const { status, json, text } = await post(rekor, SEARCH, query);
      expect(status, text).toBe(200);
      return json;
    };
    expect(await found({ hash: hashOf(ARTIFACT) })).toEqual([ids.intoto, ids.message]);
    expect(await found({ hash: toHex(sha256(ARTIFACT)).toUpperCase() })).toEqual([ids.intoto, ids.message]);
    expect(await found({ email: 'someone@TESTKIT.example' })).toEqual([ids.message]);
    expect(await found({ subject: 'someone@testkit.example' })).toEqual([ids.message]);
    const [san] = intoto.policy.identities ?? [];
    expect(await found({ subject: san?.san })).toEqual([ids.intoto]);
    expect(await found({ publicKey: publicKey(signerPem(message)) })).toEqual([ids.message]);
    expect(await found({ publicKey: publicKey(keyOf('p256').publicPem) })).toEqual([ids.envelope]);
    expect(await found({ hash: `sha256:${toHex(sha256(utf8(keyOf('p256').publicPem)))}` })).toEqual([ids.envelope]);
    expect(await found({ hash: hashOf(withMaterial) })).toEqual([ids.envelope]);
    expect(await found({ hash: hashOf(utf8(JSON.stringify(envelope.bundle.dsseEnvelope))) })).toEqual([ids.envelope]);
    expect(await found({ hash: hashOf(utf8('a subject')) })).toEqual([ids.envelope]);
    expect(await found({ hash: `sha256:${material}` })).toEqual([ids.envelope]);
    expect(await found({ hash: hashOf(ARTIFACT), email: 'someone@testkit.example', operator: 'and' })).toEqual([ids.message]);
    expect(await found({ hash: hashOf(withMaterial), email: 'someone@testkit.example' })).toEqual([ids.envelope, ids.message]);
    expect(await found({ hash: hashOf(withMaterial), email: 'someone@testkit.example', operator: 'and' })).toEqual([]);
    expect(await found({ hash: `sha1:${'00'.repeat(20)}` })).toEqual([]);
    expect(await found({})).toEqual([]);
  };

  test('finds by artifact, subject, material, envelope, payload, name and key, with or and and', async () => {
    const { rekor, ...rest } = await searchable();
    expect(rest.intoto.policy.identities?.[0]?.san).not.toBe(WORKFLOW);
    await checkAll(rekor, rest);
  });

  test('finds the same after a restart, and when the index was lost or torn', async () => {
    const { folder, rekor, ...rest } = await searchable();
    await rekor.close();
    const again = await openV1({ folder });
    await checkAll(again, rest);
    await again.close();
    appendFileSync(join(folder, 'search-index'), 'torn');
    const torn = await openV1({ folder });
    await checkAll(torn, rest);
    await torn.close();
    rmSync(join(folder, 'search-index'));
    await checkAll(await openV1({ folder }), rest);
  });

  test.each<[string, unknown, number, string]>([
    ['another operator', { operator: 'xor', email: 'a@b.example' }, 422, 'operator in body should be one of [and or]'],
    ['a hash of no length', { hash: 'ab' }, 422, 'hash in body'],
    ['a hash under the wrong name', { hash: `sha512:${'00'.repeat(32)}` }, 422, 'hash in body'],
    ['a hash that is no hex', { hash: 'zz' }, 422, 'hash in body'],
    ['a key in another format', { publicKey: { format: 'pgp', content: 'AAAA' } }, 400, 'the PKI format requested is not supported by this server'],
    ['a key that is none', { publicKey: { format: 'x509', content: 'AAAA' } }, 400, 'public key provided could not be parsed'],
    ['a key without content', { publicKey: { format: 'x509' } }, 400, 'is missing or empty'],
    ['an email that is a number', { email: 7 }, 400, 'expected a string'],
    ['nonsense', 'nonsense', 400, 'is not valid JSON'],
    ['more than 256 KiB', ' '.repeat(256 * 1024 + 1), 413, 'too large'],
  ])('is refused with %s', async (_, query, status, message) => {
    expect(await post(await openV1(), SEARCH, query)).toMatchObject({ status, json: { code: status, message: expect.stringContaining(message) } });
  });
});

describe('the log', () => {
  test('says its state, its key, and that it is empty at first', async () => {
    const rekor = await openV1();
    expect((await get(rekor, '/api/v1/log')).json).toMatchObject({ treeSize: 0, rootHash: toHex(sha256(new Uint8Array(0))) });
    await fill(rekor, 3);
    const { treeSize, rootHash, signedTreeHead, treeID, inactiveShards } = (await get(rekor, '/api/v1/log')).json as Record<string, unknown>;
    const parsed = parseCheckpoint(signedTreeHead as string);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const { checkpoint } = parsed;
    expect(checkpoint).toMatchObject({ origin: `rekor.stack.example - ${TREE_ID}`, treeSize: 3n, note: { signatures: [{ name: 'rekor.stack.example' }] } });
    expect([treeSize, rootHash, treeID, inactiveShards]).toEqual([3, toHex(checkpoint.rootHash), String(TREE_ID), []]);
    const key = await get(rekor, '/api/v1/log/publicKey');
    expect(key).toMatchObject({ status: 200, text: V1_KEY.publicPem, headers: { 'content-type': 'application/x-pem-file' } });
    expect(await get(rekor, `/api/v1/log/publicKey?treeID=${TREE_ID}`)).toMatchObject({ text: V1_KEY.publicPem });
    expect(rekor.stats?.()).toEqual({ tree_size: 3, entries: 3, pending: 0, indexed: 3 });
    expect(rekor.problem?.()).toBeUndefined();
  });

  test('proves that every size extends every smaller one', async () => {
    const rekor = await openV1();
    const roots = [];
    for (let size = 1; size <= 9; size++) {
      await fill(rekor, 1);
      roots.push(((await get(rekor, '/api/v1/log')).json as { rootHash: string }).rootHash);
    }
    for (let last = 1; last <= 9; last++) {
      for (let first = 1; first <= last; first++) {
        const { json } = await get(rekor, `/api/v1/log/proof?firstSize=${first}&lastSize=${last}&treeID=${TREE_ID}`);
        const { rootHash, hashes } = json as { rootHash: string; hashes: string[] };
        expect(rootHash).toBe(roots[last - 1]);
        const proof = { firstSize: BigInt(first), secondSize: BigInt(last), hashes: hashes.map(fromHex) };
        expect(await verifyConsistency(nodeCrypto, proof, fromHex(roots[first - 1] as string), fromHex(rootHash))).toBe(true);
      }
    }
    expect((await get(rekor, '/api/v1/log/proof?lastSize=9')).json).toEqual((await get(rekor, '/api/v1/log/proof?firstSize=1&lastSize=9')).json);
  });

  test.each<[string, number, string]>([
    ['/api/v1/log/proof?firstSize=2&lastSize=1', 400, 'firstSize(2) must be less than lastSize(1)'],
    ['/api/v1/log/proof?firstSize=1&lastSize=4', 400, 'the tree size requested(4) was greater than what is currently observable(3)'],
    ['/api/v1/log/proof?firstSize=0&lastSize=1', 422, 'firstSize in query should be an integer greater than or equal to 1'],
    ['/api/v1/log/proof?firstSize=1', 422, 'lastSize in query is required'],
    ['/api/v1/log/proof?lastSize=1&treeID=7', 400, 'no log range found for tree ID 7'],
    ['/api/v1/log/proof?lastSize=1&treeID=x', 422, 'treeID in query should be decimal digits'],
    ['/api/v1/log/publicKey?treeID=7', 400, 'no log range found for tree ID 7'],
  ])('%s answers %i', async (path, status, message) => {
    const rekor = await openV1();
    await fill(rekor, 3);
    expect(await get(rekor, path)).toMatchObject({ status, json: { code: status, message: expect.stringContaining(message) } });
  });

  test('leaves what it does not know to others', async () => {
    expect(await get(await openV1(), '/api/v1/signingCert')).toMatchObject({ status: 404, text: '404 Not Found' });
  });
});

describe('time', () => {
  test('never goes back, also when the clock does and the log is opened again', async () => {
    const folder = temporaryFolder();
    let now = instance.now;
    const options = { folder, clock: () => now };
    const rekor = await openV1(options);
    const first = entryIn(await upload(rekor, signed())).integratedTime;
    now = new Date(now.getTime() - 60_000);
    expect(entryIn(await upload(rekor, signed({ key: generateKey('p256') }))).integratedTime).toBe(first);
    await rekor.close();
    const again = await openV1(options);
    expect(entryIn(await upload(again, signed({ key: generateKey('p256') }))).integratedTime).toBe(first);
    now = new Date(now.getTime() + 120_000);
    expect(entryIn(await upload(again, signed({ key: generateKey('p256') }))).integratedTime).toBe(first + 60);
  });

  test('of an entry is the one it was recorded at, whenever it is read', async () => {
    let now = instance.now;
    const rekor = await openV1({ clock: () => now });
    const sample = signed();
    const created = await upload(rekor, sample);
    now = new Date(now.getTime() + 3_600_000);
    const read = await get(rekor, `${ENTRIES}?logIndex=0`);
    expect(entryIn(read).integratedTime).toBe(entryIn(created).integratedTime);
    expect(await judge(sample, v1Entry(read))).toMatchObject({ ok: true });
  });
});

describe('after a change of the key', () => {
  const NEXT = { key: generateKey('p256'), treeId: 42n };
  const shards = [{ key: V1_KEY, treeId: TREE_ID }, NEXT];
  const logs = [trustedLog(ORIGIN, V1_KEY, digestOf(V1_KEY)), trustedLog(ORIGIN, NEXT.key, digestOf(NEXT.key))];
  const rotated = async () => {
    const folder = temporaryFolder();
    const before = await openV1({ folder });
    const old = signed();
    const oldId = idOf(await upload(before, old));
    await fill(before, 2);
    await before.close();
    return { old, oldId, rekor: await openV1({ folder, shards }) };
  };

  test('old entries are found as before, promised and proven by the old key', async () => {
    const { old, oldId, rekor } = await rotated();
    await fill(rekor, 1);
    const email = (await post(rekor, SEARCH, { hash: `sha256:${toHex(sha256(ARTIFACT))}` })).json as string[];
    expect(email).toContain(oldId);
    for (const path of [`${ENTRIES}?logIndex=0`, `${ENTRIES}/${oldId}`, `${ENTRIES}/${oldId.slice(16)}`]) {
      const found = await get(rekor, path);
      expect(entryIn(found)).toMatchObject({ logIndex: 0, verification: { inclusionProof: { logIndex: 0, treeSize: 3 } } });
      expect(await judge(old, v1Entry(found), logs)).toMatchObject({ ok: true });
    }
  });

  test('new entries count on, in a tree of their own with the new key', async () => {
    const { rekor } = await rotated();
    const sample = signed({ key: keyOf('p256') });
    const created = await upload(rekor, sample);
    expect(idOf(created)).toMatch(/^000000000000002a/);
    expect(entryIn(created)).toMatchObject({ logIndex: 3, verification: { inclusionProof: { logIndex: 0, treeSize: 1 } } });
    expect(await judge(sample, v1Entry(created), logs)).toMatchObject({ ok: true });
    expect(await judge(sample, v1Entry(created), logs.slice(0, 1))).toMatchObject({ ok: false });
    const read = await get(rekor, `${ENTRIES}?logIndex=3`);
    expect(await judge(sample, v1Entry(read), logs)).toMatchObject({ ok: true });
    expect((await post(rekor, SEARCH, { publicKey: { format: 'x509', content: encodeBase64(utf8(keyOf('p256').publicPem)) } })).json).toEqual([idOf(created)]);
    expect(await get(rekor, `${ENTRIES}?logIndex=4`)).toMatchObject({ status: 404 });
  });

  test('state, keys and proofs of both are there', async () => {
    const { rekor } = await rotated();
    await fill(rekor, 2);
    expect((await get(rekor, '/api/v1/log')).json).toMatchObject({ treeSize: 2, treeID: '42', inactiveShards: [{ treeSize: 3, treeID: String(TREE_ID) }] });
    expect(await get(rekor, '/api/v1/log/publicKey')).toMatchObject({ text: NEXT.key.publicPem });
    expect(await get(rekor, `/api/v1/log/publicKey?treeID=${TREE_ID}`)).toMatchObject({ text: V1_KEY.publicPem });
    expect(await get(rekor, `/api/v1/log/proof?lastSize=3&treeID=${TREE_ID}`)).toMatchObject({ status: 200 });
    expect(await get(rekor, '/api/v1/log/proof?lastSize=3')).toMatchObject({ status: 400 });
    expect(rekor.logs.map(({ treeId, logId }) => [treeId, encodeBase64(logId)])).toEqual([
      [TREE_ID, digestOf(V1_KEY)],
      [42n, digestOf(NEXT.key)],
    ]);
  });

  test('what the old tree holds can be recorded in the new one', async () => {
    const { old, oldId, rekor } = await rotated();
    const created = await upload(rekor, old);
    expect(created.status).toBe(201);
    expect(entryIn(await get(rekor, `${ENTRIES}/${oldId.slice(16)}`)).logIndex).toBe(3);
    expect(entryIn(await get(rekor, `${ENTRIES}/${oldId}`)).logIndex).toBe(0);
  });

  test('a log without any key is not opened', async () => {
    await expect(openV1({ shards: [] })).rejects.toThrow(TypeError);
  });
});

describe('a disk', () => {
  test('that is full is 503, and the log goes on where it can', async () => {
    let full = false;
    const disk = failingDisk(openDisk(temporaryFolder()), (path) => full && path === 'checkpoint');
    const rekor = await openV1({ disk });
    await fill(rekor, 1);
    full = true;
    const sample = signed();
    expect(await upload(rekor, sample)).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, json: { code: 503 } });
    expect(rekor.problem?.()).toBeDefined();
    expect(await sizeOf(rekor)).toBe(1);
    expect(await get(rekor, `${ENTRIES}?logIndex=0`)).toMatchObject({ status: 200 });
    full = false;
    // It was tried and comes first now, so that it is there already.
    expect(await upload(rekor, sample)).toMatchObject({ status: 409 });
    expect(rekor.problem?.()).toBeUndefined();
    expect((await post(rekor, SEARCH, { hash: `sha256:${toHex(sha256(ARTIFACT))}` })).json).toHaveLength(2);
  });

  test('whose bundle was changed is 500, without a word on where it lies', async () => {
    const folder = temporaryFolder();
    const rekor = await openV1({ folder });
    await fill(rekor, 2);
    await rekor.close();
    const bundles = join(folder, String(TREE_ID), 'tile/entries/000.p');
    for (const name of readdirSync(bundles)) {
      const bytes = readFileSync(join(bundles, name));
      writeFileSync(join(bundles, name), `${bytes.subarray(0, -1).toString('latin1')} `, 'latin1');
    }
    const damaged = await openV1({ folder });
    const answer = await get(damaged, `${ENTRIES}?logIndex=1`);
    expect(answer).toMatchObject({ status: 500, json: { code: 500, message: 'Internal Server Error' } });
    expect(answer.text).not.toContain(folder);
    expect(await get(damaged, `${ENTRIES}?logIndex=0`)).toMatchObject({ status: 200 });
  });

  test('with the log of another key, or of another tree, is not opened', async () => {
    const folder = temporaryFolder();
    const rekor = await openV1({ folder });
    await fill(rekor, 1);
    await rekor.close();
    await expect(openV1({ folder, shards: [{ key: generateKey('p256'), treeId: TREE_ID }] })).rejects.toThrow('checkpoint');
    await expect(openV1({ folder, baseUrl: 'http://other.example' })).rejects.toThrow('checkpoint');
  });
});
