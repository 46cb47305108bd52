/** Requests that nobody thought of, to all services at once: whatever comes, it is the client's fault or an answer, and never a failure of ours. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '@assay/core';
import { encodeBase64, utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newInstance, writeInstance } from '../src/instance.ts';
import { issueToken } from '../src/issue-token.ts';
import { type OpenedServices, openServices } from '../src/open-services.ts';
import { serveStack } from '../src/serve-stack.ts';
import { openDisk } from '../src/store/disk.ts';
import { openKeys } from '../src/store/keys.ts';
import { dsseRequestOf, proposalOf, requestOf, signed } from './rekor-scene.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ORIGIN = 'http://127.0.0.1:4100';
const RUNS = 4000;

interface Scene {
  readonly folder: string;
  readonly services: OpenedServices;
  /** Lines of the log that tell of failures. */
  readonly failures: string[];
  serve(request: Request): Promise<Response>;
}

async function openScene(): Promise<Scene> {
  const failures: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => failures.push(line) });
  const folder = temporaryFolder();
  const disk = openDisk(folder);
  const instance = newInstance(ORIGIN, new Date());
  await writeInstance(disk, instance);
  const services = await openServices({ disk, keys: openKeys(disk.at('keys')), instance, clock: () => new Date(), log });
  onTestFinished(() => services.close());
  return { folder, services, failures, serve: serveStack(services, ORIGIN, 4100, log) };
}

async function expectNoFailure({ serve, failures }: Scene, request: Request): Promise<void> {
  const answer = await serve(request);
  const text = await answer.text();
  expect(failures.splice(0)).toEqual([]);
  expect(answer.status, text).toBeLessThan(500);
}

const words = (text: string): string[] => text.trim().split(/\s+/);

const SEGMENTS = [
  ...words(`api v1 v2 log entries retrieve index proof publicKey signingCert rootCert trustBundle configuration timestamp certchain rekor 1 checkpoint tile 0 000
    000.p x001 ct add-chain add-pre-chain get-sth get-entries get-proof-by-hash issuer oidc .well-known openid-configuration keys auth login token device code
    github gitlab tuf targets 1.root.json timestamp.json app manifests blobs uploads tags list referrers _catalog latest .. %2e%2e % %00 %ff .`),
  `sha256:${'0'.repeat(64)}`,
  '',
];
const ROUTES = words(`/api/v2/signingCert /api/v1/signingCert /api/v1/log/entries /api/v1/log/entries/retrieve /api/v1/log/proof /api/v1/index/retrieve
  /api/v1/timestamp /rekor/1/api/v2/log/entries /rekor/1/api/v2/index/retrieve /ct/1/ct/v1/add-chain /ct/1/ct/v1/add-pre-chain /ct/1/ct/v1/get-entries
  /ct/1/ct/v1/get-proof-by-hash /ct/1/ct/v1/get-sth-consistency /ct/1/ct/v1/get-entry-and-proof /oidc/auth /oidc/login /oidc/token /oidc/device
  /oidc/device/code /oidc/github/token /v2/app/blobs/uploads/ /v2/app/manifests/latest /v2/app/tags/list /v2/_catalog`);
const PARAMETERS = words(`logIndex firstSize lastSize treeID start end first second hash tree_size leaf_index digest mount from n last client_id redirect_uri
  response_type scope code_challenge grant_type code user_code device_code audience`);
const MEMBERS = words(`credentials oidcIdentityToken publicKeyRequest publicKey content proofOfPossession certificateSigningRequest algorithm signedEmailAddress
  apiVersion kind spec data hash value signature proposedContent envelope verifiers payload payloadType signatures sig keyid entryUUIDs logIndexes entries email
  operator format hashedRekordRequestV002 digest verifier rawBytes keyDetails x509Certificate dsseRequestV002 artifactHash hashAlgorithm certificates nonce
  tsaPolicyOID chain schemaVersion mediaType config layers manifests subject size __proto__ constructor`);
