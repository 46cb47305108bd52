/**
 * The log over HTTP (services.md section 4): below `/ct/v1/` as in RFC 6962 section 4, and as static files (c2sp.org/static-ct-api).
 *
 *   POST add-chain, add-pre-chain       {"chain":["<base64 DER>", …]} ─► {"sct_version":0,"id","timestamp","extensions","signature"}
 *   GET  get-sth                        {"tree_size","timestamp","sha256_root_hash","tree_head_signature"}
 *   GET  get-sth-consistency            ?first&second ─► {"consistency":[…]}
 *   GET  get-proof-by-hash              ?hash&tree_size ─► {"leaf_index","audit_path":[…]}
 *   GET  get-entries                    ?start&end, the end included ─► {"entries":[{"leaf_input","extra_data"}]}, at most 256
 *   GET  get-entry-and-proof            ?leaf_index&tree_size ─► {"leaf_input","extra_data","audit_path":[…]}
 *   GET  get-roots                      {"certificates":[…]}
 *   GET  /checkpoint, /tile/<L>/<N>[.p/<W>], /tile/data/<N>[.p/<W>], /issuer/<SHA-256, hex>
 */
import { decodeBase64, encodeBase64, isTrustError, parseFields, toHex } from '@assay/core';
import { type CtEntry, encodeDigitallySigned, encodeExtraData, type Sct } from '@assay/make';
import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { readBody } from '../http/body.ts';
import { Refusal, refusalAnswer } from '../http/refusal.ts';
import { LogUnavailable, type TileLog } from '../log/index.ts';
import type { Issuers } from './issuers.ts';
import { MAX_CHAIN_LENGTH } from './submission.ts';
import { readLeaves, type TileLeaf } from './tile-leaf.ts';
import type { SignedTreeHead } from './tree-head.ts';

export interface CtRoutesOptions {
  readonly roots: readonly Uint8Array[];
  readonly add: (type: CtEntry['type'], chain: readonly Uint8Array[]) => Promise<Sct>;
  readonly log: TileLog;
  readonly issuers: Issuers;
  /** What is published now, also as a checkpoint under the log's origin. */
  readonly treeHead: () => SignedTreeHead & { readonly checkpoint: string };
  readonly logger: Logger;
}

