/**
 * Clients of a stack, many at once, each asking as soon as it was answered, until the stack is gone. What they were promised is remembered.
 *
 * A request that was not answered is asked again of the next stack, as clients do: the log then has the entry, once.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Certificate,
  concat,
  encodeBase64,
  OID,
  parseSctList,
  parseTimestampResponse,
  proposedHashedRekord,
  tbsWithoutScts,
  toHex,
  uint,
  utf8,
} from '@assay/core';
import { encodeEntryBody, generateKey, hashedrekord001, hashedrekord002, leafHash, sha256 } from '@assay/make';
import { type Endpoints, issueToken } from '@assay/stack';
import { chainOf, keyRequest } from '../../stack/test/certificate-request.ts';
import type { StackPromises } from './stack-promises.ts';

export interface Load {
  /** Resolves when it is so. Rejects as `stop`. */
  until(condition: () => boolean): Promise<void>;
  /** Asks no more, and waits for the answers. Rejects with the first answer that no client should get. */
  stop(): Promise<void>;
  /** The stack is about to be killed or stopped: from now on connections may break, and end their client. */
  expectEnd(): void;
}

/** Writers outlive the stack that they write to; a load lets all of them work at one stack. */
export function createWriters(promises: StackPromises, data: string): Writer[] {
  const times = (count: number, make: () => Writer): Writer[] => Array.from({ length: count }, make);
  return [
    ...times(8, () => rekorV2Writer(promises)),
    ...times(3, () => rekorV1Writer(promises)),
    ...times(2, () => certificateClient(promises, data)),
    ...times(4, () => pusher(promises)),
    timestampClient(promises),
    reader(promises),
  ];
}

/** Asks once. Throws `Broken` when there was no answer. */
export type Writer = (connection: Connection) => Promise<void>;

export function startLoad(writers: readonly Writer[], endpoints: Endpoints): Load {
  let isStopped = false;
  let mayBreak = false;
  const failures: unknown[] = [];
  const work = async (writer: Writer): Promise<void> => {
    const connection = new Connection(endpoints);
    try {
      while (!isStopped) await writer(connection);
    } catch (error) {
      if (error instanceof Broken && mayBreak) return;
      failures.push(error);
    } finally {
      connection.close();
    }
  };
  const working = Promise.all(writers.map(work));
  const throwFailure = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    async until(condition) {
      for (; !condition(); await sleep(5)) throwFailure();
    },
    async stop() {
      isStopped = true;
      await working;
      throwFailure();
    },
    expectEnd() {
      mayBreak = true;
    },
  };
}

/** Whether everybody was promised something since this was called. */
export function newPromisesOfEveryKind(promises: StackPromises): () => boolean {
  const before = promises.counts();
  return () => Object.entries(promises.counts()).every(([name, count]) => count > (before[name] ?? 0));
}

/** No answer, or not a whole one. */
export class Broken extends Error {}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One connection, which is kept. */
export class Connection {
  readonly endpoints: Endpoints;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(endpoints: Endpoints) {
    this.endpoints = endpoints;
  }