const VALUES = [
  ...words(`0.0.1 0.0.2 hashedrekord dsse intoto sha256 sha512 x509 and PKIX_ECDSA_P256_SHA_256 AAAA 1.2.3 eyJhbGciOiJSUzI1NiJ9.e30.AAAA eyJhbGciOiJub25lIn0.e30.
    application/vnd.oci.image.manifest.v1+json authorization_code`),
  '0'.repeat(64),
  `sha256:${'0'.repeat(64)}`,
  '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
];
const TYPES = [
  ...words(`application/json application/timestamp-query application/x-www-form-urlencoded application/octet-stream text/plain
    application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.index.v1+json application/vnd.docker.distribution.manifest.v2+json`),
  'application/json; charset=utf-8',
];

const word = fc.oneof(
  fc.constantFrom(...VALUES, ...MEMBERS),
  fc.string({ maxLength: 40 }),
  fc.base64String({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const leaf = fc.oneof(word, fc.integer(), fc.double(), fc.constantFrom(null, true, false, [], {}, 0, -1, 2 ** 53, '', ' ', 'é', '\u0000', 'A'.repeat(5000)));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf as fc.Arbitrary<Json>,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...MEMBERS) }, word), tie('json'), { maxKeys: 5 }) as fc.Arbitrary<Json>,
  ),
}));

