/**
 * The certificate authority, as Fulcio answers (services.md section 3).
 *
 *   POST /api/v2/signingCert     token + proof of possession ─► 200, the chain in JSON
 *   GET  /api/v2/trustBundle     ─► { chains: [{ certificates }] }
 *   GET  /api/v2/configuration   ─► { issuers: [ … ] }
 *   POST /api/v1/signingCert     the API before ─► 201, the chain in PEM
 *   GET  /api/v1/rootCert        ─► PEM
 *
 *   body ─► token ─► principal ─► proof ─► precertificate ─► CT log ─► certificate
 *
 * It keeps nothing: what it issued is in the CT log. A request that is refused reaches neither key nor log.
 */
import { encodePem, quote, toHex } from '@assay/core';
import { readCertificateNames } from '@assay/make';
import { type Context, Hono } from 'hono';
import { readText } from '../http/body.ts';
import { Refusal, refusalAnswer } from '../http/refusal.ts';
import type { Service, ServiceContext } from '../service.ts';
import { checkedChain, checkValidity, type IssuingAuthority, issueCertificate, validityProblem } from './issue.ts';
import { challengeClaimOf, type FulcioConfig, type IssuerConfig } from './issuer-config.ts';
import { type FetchIssuer, openIssuerKeys } from './issuer-keys.ts';
import { principalOf } from './principal.ts';
import { verifyProof } from './proof.ts';
import { CA_FAILED } from './refusals.ts';
import { type CertificateRequest, parseRequestV1, parseRequestV2 } from './request.ts';
import { verifyToken } from './token.ts';

export interface CaOptions extends ServiceContext, IssuingAuthority {
  readonly config: FulcioConfig;
  /** How discovery documents and keys of issuers are fetched; of issuers of the same process, without a socket. */
  readonly fetchIssuer: FetchIssuer;
}

/** Throws `TypeError` for a chain that cannot issue, `TrustError` `CERT_PARSE`. */
export async function openCa(options: CaOptions): Promise<Service> {
  const { config, fetchIssuer, clock, log } = options;
  const certificates = checkedChain(options);
  const chainPem = options.chain.map((link) => encodePem('CERTIFICATE', link));
  const keys = openIssuerKeys(fetchIssuer, clock);
  const count = { issued: 0, refused: 0, failed: 0 };

  const certify = async (c: Context, { token: ownToken, proof }: CertificateRequest): Promise<string[]> => {
    const { claims, issuer } = await verifyToken(ownToken || bearerToken(c), { config, keys, clock });
    const principal = principalOf(claims, issuer);
    const key = await verifyProof(proof, principal.challenge);
    const now = clock();
    checkValidity(certificates, now);
    const leaf = await issueCertificate(options, principal, key, now);
    count.issued++;
    log.info({ san: quote(principal.san.value), issuer: quote(principal.fulcio.issuer), serial: toHex(readCertificateNames(leaf).serial) }, 'issued');
    // Fulcio's have no line end after the last line.
    return [encodePem('CERTIFICATE', leaf), ...chainPem].map((pem) => pem.trimEnd());
  };

  const app = new Hono();
  app.post('/api/v2/signingCert', async (c) => {
    const chain = { certificates: await certify(c, parseRequestV2(await readText(c.req.raw, MAX_BODY_BYTES))) };
    // Exactly one member: clients look which of them is there.
    return c.json(options.logPrecertificate === undefined ? { signedCertificateDetachedSct: { chain } } : { signedCertificateEmbeddedSct: { chain } });
  });
  app.get('/api/v2/trustBundle', (c) => c.json({ chains: [{ certificates: chainPem }] }));
  app.get('/api/v2/configuration', (c) => c.json({ issuers: config.issuers.map(issuerJson) }));
  app.post('/api/v1/signingCert', async (c) => {
    const pem = await certify(c, parseRequestV1(await readText(c.req.raw, MAX_BODY_BYTES)));
    return c.body(pem.join('\n'), 201, { 'Content-Type': PEM_CHAIN });
  });
  app.get('/api/v1/rootCert', (c) => c.body(chainPem.join(''), 200, { 'Content-Type': PEM_CHAIN }));
  app.onError((error) => {
    const refusal = error instanceof Refusal ? error : new Refusal(500, CA_FAILED, { cause: error });
    if (refusal.status < 500) {
      count.refused++;
      log.warn({ status: refusal.status, reason: reasonOf(refusal) }, refusal.message);
    } else {
      count.failed++;
      log.error({ err: refusal.cause ?? refusal }, refusal.message);
    }
    return refusalAnswer(refusal);
  });

  return { app, problem: () => validityProblem(certificates, clock()), stats: () => ({ ...count }), close: async () => undefined };
}

/** Fulcio looks for `Bearer ` alone; the name of a scheme has no case (RFC 9110 section 11.1). */
function bearerToken(c: Context): string {
  return /^bearer +(\S+)$/i.exec(c.req.header('Authorization')?.trim() ?? '')?.[1] ?? '';
}

function reasonOf({ cause }: Refusal): string | undefined {
  return cause instanceof Error ? quote(cause.message) : undefined;
}

function issuerJson(issuer: IssuerConfig): Readonly<Record<string, string | boolean>> {
  return {
    [issuer.match === 'exact' ? 'issuerUrl' : 'wildcardIssuerUrl']: issuer.url,
    audience: issuer.clientId,
    challengeClaim: challengeClaimOf(issuer),
    spiffeTrustDomain: issuer.kind === 'spiffe' ? issuer.trustDomain : '',
    issuerType: issuer.kind,
    subjectDomain: 'subjectDomain' in issuer ? issuer.subjectDomain : '',
    skipEmailVerification: issuer.kind === 'email' && issuer.skipEmailVerification,
  };
}

/** A token, a key and a signature, ten times over. */
const MAX_BODY_BYTES = 128 * 1024;
const PEM_CHAIN = 'application/pem-certificate-chain';
