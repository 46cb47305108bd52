/**
 * The Rekor v1 API (services.md section 5) over a virtual instance, without a socket: what signers and verifiers ask.
 *
 *   POST /api/v1/log/entries
 *   POST /api/v1/log/entries/retrieve      GET /api/v1/log/entries?logIndex=n     GET /api/v1/log/entries/{id}
 *   POST /api/v1/index/retrieve            GET /api/v1/log                        GET /api/v1/log/publicKey
 *   GET  /api/v1/log/proof?firstSize&lastSize
 *
 * Errors are `{code, message}`. With `fault` it misbehaves in a named way.
 */
import {
  Certificate,
  canonicalJson,
  decodeBase64,
  encodePem,
  isJsonObject,
  isTrustError,
  type Json,
  type JsonObject,
  type JsonValue,
  parseJson,
  parsePem,
  toHex,
  utf8,
} from '@assay/core';
import { encodeEntryBody, leafHash, rekorV1EntryJson, sha256 } from '@assay/make';
import { flip } from './byte-edit.ts';
import type { Instance } from './instance.ts';
import type { RekorV1Log } from './logs.ts';
import { acceptProposal } from './rekor-v1-upload.ts';

export type Handler = (request: Request) => Promise<Response>;

/** How the stub misbehaves; each stands for a log that is broken or hostile. */
export type StubFault =
  /** 500 with an error body. */
  | 'status-500'
  /** 200 with truncated JSON. */
  | 'malformed'
  /** 200 with an HTML page, as a captive portal answers. */
  | 'html'
  /** Every entry asked for is answered with a genuine one of another artifact. */
  | 'other-artifact'
  /** The right entry with a signed entry timestamp that does not verify. */
  | 'wrong-set'
  /** The right entry with a proof hash changed. */
  | 'wrong-proof'
  /** The right entry under the id of another. */
  | 'other-id';

export interface StubOptions {
  readonly fault?: StubFault;
  /** Requests that answer 503 before the stub begins to work, for retries. */
  readonly unavailableFor?: number;
  readonly onRequest?: (request: Request) => void;
}

/** A search or retrieval takes ten items at most. */
const MAX_RETRIEVE = 10;

export function rekorV1Stub(instance: Instance, options: StubOptions = {}): Handler {
  const { fault, onRequest } = options;
  const log = instance.rekorV1;
  const decoy = fault === 'other-artifact' ? makeDecoy(instance) : undefined;
  let unavailable = options.unavailableFor ?? 0;
  return async (request) => {
    onRequest?.(request);
    if (unavailable-- > 0) return failure(503, 'overloaded', { 'Retry-After': '0' });
    if (fault === 'status-500') return failure(500, 'the log is broken');
    if (fault === 'html') return new Response('<!doctype html><title>Sign in</title>', { headers: { 'Content-Type': 'text/html' } });
    const response = await route({ instance, log, entry: (index) => entryJson(log, decoy ?? index, fault) }, request);
    if (fault !== 'malformed') return response;
    return new Response((await response.text()).slice(0, -2), { status: response.status, headers: response.headers });
  };
}

/** Logs something else; returns its index in the tree. */
function makeDecoy(instance: Instance): number {
  const { expected } = instance.sign(utf8("somebody else's artifact"));
  return Number(expected.logIndexes[0]) - instance.rekorV1.firstIndex;
}

type EntryJson = ReturnType<typeof rekorV1EntryJson>;

interface Context {
  readonly instance: Instance;
  readonly log: RekorV1Log;
  readonly entry: (index: number) => EntryJson;
}

function entryJson(log: RekorV1Log, index: number, fault: StubFault | undefined): EntryJson {
  const entry = log.entry(index);
  switch (fault) {
    case 'wrong-set':
      return rekorV1EntryJson(log.treeId, { ...entry, signedEntryTimestamp: flip(entry.signedEntryTimestamp as Uint8Array) });
    case 'wrong-proof': {
      const [first, ...rest] = entry.proof?.hashes ?? [];
      return rekorV1EntryJson(log.treeId, {
        ...entry,
        proof: { ...(entry.proof as NonNullable<typeof entry.proof>), hashes: [flip(first as Uint8Array), ...rest] },
      });
    }
    case 'other-id':
      return Object.fromEntries(Object.values(rekorV1EntryJson(log.treeId, entry)).map((value) => [log.entryId(index === 0 ? 1 : 0), value]));
    default:
      return rekorV1EntryJson(log.treeId, entry);
  }
}

