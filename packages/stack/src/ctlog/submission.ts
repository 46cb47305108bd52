/**
 * What may be logged: a certificate or precertificate with the chain that leads to an accepted root (RFC 6962 section 3.1).
 *
 * Every link is verified, in the order of the chain: names, CA, key usage, signature. Dates, purposes and path lengths are not: a log is there to
 * show what authorities issued, above all what they should not have issued. Precertificate signing certificates are refused: no authority of
 * Sigstore has one.
 */
import { Certificate, equalBytes, isTrustError, OID, signatureSchemeOf, toHex, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type CtEntry, precertEntry, removePoison, sha256 } from '@assay/make';
import { Refusal } from '../http/refusal.ts';
import { LruMap } from './lru-map.ts';
import { remembered } from './remembered.ts';

export interface Submission {
  readonly entry: CtEntry;
  /** As it came. */
  readonly submitted: Uint8Array;
  /** DER, the direct issuer first, an accepted root last. */
  readonly issuers: readonly Uint8Array[];
}

/** Throws `Refusal` 400 for a chain that does not lead to one of the roots, and for the wrong type. */
export type SubmissionCheck = (type: CtEntry['type'], chain: readonly Uint8Array[]) => Promise<Submission>;

/** Chains of issuers that were verified once are not verified again. Throws `TrustError` `CERT_PARSE` for roots that are no certificates. */
export function submissionCheck(roots: readonly Uint8Array[]): SubmissionCheck {
  const accepted = roots.map((root) => Certificate.parse(root));
  const knownPaths = new LruMap<Promise<readonly Certificate[]>>(MAX_KNOWN_PATHS);

  return async (type, [submitted, ...rest]) => {
    if (submitted === undefined) throw refused(UNVERIFIED, 'the chain is empty');
    if (rest.length >= MAX_CHAIN_LENGTH) throw refused(UNVERIFIED, `${rest.length + 1} certificates, the cap is ${MAX_CHAIN_LENGTH}`);
    const certificate = parse(submitted);
    checkType(certificate, type);
    const issuers = await issuersOf(certificate, rest);
    return { entry: entryOf(type, certificate, issuers), submitted, issuers: issuers.map(({ der }) => der) };
  };

  async function issuersOf(certificate: Certificate, rest: readonly Uint8Array[]): Promise<readonly Certificate[]> {
    if (rest.length === 0) return toRoot(certificate);
    const key = rest.map((issuer) => toHex(sha256(issuer))).join();
    const issuers = await remembered(knownPaths, key, () => verifiedPath(rest.map(parse)));
    await checkIssued(certificate, issuers[0] as Certificate);
    return issuers;
  }

  async function verifiedPath(path: readonly Certificate[]): Promise<readonly Certificate[]> {
    for (const [i, issuer] of path.slice(1).entries()) await checkIssued(path[i] as Certificate, issuer);
    return [...path, ...(await toRoot(path.at(-1) as Certificate))];
  }

  /** What is still missing in a chain that ends here: nothing, or the root that issued it. */
  async function toRoot(last: Certificate): Promise<readonly Certificate[]> {
    if (accepted.some((root) => equalBytes(root.der, last.der))) return [];
    for (const root of accepted) {
      if (equalBytes(root.subject, last.issuer) && (await isSigned(last, root))) return [root];
    }
    throw refused(UNVERIFIED, `certificate signed by unknown authority: ${last.subjectText} does not lead to an accepted root`);
  }
}

function parse(der: Uint8Array): Certificate {
  try {
    return Certificate.parse(der);
  } catch (error) {
    if (isTrustError(error)) throw refused(UNVERIFIED, error.message);
    throw error;
  }
}

/** RFC 6962 section 3.1: what is poisoned is no certificate, and what is not is no precertificate. */
function checkType(certificate: Certificate, type: CtEntry['type']): void {
  const poison = certificate.extension(OID.ctPoison);
  if (poison === undefined && type === 'precert') throw refused(MISMATCH, 'a certificate without the poison extension is for add-chain');
  if (poison === undefined) return;
  if (!poison.critical || !equalBytes(poison.value, NULL)) throw refused(BAD_POISON, 'the poison extension is not critical, or not NULL');
  if (type === 'x509') throw refused(MISMATCH, 'a certificate with the poison extension is for add-pre-chain');
}

async function checkIssued(certificate: Certificate, issuer: Certificate): Promise<void> {
  const says = (problem: string) => refused(UNVERIFIED, `${certificate.subjectText}: ${issuer.subjectText} ${problem}`);
  if (!equalBytes(certificate.issuer, issuer.subject)) throw says('is not the issuer that it names');
  if (!mayIssue(issuer)) throw says('is not an authority that may sign certificates');
  if (!(await isSigned(certificate, issuer))) throw says('did not sign it');
}

function mayIssue(issuer: Certificate): boolean {
  try {
    return issuer.isCa && issuer.allowsUsage('keyCertSign');
  } catch (error) {
    if (isTrustError(error)) return false; // extensions are read when they are asked for
    throw error;
  }
}

async function isSigned(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  const scheme = signatureSchemeOf(certificate.signatureAlgorithm);
  return scheme !== undefined && verifySignature(nodeCrypto, issuer.publicKey, scheme, certificate.tbs.raw, certificate.signature);
}

function entryOf(type: CtEntry['type'], certificate: Certificate, [issuer]: readonly Certificate[]): CtEntry {
  if (type === 'x509') return { type, certificate: certificate.der };
  if (issuer === undefined) throw refused(UNVERIFIED, 'a precertificate has an issuer, and is no root');
  if (signsPrecertificates(issuer)) throw refused(UNVERIFIED, 'precertificate signing certificates are not accepted');
  return precertEntry(issuer.publicKey.spki, removePoison(certificate.der));
}

function signsPrecertificates(issuer: Certificate): boolean {
  try {
    return issuer.extendedKeyUsage?.includes(OID.precertificateSigning) ?? false;
  } catch (error) {
    if (isTrustError(error)) throw refused(UNVERIFIED, error.message);
    throw error;
  }
}

function refused(stage: string, problem: string): Refusal {
  return new Refusal(400, `failed to verify add-chain contents: ${stage}: ${problem}`);
}

/** Longer ones are no chains of anyone. */
export const MAX_CHAIN_LENGTH = 10;
const MAX_KNOWN_PATHS = 64;
const UNVERIFIED = 'chain failed to verify';
const MISMATCH = 'cert / precert mismatch';
const BAD_POISON = 'precert test failed';
/** DER of NULL. */
const NULL = Uint8Array.of(5, 0);
