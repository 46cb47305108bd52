/** Our own logs over sockets: followed, searched, and caught when what they show is altered on its way. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePem, exactly, isTrustError, type LogInstance, parsePublicKeyPem, parseTrustedRoot, trustedRootOf, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { digest, generateKey, type TrustedRootJson } from '@assay/make';
import { createHttpClient } from '@assay/net';
import { followLog, type LogEvent, openLog, type SearchHit, type SearchQuery, searchLog } from '@assay/sign/monitor';
import { type Handler, type Sample, type SignOptions, serve } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ARTIFACT,
  digestOf,
  instance,
  openV1,
  openV2,
  post,
  proposalOf,
  requestOf,
  signed,
  signerPem,
  TREE_ID,
  trustedLog,
  V1_KEY,
  V2_KEY,
} from './rekor-scene.ts';
import { temporaryFolder } from './temporary-folder.ts';

const HOST = 'http://127.0.0.1';
const ALICE: SignOptions = { identity: { type: 'email', value: 'alice@example.com' }, oidcIssuer: 'https://issuer.example' };
const BOB: SignOptions = { identity: { type: 'email', value: 'bob@example.com' }, oidcIssuer: 'https://issuer.example' };
const ARTIFACT_DIGEST = `sha256:${Buffer.from(digest('sha256', ARTIFACT)).toString('hex')}`;

/** A log of either kind behind a socket. `handler` may be put in its place. */
interface Scene {
  readonly url: string;
  readonly logs: readonly LogInstance[];
  readonly stateFile: string;
  handler: Handler;
  sign(options: SignOptions): Promise<Sample>;
  follow(from?: bigint): Promise<LogEvent[]>;
  find(query: SearchQuery): Promise<SearchHit[]>;
}

type Kind = 'v1' | 'v2';

async function open(kind: Kind, folder = temporaryFolder(), options: Parameters<typeof openV1>[0] = {}): Promise<Scene> {
  const rekor = kind === 'v1' ? await openV1({ folder, baseUrl: HOST, ...options }) : await openV2({ folder, baseUrl: HOST });
  onTestFinished(() => rekor.close());
  const own: Handler = async (request) => rekor.app.fetch(request);
  const http = createHttpClient({ sleep: async () => undefined });
  const server = await serve((request) => scene.handler(request));
  onTestFinished(async () => {
    http.close();
    await server.close();
  });
  const shards = options.shards ?? [{ key: V1_KEY, treeId: TREE_ID }];
  const v2 = 'logId' in rekor ? [trustedLog(HOST, V2_KEY, Buffer.from(rekor.logId).toString('base64'))] : [];
  const logs = logsOf([...shards.map(({ key }) => trustedLog(HOST, key, digestOf(key))), ...v2]);
  const place = { url: server.url, http, logs };
  const scene: Scene = {
    url: server.url,
    logs,
    stateFile: join(temporaryFolder(), 'state'),
    handler: own,
    async sign(how) {
      const sample = signed(how);
      const answer = kind === 'v1' ? await post(rekor, '/api/v1/log/entries', proposalOf(sample)) : await post(rekor, '/api/v2/log/entries', requestOf(sample));
      expect(answer.status, answer.text).toBe(201);
      return sample;
    },
    async follow(from) {
      const watch = { identities: [exactly('alice@example.com')], issuers: [exactly('https://issuer.example')], keys: [], digests: [] };
      const following = followLog(place, await openLog(place), {
        stateFile: scene.stateFile,
        watch,
        sleep: async () => undefined,
        ...(from !== undefined && { from }),
      });
      return all(following);
    },
    find: async (query) => all(searchLog(await openLog(place), query)),
  };
  return scene;
}

function logsOf(tlogs: TrustedRootJson['tlogs']): readonly LogInstance[] {
  return parseTrustedRoot(utf8(JSON.stringify({ ...instance.trustedRoot(), tlogs }))).logs;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const told = (events: readonly LogEvent[]) => events.flatMap((event) => (event.kind === 'entry' ? [Number(event.index)] : []));
const verified = (events: readonly LogEvent[]) =>
  events.flatMap((event) =>
    event.kind === 'verified' ? [[event.from === undefined ? undefined : Number(event.from), Number(event.treeSize), event.read]] : [],
  );

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
}

