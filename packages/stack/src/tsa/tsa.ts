/**
 * The timestamp authority (RFC 3161; services.md section 9).
 *
 *   POST /api/v1/timestamp             application/timestamp-query or application/json ─► 200 application/timestamp-reply
 *   GET  /api/v1/timestamp/certchain   ─► application/pem-certificate-chain, the signer first
 *
 * Refusals are `{"code": <status>, "message": "…"}`, as Sigstore's own authority answers; a request that is refused uses up nothing.
 */
import { Certificate, encodePem, equalBytes, OID, quote, windowContains } from '@assay/core';
import { issueTimestamp, OID as MAKE_OID, type TimestampSigner } from '@assay/make';
import { type Context, Hono } from 'hono';
import { readBody } from '../http/body.ts';
import { Refusal } from '../http/refusal.ts';
import type { Service, ServiceContext } from '../service.ts';
import { wholeSecond } from '../whole-second.ts';
import { openIssueClock } from './issue-clock.ts';
import { FAILED, parseTimestampJson, parseTimestampQuery, type TimestampRequest } from './timestamp-request.ts';

export interface TsaOptions extends ServiceContext {
  readonly signer: TimestampSigner;
  /** DER, the signer's certificate first, the root last; at least two, as sigstore-python demands. */
  readonly chain: readonly Uint8Array[];
  /** Policies that a request may name, dotted, besides Sigstore's own, which is in tokens for requests that name none. */
  readonly policies?: readonly string[];
}

/**
 * One signature a timestamp. `disk` keeps the last time that was stated, so that a clock which went back is noticed after a restart too.
 * Throws `TypeError` for a chain that no verifier would accept, `TrustError` `CERT_PARSE` and `STACK_DATA`.
 */
export async function openTsa({ signer, chain, policies = [], ...context }: TsaOptions): Promise<Service> {
  const certificate = checkedSigner(signer, chain);
  const accepted = new Set<string>([MAKE_OID.sigstoreTimestampPolicy, ...policies]);
  const pem = chain.map((link) => encodePem('CERTIFICATE', link)).join('');
  const issueClock = await openIssueClock(context);
  let issued = 0;

  const issue = ({ imprint, policy, nonce, certificateWanted }: TimestampRequest): Uint8Array => {
    const stated = issueClock.next();
    if ('problem' in stated) throw new Refusal(500, `${FAILED}: ${stated.problem}`);
    // DER shortens a fraction that ends in 0, and sigstore-js reads three digits or none. What is left off is within the accuracy.
    const genTime = wholeSecond(stated.time);
    const invalid = validityProblem(certificate, genTime);
    if (invalid !== undefined) throw new Refusal(500, `${FAILED}: ${invalid}`);
    issued++;
    return issueTimestamp({
      signer,
      imprint,
      genTime,
      embedCertificate: certificateWanted,
      ...(policy !== undefined && { policy }),
      ...(nonce !== undefined && { nonce }),
    });
  };

  const app = new Hono();
  app.post('/api/v1/timestamp', async (c) => {
    const request = await readRequest(c.req.raw, accepted);
    return c.body(new Uint8Array(issue(request)), 200, { 'Content-Type': 'application/timestamp-reply', 'Cache-Control': 'no-store' });
  });
  app.get('/api/v1/timestamp/certchain', (c) => c.body(pem, 200, { 'Content-Type': 'application/pem-certificate-chain' }));
  app.onError((error, c) => failure(error, c, context));

  const problem = (): string | undefined => issueClock.problem() ?? validityProblem(certificate, context.clock());
  return { app, problem, stats: () => ({ issued }), close: () => issueClock.close() };
}

function readRequest(request: Request, policies: ReadonlySet<string>): Promise<TimestampRequest> {
  const contentType = request.headers.get('Content-Type') ?? '';
  // The parameters of a media type, such as a charset, say nothing about DER or JSON.
  switch (contentType.split(';')[0]?.trim().toLowerCase()) {
    case 'application/timestamp-query':
      return readBody(request, MAX_BODY_BYTES).then((body) => parseTimestampQuery(body, policies));
    case 'application/json':
      return readBody(request, MAX_JSON_BYTES).then((body) => parseTimestampJson(body, policies));
    default:
      throw new Refusal(415, `unsupported media type "${quote(contentType, 80)}", only [application/json application/timestamp-query] are allowed`);
  }
}

function failure(error: unknown, c: Context, { log }: ServiceContext): Response {
  const refusal = error instanceof Refusal ? error : new Refusal(500, FAILED);
  if (refusal.status >= 500) log.error({ err: error }, 'no timestamp was issued');
  return c.json({ code: refusal.status, message: refusal.message }, refusal.status, refusal.headers);
}

function validityProblem({ validity }: Certificate, now: Date): string | undefined {
  if (windowContains(validity, now)) return undefined;
  return `the certificate of the timestamp authority is valid from ${validity.start.toISOString()} to ${validity.end.toISOString()}`;
}

/** RFC 3161 section 2.3, and what clients demand: tokens that nobody accepts are not made. Throws `TypeError`, `TrustError` `CERT_PARSE`. */
export function checkedSigner(
  { key, certificate }: { readonly certificate: Uint8Array; readonly key: { readonly spki: Uint8Array } },
  chain: readonly Uint8Array[],
): Certificate {
  const [signer, ...issuers] = chain.map((link) => Certificate.parse(link));
  if (signer === undefined || issuers.length === 0) throw new TypeError('the chain of a timestamp authority has at least two certificates');
  if (!equalBytes(signer.der, certificate)) throw new TypeError("the chain does not begin with the signer's certificate");
  if (!equalBytes(signer.publicKey.spki, key.spki)) throw new TypeError("the signer's certificate is for another key");
  const purposes = signer.extendedKeyUsage ?? [];
  const purposeCritical = signer.extension(OID.extendedKeyUsage)?.critical === true;
  if (signer.isCa || !purposeCritical || purposes.length !== 1 || purposes[0] !== OID.timeStamping) {
    throw new TypeError("the signer's certificate is not for timestamping alone, critically");
  }
  for (const [i, issuer] of issuers.entries()) {
    const issued = i === 0 ? signer : (issuers[i - 1] as Certificate);
    if (!issuer.isCa || !equalBytes(issuer.subject, issued.issuer)) throw new TypeError(`certificate ${i + 2} of the chain did not issue the one before it`);
  }
  return signer;
}

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_JSON_BYTES = 1024;
