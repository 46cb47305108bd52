/**
 * A Fulcio-compatible certificate authority (services.md section 3) over a virtual instance, without a socket.
 *
 *   POST /api/v2/signingCert   { credentials?, publicKeyRequest { publicKey { content }, proofOfPossession } | certificateSigningRequest }
 *     → 200 { signedCertificateEmbeddedSct { chain { certificates[] } } }, leaf first
 *   GET  /api/v2/trustBundle
 *
 * It takes the tokens of `identity-token.ts`, and checks them and the proof of possession as a real one does. Its clock stands at the
 * instance's now. With `fault` it misbehaves in a named way.
 */
import { createPublicKey, verify } from 'node:crypto';
import {
  contextConstructed,
  Der,
  DerError,
  defaultScheme,
  encodeBase64,
  encodePem,
  type Fields,
  isTrustError,
  type PublicKey,
  parseFields,
  parsePem,
  parsePublicKeyPem,
  parseSpki,
  utf8,
} from '@assay/core';
import {
  encodeDigitallySigned,
  type FulcioExtensions,
  type GithubClaims,
  githubIdentity,
  issueLeaf,
  leafFields,
  precertEntry,
  precertificateTbs,
  type Sct,
  type SubjectName,
} from '@assay/make';
import { flip } from './byte-edit.ts';
import { tokenKey } from './identity-token.ts';
import { type Instance, impostorOf } from './instance.ts';
import { keyFor } from './key-pool.ts';
import type { Handler } from './rekor-v1-stub.ts';

export type FulcioFault =
  /** 400, as for a token that is not taken. */
  | 'status-400'
  /** 429 whenever it is asked. */
  | 'status-429'
  /** 500 with an error body. */
  | 'status-500'
  /** 200 with truncated JSON. */
  | 'malformed'
  /** 200 with an HTML page. */
  | 'html'
  /** 200 with neither of the two answers. */
  | 'empty'
  /** 200 with a chain of no certificates. */
  | 'no-certificates'
  /** 200 with the leaf alone. */
  | 'one-certificate'
  /** 200 with text where the leaf should be. */
  | 'not-pem'
  /** 200 with a leaf whose DER is cut short. */
  | 'not-a-certificate'
  /** 400 with a long body. */
  | 'talkative'
  /** 400 with the token in its body. */
  | 'tells-the-token'
  /** A certificate of another key. */
  | 'other-key'
  /** A certificate of someone else. */
  | 'other-identity'
  /** A certificate for which another issuer vouches. */
  | 'other-issuer'
  /** A certificate that expired an hour ago. */
  | 'expired'
  /** A certificate that begins in an hour. */
  | 'not-yet-valid'
  /** A certificate of an authority with the same name and another key. */
  | 'impostor'
  /** No SCT. */
  | 'no-sct'
  /** An SCT whose signature does not verify. */
  | 'wrong-sct';

export interface FulcioStubOptions {
  readonly fault?: FulcioFault;
  /** The SCT beside the certificate, as old authorities hand it out. */
  readonly sct?: 'embedded' | 'detached';
  /** Requests that answer 503 before the stub begins to work. */
  readonly unavailableFor?: number;
  readonly onRequest?: (request: Request) => void;
}

export function fulcioStub(instance: Instance, options: FulcioStubOptions = {}): Handler {
  const { fault, onRequest } = options;
  let unavailable = options.unavailableFor ?? 0;
  return async (request) => {
    onRequest?.(request);
    if (unavailable-- > 0) return failure(503, 14, 'try again later', { 'Retry-After': '0' });
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case 'GET /api/v2/trustBundle':
        return Response.json({ chains: [{ certificates: issuersPem(instance) }] });
      case 'POST /api/v2/signingCert':
        return brokenAnswer(request, fault) ?? sign(request, instance, options);
      default:
        return failure(404, 5, 'Not Found');
    }
  };
}

