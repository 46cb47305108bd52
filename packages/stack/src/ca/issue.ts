/**
 * Issuing: one set of fields, signed once or twice (services.md section 3).
 *
 *   fields ─► precertificate ─► CT log ─► SCT ─► certificate        with a log
 *   fields ─► certificate                                           without one
 *
 * When the log fails, there is no certificate: one that is not on record would be refused by every client, or worse, not missed.
 */
import { Certificate, equalBytes, OID, type PublicKey, windowContains } from '@assay/core';
import { type Authority, issueLeaf, issuePrecertificate, LEAF_LIFETIME_MS, leafFields, type Sct } from '@assay/make';
import { Refusal } from '../http/refusal.ts';
import type { Principal } from './principal.ts';
import { CA_FAILED, CT_FAILED } from './refusals.ts';

export interface IssuingAuthority {
  /** The issuing certificate with its key. */
  readonly authority: Authority;
  /** DER, the issuing certificate first, the root last. */
  readonly chain: readonly Uint8Array[];
  /** Logs `[precertificate, issuer…, root]` durably and returns the promise of the log; absent, certificates come without an SCT. */
  readonly logPrecertificate?: (chain: readonly Uint8Array[]) => Promise<Sct>;
}

/** As much of an authority as its chain is compared with. */
export interface PublicAuthority {
  readonly certificate: Uint8Array;
  readonly key: { readonly spki: Uint8Array };
}

/** The certificate, DER. Throws `Refusal` 500. */
export async function issueCertificate(ca: IssuingAuthority, principal: Principal, { spki }: PublicKey, now: Date): Promise<Uint8Array> {
  const { authority, chain, logPrecertificate } = ca;
  const fields = leafFields(authority, { spki, san: principal.san, fulcio: principal.fulcio, notBefore: now });
  if (logPrecertificate === undefined) return issueLeaf(fields, authority);
  let sct: Sct;
  try {
    sct = await logPrecertificate([issuePrecertificate(fields, authority), ...chain]);
  } catch (cause) {
    throw new Refusal(500, CT_FAILED, { cause });
  }
  return issueLeaf(fields, authority, [sct]);
}

/** Throws `Refusal` 500 when a certificate issued now would outlive its issuers, or be older than they are. */
export function checkValidity(certificates: readonly Certificate[], now: Date): void {
  const problem = validityProblem(certificates, now);
  if (problem !== undefined) throw new Refusal(500, CA_FAILED, { cause: new Error(problem) });
}

export function validityProblem(certificates: readonly Certificate[], now: Date): string | undefined {
  const end = new Date(now.getTime() + LEAF_LIFETIME_MS);
  const outside = certificates.find(({ validity }) => !windowContains(validity, now) || !windowContains(validity, end));
  if (outside === undefined) return undefined;
  const { start, end: last } = outside.validity;
  return `${outside.subjectText} is valid from ${start?.toISOString()} to ${last.toISOString()}: nothing can be issued at ${now.toISOString()}`;
}

/** Throws `TypeError` for a chain that no client would build a path through; `TrustError` `CERT_PARSE`. */
export function checkedChain({
  authority,
  chain,
}: {
  readonly authority: PublicAuthority;
  readonly chain: readonly Uint8Array[];
}): readonly [Certificate, ...Certificate[]] {
  const [issuer, ...above] = chain.map((link) => Certificate.parse(link));
  if (issuer === undefined || above.length === 0) throw new TypeError('the chain of a certificate authority has at least two certificates');
  if (!equalBytes(issuer.der, authority.certificate)) throw new TypeError("the chain does not begin with the authority's certificate");
  if (!equalBytes(issuer.publicKey.spki, authority.key.spki)) throw new TypeError("the authority's certificate is for another key");
  if (issuer.extendedKeyUsage?.includes(OID.codeSigning) !== true) throw new TypeError("the authority's certificate is not for code signing");
  const all = [issuer, ...above] as const;
  for (const [i, certificate] of all.entries()) {
    const parent = all[i + 1] ?? certificate;
    if (!certificate.isCa || !certificate.allowsUsage('keyCertSign')) throw new TypeError(`certificate ${i + 1} of the chain is not of an authority`);
    if (!equalBytes(certificate.issuer, parent.subject)) throw new TypeError(`certificate ${i + 1} of the chain was not issued by the next one`);
  }
  return all;
}
