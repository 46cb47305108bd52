/** Rekor v2, as clients use it and as nobody should: uploads, what they are answered, and the tiles that everybody reads. */
import { encodeBase64, leafHash, parseCheckpoint, parseSpki, toHex, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey, MerkleTree, sha256 } from '@assay/make';
import { all, change, drop, type Edit, put, type Sample, type SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  ARTIFACT,
  dsseRequestOf,
  failingDisk,
  get,
  instance,
  judge,
  keyOf,
  openV2,
  post,
  requestOf,
  signed,
  signerPem,
  V2_KEY,
  V2_URL,
  v2Entry,
} from '../../test/rekor-scene.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { rekorEntryFormat } from '../log/index.ts';
import { openDisk } from '../store/disk.ts';
import { type RekorV2, rekorV2LogId } from './v2.ts';

const ENTRIES = '/api/v2/log/entries';
const SEARCH = '/api/v2/index/retrieve';
const RECORD = 'hashedRekordRequestV002';
const SIGNATURE = `${RECORD}.signature`;
const VERIFIER = `${SIGNATURE}.verifier`;

const upload = (rekor: RekorV2, sample: Sample): Promise<Answer> => post(rekor, ENTRIES, requestOf(sample));
const sizeOf = (rekor: RekorV2): number => rekor.stats?.()['tree_size'] ?? Number.NaN;

async function fill(rekor: RekorV2, count: number): Promise<void> {
  const answers = await Promise.all(Array.from({ length: count }, () => upload(rekor, signed({ key: generateKey('p256') }))));
  expect(answers.every(({ status }) => status === 201)).toBe(true);
}