test('any method, path, header and body', { timeout: 300_000 }, async () => {
  const scene = await openScene();
  const query = fc
    .array(fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PARAMETERS) }, word), word), { maxLength: 6 })
    .map((list) => new URLSearchParams(list).toString());
  const segment = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...SEGMENTS) }, fc.webSegment());
  const path = fc.oneof(
    fc.constantFrom(...ROUTES),
    fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join('/')}`),
  );
  const header = fc.record(
    {
      'Content-Type': fc.constantFrom(...TYPES),
      Authorization: fc.constantFrom('Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA', 'Bearer', 'Basic c2lnc3RvcmU6', 'Basic !', 'bearer x'),
      Range: fc.constantFrom('bytes=0-1', 'bytes=-1', 'bytes=9-1', 'x'),
      'Content-Range': fc.constantFrom('0-1', '5-1', 'bytes 0-1/2', 'x'),
    },
    { requiredKeys: [] },
  );
  const method = fc.constantFrom('POST', 'POST', 'POST', 'GET', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS');
  const body = fc.oneof(
    json.map((value) => JSON.stringify(value)),
    query,
    word,
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(method, path, query, header, body, async (verb, place, parameters, headers, content) => {
      const url = `${ORIGIN}${place}?${parameters}`;
      fc.pre(URL.canParse(url));
      const hasBody = verb !== 'GET' && verb !== 'HEAD';
      await expectNoFailure(scene, new Request(url, { method: verb, headers: headers as HeadersInit, ...(hasBody && { body: content as BodyInit }) }));
    }),
    { numRuns: RUNS },
  );
  const { services } = scene;
  expect(Object.fromEntries([...services.byName].map(([name, service]) => [name, service.stats?.()]))).toMatchObject({
    rekor: { entries: 0 },
    'rekor-v2': { tree_size: 0 },
    ctlog: { tree_size: 0 },
    fulcio: { issued: 0, failed: 0 },
    registry: { failures: 0 },
  });
  expect(services.problems()).toEqual([]);
});

describe('a good request with', () => {
  /** By route; everything in it has a meaning. */
  async function goodRequests(folder: string): Promise<[path: string, body: JsonObject][]> {
    const email = 'someone@stack.example';
    const key = generateKey('p256');
    const token = await issueToken(folder, { kind: 'email', email }, { now: new Date(), lifetimeSeconds: 600 });
    const publicKey = { algorithm: 'ECDSA', content: key.publicPem };
    const proof = encodeBase64(key.sign(utf8(email)));
    const [message, envelope] = [signed(), signed({ content: 'dsse' })];
    const content = { mediaType: 'application/x', digest: `sha256:${createHash('sha256').update('{}').digest('hex')}`, size: 2 };
    return [
      ['/api/v2/signingCert', { credentials: { oidcIdentityToken: token }, publicKeyRequest: { publicKey, proofOfPossession: proof } }],
      ['/api/v1/log/entries', proposalOf(message)],
      ['/api/v1/log/entries', proposalOf(envelope)],
      ['/api/v1/log/entries/retrieve', { entryUUIDs: ['0'.repeat(80)], logIndexes: [0], entries: [proposalOf(message)] }],
      ['/api/v1/index/retrieve', { email, hash: content.digest, publicKey: { format: 'x509', content: encodeBase64(utf8(key.publicPem)) }, operator: 'and' }],
      ['/rekor/1/api/v2/log/entries', requestOf(message)],
      ['/rekor/1/api/v2/log/entries', dsseRequestOf(envelope)],
      [
        '/api/v1/timestamp',
        { artifactHash: encodeBase64(new Uint8Array(32)), hashAlgorithm: 'sha256', certificates: true, nonce: 7, tsaPolicyOID: '1.3.6.1.4.1.57264.2' },
      ],
      ['/ct/1/ct/v1/add-pre-chain', { chain: [encodeBase64(message.expected.certificate ?? new Uint8Array(0)), 'AAAA'] }],
      ['/v2/app/manifests/latest', { schemaVersion: 2, config: content, layers: [content], subject: content, annotations: { a: 'b' } }],
    ];
  }

  const post = (path: string, body: BodyInit): Request => {
    const headers = { 'Content-Type': path.startsWith('/v2/') ? 'application/vnd.oci.image.manifest.v1+json' : 'application/json' };
    return new Request(ORIGIN + path, { method: path.startsWith('/v2/') ? 'PUT' : 'POST', headers, body });
  };

  test('one or two values replaced, or left out', { timeout: 300_000 }, async () => {
    const scene = await openScene();
    const good = await goodRequests(scene.folder);
    const edit = fc.record({ at: fc.nat(), value: fc.option(json, { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good), fc.array(edit, { minLength: 1, maxLength: 2 }), async ([path, body], edits) => {
        const edited = edits.reduce<Json | undefined>((value, { at, value: other }) => (value === undefined ? value : replacedAt(value, at, other)), body);
        await expectNoFailure(scene, post(path, JSON.stringify(edited) ?? ''));
      }),
      { numRuns: RUNS },
    );
  });

  test('bytes changed, lost or doubled', { timeout: 300_000 }, async () => {
    const scene = await openScene();
    const good = await goodRequests(scene.folder);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good), fc.nat(), fc.nat(40), fc.uint8Array({ maxLength: 4 }), async ([path, body], at, lost, put) => {
        const bytes = utf8(JSON.stringify(body));
        const start = at % bytes.length;
        await expectNoFailure(scene, post(path, Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + lost)])));
      }),
      { numRuns: RUNS },
    );
  });
});

/** With the value at the `at`-th place, counted from the outside, replaced; without it when there is no other. */
function replacedAt(value: Json, at: number, other: Json | undefined): Json | undefined {
  const places = placesIn(value);
  const [first, ...rest] = places[at % places.length] ?? [];
  return first === undefined ? other : withValueAt(value, [first, ...rest], other);
}

function placesIn(value: Json): string[][] {
  if (value === null || typeof value !== 'object') return [[]];
  return [[], ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner as Json).map((place) => [name, ...place]))];
}

function withValueAt(value: Json, [name = '', ...rest]: readonly string[], other: Json | undefined): Json {
  const copy = Array.isArray(value) ? [...value] : { ...(value as JsonObject) };
  const members = copy as Record<string, Json | undefined>;
  const inner = rest.length === 0 ? other : withValueAt(members[name] as Json, rest, other);
  if (inner === undefined && !Array.isArray(copy)) delete members[name];
  else members[name] = inner ?? null;
  return copy as Json;
}
