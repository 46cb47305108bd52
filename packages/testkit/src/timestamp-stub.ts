/**
 * An RFC 3161 timestamp authority (services.md section 9) over a virtual instance, without a socket.
 *
 *   POST /api/v1/timestamp             application/timestamp-query (DER) or application/json  →  application/timestamp-reply
 *   GET  /api/v1/timestamp/certchain   →  application/pem-certificate-chain, leaf first
 *
 *   TimeStampReq  SEQUENCE { 1, SEQUENCE { SEQUENCE { hash }, digest }, policy OID?, nonce INTEGER?, certReq BOOLEAN?, [0] extensions? }
 *
 * Its clock stands at the instance's now. With `fault` it misbehaves in a named way.
 */
import { contextConstructed, Der, DerError, encodePem, isTrustError, parseFields, TAG, uint } from '@assay/core';
import { digest, encodeTimestampRefusal, hashAlgorithm, type IssueTimestampOptions, issueTimestamp, OID } from '@assay/make';
import { flip } from './byte-edit.ts';
import type { Instance } from './instance.ts';
import type { Handler } from './rekor-v1-stub.ts';

export type TimestampFault =
  /** 500 with an error body. */
  | 'status-500'
  /** 200 with the token cut short. */
  | 'malformed'
  /** 200 with an HTML page. */
  | 'html'
  /** 200 with a well-formed response whose status is a refusal. */
  | 'refused'
  /** A genuine token over something else. */
  | 'other-imprint'
  /** A genuine token for another request about the same thing. */
  | 'other-nonce'
  | 'no-nonce'
  /** A byte after the response. */
  | 'trailing';

export interface TimestampStubOptions {
  readonly fault?: TimestampFault;
  /** Requests that answer 503 before the stub begins to work. */
  readonly unavailableFor?: number;
  /** Answers 201, as some authorities are configured to. */
  readonly created?: true;
  readonly onRequest?: (request: Request) => void;
}

export function timestampStub(instance: Instance, options: TimestampStubOptions = {}): Handler {
  const { fault, created, onRequest } = options;
  let unavailable = options.unavailableFor ?? 0;
  return async (request) => {
    onRequest?.(request);
    if (unavailable-- > 0) return failure(503, 'overloaded', { 'Retry-After': '0' });
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case 'GET /api/v1/timestamp/certchain': {
        const pem = instance.tsaChain.map((certificate) => encodePem('CERTIFICATE', certificate)).join('');
        return new Response(pem, { headers: { 'Content-Type': 'application/pem-certificate-chain' } });
      }
      case 'POST /api/v1/timestamp':
        if (fault === 'status-500') return failure(500, 'Error generating timestamp response');
        if (fault === 'html') return new Response('<!doctype html><title>Sign in</title>', { headers: { 'Content-Type': 'text/html' } });
        return answer(request, instance, fault, created === true ? 201 : 200);
      default:
        return failure(404, `path ${pathname} was not found`);
    }
  };
}

async function answer(request: Request, instance: Instance, fault: TimestampFault | undefined, status: number): Promise<Response> {
  const mediaType = request.headers.get('content-type')?.split(';')[0]?.trim();
  const parse = mediaType === 'application/timestamp-query' ? parseQuery : mediaType === 'application/json' ? parseJsonQuery : undefined;
  if (parse === undefined) return failure(415, `unsupported media type ${mediaType}`);
  try {
    const query = parse(new Uint8Array(await request.arrayBuffer()));
    const response = fault === 'refused' ? encodeTimestampRefusal('not today') : issueTimestamp(tokenFor(query, instance, fault));
    const reply = fault === 'malformed' ? response.subarray(0, -1) : fault === 'trailing' ? Buffer.concat([response, Uint8Array.of(0)]) : response;
    return new Response(new Uint8Array(reply), { status, headers: { 'Content-Type': 'application/timestamp-reply' } });
  } catch (error) {
    if (error instanceof DerError || isTrustError(error)) return failure(400, `Error generating timestamp response: ${error.message}`);
    throw error;
  }
}

function tokenFor({ imprint, nonce, certificateWanted, policy }: Query, instance: Instance, fault: TimestampFault | undefined): IssueTimestampOptions {
  const stated = fault === 'other-nonce' && nonce !== undefined ? flip(nonce) : fault === 'no-nonce' ? undefined : nonce;
  return {
    signer: instance.tsaSigner,
    embedCertificate: certificateWanted,
    imprint: fault === 'other-imprint' ? { ...imprint, digest: flip(imprint.digest) } : imprint,
    genTime: instance.now,
    ...(policy !== undefined && { policy }),
    ...(stated !== undefined && { nonce: stated }),
  };
}

interface Query {
  /** The AlgorithmIdentifier as it came. */
  readonly imprint: { readonly algorithm: Uint8Array; readonly digest: Uint8Array };
  readonly nonce: Uint8Array | undefined;
  readonly certificateWanted: boolean;
  readonly policy: string | undefined;
}

function parseQuery(bytes: Uint8Array): Query {
  const query = Der.parse(bytes).sequence('request');
  if (query.next('version').smallInteger('version') !== 1) throw new DerError('version: expected 1');
  const imprint = query.next('imprint').sequence('imprint');
  const algorithm = imprint.next('hash');
  const value = imprint.next('digest').octets('digest');
  imprint.end();
  const policy = query.optional(TAG.oid)?.oid('policy');
  const nonce = query.optional(TAG.integer)?.integerBytes('nonce');
  const certificateWanted = query.optional(TAG.boolean)?.boolean('certReq') ?? false;
  if (query.optional(contextConstructed(0)) !== undefined) throw new DerError('extensions are not taken');
  query.end();
  checkQuery(algorithm.sequence('hash').next('algorithm').oid('hash'), value, policy);
  return { imprint: { algorithm: algorithm.raw, digest: value }, nonce, certificateWanted, policy };
}

/** `{ artifactHash = b64, hashAlgorithm, certificates?, nonce?, tsaPolicyOID? }` */
function parseJsonQuery(bytes: Uint8Array): Query {
  const query = parseFields(bytes, { what: 'request', parse: 'USAGE', shape: 'USAGE' });
  const name = query.string('hashAlgorithm').toLowerCase();
  if (name !== 'sha256' && name !== 'sha384' && name !== 'sha512') return query.refuse('hashAlgorithm', 'is not taken');
  const value = query.nonEmptyBytes('artifactHash');
  const nonce = query.optionalInt64('nonce');
  const policy = query.optionalString('tsaPolicyOID') || undefined;
  checkQuery(OID[name], value, policy);
  return {
    imprint: { algorithm: hashAlgorithm(name), digest: value },
    nonce: nonce === undefined ? undefined : uint(nonce, 8),
    certificateWanted: query.json['certificates'] === true,
    policy,
  };
}

function checkQuery(hash: string, value: Uint8Array, policy: string | undefined): void {
  const name = ALGORITHMS.find((algorithm) => OID[algorithm] === hash);
  if (name === undefined) throw new DerError('the hash algorithm is weak or not known');
  if (value.length !== digest(name, new Uint8Array(0)).length) throw new DerError('the digest has not the length of its algorithm');
  if (policy !== undefined && policy !== OID.sigstoreTimestampPolicy) throw new DerError('the policy is not one of this authority');
}

function failure(code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, message }, { status: code, headers });
}

const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const;
