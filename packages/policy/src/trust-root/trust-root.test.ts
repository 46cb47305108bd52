/** TrustRoots: the cases of the vectors, rules that none covers, and repositories made on the spot. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeBase64, encodePem, type JsonObject, parseCertificatesPem, parsePublicKeyPem, toHex, utf8 } from '@assay/core';
import { encodeTufMetadata, makeTufKey, makeTufRepository, type TufSigned } from '@assay/make';
import { createHttpClient } from '@assay/net';
import { pack } from 'tar-stream';
import { afterAll, describe, expect, test } from 'vitest';
import { serve } from '../../../net/test/loopback.ts';
import { fieldErrorText } from '../field-errors.ts';
import { type CompileOptions, compileTrustRoot, parseTrustRoot, readCompiledTrustRoots, trustRootWithDefaults, validateTrustRoot } from './index.ts';

const NOW = new Date('2026-08-25T00:00:00Z');
const workFolder = mkdtempSync(join(tmpdir(), 'assay-trust-root-'));
const http = createHttpClient({ offline: true });
const options: CompileOptions = { now: NOW, workFolder, http };
afterAll(() => {
  const left = readdirSync(workFolder);
  rmSync(workFolder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

function trustRoot(spec: unknown) {
  const head = { apiVersion: 'policy.sigstore.dev/v1alpha1', kind: 'TrustRoot', metadata: { name: 't' } };
  return trustRootWithDefaults(parseTrustRoot(JSON.stringify({ ...head, spec })));
}

async function problemsOf(spec: unknown): Promise<string> {
  return fieldErrorText(await validateTrustRoot(trustRoot(spec), options));
}

// ------------------------------------------------------------------------------------------------------------ vectors

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly files: readonly string[];
  readonly expect: { readonly valid: boolean; readonly message?: string };
}

const folder = join(resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'admission');
const present = existsSync(join(folder, 'cases.json'));
if (!present) console.warn(`tests of admission vectors are skipped: no cases.json in ${folder} (set ASSAY_VECTORS)`);
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const cases = present ? (JSON.parse(read('cases.json')) as { cases: Case[] }).cases.filter(({ kind }) => kind === 'trustroot-validate') : [];

describe.skipIf(!present)('trust roots validate as upstream', () => {
  test.for(cases)('$name', async ({ files, expect: { valid, message = '' } }) => {
    const text = read(files.find((file) => file.endsWith('.yaml')) ?? '');
    const found = fieldErrorText(await validateTrustRoot(trustRootWithDefaults(parseTrustRoot(text)), options));
    expect([found === '', found]).toEqual([valid, message]);
  });
});

test.skipIf(!present)('keys compile to exactly the golden certificates and keys', async () => {
  const { json, root } = await compileTrustRoot(trustRootWithDefaults(parseTrustRoot(read('trustroot/valid-sigstore-keys.yaml'))), options);
  const golden = (name: string) => read(`trustroot/golden/${name}`);
  const der = (pem: string) => parseCertificatesPem(pem).map((certificate) => toHex(certificate.der));
  const sha256 = (pem: string) => createHash('sha256').update(parsePublicKeyPem(pem).spki).digest('hex');
  expect(root.certificateAuthorities.map(({ certificates }) => certificates.map((one) => toHex(one.der)))).toEqual([der(golden('fulcio.crt.pem'))]);
  expect(root.timestampAuthorities.map(({ certificates }) => certificates.map((one) => toHex(one.der)))).toEqual([der(golden('tsa.crt.pem'))]);
  for (const [log, pem] of [
    [root.logs, golden('rekor.pem')],
    [root.ctLogs, golden('ctfe.pem')],
  ] as const) {
    expect(log.map(({ key, logId }) => [toHex(key.spki), toHex(logId)])).toEqual([[toHex(parsePublicKeyPem(pem).spki), sha256(pem)]]);
  }
  // As upstream writes it: the text of the hash.
  expect(JSON.parse(json).tlogs[0].logId.keyId).toBe(encodeBase64(utf8(sha256(golden('rekor.pem')))));
  expect(
    readCompiledTrustRoots(
      new Map([
        ['t', json],
        ['_example', '-'],
      ]),
    ).get('t'),
  ).toEqual(root);
});

// -------------------------------------------------------------------------------------------------------------- rules

const JSON_ROOT = encodeBase64(utf8('{"signatures":[]}'));
const base64 = (text: string) => encodeBase64(utf8(text));
const K = 'spec.sigstoreKeys';

const INVALID: readonly [name: string, spec: unknown, text: string][] = [
  ['two ways', { remote: {}, repository: {} }, 'expected exactly one, got both: spec.remote, spec.repository, spec.sigstoreKeys'],
  ['a remote without anything', { remote: {} }, 'missing field(s): spec.remote.mirror, spec.remote.root'],
  [
    'a root that is no JSON',
    { remote: { mirror: 'https://a', root: base64('hello') } },
    "invalid value: failed to unmarshal: spec.remote.root\ninvalid character 'h' looking for beginning of value",
  ],
  ['an empty root', { remote: { mirror: 'https://a', root: '' } }, 'invalid value: failed to unmarshal: spec.remote.root\nunexpected end of JSON input'],
  [
    'a root that is a list',
    { remote: { mirror: 'https://a', root: base64('[]') } },
    'invalid value: failed to unmarshal: spec.remote.root\njson: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  [
    'an archive cut short',
    { repository: { root: JSON_ROOT, mirrorFS: encodeBase64(Uint8Array.of(0x1f, 0x8b)) } },
    'invalid value: failed to construct a TUF client: spec.repository.mirrorFS\nfailed to uncompress: unexpected EOF',
  ],
  [
    'every fault of every key',
    { sigstoreKeys: { certificateAuthorities: [{}], ctLogs: [{ baseURL: 'a', hashAlgorithm: 'b' }], tLogs: [{}, {}] } },
    `missing field(s): ${K}.certificateAuthority[0].certchain, ${K}.certificateAuthority[0].subject.commonName, ${K}.certificateAuthority[0].subject.organization, ${K}.certificateAuthority[0].uri, ${K}.ctLogs[0].publicKey, ${K}.tLogs[0].baseURL, ${K}.tLogs[0].hashAlgorithm, ${K}.tLogs[0].publicKey, ${K}.tLogs[1].baseURL, ${K}.tLogs[1].hashAlgorithm, ${K}.tLogs[1].publicKey`,
  ],
  [
    'a timestamp chain that is no PEM',
    { sigstoreKeys: { timestampAuthorities: [{ subject: { organization: 'o', commonName: 'c' }, uri: 'a', certChain: base64('x') }] } },
    `invalid value: error splitting the certificates: ${K}.timestampAuthorities[0].certChain\nerror during PEM decoding`,
  ],
];

describe('is refused', () => {
  test.for(INVALID)('%s', async ([, spec, text]) => expect(await problemsOf(spec)).toBe(text));
});

test('unknown fields are refused, whatever their place', () => {
  expect(() => trustRoot({ remote: { mirrors: 'x' } })).toThrow('json: unknown field "mirrors"');
  expect(() => trustRoot({ sigstoreKeys: { tLogs: [{ baseURL: ':' }] } })).toThrow('parse ":": missing protocol scheme');
  expect(() => trustRoot({ remote: { root: '!' } })).toThrow('illegal base64 data at input byte 0');
});

test.skipIf(!present)('two leaves are too many for a timestamp authority', async () => {
  const [leaf] = parseCertificatesPem(read('trustroot/golden/tsa.crt.pem'));
  const certChain = base64(encodePem('CERTIFICATE', leaf?.der ?? new Uint8Array()).repeat(2));
  const spec = { sigstoreKeys: { timestampAuthorities: [{ subject: { organization: 'o', commonName: 'c' }, uri: 'a', certChain }] } };
  expect(await problemsOf(spec)).toBe(`invalid value: certificate chain must contain at most one TSA certificate: ${K}.timestampAuthorities[0].certChain`);
});

test.skipIf(!present)('the root of a chain is what is trusted, wherever it stands', async () => {
  const chain = parseCertificatesPem(read('trustroot/golden/tsa.crt.pem'));
  const pem = chain.toReversed().map(({ der }) => encodePem('CERTIFICATE', der));
  const spec = { sigstoreKeys: { timestampAuthorities: [{ subject: { organization: 'o', commonName: 'c' }, uri: 'a', certChain: base64(pem.join('')) }] } };
  const { root } = await compileTrustRoot(trustRoot(spec), options);
  expect(root.timestampAuthorities[0]?.certificates.at(-1)?.selfIssued).toBe(true);
});

test('keys that cannot be read fail the whole', async () => {
  const log = { baseURL: 'a', hashAlgorithm: 'sha256', publicKey: base64('x') };
  await expect(compileTrustRoot(trustRoot({ sigstoreKeys: { tLogs: [log] } }), options)).rejects.toMatchObject({
    code: 'POLICY_INVALID',
    message: 'failed to convert transparency log instance: failed to decode public key',
  });
  expect(() => readCompiledTrustRoots(new Map([['t', '{}']]))).toThrow('failed to parse the entry "t" : "{}" : ');
});

// --------------------------------------------------------------------------------------------------------------- TUF

async function archiveOf(files: ReadonlyMap<string, Uint8Array>, prefix = 'repository/'): Promise<string> {
  const archive = pack();
  for (const [path, content] of files) archive.entry({ name: `${prefix}${path}` }, Buffer.from(content));
  archive.finalize();
  return encodeBase64(await promisify(gzip)(await buffer(archive)));
}

/** Its bytes are those that come out, so that what was fetched is seen. */
function trustedRootBytes(name: string): Uint8Array {
  return utf8(JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', comment: name }));
}

const repository = makeTufRepository({ now: NOW, targets: { 'trusted_root.json': trustedRootBytes('usual'), 'other.json': trustedRootBytes('other') } });
const root = encodeBase64(repository.initialRoot);

describe('a packed repository', () => {
  test('is verified, and holds the trusted root', async () => {
    const spec = { repository: { root, mirrorFS: await archiveOf(repository.files) } };
    expect(await problemsOf(spec)).toBe('');
    expect((await compileTrustRoot(trustRoot(spec), options)).json).toBe(new TextDecoder().decode(trustedRootBytes('usual')));
  });

  test('may have another folder, another target, and no folder around it', async () => {
    const files = new Map([...repository.files].map(([path, content]) => [path.replace(/^targets\//, 'elsewhere/'), content]));
    const spec = { repository: { root, targets: 'elsewhere', trustedRootTarget: 'other.json', mirrorFS: await archiveOf(files, '') } };
    expect((await compileTrustRoot(trustRoot(spec), options)).json).toContain('other');
  });

  test('that does not verify is refused, and so is one that has expired or holds nothing', async () => {
    const text = 'invalid value: failed to construct a TUF client: spec.repository.mirrorFS\n';
    const mirrorFS = await archiveOf(repository.files);
    const stranger = encodeBase64(makeTufRepository({ now: NOW }).initialRoot);
    expect(await problemsOf({ repository: { root: stranger, mirrorFS } })).toContain(`${text}failed to `);
    const late = { ...options, now: new Date('2036-01-01T00:00:00Z') };
    expect(fieldErrorText(await validateTrustRoot(trustRoot({ repository: { root, mirrorFS } }), late))).toContain(`${text}failed to update TUF client: `);
    const empty = makeTufRepository({ now: NOW });
    const spec = { repository: { root: encodeBase64(empty.initialRoot), mirrorFS: await archiveOf(empty.files) } };
    expect(await problemsOf(spec)).toBe(`${text}there are no valid targetfiles in TUF repo`);
    expect(await problemsOf({ repository: { root, mirrorFS: await archiveOf(new Map()) } })).toContain(`${text}failed to update TUF client: `);
  });

  test('whose target was changed is refused', async () => {
    const files = new Map([...repository.files].map(([path, content]) => [path, path.startsWith('targets/') ? trustedRootBytes('evil!') : content]));
    expect(await problemsOf({ repository: { root, mirrorFS: await archiveOf(files) } })).toContain('failed to update TUF client: ');
  });

  test('that unpacks without end is not unpacked', async () => {
    const bomb = encodeBase64(await promisify(gzip)(Buffer.alloc(64 * 1024 * 1024)));
    expect(await problemsOf({ repository: { root, mirrorFS: bomb } })).toContain('failed to uncompress: more than 33554432 bytes unpacked');
  });
});

test('a remote repository is asked, and a mirror that is down is no fault of the policy', async () => {
  const server = await serve((request, response) => {
    const content = repository.files.get((request.url ?? '').slice(1));
    if (content === undefined) response.writeHead(404).end();
    else response.end(content);
  });
  const client = createHttpClient({ retries: 0 });
  const spec = { remote: { root, mirror: server.url } };
  expect((await compileTrustRoot(trustRoot(spec), { ...options, http: client })).json).toContain('usual');
  client.close();
  await expect(compileTrustRoot(trustRoot(spec), options)).rejects.toMatchObject({ code: 'NET_OFFLINE' });
});

describe.skipIf(!present)('a repository that has no trusted root', () => {
  const CERTIFICATE = present ? utf8(read('trustroot/golden/fulcio.crt.pem')) : new Uint8Array();
  const TARGETS = new Map([
    ['fulcio.pem', { usage: 'Fulcio', content: CERTIFICATE }],
    ['rekor.pub', { usage: 'Rekor', content: present ? utf8(read('trustroot/golden/rekor.pem')) : new Uint8Array() }],
    ['ctfe.pub', { usage: 'CTFE', content: present ? utf8(read('trustroot/golden/ctfe.pem')) : new Uint8Array() }],
    ['other', { usage: 'Unknown', content: utf8('x') }],
  ]);

  test('is put together from targets that say what they are for', async () => {
    const { files, initialRoot } = repositoryOf(TARGETS);
    const spec = { repository: { root: encodeBase64(initialRoot), mirrorFS: await archiveOf(files) } };
    const { root: made } = await compileTrustRoot(trustRoot(spec), options);
    expect([made.certificateAuthorities.length, made.logs.length, made.ctLogs.length]).toEqual([1, 1, 1]);
    expect(made.certificateAuthorities[0]?.uri).toBe('https://fulcio.pem.example');
  });

  test('needs a certificate authority', async () => {
    const { files, initialRoot } = repositoryOf(new Map([...TARGETS].slice(1)));
    const spec = { repository: { root: encodeBase64(initialRoot), mirrorFS: await archiveOf(files) } };
    await expect(compileTrustRoot(trustRoot(spec), options)).rejects.toThrow('no certificate authorities found');
  });
});

/** One key for everything, and targets with custom metadata. */
function repositoryOf(targets: ReadonlyMap<string, { readonly usage: string; readonly content: Uint8Array }>) {
  const key = makeTufKey();
  const expires = '2027-01-01T00:00:00Z';
  const head = { spec_version: '1.0.31', version: 1, expires };
  const encode = (signed: JsonObject) => encodeTufMetadata(signed as unknown as TufSigned, [key]);
  const stated = (content: Uint8Array) => ({ length: content.length, hashes: { sha256: createHash('sha256').update(content).digest('hex') } });
  const roles = Object.fromEntries(['root', 'targets', 'snapshot', 'timestamp'].map((role) => [role, { keyids: [key.id], threshold: 1 }]));
  const keys = { [key.id]: JSON.parse(JSON.stringify(key.publicKey)) };
  const initialRoot = encode({ ...head, _type: 'root', consistent_snapshot: false, keys, roles });
  const entries = [...targets].map(([name, { usage, content }]) => [
    name,
    { ...stated(content), custom: { sigstore: { usage, status: 'Active', uri: `https://${name}.example` } } },
  ]);
  const metadata = { 'targets.json': encode({ ...head, _type: 'targets', targets: Object.fromEntries(entries) }) };
  const snapshot = encode({ ...head, _type: 'snapshot', meta: { 'targets.json': { version: 1 } } });
  const timestamp = encode({ ...head, _type: 'timestamp', meta: { 'snapshot.json': { version: 1 } } });
  const files = new Map<string, Uint8Array>(Object.entries({ ...metadata, 'root.json': initialRoot, 'snapshot.json': snapshot, 'timestamp.json': timestamp }));
  for (const [name, { content }] of targets) files.set(`targets/${name}`, content);
  return { files, initialRoot };
}