async function route(context: Context, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const { log } = context;
  switch (`${request.method} ${pathname}`) {
    case 'GET /api/v1/log':
      return json({
        rootHash: toHex(log.tree.root()),
        treeSize: log.tree.size,
        signedTreeHead: log.checkpoint(),
        treeID: String(log.treeId),
        inactiveShards: [],
      });
    case 'GET /api/v1/log/publicKey':
      return new Response(log.key.publicPem, { headers: { 'Content-Type': 'application/x-pem-file' } });
    case 'GET /api/v1/log/proof':
      return consistency(log, searchParams);
    case 'GET /api/v1/log/entries':
      return byIndex(context, searchParams.get('logIndex'));
    case 'POST /api/v1/log/entries':
      return withBody(request, (body) => upload(context, body));
    case 'POST /api/v1/log/entries/retrieve':
      return withBody(request, (body) => retrieve(context, body));
    case 'POST /api/v1/index/retrieve':
      return withBody(request, (body) => search(log, body));
  }
  const id = /^\/api\/v1\/log\/entries\/([^/]+)$/.exec(pathname)?.[1];
  return request.method === 'GET' && id !== undefined ? byId(context, id) : failure(404, `path ${pathname} was not found`);
}

async function withBody(request: Request, then: (body: JsonObject) => Response | Promise<Response>): Promise<Response> {
  try {
    const body = parseJson(await request.text());
    if (isJsonObject(body)) return await then(body);
  } catch {
    // Answered below: whatever is wrong with the text, it is the client's mistake.
  }
  return failure(400, 'the request body is not a JSON object');
}

/** Logged at the instance's now. An equal entry is named rather than logged again. */
async function upload({ instance, log, entry }: Context, proposal: JsonObject): Promise<Response> {
  try {
    const accepted = await acceptProposal(proposal, instance);
    const body = encodeEntryBody(accepted);
    const equal = indexOfId(log, toHex(leafHash(body)));
    if (equal !== undefined) {
      const message = `an equivalent entry already exists in the transparency log with UUID ${log.entryId(equal)}`;
      return failure(409, message, { Location: `/api/v1/log/entries/${log.entryId(equal)}` });
    }
    const index = log.append({ body, kind: accepted.kind, version: accepted.version }, instance.now);
    const id = log.entryId(index);
    return json(entry(index), 201, { ETag: id, Location: `/api/v1/log/entries/${id}` });
  } catch (error) {
    if (isTrustError(error) || error instanceof TypeError) return failure(400, `error processing entry: ${error.message}`);
    throw error;
  }
}

function consistency(log: RekorV1Log, parameters: URLSearchParams): Response {
  const firstSize = Number(parameters.get('firstSize') ?? 1);
  const lastSize = Number(parameters.get('lastSize'));
  const valid = Number.isInteger(firstSize) && Number.isInteger(lastSize) && firstSize >= 1 && firstSize <= lastSize && lastSize <= log.tree.size;
  if (!valid) return failure(400, `no proof from ${firstSize} to ${lastSize}: the tree has ${log.tree.size} entries`);
  return json({ rootHash: toHex(log.tree.root(lastSize)), hashes: log.tree.consistencyProof(firstSize, lastSize).map(toHex) });
}

function byIndex(context: Context, parameter: string | null): Response {
  if (parameter === null || !/^\d+$/.test(parameter)) return failure(422, 'logIndex in query must be a number');
  const index = treeIndex(context.log, Number(parameter));
  return index === undefined ? failure(404, `no entry at index ${parameter}`) : json(context.entry(index));
}

function byId(context: Context, id: string): Response {
  if (!/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/.test(id)) return failure(400, `invalid entry id: ${id}`);
  const index = indexOfId(context.log, id);
  return index === undefined ? failure(404, `no entry ${id}`) : json(context.entry(index));
}

/** Global to tree index; undefined outside the shard. */
function treeIndex(log: RekorV1Log, logIndex: number): number | undefined {
  const index = logIndex - log.firstIndex;
  return index >= 0 && index < log.tree.size ? index : undefined;
}

function indexOfId(log: RekorV1Log, id: string): number | undefined {
  const wanted = id.toLowerCase();
  const index = log.entries.findIndex((_, i) => log.entryId(i).endsWith(wanted));
  return index < 0 ? undefined : index;
}

