/** The log as authorities, clients and monitors meet it: SCTs judged in whole bundles, proofs by core, tiles recomputed. */
import { createPublicKey, verify } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { concat, decodeBase64, encodeBase64, parseCheckpoint, rootFromInclusion, toHex, uint, utf8, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  type CertificateFields,
  type CtEntry,
  encodeExtraData,
  encodeLeafInput,
  generateKey,
  issueLeaf,
  issuePrecertificate,
  leafFields,
  leafHash,
  MerkleTree,
  precertEntry,
  precertificateTbs,
  type Sct,
  type SctFields,
  sctSignedText,
  sha256,
  staticCtExtensions,
} from '@assay/make';
import { createInstance, type Instance, type InstanceOptions, type SignOptions, verifySample } from '@assay/testkit';
import { bundleFromJSON, type SerializedBundle } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { Hono } from 'hono';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { LogUnavailable } from '../log/index.ts';
import { type Disk, openDisk } from '../store/disk.ts';
import { type CtLog, type CtLogOptions, openCtLog } from './ct-log.ts';
import { parseTileLeaf, tileLeafFormat } from './tile-leaf.ts';

const ORIGIN = '127.0.0.1:4100/ct';
const SUBJECT = generateKey('p256');

interface Bench {
  readonly instance: Instance;
  readonly disk: Disk;
  readonly ct: CtLog;
  /** Moved by the test. */
  now: Date;
  reopen(options?: Partial<CtLogOptions>): Promise<CtLog>;
}

/** The log has the key of the instance's own, so that the instance's trusted root names it. */
async function open(options: Partial<CtLogOptions> = {}, instanceOptions: InstanceOptions = {}): Promise<Bench> {
  const instance = createInstance(instanceOptions);
  const bench = { instance, now: instance.now, disk: options.disk ?? openDisk(temporaryFolder()) };
  const all: CtLogOptions = {
    disk: bench.disk,
    clock: () => bench.now,
    baseUrl: `http://${ORIGIN}`,
    log: pino({ level: 'silent' }),
    key: instance.ctLog.key,
    roots: issuersOf(instance).slice(-1),
    ...options,
  };
  const reopen = (changed: Partial<CtLogOptions> = {}): Promise<CtLog> => openCtLog({ ...all, ...changed });
  return Object.assign(bench, { ct: await reopen(), reopen });
}

const issuersOf = ({ ca }: Instance): Uint8Array[] => ca.map(({ certificate }) => certificate);

function fieldsFor({ issuer, now }: Instance, name: string): CertificateFields {
  const san = { type: 'email', value: `${name}@testkit.example` } as const;
  return leafFields(issuer, { spki: SUBJECT.spki, san, fulcio: { issuer: 'https://accounts.testkit.example', tokenSubject: name }, notBefore: now });
}

/** Something to log, with the whole chain, and the entry that it must become. */
interface Submitted {
  readonly chain: Uint8Array[];
  readonly entry: CtEntry;
}

function precertificate(instance: Instance, name = 'someone'): Submitted {
  const fields = fieldsFor(instance, name);
  const chain = [issuePrecertificate(fields, instance.issuer), ...issuersOf(instance)];
  return { chain, entry: precertEntry(instance.issuer.key.spki, precertificateTbs(fields, instance.issuer)) };
}

function certificate(instance: Instance, name = 'someone'): Submitted {
  const leaf = issueLeaf(fieldsFor(instance, name), instance.issuer);
  return { chain: [leaf, ...issuersOf(instance)], entry: { type: 'x509', certificate: leaf } };
}

/** Logs every second one as a certificate; in the order of their indexes. */
async function fill({ ct, instance }: Bench, count: number): Promise<{ submitted: Submitted; sct: Sct }[]> {
  const all = Array.from({ length: count }, async (_, i) => {
    const submitted = i % 2 === 0 ? precertificate(instance, `person-${i}`) : certificate(instance, `person-${i}`);
    return { submitted, sct: await (i % 2 === 0 ? ct.addPrecertificate(submitted.chain) : ct.addCertificate(submitted.chain)) };
  });
  return (await Promise.all(all)).sort((a, b) => indexOf(a.sct) - indexOf(b.sct));
}

const indexOf = ({ extensions }: Sct): number => Number(`0x${toHex(extensions.subarray(3))}`);