  ask(url: string, { method = 'GET', body, type = 'application/json' }: { method?: string; body?: string | Uint8Array; type?: string } = {}): Promise<Answer> {
    const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const broken = (cause?: unknown): void => reject(new Broken(`${method} ${url} was not answered`, { cause }));
      const asking = request(url, { method, headers, agent: this.#agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', broken);
        answer.on('close', () =>
          answer.complete ? resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }) : broken(),
        );
      });
      asking.on('error', broken);
      asking.end(body);
    });
  }

  /** Throws an Error for an answer of another status. */
  async demand(status: number, url: string, options: Parameters<Connection['ask']>[1] = {}): Promise<Answer> {
    const answer = await this.ask(url, options);
    if (answer.status !== status) throw new Error(`${options.method ?? 'GET'} ${url} was answered ${answer.status}: ${answer.body}`);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Another one each time; a signature over it by one of few signers. */
function newSigning() {
  const message = randomBytes(24);
  const signature = KEY.sign(message);
  const verifier = { type: 'publicKey', spki: KEY.spki, keyDetails: KEY.keyDetails } as const;
  return { signature, hash: 'sha256', digest: sha256(message), verifier } as const;
}

const KEY = generateKey('p256');

/** A request, and the leaf that it becomes. */
interface Asked {
  readonly body: string;
  readonly leaf: Uint8Array;
}

function rekorV2Writer({ logs: { rekorV2 } }: StackPromises): Writer {
  let unanswered: Asked | undefined;
  return async (connection) => {
    const isAgain = unanswered !== undefined;
    unanswered ??= newRekorV2Request();
    const { body, leaf } = unanswered;
    const answer = await connection.ask(`${connection.endpoints.rekorV2}/api/v2/log/entries`, { method: 'POST', body });
    unanswered = undefined;
    if (isAgain && answer.status === 409) return rekorV2.entry(Number(answer.headers['x-log-index']), leaf);
    if (answer.status !== 201) throw new Error(`Rekor v2 answered ${answer.status}: ${answer.body}`);
    const { logIndex, inclusionProof } = JSON.parse(String(answer.body)) as { logIndex: string; inclusionProof: { treeSize: string; rootHash: string } };
    rekorV2.entry(Number(logIndex), leaf);
    rekorV2.tree(Number(inclusionProof.treeSize), Buffer.from(inclusionProof.rootHash, 'base64'));
  };
}

function newRekorV2Request(): Asked {
  const signing = newSigning();
  const verifier = { publicKey: { rawBytes: encodeBase64(KEY.spki) }, keyDetails: KEY.keyDetails };
  const signature = { content: encodeBase64(signing.signature), verifier };
  const body = JSON.stringify({ hashedRekordRequestV002: { digest: encodeBase64(signing.digest), signature } });
  return { body, leaf: leafHash(encodeEntryBody(hashedrekord002(signing))) };
}

function rekorV1Writer({ logs: { rekorV1 } }: StackPromises): Writer {
  let unanswered: Asked | undefined;
  return async (connection) => {
    const { rekor } = connection.endpoints;
    const isAgain = unanswered !== undefined;
    unanswered ??= newRekorV1Request();
    const { body, leaf } = unanswered;
    const answer = await connection.ask(`${rekor}/api/v1/log/entries`, { method: 'POST', body });
    // What is there already is told by its id; its index is in the entry.
    const known = isAgain && answer.status === 409 ? await connection.demand(200, `${rekor}${answer.headers['location']}`) : answer;
    unanswered = undefined;
    if (answer !== known || answer.status === 201) return promiseV1(rekorV1, known, leaf);
    throw new Error(`Rekor v1 answered ${answer.status}: ${answer.body}`);
  };
}

function promiseV1(promises: StackPromises['logs']['rekorV1'], { body }: Answer, leaf: Uint8Array): void {
  type Entry = { logIndex: number; verification: { inclusionProof: { treeSize: number; rootHash: string } } };
  const [entry] = Object.values(JSON.parse(String(body)) as Record<string, Entry>);
  if (entry === undefined) throw new Error('Rekor v1 answered without an entry');
  const { treeSize, rootHash } = entry.verification.inclusionProof;
  promises.entry(entry.logIndex, leaf);
  promises.tree(treeSize, Buffer.from(rootHash, 'hex'));
}

function newRekorV1Request(): Asked {
  const signing = newSigning();
  const body = JSON.stringify(proposedHashedRekord(signing.signature, KEY.publicPem, signing.hash, signing.digest));
  return { body, leaf: leafHash(encodeEntryBody(hashedrekord001(signing))) };
}

/** Its SCT promises an entry of the CT log, at an index. */
function certificateClient({ logs: { ctLog } }: StackPromises, data: string): Writer {
  const email = `${toHex(randomBytes(4))}@stack.example`;
  return async (connection) => {
    const token = await issueToken(data, { kind: 'email', email }, { now: new Date() });
    const body = JSON.stringify(keyRequest(token, email, KEY));
    const answer = await connection.demand(200, `${connection.endpoints.fulcio}/api/v2/signingCert`, { method: 'POST', body });
    const [leaf, issuer] = chainOf({ status: answer.status, text: String(answer.body) }) as [Certificate, Certificate];
    const { index, leafInput } = promisedEntry(leaf, issuer);
    ctLog.entry(index, leafHash(leafInput));
  };
}

/** RFC 6962 section 3.4, and the extension of c2sp.org/static-ct-api that states the index. */
function promisedEntry(leaf: Certificate, issuer: Certificate): { index: number; leafInput: Uint8Array } {
  const scts = parseSctList(leaf.extension(OID.sctList)?.value ?? new Uint8Array(0));
  if (typeof scts === 'string' || scts.length !== 1) throw new Error('not one SCT');
  const [{ timestamp, extensions }] = scts as [(typeof scts)[number]];
  const tbs = tbsWithoutScts(leaf);
  const entry = concat(uint(1, 2), sha256(issuer.publicKey.spki), uint(tbs.length, 3), tbs);
  return {
    index: Number(Buffer.from(extensions).readUIntBE(3, 5)),
    leafInput: concat(uint(0, 2), uint(timestamp, 8), entry, uint(extensions.length, 2), extensions),
  };
}

function timestampClient(promises: StackPromises): Writer {
  return async (connection) => {
    const body = JSON.stringify({ artifactHash: randomBytes(32).toString('base64'), hashAlgorithm: 'sha256' });
    const answer = await connection.demand(200, connection.endpoints.tsa ?? '', { method: 'POST', body });
    const { genTime } = parseTimestampResponse(answer.body);
    promises.timestamps += 1;
    if (promises.stated.getTime() - genTime.getTime() > 1000) throw new Error(`after ${promises.stated.toISOString()} came ${genTime.toISOString()}`);
    promises.stated = genTime;
  };
}

/** An image: the layer and the configuration, the manifest last. */
function pusher({ tags }: StackPromises): Writer {
  return async (connection) => {
    const repository = `http://${connection.endpoints.registry}/v2/app`;
    const tag = toHex(randomBytes(8));
    const contents = ['{}', tag.repeat(2000)];
    const parts = contents.map((content) => ({ mediaType: 'application/x', digest: digestOf(content), size: content.length }));
    for (const [i, { digest }] of parts.entries()) {
      const body = contents[i] ?? '';
      await connection.demand(201, `${repository}/blobs/uploads/?digest=${digest}`, { method: 'POST', body, type: 'application/octet-stream' });
    }
    const manifest = JSON.stringify({ schemaVersion: 2, config: parts[0], layers: [parts[1]] });
    await connection.demand(201, `${repository}/manifests/${tag}`, { method: 'PUT', body: manifest, type: 'application/vnd.oci.image.manifest.v1+json' });
    tags.set(tag, { manifest: digestOf(manifest), blobs: parts.map(({ digest }) => digest) });
  };
}

function digestOf(content: string): string {
  return `sha256:${toHex(sha256(utf8(content)))}`;
}

/** Keeps the trees that the logs show to everybody. */
function reader({ logs: { rekorV2, ctLog } }: StackPromises): Writer {
  return async (connection) => {
    const { body } = await connection.demand(200, `${connection.endpoints.rekorV2}/api/v2/checkpoint`);
    const [, size = '', root = ''] = String(body).split('\n');
    rekorV2.tree(Number(size), Buffer.from(root, 'base64'));
    const head = await connection.demand(200, `${connection.endpoints.ctlog}/ct/v1/get-sth`);
    const { tree_size, sha256_root_hash } = JSON.parse(String(head.body)) as { tree_size: number; sha256_root_hash: string };
    ctLog.tree(tree_size, Buffer.from(sha256_root_hash, 'base64'));
    await sleep(5);
  };
}