describe.each<Kind>(['v1', 'v2'])('Rekor %s', (kind) => {
  test('is followed: entries of a watched signer are told, once', async () => {
    const log = await open(kind);
    expect(verified(await log.follow())).toEqual([[undefined, 0, 0]]);
    await log.sign(ALICE);
    await log.sign(BOB);
    await log.sign({ ...ALICE, content: 'dsse' });
    const events = await log.follow();
    expect(told(events)).toEqual([0, 2]);
    expect(events[0]).toMatchObject({
      entry: { signers: [{ names: ['alice@example.com'], issuers: ['https://issuer.example'] }], digests: [ARTIFACT_DIGEST], unread: false },
    });
    expect(verified(events)).toEqual([[0, 3, 3]]);
    for (let i = 0; i < 23; i++) await log.sign(i % 10 === 0 ? ALICE : BOB);
    expect(told(await log.follow())).toEqual([3, 13, 23]);
    expect(verified(await log.follow())).toEqual([[26, 26, 0]]);
  });

  test('that forks is caught, and what proves it is kept', async () => {
    const folder = temporaryFolder();
    const log = await open(kind, folder);
    for (let i = 0; i < 3; i++) await log.sign(ALICE);
    await log.follow();
    const state = readFileSync(log.stateFile, 'utf8');
    const other = await open(kind);
    for (let i = 0; i < 5; i++) await other.sign(BOB);
    log.handler = other.handler;
    expect(await codeOf(log.follow())).toBe('LOG_FORK');
    expect(readFileSync(log.stateFile, 'utf8')).toBe(state);
    const [evidence = ''] = readdirSync(dirname(log.stateFile)).filter((name) => name.includes('evidence'));
    expect(JSON.parse(readFileSync(join(dirname(log.stateFile), evidence), 'utf8'))).toMatchObject({ code: 'LOG_FORK', stored: state });
  });

  test('that is set back is caught', async () => {
    const log = await open(kind);
    for (let i = 0; i < 3; i++) await log.sign(ALICE);
    await log.follow();
    const other = await open(kind);
    await other.sign(ALICE);
    log.handler = other.handler;
    expect(await codeOf(log.follow())).toBe('LOG_ROLLBACK');
  });

  test('finds entries by artifact, by name and by certificate, and all are proven', async () => {
    const log = await open(kind);
    await log.sign(ALICE);
    await log.sign(BOB);
    const alice = await log.find({ identity: 'Alice@example.com' });
    expect(alice).toMatchObject([{ kind: 'entry', index: 0n, stated: true, entry: { signers: [{ names: ['alice@example.com'] }] } }]);
    expect((await log.find({ digest: ARTIFACT_DIGEST })).map((hit) => hit.kind === 'entry' && [hit.index, hit.stated])).toEqual([
      [1n, true],
      [0n, true],
    ]);
    expect(await log.find({ digest: ARTIFACT_DIGEST, identity: 'bob@example.com' })).toMatchObject([{ index: 1n, stated: true }]);
    expect(await log.find({ identity: 'carol@example.com' })).toEqual([]);
  });

  test('finds entries by public key, and by certificate', async () => {
    const log = await open(kind);
    const certified = await log.sign(ALICE);
    const key = generateKey('p256');
    await log.sign({ key });
    await log.sign({ key: generateKey('p256') });
    expect(await log.find({ signerPem: key.publicPem })).toMatchObject([{ index: 1n, stated: true }]);
    expect(await log.find({ signerPem: signerPem(certified) })).toMatchObject([{ index: 0n, stated: true }]);
  });

  test('of which the key is known, is followed without a trusted root', async () => {
    const log = await open(kind);
    await log.sign(ALICE);
    const { logs } = await trustedRootOf({ logKeys: [parsePublicKeyPem(encodePem('PUBLIC KEY', (kind === 'v1' ? V1_KEY : V2_KEY).spki))] }, nodeCrypto);
    const place = { url: log.url, http: createHttpClient(), logs };
    const watch = { identities: [], issuers: [], keys: [], digests: [] };
    expect(verified(await all(followLog(place, await openLog(place), { stateFile: log.stateFile, watch, from: 0n })))).toEqual([[undefined, 1, 1]]);
    place.http.close();
  });

  test('whose index names what it does not have is told as that', async () => {
    const log = await open(kind);
    await log.sign(ALICE);
    await log.sign(BOB);
    const { handler } = log;
    const lies = kind === 'v1' ? [`${'0'.repeat(16)}${'ab'.repeat(32)}`] : { indexes: ['7', '1'] };
    log.handler = async (request) => (request.url.endsWith('/index/retrieve') ? Response.json(lies) : handler(request));
    const hits = await log.find({ identity: 'alice@example.com' });
    expect(hits[0]).toMatchObject({ kind: 'unproven', problem: { code: kind === 'v1' ? 'LOG_READ' : 'LOG_LIE' } });
    // It is in the log, and somebody else's: only the index says otherwise.
    if (kind === 'v2') expect(hits[1]).toMatchObject({ kind: 'entry', index: 1n, stated: false });
  });

  test('without an index says so', async () => {
    const log = await open(kind);
    const { handler } = log;
    log.handler = async (request) => (request.url.endsWith('/index/retrieve') ? new Response('not found', { status: 404 }) : handler(request));
    expect(await codeOf(log.find({ identity: 'alice@example.com' }))).toBe('LOG_SEARCH');
  });
});