describe('an upload', () => {
  test.each<[string, SignOptions]>([
    ['a message with a certificate', {}],
    ['a message with a P-256 key', { key: keyOf('p256') }],
    ['a message with a P-384 certificate', { signerKey: 'p384' }],
    ['a message with a P-521 key', { key: keyOf('p521') }],
    ['a message with an RSA 2048 key', { key: keyOf('rsa2048') }],
    ['a message with an RSA 3072 key', { key: keyOf('rsa3072') }],
    ['a message with an Ed25519 key, pre-hashed', { key: keyOf('ed25519') }],
    ['an envelope with a certificate', { content: 'dsse' }],
    ['an envelope with a P-384 key', { content: 'dsse', key: keyOf('p384') }],
  ])('is recorded and proven: %s', async (_, options) => {
    const rekor = await openV2();
    await fill(rekor, 2);
    const sample = signed(options);
    const created = await upload(rekor, sample);
    expect(created, created.text).toMatchObject({ status: 201, headers: { 'content-type': 'application/json' } });
    expect(created.json).toMatchObject({
      logIndex: '2',
      logId: { keyId: encodeBase64(rekor.logId) },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      integratedTime: '0',
      inclusionPromise: null,
      inclusionProof: { logIndex: '2', treeSize: '3' },
    });
    const entry = v2Entry(created);
    expect(entry.inclusionProof?.rootHash).toHaveLength(32);
    expect(await judge(sample, entry)).toMatchObject({ ok: true });
  });

  test('is recorded as the field does it: the bodies of makers and of this log are the same', async () => {
    const rekor = await openV2();
    for (const options of [{}, { content: 'dsse' }] as const) {
      const sample = instance.sign(ARTIFACT, { log: 'v2', ...options });
      const [entry] = sample.bundle.verificationMaterial.tlogEntries;
      expect(encodeBase64(v2Entry(await upload(rekor, sample)).body)).toBe(entry?.canonicalizedBody);
    }
  });

  test('is refused when there is an equal one, whose index is told', async () => {
    const rekor = await openV2();
    await fill(rekor, 1);
    const sample = signed();
    await upload(rekor, sample);
    const equal = await upload(rekor, sample);
    expect(equal).toMatchObject({ status: 409, headers: { 'x-log-index': '1' } });
    expect(equal.json).toEqual({ code: 6, message: 'an equivalent entry already exists in the transparency log with index 1', details: [] });
    expect(sizeOf(rekor)).toBe(2);
  });

  test('of many at once is one checkpoint for each few, and each is proven in its own', async () => {
    const rekor = await openV2();
    const samples = Array.from({ length: 40 }, () => signed({ key: generateKey('p256') }));
    const answers = await Promise.all(samples.map((sample) => upload(rekor, sample)));
    const entries = answers.map(v2Entry);
    expect(entries.map(({ logIndex }) => Number(logIndex)).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(new Set(entries.map(({ inclusionProof }) => inclusionProof?.checkpoint)).size).toBeLessThan(40);
    for (const [i, entry] of entries.entries()) expect(await judge(samples[i] as Sample, entry)).toMatchObject({ ok: true });
  });

  const SNAKE: Readonly<Record<string, string>> = {
    hashedRekordRequestV002: 'hashed_rekord_request_v002',
    rawBytes: 'raw_bytes',
    keyDetails: 'key_details',
    x509Certificate: 'x509_certificate',
  };
  const snake = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replace(/"(\w+)":/g, (_, name: string) => `"${SNAKE[name] ?? name}":`));

  test.each<[string, Edit]>([
    ['names as in the schema', snake],
    ['the number of its key details', put(`${VERIFIER}.keyDetails`, 5)],
    [
      'base64 of the other alphabet, without padding',
      change<string>(`${SIGNATURE}.content`, (text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')),
    ],
    ['null for what is not there', put(`${VERIFIER}.publicKey`, null)],
    ['null for the other kind of request', put('dsseRequestV002', null)],
  ])('is taken with %s', async (_, edit) => {
    const rekor = await openV2();
    const sample = signed();
    const created = await post(rekor, ENTRIES, edit(requestOf(sample)));
    expect(created.status, created.text).toBe(201);
    expect(await judge(sample, v2Entry(created))).toMatchObject({ ok: true });
  });
});

describe('a request is refused, and nothing is logged:', () => {
  const invalid = 'invalid hashedrekord request: ';
  test.each<[string, SignOptions, Edit, string]>([
    ['an empty one', {}, () => ({}), 'invalid type, must be hashedrekord'],
    ['of an envelope as older clients send it', {}, all(drop(RECORD), put('dsseRequestV002', {})), 'invalid type, must be hashedrekord'],
    ['with a member that is not known', {}, put('note', 'x'), 'unknown field "note"'],
    ['with a member within that is not known', {}, put(`${SIGNATURE}.note`, 'x'), 'unknown field "note"'],
    ['with a member that every object has', {}, put('constructor', 'x'), 'unknown field "constructor"'],
    ['with a member in two spellings', {}, put(`${VERIFIER}.key_details`, 5), 'duplicate field'],
    ['without its signature', {}, drop(SIGNATURE), `${invalid}request: ${SIGNATURE}: is missing or empty`],
    ['with an empty signature', {}, put(`${SIGNATURE}.content`, ''), invalid],
    ['without its digest', {}, drop(`${RECORD}.digest`), invalid],
    ['with another digest', {}, put(`${RECORD}.digest`, encodeBase64(sha256(utf8('other')))), 'is not a signature of this digest by this key'],
    ['with a digest of a wrong length', {}, put(`${RECORD}.digest`, 'AAAA'), 'a sha256 digest has 32 bytes, found 3'],
    ['with a digest that is no base64', {}, put(`${RECORD}.digest`, '%%%%'), 'not standard base64'],
    ['with a digest of both alphabets', {}, put(`${RECORD}.digest`, `${'A'.repeat(40)}+-8=`), 'not standard base64'],
    ['with a digest that is a number', {}, put(`${RECORD}.digest`, 7), 'expected a string'],
    ['with another signature', {}, put(`${SIGNATURE}.content`, 'AAAA'), 'is not a signature of this digest by this key'],
    ['without a verifier', {}, drop(VERIFIER), invalid],
    ['without key or certificate', {}, drop(`${VERIFIER}.x509Certificate`), 'expected either publicKey or x509Certificate'],
    ['with both', {}, put(`${VERIFIER}.publicKey`, { rawBytes: encodeBase64(keyOf('p256').spki) }), 'expected either publicKey or x509Certificate'],
    ['with a certificate that is none', {}, put(`${VERIFIER}.x509Certificate.rawBytes`, 'AAAA'), `${invalid}certificate`],
    ['with an empty certificate', {}, put(`${VERIFIER}.x509Certificate.rawBytes`, ''), 'is missing or empty'],
    ['with a key that is none', { key: keyOf('p256') }, put(`${VERIFIER}.publicKey.rawBytes`, 'AAAA'), `${invalid}public key`],
    [
      'with a point beside the curve',
      { key: keyOf('p256') },
      change<string>(`${VERIFIER}.publicKey.rawBytes`, besideCurve),
      'is not a signature of this digest',
    ],
    ['with a key in PEM', { key: keyOf('p256') }, put(`${VERIFIER}.publicKey.rawBytes`, encodeBase64(utf8(keyOf('p256').publicPem))), `${invalid}public key`],
    [
      "with somebody else's key",
      { key: keyOf('p256') },
      put(`${VERIFIER}.publicKey.rawBytes`, encodeBase64(generateKey('p256').spki)),
      'is not a signature of this digest',
    ],
    ['with the details of another key', {}, put(`${VERIFIER}.keyDetails`, 'PKIX_ECDSA_P384_SHA_384'), 'expected PKIX_ECDSA_P256_SHA_256 for this key'],
    [
      'with the details of another hash',
      { signerKey: 'p384' },
      put(`${VERIFIER}.keyDetails`, 'PKIX_ECDSA_P384_SHA_256'),
      'expected PKIX_ECDSA_P384_SHA_384 for this key',
    ],
    ['with details that nobody knows', {}, put(`${VERIFIER}.keyDetails`, 'toString'), 'expected PKIX_ECDSA_P256_SHA_256 for this key, found toString'],
    ['with a number of details that nobody knows', {}, put(`${VERIFIER}.keyDetails`, 99), 'expected a known enum value'],
    ['without details', {}, drop(`${VERIFIER}.keyDetails`), 'is missing or empty'],
    [
      'with RSA-PSS',
      { key: keyOf('rsa2048') },
      put(`${VERIFIER}.keyDetails`, 'PKIX_RSA_PSS_2048_SHA256'),
      'expected PKIX_RSA_PKCS1V15_2048_SHA256 for this key',
    ],
    ['with pure Ed25519, by its name', { key: keyOf('ed25519') }, put(`${VERIFIER}.keyDetails`, 'PKIX_ED25519'), 'expected PKIX_ED25519_PH for this key'],
    ['with pure Ed25519, under the other name', { content: 'dsse', key: keyOf('ed25519') }, (same) => same, 'is not a signature of this digest'],
    ['with P-384 over SHA-256', { key: keyOf('p384'), hash: 'sha256' }, (same) => same, 'a sha384 digest has 48 bytes, found 32'],
  ])('%s', async (_, options, edit, message) => {
    const rekor = await openV2();
    const answer = await post(rekor, ENTRIES, edit(requestOf(signed(options))));
    expect(answer).toMatchObject({ status: 400, json: { code: 3, message: expect.stringContaining(message), details: [] } });
    expect(sizeOf(rekor)).toBe(0);
  });

  test.each<[string, string | Uint8Array, number, string]>([
    ['nothing', '', 400, 'is not valid JSON'],
    ['half a document', '{"hashedRekordRequestV002":', 400, 'is not valid JSON'],
    ['an array', '[]', 400, 'expected a JSON object'],
    ['null', 'null', 400, 'expected a JSON object'],
    ['a record that is text', '{"hashedRekordRequestV002":"x"}', 400, 'expected an object'],
    ['a record that is a list', '{"hashedRekordRequestV002":[]}', 400, 'expected an object'],
    ['a member twice', '{"hashedRekordRequestV002":{},"hashedRekordRequestV002":{}}', 400, 'duplicate member'],
    ['a member named __proto__', '{"__proto__":{"hashedRekordRequestV002":{}}}', 400, 'unknown field "__proto__"'],
    ['a document of a million levels', '{"a":'.repeat(600_000), 400, 'nested deeper than 64 levels'],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), 400, 'not UTF-8'],
    ['more than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), 413, 'http: request body too large'],
  ])('%s', async (_, body, status, message) => {
    const rekor = await openV2();
    expect(await post(rekor, ENTRIES, body)).toMatchObject({ status, json: { code: 3, message: expect.stringContaining(message), details: [] } });
    expect(sizeOf(rekor)).toBe(0);
  });

  test('one that states more than 4 MiB', async () => {
    const rekor = await openV2();
    const request = new Request(`http://rekor.example${ENTRIES}`, { method: 'POST', body: '{}', headers: { 'Content-Length': String(4 * 1024 * 1024 + 1) } });
    expect((await rekor.app.fetch(request)).status).toBe(413);
  });

  test('one whose entry would not fit into a bundle', async () => {
    const rekor = await openV2();
    const answer = await upload(rekor, signed({ identity: { type: 'email', value: `${'x'.repeat(50_000)}@testkit.example` } }));
    expect(answer).toMatchObject({ status: 400, json: { message: expect.stringMatching(/its entry has \d+ bytes, at most 65535 are logged/) } });
    expect(sizeOf(rekor)).toBe(0);
  });
});

/** A coordinate that no point of the curve has with the other one. */
function besideCurve(spki: string): string {
  const bytes = Buffer.from(spki, 'base64');
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  return encodeBase64(bytes);
}

describe('the request of older clients for an envelope, where it is taken,', () => {
  const DSSE = 'dsseRequestV002';

  test.each<[string, SignOptions]>([
    ['a certificate', {}],
    ['a P-256 key', { key: keyOf('p256') }],
    ['an RSA key', { key: keyOf('rsa2048') }],
  ])('is recorded as what they ask for today, and verifies: %s', async (_, options) => {
    const sample = signed({ content: 'dsse', ...options });
    const created = await post(await openV2({ acceptDsse: true }), ENTRIES, dsseRequestOf(sample));
    expect(created.status, created.text).toBe(201);
    const entry = v2Entry(created);
    expect(`${entry.kind} ${entry.version}`).toBe('hashedrekord 0.0.2');
    expect(await judge(sample, entry)).toMatchObject({ ok: true });
    const today = v2Entry(await upload(await openV2(), sample));
    expect(entry.body).toEqual(today.body);
  });

  test.each<[string, Edit, string]>([
    ['without its envelope', drop(`${DSSE}.envelope`), 'is missing'],
    ['without verifiers', put(`${DSSE}.verifiers`, []), 'is missing or empty'],
    ['without signatures', put(`${DSSE}.envelope.signatures`, []), 'is missing or empty'],
    ['with several signatures', change<object[]>(`${DSSE}.envelope.signatures`, ([one = {}]) => [one, one]), 'signatures'],
    ['with several verifiers', change<object[]>(`${DSSE}.verifiers`, ([one = {}]) => [one, one]), 'verifiers'],
    ['with another payload', put(`${DSSE}.envelope.payload`, 'AAAA'), 'is not a signature of this envelope by this key'],
    [
      'with Ed25519',
      put(`${DSSE}.verifiers.0`, { keyDetails: 'PKIX_ED25519', publicKey: { rawBytes: encodeBase64(keyOf('ed25519').spki) } }),
      'expected PKIX_ED25519_PH for this key',
    ],
    ['beside the request of today', put(RECORD, {}), 'expected one request, found two'],
    ['with a member that is not known', put(`${DSSE}.envelope.signatures.0.cert`, ''), 'unknown field "cert"'],
  ])('is refused %s', async (_, edit, message) => {
    const rekor = await openV2({ acceptDsse: true });
    const answer = await post(rekor, ENTRIES, edit(dsseRequestOf(signed({ content: 'dsse' }))));
    expect(answer).toMatchObject({ status: 400, json: { code: 3, message: expect.stringContaining(message) } });
    expect(sizeOf(rekor)).toBe(0);
  });
});

describe('a log', () => {
  test('that is frozen refuses uploads, and is read and searched for ever', async () => {
    const folder = temporaryFolder();
    const before = await openV2({ folder });
    const sample = signed();
    await upload(before, sample);
    await before.close();
    const rekor = await openV2({ folder, frozenFrom: new Date(0) });
    const refused = await upload(rekor, signed({ key: keyOf('p256') }));
    expect(refused).toMatchObject({ status: 405, text: 'This log has been frozen, please switch to the latest log.\n' });
    expect(refused.headers['content-type']).toContain('text/plain');
    expect(await post(rekor, ENTRIES, 'nonsense')).toMatchObject({ status: 405 });
    expect(sizeOf(rekor)).toBe(1);
    expect(await get(rekor, '/api/v2/tile/entries/000.p/1')).toMatchObject({ status: 200 });
    expect((await post(rekor, SEARCH, { hash: toHex(sha256(ARTIFACT)) })).json).toEqual({ indexes: ['0'] });
  });

  test('whose disk is full pushes back, and goes on when there is room', async () => {
    let full = false;
    const rekor = await openV2({ disk: failingDisk(openDisk(temporaryFolder()), (path) => full && path === 'checkpoint') });
    await fill(rekor, 1);
    full = true;
    const sample = signed();
    const refused = await upload(rekor, sample);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(refused.json).toEqual({ code: 14, message: 'reached max pushback; retry', details: [] });
    expect(rekor.problem?.()).toBeDefined();
    full = false;
    expect(await upload(rekor, sample)).toMatchObject({ status: 409, headers: { 'x-log-index': '1' } });
    expect(rekor.problem?.()).toBeUndefined();
  });

  test('goes on where it ended after a restart', async () => {
    const folder = temporaryFolder();
    const before = await openV2({ folder });
    await fill(before, 3);
    const sample = signed();
    await upload(before, sample);
    await before.close();
    expect(await upload(before, signed({ key: keyOf('p256') }))).toMatchObject({ status: 503 });
    const rekor = await openV2({ folder });
    expect(await upload(rekor, sample)).toMatchObject({ status: 409, headers: { 'x-log-index': '3' } });
    const next = signed({ key: keyOf('p256') });
    const created = await upload(rekor, next);
    expect(v2Entry(created)).toMatchObject({ logIndex: 4n });
    expect(await judge(next, v2Entry(created))).toMatchObject({ ok: true });
  });

  test('of another key or host is not opened', async () => {
    const folder = temporaryFolder();
    await (await openV2({ folder })).close();
    await expect(openV2({ folder, key: generateKey('ed25519') })).rejects.toThrow('checkpoint');
    await expect(openV2({ folder, baseUrl: 'http://other.example' })).rejects.toThrow('checkpoint');
  });

  test('has the id of its host and key, whatever port and path it has', () => {
    const id = Buffer.concat([Buffer.from('rekor.stack.example\n\x01', 'latin1'), V2_KEY.spki.subarray(-32)]);
    expect(toHex(rekorV2LogId(V2_URL, V2_KEY))).toBe(toHex(sha256(id)));
    expect(rekorV2LogId('https://rekor.stack.example', V2_KEY)).toEqual(rekorV2LogId(V2_URL, V2_KEY));
  });
});

describe('everybody reads', () => {
  test('the checkpoint, signed by the log under the name of its host', async () => {
    const rekor = await openV2();
    await fill(rekor, 2);
    const answer = await get(rekor, '/api/v2/checkpoint');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=2' } });
    const parsed = parseCheckpoint(answer.text);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const { origin, treeSize, note } = parsed.checkpoint;
    expect([origin, treeSize, note.signatures.map(({ name }) => name)]).toEqual(['rekor.stack.example', 2n, ['rekor.stack.example']]);
    const [signature] = note.signatures;
    const verified = verifySignature(nodeCrypto, parseSpki(V2_KEY.spki), { name: 'ed25519' }, utf8(note.body), signature?.signature ?? new Uint8Array(0));
    expect(await verified).toBe(true);
  });

  test('tiles and bundles that lead from the entries to the checkpoint', async () => {
    const rekor = await openV2();
    await fill(rekor, 300);
    const read = async (path: string): Promise<Uint8Array> => {
      const { status, headers, body } = await get(rekor, `/api/v2/tile/${path}`);
      expect([path, status, headers['content-type']]).toEqual([path, 200, 'application/octet-stream']);
      expect(headers['cache-control']).toBe(path.includes('.p/') ? 'public, max-age=2' : 'public, max-age=31536000, immutable');
      return body;
    };
    const entries = [...rekorEntryFormat.decode(await read('entries/000')), ...rekorEntryFormat.decode(await read('entries/001.p/44'))];
    const hashes = Buffer.concat([await read('0/000'), await read('0/001.p/44')]);
    const tree = new MerkleTree();
    for (const [i, body] of entries.entries()) {
      tree.append(body);
      expect(toHex(await leafHash(nodeCrypto, body))).toBe(hashes.toString('hex', 32 * i, 32 * i + 32));
    }
    const parsed = parseCheckpoint((await get(rekor, '/api/v2/checkpoint')).text);
    if ('problem' in parsed) throw new Error(parsed.problem);
    expect(toHex(parsed.checkpoint.rootHash)).toBe(toHex(tree.root()));
    expect(toHex(await read('1/000.p/1'))).toBe(toHex(tree.root(256)));
  });

  test.each([
    '/api/v2/tile/0/001',
    '/api/v2/tile/0/000.p/3',
    '/api/v2/tile/0/0.p/1',
    '/api/v2/tile/entries/001',
    '/api/v2/tile/data/000.p/1',
    '/api/v2/tile/7/000.p/1',
    '/api/v2/tile/0/000.p/0',
    '/api/v2/tile/entries/..%2f..%2fcheckpoint',
    '/api/v2/tile/',
  ])('nothing at %s', async (path) => {
    const rekor = await openV2();
    await fill(rekor, 2);
    expect(await get(rekor, path)).toMatchObject({ status: 404 });
  });
});

describe('a search', () => {
  test('finds by artifact, name and key, also after a restart', async () => {
    const folder = temporaryFolder();
    const first = await openV2({ folder, acceptDsse: true });
    await fill(first, 2);
    const [message, byKey, envelope] = [
      signed({ identity: { type: 'email', value: 'Someone@testkit.example' } }),
      signed({ key: keyOf('p384') }),
      signed({ content: 'dsse' }),
    ];
    await upload(first, message);
    await upload(first, byKey);
    await post(first, ENTRIES, dsseRequestOf(envelope));
    const check = async (rekor: RekorV2): Promise<void> => {
      const found = async (query: unknown): Promise<unknown> => (await post(rekor, SEARCH, query)).json;
      expect(await found({ email: 'someone@testkit.EXAMPLE' })).toEqual({ indexes: ['2'] });
      expect(await found({ hash: toHex(sha256(ARTIFACT)), email: 'someone@testkit.example', operator: 'and' })).toEqual({ indexes: ['2'] });
      expect(await found({ publicKey: { format: 'x509', content: encodeBase64(utf8(keyOf('p384').publicPem)) } })).toEqual({ indexes: ['3'] });
      expect(await found({ publicKey: { format: 'x509', content: encodeBase64(utf8(signerPem(envelope))) } })).toEqual({ indexes: ['4'] });
      expect(await found({ subject: envelope.policy.identities?.[0]?.san })).toEqual({ indexes: ['4'] });
      expect(await found({ hash: `sha384:${Buffer.from(await nodeCrypto.hash('sha384', ARTIFACT)).toString('hex')}` })).toEqual({ indexes: ['3'] });
      expect(await found({ hash: '00'.repeat(32) })).toEqual({ indexes: [] });
    };
    await check(first);
    await first.close();
    await check(await openV2({ folder, acceptDsse: true }));
  });

  test('is refused with nonsense', async () => {
    expect(await post(await openV2(), SEARCH, 'nonsense')).toMatchObject({ status: 400, json: { code: 3, details: [] } });
  });
});