export function ctRoutes({ roots, add, log, issuers, treeHead, logger }: CtRoutesOptions): Hono {
  const app = new Hono();

  const submit = (type: CtEntry['type']) => async (c: Context) => c.json(sctJson(await add(type, await readChain(c.req.raw))));
  app.post('/ct/v1/add-chain', submit('x509'));
  app.post('/ct/v1/add-pre-chain', submit('precert'));

  app.get('/ct/v1/get-roots', (c) => c.json({ certificates: roots.map(encodeBase64) }));

  app.get('/ct/v1/get-sth', (c) => {
    const { size, timestampMs, root, signature } = treeHead();
    return c.json({ tree_size: size, timestamp: timestampMs, sha256_root_hash: encodeBase64(root), tree_head_signature: encodeBase64(signature) });
  });

  app.get('/ct/v1/get-sth-consistency', async (c) => {
    const first = parameter(c, 'first');
    const second = parameter(c, 'second');
    if (second < first) throw new Refusal(400, `invalid first, second params: ${first} ${second}`);
    if (second > log.head.size) throw new Refusal(400, `need tree size: ${second} for proof but only got: ${log.head.size}`);
    const consistency = first === 0 ? [] : await log.consistencyProof(first, second);
    return c.json({ consistency: consistency.map(encodeBase64) });
  });

  app.get('/ct/v1/get-proof-by-hash', async (c) => {
    const hash = decodeBase64(c.req.query('hash') ?? '');
    const treeSize = parameter(c, 'tree_size');
    if (hash?.length !== 32) throw new Refusal(400, "get-proof-by-hash: parameter 'hash' is not base64 of 32 bytes");
    if (treeSize === 0) throw new Refusal(400, 'get-proof-by-hash: missing or invalid tree_size: 0');
    if (treeSize > log.head.size) throw new Refusal(404, `log returned tree size: ${log.head.size} but we expected: ${treeSize}`);
    const index = await log.find(hash);
    if (index === undefined || index >= treeSize) throw new Refusal(404, `get-proof-by-hash: no such leaf in the tree of size ${treeSize}`);
    return c.json({ leaf_index: index, audit_path: (await log.inclusionProof(index, treeSize)).map(encodeBase64) });
  });

  app.get('/ct/v1/get-entries', async (c) => {
    const start = parameter(c, 'start');
    const end = parameter(c, 'end');
    if (start > end) throw new Refusal(400, `start (${start}) and end (${end}) is not a valid range`);
    if (start >= log.head.size) throw new Refusal(400, `need tree size: ${start + 1} to get leaves but only got: ${log.head.size}`);
    const leaves = await readLeaves(log, start, Math.min(end + 1, start + MAX_ENTRIES));
    return c.json({ entries: await Promise.all(leaves.map(entryJson)) });
  });

  app.get('/ct/v1/get-entry-and-proof', async (c) => {
    const index = parameter(c, 'leaf_index');
    const treeSize = parameter(c, 'tree_size');
    if (index >= treeSize) throw new Refusal(400, `leaf_index ${index} out of range for tree of size ${treeSize}`);
    if (treeSize > log.head.size) throw new Refusal(400, `need tree size: ${treeSize} for proof but only got: ${log.head.size}`);
    const [leaf] = await readLeaves(log, index, index + 1);
    const auditPath = await log.inclusionProof(index, treeSize);
    return c.json({ ...(await entryJson(leaf as TileLeaf)), audit_path: auditPath.map(encodeBase64) });
  });

  app.get('/checkpoint', (c) => c.body(treeHead().checkpoint, 200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' }));

  app.get('/tile/:path{.+}', async (c) => staticFile(c, 'application/octet-stream', await log.file(`tile/${c.req.param('path')}`)));

  app.get('/issuer/:fingerprint', async (c) => staticFile(c, 'application/pkix-cert', await issuers.read(c.req.param('fingerprint'))));

  app.onError((error) => {
    if (error instanceof Refusal) return refusalAnswer(error);
    if (error instanceof LogUnavailable) return refusalAnswer(new Refusal(503, error.message, { headers: { 'Retry-After': '1' } }));
    logger.error({ err: error }, 'the CT log cannot answer');
    return refusalAnswer(new Refusal(500, 'internal error'));
  });
  return app;

  async function entryJson({ leafInput, entry, submitted, issuers: fingerprints }: TileLeaf) {
    const chain = await Promise.all(fingerprints.map(issuer));
    return { leaf_input: encodeBase64(leafInput), extra_data: encodeBase64(encodeExtraData(entry, submitted, chain)) };
  }

  async function issuer(fingerprint: Uint8Array): Promise<Uint8Array> {
    const certificate = await issuers.read(toHex(fingerprint));
    if (certificate === undefined) throw new Error(`the CT log is damaged: issuer/${toHex(fingerprint)} is missing`);
    return certificate;
  }
}

async function readChain(request: Request): Promise<Uint8Array[]> {
  const body = await readBody(request, MAX_BODY_BYTES);
  try {
    return parseFields(body, { what: 'request', parse: 'CERT_PARSE', shape: 'CERT_PARSE' }).bytesArray('chain', MAX_CHAIN_LENGTH);
  } catch (error) {
    if (isTrustError(error)) throw new Refusal(400, `failed to parse add-chain body: ${error.message}`, { cause: error });
    throw error;
  }
}

function sctJson(sct: Sct) {
  return {
    sct_version: sct.version,
    id: encodeBase64(sct.logId),
    timestamp: sct.timestampMs,
    extensions: encodeBase64(sct.extensions),
    signature: encodeBase64(encodeDigitallySigned(sct)),
  };
}

function parameter(c: Context, name: string): number {
  const text = c.req.query(name);
  if (text === undefined || text === '') throw new Refusal(400, `parameter '${name}' is required`);
  if (!/^\d{1,15}$/.test(text)) throw new Refusal(400, `parameter '${name}' is malformed`);
  return Number(text);
}

function staticFile(c: Context, contentType: string, bytes: Uint8Array | undefined): Response {
  if (bytes === undefined) throw new Refusal(404, 'there is no such file');
  return c.body(new Uint8Array(bytes), 200, { 'Content-Type': contentType, 'Cache-Control': 'public, max-age=31536000, immutable' });
}

/** Chains of Sigstore have some kilobytes. */
const MAX_BODY_BYTES = 256 * 1024;
/** One data tile. */
const MAX_ENTRIES = 256;