describe('Rekor v1', () => {
  type Edit = (answer: Record<string, unknown>) => void;
  /** Changes every entry that it hands out. */
  const entries =
    (edit: (entry: { body: string; logIndex: number; verification: { inclusionProof: Record<string, unknown> } }) => void) =>
    (log: Scene): void =>
      editing(log, '/entries/retrieve', (answer) => {
        for (const named of answer as unknown as Record<string, never>[]) for (const entry of Object.values(named)) edit(entry);
      });

  function editing(log: Scene, path: string, edit: Edit): void {
    const { handler } = log;
    log.handler = async (request) => {
      const response = await handler(request);
      if (!new URL(request.url).pathname.endsWith(path)) return response;
      const answer = await response.json();
      edit(answer);
      return Response.json(answer, { status: response.status });
    };
  }

  test.each<[string, (log: Scene) => void, string]>([
    ['hands out other bodies', entries((entry) => (entry.body = Buffer.from('{"kind":"x","apiVersion":"1"}').toString('base64'))), 'LOG_LIE'],
    ['hands out proofs of other entries', entries(({ verification: { inclusionProof } }) => (inclusionProof['hashes'] = [])), 'LOG_LIE'],
    ['withholds entries', entries((entry) => (entry.logIndex += 100)), 'LOG_READ'],
    ['hands out checkpoints that it did not sign', entries(({ verification: { inclusionProof: proof } }) => edited(proof)), 'TLOG_CHECKPOINT_SIGNATURE'],
    ['does not prove that it is consistent', (log) => editing(log, '/log/proof', (answer) => (answer['hashes'] = ['00'.repeat(32)])), 'LOG_FORK'],
    ['answers something else', (log) => editing(log, '/api/v1/log', (answer) => (answer['signedTreeHead'] = 7)), 'LOG_READ'],
  ])('that %s is caught', async (_, misbehave, code) => {
    const log = await open('v1');
    for (let i = 0; i < 3; i++) await log.sign(ALICE);
    await log.follow();
    const state = readFileSync(log.stateFile, 'utf8');
    for (let i = 0; i < 2; i++) await log.sign(ALICE);
    misbehave(log);
    expect(await codeOf(log.follow())).toBe(code);
    expect(readFileSync(log.stateFile, 'utf8')).toBe(state);
  });

  function edited(proof: Record<string, unknown>): void {
    proof['checkpoint'] = String(proof['checkpoint']).replace(/\n\d+\n/, '\n6\n');
  }

  test('that grows while it is read is proven to be the same log', async () => {
    const log = await open('v1');
    for (let i = 0; i < 15; i++) await log.sign(ALICE);
    const { handler } = log;
    let proofs = 0;
    log.handler = async (request) => {
      if (request.url.includes('/log/proof')) proofs++;
      if (request.url.endsWith('/entries/retrieve')) await log.sign(BOB);
      return handler(request);
    };
    expect(told(await log.follow(0n))).toHaveLength(15);
    expect(proofs).toBe(2);
  });

  test('is followed from one shard into the next', async () => {
    const folder = temporaryFolder();
    const [second, third] = [generateKey('p256'), generateKey('p256')];
    const shards = [
      { key: V1_KEY, treeId: TREE_ID },
      { key: second, treeId: 42n },
      { key: third, treeId: 43n },
    ];
    const first = await open('v1', folder, { shards: shards.slice(0, 1) });
    for (let i = 0; i < 3; i++) await first.sign(ALICE);
    await first.follow();
    await first.sign(ALICE);

    const state = { stateFile: first.stateFile };
    const middle = await open('v1', folder, { shards: shards.slice(0, 2) });
    await middle.sign(ALICE);
    await middle.sign(BOB);
    const last = Object.assign(await open('v1', folder, { shards }), state);
    await last.sign(ALICE);
    const events = await last.follow();
    expect(told(events)).toEqual([3, 4, 6]);
    expect(verified(events)).toEqual([
      [3, 4, 1],
      [undefined, 2, 2],
      [undefined, 1, 1],
    ]);
    await last.sign(ALICE);
    expect(told(await last.follow())).toEqual([7]);
    const whole = Object.assign(await open('v1', folder, { shards }), {});
    expect(told(await whole.follow(2n))).toEqual([2, 3, 4, 6, 7]);
    expect((await whole.find({ identity: 'alice@example.com' })).map((hit) => hit.kind === 'entry' && hit.index)).toEqual([7n, 6n, 4n, 3n, 2n, 1n, 0n]);
  });

  test('finds attestations by their subject, which is the word of its index alone', async () => {
    const log = await open('v1');
    await log.sign({ ...ALICE, content: 'dsse' });
    const hits = await log.find({ digest: ARTIFACT_DIGEST });
    expect(hits).toMatchObject([{ kind: 'entry', index: 0n, stated: false }]);
  });
});
