/**
 * A witness (c2sp.org/tlog-witness; services.md section 8): cosigns what extends everything that it cosigned before, and nothing else.
 *
 *   POST /add-checkpoint                          "old <size>" · base64 hashes, a line each · empty line · checkpoint      → cosignature line
 *   GET  /<hex SHA-256 of the origin>/checkpoint  the last that it cosigned, with its line
 *
 * What it saw is in memory. It is remembered before the answer, and in one step: of two requests at once, one is told to come again.
 */
import {
  type Checkpoint,
  decodeBase64,
  equalBytes,
  noteKeyId,
  type PublicKey,
  parseCheckpoint,
  parseSpki,
  signaturesOf,
  toHex,
  utf8,
  verifyConsistency,
  verifySignature,
  webCrypto,
} from '@assay/core';
import { cosign, type NoteSigner, sha256 } from '@assay/make';
import type { Handler } from './rekor-v1-stub.ts';

export interface WitnessedLog {
  readonly origin: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

export interface WitnessOptions {
  /** Its name, without spaces, and an Ed25519 key. */
  readonly signer: NoteSigner;
  readonly logs: readonly WitnessedLog[];
  readonly clock: () => Date;
}

export function witness({ signer, logs, clock }: WitnessOptions): Handler {
  const seen = new Map<string, Seen>();

  async function addCheckpoint(text: string): Promise<Response> {
    const request = parseRequest(text);
    if (request === undefined) return plain(400, 'malformed request');
    const { checkpoint, note } = request;
    const log = logs.find(({ origin }) => origin === checkpoint.origin);
    if (log === undefined) return plain(404, 'unknown log');
    if (!(await isSigned(checkpoint, log))) return plain(403, 'no valid signature of the log');
    const last = seen.get(log.origin) ?? EMPTY;
    const refused = await refuse(request, last);
    if (refused !== undefined) return refused;
    // Others may have come in while this one was verified.
    const now = seen.get(log.origin) ?? EMPTY;
    if (now !== last) return conflict(now.size);
    const line = cosign(checkpoint.note.body, signer, clock());
    seen.set(log.origin, { size: checkpoint.treeSize, root: checkpoint.rootHash, note: note + line });
    return new Response(line);
  }

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === 'POST' && pathname === '/add-checkpoint') return addCheckpoint(await request.text());
    const origin = logs.map((log) => log.origin).find((name) => pathname === `/${toHex(sha256(utf8(name)))}/checkpoint`);
    const note = origin === undefined ? undefined : seen.get(origin)?.note;
    return note === undefined ? plain(404, 'not found') : new Response(note);
  };
}

interface Seen {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly note: string;
}

interface Addition {
  readonly old: bigint;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

/** Undefined for what extends the last checkpoint. */
async function refuse({ old, hashes, checkpoint: { treeSize, rootHash } }: Addition, last: Seen): Promise<Response | undefined> {
  if (old > treeSize) return plain(400, 'the old size is larger than that of the checkpoint');
  if (old !== last.size) return conflict(last.size);
  if (treeSize === last.size && !equalBytes(rootHash, last.root)) return conflict(last.size);
  const consistent = await verifyConsistency(webCrypto, { firstSize: old, secondSize: treeSize, hashes }, last.root, rootHash);
  return consistent ? undefined : plain(422, 'not consistent');
}

function parseRequest(text: string): Addition | undefined {
  const end = text.indexOf('\n\n');
  const [first = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\n');
  const [, old] = OLD.exec(first) ?? [];
  const hashes = lines.map(decodeBase64);
  const note = text.slice(end + 2);
  const parsed = parseCheckpoint(note);
  if (old === undefined || lines.length > MAX_HASHES || 'problem' in parsed || !hashes.every((hash) => hash?.length === 32)) return undefined;
  return { old: BigInt(old), hashes: hashes as Uint8Array[], checkpoint: parsed.checkpoint, note };
}

async function isSigned({ origin, note }: Checkpoint, { spki }: WitnessedLog): Promise<boolean> {
  const key: PublicKey = parseSpki(spki);
  const lines = signaturesOf(note, origin, await noteKeyId(webCrypto, origin, key));
  const scheme = key.type === 'ed25519' ? ({ name: 'ed25519' } as const) : ({ name: 'ecdsa', hash: 'sha256' } as const);
  const valid = await Promise.all(lines.map(({ signature }) => verifySignature(webCrypto, key, scheme, utf8(note.body), signature)));
  return valid.includes(true);
}

/** With the size that the next request must begin at. */
function conflict(size: bigint): Response {
  return new Response(`${size}\n`, { status: 409, headers: { 'Content-Type': 'text/x.tlog.size' } });
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status });
}

const OLD = /^old (0|[1-9]\d{0,18})$/;
const MAX_HASHES = 63;
const EMPTY: Seen = { size: 0n, root: sha256(new Uint8Array(0)), note: '' };