function retrieve(context: Context, body: JsonObject): Response {
  const ids = list(body['entryUUIDs']);
  const indexes = list(body['logIndexes']);
  const proposed = list(body['entries']);
  const total = ids.length + indexes.length + proposed.length;
  if (total === 0) return failure(400, 'nothing to retrieve');
  if (total > MAX_RETRIEVE) return failure(422, `at most ${MAX_RETRIEVE} entries may be asked for, found ${total}`);

  const found = [
    ...ids.map((id) => indexOfId(context.log, String(id))),
    ...indexes.map((index) => treeIndex(context.log, Number(index))),
    ...proposed.map((entry) => indexOfProposal(context.log, entry)),
  ];
  return json(found.filter((index) => index !== undefined).map(context.entry));
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The canonical body of a proposed entry, as far as proposals are what verifiers send: the stored form, or a DSSE envelope. */
function indexOfProposal(log: RekorV1Log, proposal: Json): number | undefined {
  if (!isJsonObject(proposal)) return undefined;
  const { kind, apiVersion, spec } = proposal;
  const content = isJsonObject(spec) && isJsonObject(spec['proposedContent']) ? spec['proposedContent'] : undefined;
  if (kind === 'dsse' && content !== undefined) return indexOfEnvelope(log, content);
  if (spec === undefined || kind === undefined || apiVersion === undefined) return undefined;
  return indexOfId(log, toHex(leafHash(utf8(canonicalJson({ apiVersion, kind, spec } as JsonValue)))));
}

/** Clients serialise envelopes differently, so the hash of the text does not decide: payload and signature do. */
function indexOfEnvelope(log: RekorV1Log, { envelope }: JsonObject): number | undefined {
  const parsed = parseJson(String(envelope)) as { payload: string; signatures: { sig: string }[] };
  const payloadHash = toHex(sha256(decodeBase64(parsed.payload) ?? new Uint8Array(0)));
  const index = log.entries.findIndex(({ body, kind }) => {
    if (kind !== 'dsse') return false;
    const { spec } = JSON.parse(new TextDecoder().decode(body)) as { spec: { payloadHash: { value: string }; signatures: { signature: string }[] } };
    return spec.payloadHash.value === payloadHash && spec.signatures[0]?.signature === parsed.signatures[0]?.sig;
  });
  return index < 0 ? undefined : index;
}

function search(log: RekorV1Log, query: JsonObject): Response {
  const { hash, email, subject, publicKey, operator = 'or' } = query;
  const terms: string[] = [hash, email, subject].filter((term) => typeof term === 'string' && term !== '').map((term) => String(term).toLowerCase());
  if (isJsonObject(publicKey)) {
    const key = keyTerm(publicKey);
    if (key === undefined) return failure(400, 'the public key cannot be read');
    terms.push(key);
  }
  if (terms.length === 0) return failure(400, 'at least one of email, subject, hash and publicKey is needed');
  if (operator !== 'or' && operator !== 'and') return failure(400, `unknown operator ${String(operator)}`);

  const hits = log.entries.flatMap((_, index) => {
    const keys = searchKeys(log, index);
    const matches = operator === 'and' ? terms.every((term) => keys.has(term)) : terms.some((term) => keys.has(term));
    return matches ? [log.entryId(index)] : [];
  });
  return json(hits);
}

function keyTerm({ format, content }: JsonObject): string | undefined {
  if (format !== 'x509' || typeof content !== 'string') return undefined;
  const text = decodeBase64(content);
  return text === undefined ? undefined : pemTerm(new TextDecoder().decode(text));
}

/** SHA-256 of the PEM in its one canonical wrapping. */
function pemTerm(pem: string): string | undefined {
  const [block] = parsePem(pem).blocks;
  return block === undefined ? undefined : toHex(sha256(utf8(encodePem(block.label, block.der))));
}

/** What Rekor indexes an entry by: artifact and payload digests, its verifier, the names in its certificate. */
function searchKeys(log: RekorV1Log, index: number): Set<string> {
  const { body, searchKeys: given = [] } = log.entries[index] as (typeof log.entries)[number];
  const keys = new Set(given);
  const { kind, spec } = JSON.parse(new TextDecoder().decode(body)) as { kind: string; spec: BodySpec };
  const verifiers: string[] = [];
  if (kind === 'hashedrekord') {
    if (spec.data?.hash !== undefined) keys.add(`${spec.data.hash.algorithm}:${spec.data.hash.value}`);
    verifiers.push(spec.signature?.publicKey?.content ?? '');
  }
  for (const hash of [spec.payloadHash, spec.envelopeHash, spec.content?.payloadHash, spec.content?.hash])
    if (hash !== undefined) keys.add(`${hash.algorithm}:${hash.value}`);
  verifiers.push(...(spec.signatures ?? []).map(({ verifier }) => verifier), ...(spec.content?.envelope?.signatures ?? []).map(({ publicKey }) => publicKey));
  for (const verifier of verifiers) addVerifierKeys(keys, verifier);
  return keys;
}

function addVerifierKeys(keys: Set<string>, base64: string): void {
  const pem = new TextDecoder().decode(decodeBase64(base64) ?? new Uint8Array(0));
  const term = pemTerm(pem);
  if (term === undefined) return;
  keys.add(term);
  const [block] = parsePem(pem).blocks;
  if (block?.label !== 'CERTIFICATE') return;
  for (const { value } of Certificate.parse(block.der).subjectAlternativeNames) keys.add(value.toLowerCase());
}

interface HashJson {
  algorithm: string;
  value: string;
}

/** The members that any of the Rekor v1 kinds has. */
interface BodySpec {
  data?: { hash?: HashJson };
  signature?: { publicKey?: { content: string } };
  payloadHash?: HashJson;
  envelopeHash?: HashJson;
  signatures?: { verifier: string }[];
  content?: { payloadHash?: HashJson; hash?: HashJson; envelope?: { signatures: { publicKey: string }[] } };
}

function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers });
}

function failure(code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, message }, { status: code, headers });
}