function brokenAnswer(request: Request, fault: FulcioFault | undefined): Response | undefined {
  switch (fault) {
    case 'status-400':
      return failure(400, 3, IDENTITY_TOKEN);
    case 'status-429':
      return failure(429, 8, 'rate limit exceeded', { 'Retry-After': '0' });
    case 'status-500':
      return failure(500, 13, 'error creating certificate', { 'Retry-After': '0' });
    case 'html':
      return new Response('<!doctype html><title>Sign in</title>', { headers: { 'Content-Type': 'text/html' } });
    case 'talkative':
      return new Response('x'.repeat(100_000), { status: 400 });
    case 'tells-the-token':
      return failure(400, 3, `no good: ${request.headers.get('authorization')}`);
    case 'empty':
      return Response.json({});
    case 'no-certificates':
      return Response.json({ signedCertificateEmbeddedSct: { chain: { certificates: [] } } });
    default:
      return undefined;
  }
}

async function sign(request: Request, instance: Instance, { fault, sct = 'embedded' }: FulcioStubOptions): Promise<Response> {
  try {
    const body = parseFields(await request.text(), { what: 'request', parse: 'USAGE', shape: 'USAGE' });
    const claims = acceptToken(tokenOf(request, body), instance);
    const key = provenKey(body, challengeOf(claims));
    const answer = JSON.stringify(issue(instance, key, claims, sct, fault));
    return new Response(fault === 'malformed' ? answer.slice(0, -2) : answer, { headers: { 'Content-Type': 'application/json' } });
  } catch (error) {
    if (error instanceof Refused) return failure(400, 3, error.message);
    if (isTrustError(error)) return failure(400, 3, error.message);
    throw error;
  }
}

class Refused extends Error {}

function tokenOf(request: Request, body: Fields): string {
  const inBody = body.optionalObject('credentials')?.optionalString('oidcIdentityToken');
  return inBody ?? /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
}

type Claims = Readonly<Record<string, unknown>>;

/** Signature, audience and expiry, of whichever issuer. */
function acceptToken(token: string, instance: Instance): Claims {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const key = createPublicKey(tokenKey().publicPem);
  if (!verify('sha256', utf8(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) throw new Refused(IDENTITY_TOKEN);
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  if (![claims['aud']].flat().includes('sigstore') || Number(claims['exp']) * 1000 <= instance.now.getTime()) throw new Refused(IDENTITY_TOKEN);
  return claims;
}

function challengeOf({ email, sub }: Claims): string {
  return String(email ?? sub);
}

/** The key of the request, which its sender has shown to hold. */
function provenKey(body: Fields, challenge: string): PublicKey {
  const csr = body.optionalBytes('certificateSigningRequest');
  if (csr !== undefined) return keyOfCsr(csr);
  const request = body.object('publicKeyRequest');
  const key = parsePublicKeyPem(request.object('publicKey').string('content'));
  expectSignature(key, utf8(challenge), request.nonEmptyBytes('proofOfPossession'));
  return key;
}

function keyOfCsr(pem: Uint8Array): PublicKey {
  const [block] = parsePem(new TextDecoder().decode(pem)).blocks;
  if (block?.label !== 'CERTIFICATE REQUEST') throw new Refused(UNREADABLE_CSR);
  try {
    const request = Der.parse(block.der).sequence('request');
    const info = request.next('info');
    request.next('algorithm');
    const signature = request.next('signature').bitStringBytes('signature');
    request.end();
    const fields = info.sequence('info');
    fields.next('version');
    fields.next('subject');
    const key = parseSpki(fields.next('key').raw);
    fields.optional(contextConstructed(0));
    fields.end();
    expectSignature(key, info.raw, signature);
    return key;
  } catch (error) {
    if (error instanceof DerError) throw new Refused(UNREADABLE_CSR);
    throw error;
  }
}

function expectSignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): void {
  const scheme = defaultScheme(key);
  const hash = 'hash' in scheme ? scheme.hash : null;
  const holds = verify(hash, message, createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }), signature);
  if (!holds) throw new Refused('The signature supplied in the request could not be verified');
}