const fieldsOf = ({ entry }: Submitted, { timestampMs, extensions }: Sct): SctFields => ({ timestampMs, entry, extensions });

function isSignedBy({ key }: Instance['ctLog'], text: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', text, createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }), signature);
}

function request(ct: CtLog, path: string, init?: RequestInit): Promise<Response> {
  return Promise.resolve(ct.app.fetch(new Request(`http://127.0.0.1:4100${path}`, init)));
}

const post = (ct: CtLog, path: string, body: unknown): Promise<Response> =>
  request(ct, path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

async function json<T>(ct: CtLog, path: string): Promise<T> {
  const response = await request(ct, path);
  expect(response.status, `${path}: ${response.ok ? '' : await response.clone().text()}`).toBe(200);
  expect(response.headers.get('Content-Type')).toBe('application/json');
  return (await response.json()) as T;
}

async function file(ct: CtLog, path: string): Promise<Uint8Array> {
  const response = await request(ct, path);
  expect(response.status, path).toBe(200);
  expect(response.headers.get('Cache-Control')).toContain('immutable');
  return new Uint8Array(await response.arrayBuffer());
}

const chainJson = (chain: readonly Uint8Array[]) => ({ chain: chain.map(encodeBase64) });
const bytes = (base64: string): Uint8Array => decodeBase64(base64) ?? new Uint8Array(0);
const statsOf = (ct: CtLog) => ct.stats?.();

interface SthJson {
  readonly tree_size: number;
  readonly timestamp: number;
  readonly sha256_root_hash: string;
  readonly tree_head_signature: string;
}

describe('an SCT', () => {
  test.each(['p256', 'p384', 'rsa2048'] as const)('of a %s authority makes a bundle that core and sigstore-js accept', async (caKey) => {
    const { instance, ct } = await open({}, { caKey });
    // An RSA key, since the testkit keeps those: both signings are by one subject.
    const signing: SignOptions = { signerKey: 'rsa2048', timestamp: true };
    let fields = fieldsFor(instance, 'replaced');
    instance.sign(utf8('artifact'), { ...signing, alter: { leaf: (made) => (fields = made) } });
    const sct = await ct.addPrecertificate([issuePrecertificate(fields, instance.issuer), ...issuersOf(instance)]);
    const certified = issueLeaf(fields, instance.issuer, [sct]);

    const sample = instance.sign(utf8('artifact'), { ...signing, alter: { certificate: () => certified } });
    expect((await verifySample(sample, nodeCrypto)).says).toBeUndefined();

    const [identity] = sample.policy.identities ?? [];
    const policy = { subjectAlternativeName: identity?.san ?? '', extensions: { issuer: identity?.issuer ?? '' } };
    const entity = toSignedEntity(bundleFromJSON(sample.bundle as unknown as SerializedBundle), Buffer.from(sample.artifact));
    new Verifier(toTrustMaterial(TrustedRoot.fromJSON(sample.trustedRoot)), { timestampThreshold: 1 }).verify(entity, policy);

    const otherwise = issueLeaf({ ...fields, serial: Uint8Array.of(5) }, instance.issuer, [sct]);
    const forged = instance.sign(utf8('artifact'), { ...signing, alter: { certificate: () => otherwise } });
    expect(await verifySample(forged, nodeCrypto)).toMatchObject({ ok: false, code: 'SCT_SIGNATURE' });
  });

  test.each<[string, string, (instance: Instance) => Submitted]>([
    ['a precertificate', 'add-pre-chain', precertificate],
    ['a certificate', 'add-chain', certificate],
  ])('of %s over HTTP states its index, and is signed as RFC 6962 says', async (_, path, make) => {
    const { instance, ct } = await open();
    const submitted = make(instance);
    const response = await post(ct, `/ct/v1/${path}`, chainJson(submitted.chain));
    expect(response.status).toBe(200);
    const sct = (await response.json()) as { timestamp: number; signature: string };
    expect(sct).toEqual({
      sct_version: 0,
      id: encodeBase64(sha256(instance.ctLog.key.spki)),
      timestamp: instance.now.getTime(),
      extensions: encodeBase64(staticCtExtensions(0)),
      signature: expect.any(String),
    });
    const signature = bytes(sct.signature);
    expect([...signature.subarray(0, 4)]).toEqual([4, 3, 0, signature.length - 4]);
    const text = sctSignedText({ timestampMs: sct.timestamp, entry: submitted.entry, extensions: staticCtExtensions(0) });
    expect(isSignedBy(instance.ctLog, text, signature.subarray(4))).toBe(true);
  });

  test('is given for chains with and without their root, and for a root itself', async () => {
    const { instance, ct, disk } = await open();
    const [leaf, intermediate, root] = precertificate(instance).chain as [Uint8Array, Uint8Array, Uint8Array];
    const sct = await ct.addPrecertificate([leaf, intermediate]);
    expect(await ct.addPrecertificate([leaf, intermediate, root])).toEqual(sct);
    expect(indexOf(await ct.addCertificate([root]))).toBe(1);
    // The chain that is kept is whole either way.
    const [first] = (await json<{ entries: { extra_data: string }[] }>(ct, '/ct/v1/get-entries?start=0&end=0')).entries;
    expect(bytes(first?.extra_data ?? '')).toEqual(encodeExtraData(precertificate(instance).entry, leaf, [intermediate, root]));
    expect(readdirSync(`${disk.root}/issuer`).sort()).toEqual([intermediate, root].map((one) => toHex(sha256(one))).sort());
  });

  test('is given for a certificate that the root issued itself', async () => {
    const { instance, ct } = await open({}, { caChain: 'root-only' });
    const { chain } = precertificate(instance);
    expect(await ct.addPrecertificate(chain.slice(0, 1))).toEqual(await ct.addPrecertificate(chain));
  });

  test('is the first one again for what was logged before, also when it is asked for at once', async () => {
    const { instance, ct } = await open();
    const { chain } = precertificate(instance);
    const scts = await Promise.all(Array.from({ length: 20 }, () => ct.addPrecertificate(chain)));
    expect(new Set(scts.map((sct) => toHex(sct.signature))).size).toBe(1);
    expect(await ct.addPrecertificate(chain)).toEqual(scts[0]);
    expect(statsOf(ct)).toEqual({ tree_size: 1, pending: 0 });
  });

  test('does not depend on the order in which many ask', async () => {
    const bench = await open();
    const logged = await fill(bench, 40);
    expect(logged.map(({ sct }) => indexOf(sct))).toEqual(Array.from({ length: 40 }, (_, i) => i));
    for (const { submitted, sct } of logged) expect(isSignedBy(bench.instance.ctLog, sctSignedText(fieldsOf(submitted, sct)), sct.signature)).toBe(true);
  });
});

describe('RFC 6962 reads', () => {
  const SIZE = 300; // more than a tile

  test('prove that every entry is in every tree after it, and that each tree extends the one before', async () => {
    const bench = await open();
    const { ct, instance } = bench;
    const heads = [await json<SthJson>(ct, '/ct/v1/get-sth')];
    const logged: Awaited<ReturnType<typeof fill>> = [];
    for (const count of [1, 1, 5, 249, 1, SIZE - 257]) {
      bench.now = new Date(bench.now.getTime() + 10);
      const people = Array.from({ length: count }, (_, i) => precertificate(instance, `${logged.length}-${i}`));
      const scts = await Promise.all(people.map(({ chain }) => ct.addPrecertificate(chain)));
      logged.push(...people.map((submitted, i) => ({ submitted, sct: scts[i] as Sct })).sort((a, b) => indexOf(a.sct) - indexOf(b.sct)));
      heads.push(await json<SthJson>(ct, '/ct/v1/get-sth'));
    }
    expect(heads.map((head) => head.tree_size)).toEqual([0, 1, 2, 7, 256, 257, SIZE]);

    const reference = new MerkleTree();
    const hashes = logged.map(({ submitted, sct }) => leafHash(encodeLeafInput(fieldsOf(submitted, sct))));
    for (const hash of hashes) reference.appendHash(hash);
    for (const head of heads) {
      const { tree_size, timestamp, sha256_root_hash, tree_head_signature } = head;
      expect(bytes(sha256_root_hash)).toEqual(reference.root(tree_size));
      const text = concat(Uint8Array.of(0, 1), uint(timestamp, 8), uint(tree_size, 8), bytes(sha256_root_hash));
      expect(isSignedBy(instance.ctLog, text, bytes(tree_head_signature).subarray(4))).toBe(true);
      // RFC 6962 section 3.5: a tree head is no older than what it contains.
      for (const { sct } of logged.slice(0, tree_size)) expect(sct.timestampMs).toBeLessThanOrEqual(timestamp);
    }

    for (const [i, second] of heads.entries()) {
      for (const first of heads.slice(0, i + 1)) {
        const { consistency } = await json<{ consistency: string[] }>(ct, `/ct/v1/get-sth-consistency?first=${first.tree_size}&second=${second.tree_size}`);
        const proof = { firstSize: BigInt(first.tree_size), secondSize: BigInt(second.tree_size), hashes: consistency.map(bytes) };
        expect(await verifyConsistency(nodeCrypto, proof, bytes(first.sha256_root_hash), bytes(second.sha256_root_hash))).toBe(true);
      }
    }

    for (const { tree_size, sha256_root_hash } of heads) {
      for (const index of new Set([0, 1, 6, 255, 256, 299].filter((one) => one < tree_size))) {
        const hash = hashes[index] as Uint8Array;
        const path = `/ct/v1/get-proof-by-hash?hash=${encodeURIComponent(encodeBase64(hash))}&tree_size=${tree_size}`;
        const { leaf_index, audit_path } = await json<{ leaf_index: number; audit_path: string[] }>(ct, path);
        expect(leaf_index).toBe(index);
        const proof = { index: BigInt(index), treeSize: BigInt(tree_size), hashes: audit_path.map(bytes) };
        expect(await rootFromInclusion(nodeCrypto, hash, proof)).toEqual(bytes(sha256_root_hash));
        const entry = await json<{ leaf_input: string; audit_path: string[] }>(ct, `/ct/v1/get-entry-and-proof?leaf_index=${index}&tree_size=${tree_size}`);
        expect(leafHash(bytes(entry.leaf_input))).toEqual(hash);
        expect(entry.audit_path).toEqual(audit_path);
      }
    }
  });

  test('give the entries, at most a tile of them, with what was submitted', async () => {
    const bench = await open();
    const logged = await fill(bench, SIZE);
    const entries: { leaf_input: string; extra_data: string }[] = [];
    const counts: number[] = [];
    while (entries.length < SIZE) {
      const page = await json<{ entries: typeof entries }>(bench.ct, `/ct/v1/get-entries?start=${entries.length}&end=100000`);
      counts.push(page.entries.length);
      entries.push(...page.entries);
    }
    expect(counts).toEqual([256, 44]);
    for (const [i, { submitted, sct }] of logged.entries()) {
      const [leaf, ...issuers] = submitted.chain as [Uint8Array, ...Uint8Array[]];
      expect(bytes(entries[i]?.leaf_input ?? '')).toEqual(encodeLeafInput(fieldsOf(submitted, sct)));
      expect(bytes(entries[i]?.extra_data ?? '')).toEqual(encodeExtraData(submitted.entry, leaf, issuers));
    }
    const { entries: three } = await json<{ entries: unknown[] }>(bench.ct, '/ct/v1/get-entries?start=254&end=256');
    expect(three).toEqual(entries.slice(254, 257));
  });

  test('name the accepted roots', async () => {
    const other = createInstance();
    const roots = [other, createInstance()].flatMap((instance) => issuersOf(instance).slice(-1));
    const { ct } = await open({ roots });
    expect(await json(ct, '/ct/v1/get-roots')).toEqual({ certificates: roots.map(encodeBase64) });
    expect(indexOf(await ct.addPrecertificate(precertificate(other).chain))).toBe(0);
  });

  test.each<[string, number, string]>([
    ['get-sth-consistency?second=2', 400, "parameter 'first' is required"],
    ['get-sth-consistency?first=-1&second=2', 400, "parameter 'first' is malformed"],
    ['get-sth-consistency?first=1&second=1e3', 400, "parameter 'second' is malformed"],
    ['get-sth-consistency?first=1&second=99999999999999999999', 400, "parameter 'second' is malformed"],
    ['get-sth-consistency?first=2&second=1', 400, 'invalid first, second params: 2 1'],
    ['get-sth-consistency?first=0&second=4', 400, 'need tree size: 4 for proof but only got: 3'],
    ['get-proof-by-hash?tree_size=1', 400, "get-proof-by-hash: parameter 'hash' is not base64 of 32 bytes"],
    ['get-proof-by-hash?hash=AAAA&tree_size=1', 400, "get-proof-by-hash: parameter 'hash' is not base64 of 32 bytes"],
    [`get-proof-by-hash?hash=${'A'.repeat(43)}=&tree_size=0`, 400, 'get-proof-by-hash: missing or invalid tree_size: 0'],
    [`get-proof-by-hash?hash=${'A'.repeat(43)}=&tree_size=4`, 404, 'log returned tree size: 3 but we expected: 4'],
    [`get-proof-by-hash?hash=${'A'.repeat(43)}=&tree_size=3`, 404, 'get-proof-by-hash: no such leaf in the tree of size 3'],
    ['get-entries?start=0', 400, "parameter 'end' is required"],
    ['get-entries?start=2&end=1', 400, 'start (2) and end (1) is not a valid range'],
    ['get-entries?start=3&end=3', 400, 'need tree size: 4 to get leaves but only got: 3'],
    ['get-entry-and-proof?leaf_index=1&tree_size=1', 400, 'leaf_index 1 out of range for tree of size 1'],
    ['get-entry-and-proof?leaf_index=1&tree_size=4', 400, 'need tree size: 4 for proof but only got: 3'],
  ])('refuse %s', async (path, status, message) => {
    const bench = await open();
    await fill(bench, 3);
    const response = await request(bench.ct, `/ct/v1/${path}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code: status === 404 ? 5 : 3, message, details: [] });
  });

  test('do not prove an entry in a tree that ended before it', async () => {
    const bench = await open();
    const logged = await fill(bench, 3);
    const { submitted, sct } = logged[2] as (typeof logged)[number];
    const hash = encodeURIComponent(encodeBase64(leafHash(encodeLeafInput(fieldsOf(submitted, sct)))));
    expect((await request(bench.ct, `/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=2`)).status).toBe(404);
    expect((await request(bench.ct, `/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=3`)).status).toBe(200);
  });
});

describe('static files', () => {
  test('hold a tree whose leaves are the entries, and every issuer', async () => {
    const bench = await open();
    const { ct, instance } = bench;
    const logged = await fill(bench, 259);

    const response = await request(ct, '/checkpoint');
    expect(response.headers.get('Content-Type')).toBe('text/plain; charset=utf-8');
    const parsed = parseCheckpoint(await response.text());
    if ('problem' in parsed) throw new Error(parsed.problem);
    const { origin, treeSize, rootHash, extensions, note } = parsed.checkpoint;
    expect({ origin, treeSize, extensions }).toEqual({ origin: ORIGIN, treeSize: 259n, extensions: [] });

    // c2sp.org/static-ct-api: name and key id of the line, then timestamp and tree head signature, as `get-sth` gives them.
    const [line] = note.signatures;
    const sth = await json<SthJson>(ct, '/ct/v1/get-sth');
    expect(line?.name).toBe(ORIGIN);
    expect(line?.keyId).toEqual(sha256(concat(utf8(`${ORIGIN}\n`), Uint8Array.of(5), ct.logId)).subarray(0, 4));
    expect(line?.signature).toEqual(concat(uint(sth.timestamp, 8), bytes(sth.tree_head_signature)));
    expect(encodeBase64(rootHash)).toBe(sth.sha256_root_hash);

    const leaves = [...tileLeafFormat.decode(await file(ct, '/tile/data/000')), ...tileLeafFormat.decode(await file(ct, '/tile/data/001.p/3'))].map(
      parseTileLeaf,
    );
    expect(leaves).toHaveLength(259);
    const tree = new MerkleTree();
    for (const [i, { leafInput, submitted, issuers }] of leaves.entries()) {
      const expected = logged[i] as (typeof logged)[number];
      expect(leafInput).toEqual(encodeLeafInput(fieldsOf(expected.submitted, expected.sct)));
      expect(submitted).toEqual(expected.submitted.chain[0]);
      expect(issuers).toEqual(issuersOf(instance).map(sha256));
      tree.append(leafInput);
    }
    expect(tree.root()).toEqual(rootHash);
    expect(concat(await file(ct, '/tile/0/000'), await file(ct, '/tile/0/001.p/3'))).toEqual(concat(...leaves.map(({ leafInput }) => leafHash(leafInput))));
    expect(await file(ct, '/tile/1/000.p/1')).toEqual(tree.root(256));

    for (const issuer of issuersOf(instance)) {
      const path = `/issuer/${toHex(sha256(issuer))}`;
      expect((await request(ct, path)).headers.get('Content-Type')).toBe('application/pkix-cert');
      expect(await file(ct, path)).toEqual(issuer);
    }
  });

  test.each([
    '/tile/0/000',
    '/tile/0/000.p/4',
    '/tile/0/000.p/03',
    '/tile/0/0',
    '/tile/1/000.p/1',
    '/tile/entries/000.p/3',
    '/tile/data/001.p/1',
    '/tile/data/000.p/3/',
    '/tile/data/..%2f..%2fcheckpoint',
    `/issuer/${'0'.repeat(64)}`,
    '/issuer/..%2fcheckpoint',
  ])('are not there: %s', async (path) => {
    const bench = await open();
    await fill(bench, 3);
    expect((await request(bench.ct, path)).status).toBe(404);
  });

  test('are the same below a path', async () => {
    const bench = await open();
    await fill(bench, 3);
    const mounted = { ...bench.ct, app: new Hono().route('/ct', bench.ct.app) };
    expect(await file(mounted, '/ct/tile/data/000.p/3')).toEqual(await file(bench.ct, '/tile/data/000.p/3'));
    expect(await json(mounted, '/ct/ct/v1/get-sth')).toEqual(await json(bench.ct, '/ct/v1/get-sth'));
    expect((await request(mounted, '/ct/ct/v1/get-entries?start=9&end=9')).status).toBe(400);
  });
});

describe('after a restart', () => {
  test('everything is there, and what is asked for again is not logged again', async () => {
    const bench = await open();
    const logged = await fill(bench, 30);
    const sth = await json<SthJson>(bench.ct, '/ct/v1/get-sth');
    await bench.ct.close();

    const again = await bench.reopen();
    expect(await json(again, '/ct/v1/get-sth')).toEqual(sth);
    for (const { submitted, sct } of logged) {
      const { signature, ...same } = await (submitted.entry.type === 'precert' ? again.addPrecertificate : again.addCertificate)(submitted.chain);
      expect(same).toEqual({ ...sct, signature: undefined });
      expect(isSignedBy(bench.instance.ctLog, sctSignedText(fieldsOf(submitted, sct)), signature)).toBe(true);
    }
    expect(statsOf(again)).toEqual({ tree_size: 30, pending: 0 });
    expect(indexOf(await again.addPrecertificate(precertificate(bench.instance, 'new').chain))).toBe(30);
  });

  test('at another address the checkpoint has the new origin, under the signature that was made for the old one', async () => {
    const bench = await open();
    await fill(bench, 3);
    const before = await (await request(bench.ct, '/checkpoint')).text();
    await bench.ct.close();
    const moved = await bench.reopen({ baseUrl: 'https://ct.example/2026' });
    const after = await (await request(moved, '/checkpoint')).text();
    expect(after.split('\n')[0]).toBe('ct.example/2026');
    expect(after.split('\n').slice(1, 3)).toEqual(before.split('\n').slice(1, 3));
    const sth = await json<SthJson>(moved, '/ct/v1/get-sth');
    expect(after).toContain(
      `— ct.example/2026 ${encodeBase64(concat(sha256(concat(utf8('ct.example/2026\n'), Uint8Array.of(5), moved.logId)).subarray(0, 4), uint(sth.timestamp, 8), bytes(sth.tree_head_signature)))}`,
    );
    await fill({ ...bench, ct: moved }, 5);
    await moved.close();
    expect(statsOf(await bench.reopen())).toEqual({ tree_size: 8, pending: 0 });
  });

  test('with another key nothing is opened', async () => {
    const bench = await open();
    await fill(bench, 3);
    await bench.ct.close();
    await expect(bench.reopen({ key: generateKey('p256') })).rejects.toMatchObject({
      code: 'STACK_DATA',
      expected: expect.stringContaining('signed by this log'),
    });
  });

  test('an entry that was altered on disk is neither told nor vouched for', async () => {
    const bench = await open();
    await fill(bench, 3);
    await bench.ct.close();
    const path = 'tile/data/000.p/3';
    const tile = (await bench.disk.read(path)) as Uint8Array;
    await bench.disk.write(
      path,
      tile.map((byte, i) => (i === 7 ? byte ^ 1 : byte)),
    );
    await expect(bench.reopen()).rejects.toThrow('the CT log is damaged: entry 0 is not what its leaf says');
  });
});

describe('a clock', () => {
  test('that goes back stays where it was, for SCTs and tree heads, over a restart too', async () => {
    const bench = await open();
    const at = bench.now.getTime();
    const log = async (ct: CtLog, name: string): Promise<number> => (await ct.addPrecertificate(precertificate(bench.instance, name).chain)).timestampMs;
    expect(await log(bench.ct, 'one')).toBe(at);
    bench.now = new Date(at - 3_600_000);
    expect(await log(bench.ct, 'two')).toBe(at);
    expect((await json<SthJson>(bench.ct, '/ct/v1/get-sth')).timestamp).toBe(at);
    await bench.ct.close();

    const again = await bench.reopen();
    expect(await log(again, 'three')).toBe(at);
    bench.now = new Date(at + 5);
    expect(await log(again, 'four')).toBe(at + 5);
    expect((await json<SthJson>(again, '/ct/v1/get-sth')).timestamp).toBe(at + 5);
  });
});

describe('a disk that fails', () => {
  /** Writes to paths that match are refused, before or after they were made. */
  function failing(pattern: RegExp, when: 'not written' | 'written'): { disk: Disk; mend(): void } {
    const disk = openDisk(temporaryFolder());
    let broken = true;
    const refuse = async (paths: readonly string[], write: () => Promise<void>): Promise<void> => {
      const fails = broken && paths.some((path) => pattern.test(path));
      if (!fails || when === 'written') await write();
      if (fails) throw new Error('ENOSPC: no space left on device');
    };
    const write: Disk['write'] = (path, content) => refuse([path], () => disk.write(path, content));
    const writeAll: Disk['writeAll'] = (files) =>
      refuse(
        files.map(({ path }) => path),
        () => disk.writeAll(files),
      );
    return { disk: { ...disk, write, writeAll }, mend: () => (broken = false) };
  }

  test.each<[string, RegExp, 'not written' | 'written']>([
    ['issuers, not written', /^issuer\//, 'not written'],
    ['issuers, written', /^issuer\//, 'written'],
    ['tiles, not written', /^tile\//, 'not written'],
    ['tiles, written', /^tile\//, 'written'],
  ])('gives no SCT, and gives the same one entry when it works again: %s', async (_, pattern, when) => {
    const { disk, mend } = failing(pattern, when);
    const { instance, ct, reopen } = await open({ disk });
    const submitted = precertificate(instance);
    const { chain } = submitted;
    await expect(ct.addPrecertificate(chain)).rejects.toBeInstanceOf(LogUnavailable);
    const response = await post(ct, '/ct/v1/add-pre-chain', chainJson(chain));
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('1');
    expect(await response.json()).toMatchObject({ code: 14 });
    mend();
    const sct = await ct.addPrecertificate(chain);
    expect(ct.problem?.()).toBeUndefined();
    expect(await ct.addPrecertificate(chain)).toEqual(sct);
    for (const issuer of issuersOf(instance)) expect(await file(ct, `/issuer/${toHex(sha256(issuer))}`)).toEqual(issuer);
    await ct.close();
    // What failed may have been logged; the one that has an SCT is where the SCT says.
    const again = await reopen();
    const hash = encodeURIComponent(encodeBase64(leafHash(encodeLeafInput(fieldsOf(submitted, sct)))));
    expect(await json(again, `/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${statsOf(again)?.['tree_size']}`)).toMatchObject({ leaf_index: indexOf(sct) });
  });

  test('is told of', async () => {
    const { disk, mend } = failing(/^tile\//, 'not written');
    const { instance, ct } = await open({ disk });
    await expect(ct.addPrecertificate(precertificate(instance).chain)).rejects.toBeInstanceOf(LogUnavailable);
    expect(ct.problem?.()).toBe('the CT log cannot be written: ENOSPC: no space left on device');
    mend();
    await ct.close();
  });
});

test('a log signs with P-256 only', async () => {
  await expect(open({ key: generateKey('p384') })).rejects.toThrow('a CT log signs with P-256, not with p384');
});

test('a closed log takes nothing more', async () => {
  const { instance, ct } = await open();
  await ct.close();
  await expect(ct.addPrecertificate(precertificate(instance).chain)).rejects.toBeInstanceOf(LogUnavailable);
});

test('an unexpected failure is a 500 that says nothing of its cause', async () => {
  const bench = await open();
  await fill(bench, 3);
  await bench.ct.close();
  const again = await bench.reopen();
  await bench.disk.remove('issuer');
  const response = await request(again, '/ct/v1/get-entries?start=0&end=2');
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ code: 13, message: 'internal error', details: [] });
});
