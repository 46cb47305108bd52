/**
 * The writing half of the Rekor v2 API (services.md section 6) over a virtual instance, without a socket, and the checkpoint.
 *
 *   POST /api/v2/log/entries      GET /api/v2/checkpoint      GET /healthz
 *
 * Errors are `{code, message, details}` with the code of gRPC. With `fault` it misbehaves in a named way.
 */
import { Certificate, encodeBase64, type Fields, isTrustError, keyDetails, type PublicKey, parseFields, parseSpki, utf8 } from '@assay/core';
import { encodeEntryBody, hashedrekord002, type RekorEntry, tlogEntryJson, type Verifier } from '@assay/make';
import { flip } from './byte-edit.ts';
import type { Instance } from './instance.ts';
import type { RekorV2Log } from './logs.ts';
import type { Handler } from './rekor-v1-stub.ts';
import { verifiesOverDigest } from './verify-digest.ts';

export type RekorV2Fault =
  /** 500 with an error body. */
  | 'status-500'
  /** 201 with truncated JSON. */
  | 'malformed'
  /** 201 with an HTML page. */
  | 'html'
  /** A genuine entry of another artifact. */
  | 'other-artifact'
  /** The right entry with a proof hash changed. */
  | 'wrong-proof'
  /** No longer written to: 405. */
  | 'frozen';

export interface RekorV2StubOptions {
  readonly fault?: RekorV2Fault;
  /** Uploads that are pushed back with 503 before the stub begins to work. */
  readonly unavailableFor?: number;
  readonly onRequest?: (request: Request) => void;
}

export function rekorV2Stub(instance: Instance, options: RekorV2StubOptions = {}): Handler {
  const { fault, onRequest } = options;
  const log = instance.rekorV2;
  let unavailable = options.unavailableFor ?? 0;
  return async (request) => {
    onRequest?.(request);
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case 'GET /healthz':
        return Response.json({ status: 'SERVING' });
      case 'GET /api/v2/checkpoint':
        return new Response(log.checkpoint(), { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
      case 'POST /api/v2/log/entries':
        if (unavailable-- > 0) return failure(503, 14, 'reached max pushback; retry', { 'Retry-After': '0' });
        if (fault === 'frozen') return new Response('This log has been frozen, please switch to the latest log.\n', { status: 405 });
        if (fault === 'status-500') return failure(500, 2, 'failed to integrate entry');
        if (fault === 'html') return new Response('<!doctype html><title>Sign in</title>', { status: 201, headers: { 'Content-Type': 'text/html' } });
        return upload(await request.text(), instance, fault);
      default:
        return failure(404, 5, 'Not Found');
    }
  };
}

async function upload(text: string, instance: Instance, fault: RekorV2Fault | undefined): Promise<Response> {
  const log = instance.rekorV2;
  if (text.length > MAX_REQUEST_BYTES) return failure(413, 3, 'http: request body too large');
  try {
    const accepted = await acceptRequest(text, instance);
    const body = encodeEntryBody(accepted);
    const equal = log.entries.findIndex((entry) => encodeBase64(entry.body) === encodeBase64(body));
    if (equal >= 0) return failure(409, 6, `an equivalent entry already exists in the transparency log with index ${equal}`, { 'x-log-index': String(equal) });
    const index = log.append({ body, kind: accepted.kind, version: accepted.version }, instance.now);
    const answer = JSON.stringify(entryJson(log, fault === 'other-artifact' ? decoy(instance) : index, fault));
    return new Response(fault === 'malformed' ? answer.slice(0, -2) : answer, { status: 201, headers: { 'Content-Type': 'application/json' } });
  } catch (error) {
    if (isTrustError(error) || error instanceof TypeError) return failure(400, 3, 'invalid hashedrekord request');
    throw error;
  }
}

/** As the protobuf library of the log writes it: what is empty is there as well. */
function entryJson(log: RekorV2Log, index: number, fault: RekorV2Fault | undefined): object {
  const entry = log.entry(index);
  const { proof } = entry;
  const [first = new Uint8Array(32), ...rest] = proof?.hashes ?? [];
  const wrong = fault === 'wrong-proof' && proof !== undefined ? { proof: { ...proof, hashes: [flip(first), ...rest] } } : {};
  return { ...tlogEntryJson({ ...entry, ...wrong }), integratedTime: '0', inclusionPromise: null };
}

function decoy(instance: Instance): number {
  return Number(instance.sign(utf8("somebody else's artifact"), { log: 'v2' }).expected.logIndexes[0]);
}

/** Throws `TrustError` or `TypeError` for requests that the log refuses. */
async function acceptRequest(text: string, instance: Instance): Promise<RekorEntry> {
  const request = parseFields(text, { what: 'request', parse: 'USAGE', shape: 'USAGE' });
  if (!request.has('hashedRekordRequestV002')) request.refuse('', 'invalid type, must be hashedrekord');
  const record = request.object('hashedRekordRequestV002');
  const signature = record.object('signature');
  expectOnly(request, 'hashedRekordRequestV002');
  expectOnly(record, 'digest', 'signature');
  expectOnly(signature, 'content', 'verifier');
  const { verifier, key } = verifierOf(signature.object('verifier'));
  const hash = key.type === 'ec' ? CURVE_HASHES[key.curve] : key.type === 'rsa' ? 'sha256' : 'sha512';
  const message = { signature: signature.nonEmptyBytes('content'), hash, digest: record.nonEmptyBytes('digest') };
  if (!(await verifiesOverDigest(message, key, instance))) signature.refuse('content', 'does not verify over the digest');
  return hashedrekord002({ ...message, verifier });
}

/** Members that the log does not know are refused rather than passed over. */
function expectOnly(fields: Fields, ...names: readonly string[]): void {
  for (const name of Object.keys(fields.json)) if (!names.includes(name)) fields.refuse(name, 'is not known');
}

function verifierOf(fields: Fields): { verifier: Verifier; key: PublicKey } {
  expectOnly(fields, 'keyDetails', 'publicKey', 'x509Certificate');
  const stated = fields.string('keyDetails');
  const spki = fields.optionalObject('publicKey')?.nonEmptyBytes('rawBytes');
  const certificate = spki === undefined ? Certificate.parse(fields.object('x509Certificate').nonEmptyBytes('rawBytes')) : undefined;
  const key = certificate?.publicKey ?? parseSpki(spki ?? new Uint8Array(0));
  const taken = key.type === 'ed25519' ? 'PKIX_ED25519_PH' : keyDetails(key);
  if (stated !== taken) fields.refuse('keyDetails', `expected ${taken}`);
  if (certificate !== undefined) return { verifier: { type: 'certificate', certificate: certificate.der, keyDetails: taken }, key };
  return { verifier: { type: 'publicKey', spki: key.spki, keyDetails: taken }, key };
}

function failure(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, message, details: [] }, { status, headers });
}

const CURVE_HASHES = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const;
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