function issue(instance: Instance, key: PublicKey, claims: Claims, sct: 'embedded' | 'detached', fault: FulcioFault | undefined): object {
  const issuer = fault === 'impostor' ? impostorOf(instance.issuer) : instance.issuer;
  const { san, fulcio } = identityOf(claims, fault);
  const notBefore = new Date(instance.now.getTime() + (SHIFT_MS[fault ?? ''] ?? 0));
  const fields = leafFields(issuer, { spki: fault === 'other-key' ? keyFor('someone else', 'p256').spki : key.spki, san, fulcio, notBefore });
  const promise = (): Sct => instance.ctLog.issue(precertEntry(issuer.key.spki, precertificateTbs(fields, issuer)), notBefore);
  const embedded = fault === 'no-sct' || sct === 'detached' ? [] : [fault === 'wrong-sct' ? broken(promise()) : promise()];
  const leaf = issueLeaf(fields, issuer, embedded);
  const chain = { certificates: [leafPem(leaf, fault), ...(fault === 'one-certificate' ? [] : issuersPem(instance))] };
  if (sct === 'embedded') return { signedCertificateEmbeddedSct: { chain } };
  const detached = instance.ctLog.issue({ type: 'x509', certificate: leaf }, notBefore);
  return { signedCertificateDetachedSct: { chain, signedCertificateTimestamp: encodeBase64(utf8(addChainResponse(detached))) } };
}

function identityOf(claims: Claims, fault: FulcioFault | undefined): { san: SubjectName; fulcio: FulcioExtensions } {
  const iss = fault === 'other-issuer' ? 'https://accounts.other.example' : String(claims['iss']);
  if (typeof claims['job_workflow_ref'] === 'string') {
    const identity = githubIdentity({ ...(claims as unknown as GithubClaims), iss });
    return fault === 'other-identity' ? { ...identity, san: { type: 'uri', value: `${identity.san.value}-else` } } : identity;
  }
  const email = typeof claims['email'] === 'string' ? claims['email'] : undefined;
  const san: SubjectName = email === undefined ? { type: 'uri', value: String(claims['sub']) } : { type: 'email', value: email };
  const connector = (claims['federated_claims'] as { connector_id?: string } | undefined)?.connector_id;
  const fulcio = { issuer: fault === 'other-issuer' ? iss : (connector ?? iss), tokenSubject: String(claims['sub']) };
  return { san: fault === 'other-identity' ? { ...san, value: `else-${san.value}` } : san, fulcio };
}

const SHIFT_MS: Readonly<Record<string, number>> = { expired: -3_600_000, 'not-yet-valid': 3_600_000 };

function broken(sct: Sct): Sct {
  return { ...sct, signature: flip(sct.signature) };
}

function leafPem(leaf: Uint8Array, fault: FulcioFault | undefined): string {
  if (fault === 'not-pem') return 'a certificate';
  return encodePem('CERTIFICATE', fault === 'not-a-certificate' ? leaf.subarray(0, -1) : leaf);
}

function issuersPem(instance: Instance): string[] {
  return instance.ca.map(({ certificate }) => encodePem('CERTIFICATE', certificate));
}

/** RFC 6962 section 4.1. */
function addChainResponse(sct: Sct): string {
  return JSON.stringify({
    sct_version: 0,
    id: encodeBase64(sct.logId),
    timestamp: sct.timestampMs,
    extensions: encodeBase64(sct.extensions),
    signature: encodeBase64(encodeDigitallySigned(sct)),
  });
}

function failure(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, message, details: [] }, { status, headers });
}

const IDENTITY_TOKEN = 'There was an error processing the identity token';
const UNREADABLE_CSR = 'The certificate signing request could not be parsed';
