/**
 * Certificate authorities of a trusted root, and the path from a certificate to one of them.
 *
 * The hybrid model of verification.md section 10: signatures, names and constraints of the path do not depend on time and are checked
 * here; whether every certificate was valid, and the authority trusted, at a proven signing time is a separate question
 * (`datesProblem`), asked once for each proven time.
 */
import { equalBytes } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import type { CryptoProvider } from './crypto.ts';
import { isTrustError } from './errors.ts';
import { verifySignature } from './signature.ts';
import { type Window, windowContains, windowText } from './time.ts';
import { type Certificate, nameText, OID, signatureSchemeOf } from './x509.ts';

export interface Authority {
  /** For messages: common name and organization, or the URI. */
  readonly name: string;
  readonly uri: string;
  /** Results of one operator count once (verification.md section 3). */
  readonly operator: string;
  /** Issuing certificate first, anchor last; a timestamp authority's signer may come before them. */
  readonly certificates: readonly Certificate[];
  /** Bounds the whole chain, in addition to each certificate's own dates. */
  readonly window: Window;
}

/** Issuers of a certificate, the direct one first, the anchor last. */
export type Path = readonly Certificate[];

export interface PathProblem {
  readonly code: ErrorCode;
  readonly says: string;
  readonly expected?: string;
  readonly found?: string;
}

export type PathResult = { readonly path: Path } | { readonly problem: PathProblem };

/** The path from `certificate` to the last certificate of `authority`, every signature verified. `purpose` is the EKU that must chain. */
export async function buildPath(crypto: CryptoProvider, certificate: Certificate, authority: Authority, purpose: string): Promise<PathResult> {
  let nearest: PathProblem | undefined;
  for (const issuer of authority.certificates) {
    if (issuer === certificate || !equalBytes(issuer.subject, certificate.issuer)) continue;
    const problem = issuerProblem(certificate, issuer, purpose) ?? (await signatureProblem(crypto, certificate, issuer));
    if (problem !== undefined) {
      nearest = problem;
      continue;
    }
    const upper = await pathAbove(crypto, issuer, authority, purpose);
    if ('path' in upper) return { path: [issuer, ...upper.path] };
    nearest = upper.problem;
  }
  return { problem: nearest ?? notIssued(certificate, authority) };
}

function notIssued(certificate: Certificate, authority: Authority): PathProblem {
  return {
    code: 'CERT_CHAIN',
    says: `${NOT_ISSUED} ${authority.name}`,
    expected: authority.certificates.map((issuer) => issuer.subjectText).join(' or '),
    found: nameText(certificate.issuer),
  };
}

/** How a problem starts that says nothing but that the names differ. */
export const NOT_ISSUED = 'not issued by';

/** Paths above issuing certificates never change: verified once for each authority, issuer and purpose. */
const knownPaths = new WeakMap<Authority, Map<string, Promise<PathResult>>>();

function pathAbove(crypto: CryptoProvider, issuer: Certificate, authority: Authority, purpose: string): Promise<PathResult> {
  const known = knownPaths.get(authority) ?? new Map<string, Promise<PathResult>>();
  knownPaths.set(authority, known);
  const name = `${authority.certificates.indexOf(issuer)} ${purpose}`;
  const path = known.get(name) ?? climb(crypto, issuer, authority, purpose);
  known.set(name, path);
  return path;
}

/** From an issuing certificate to the anchor. The anchor may be an intermediate: its own signature is not asked for. */
async function climb(crypto: CryptoProvider, issuing: Certificate, authority: Authority, purpose: string): Promise<PathResult> {
  const anchor = authority.certificates.at(-1);
  const path: Certificate[] = [];
  let current = issuing;
  while (current !== anchor) {
    const next = await nextIssuer(crypto, current, path, authority, purpose);
    if ('problem' in next) return next;
    path.push(next.issuer);
    current = next.issuer;
  }
  return { path };
}

async function nextIssuer(
  crypto: CryptoProvider,
  current: Certificate,
  below: Path,
  authority: Authority,
  purpose: string,
): Promise<{ issuer: Certificate } | { problem: PathProblem }> {
  let problem: PathProblem | undefined;
  for (const issuer of authority.certificates) {
    if (issuer === current || below.includes(issuer) || !equalBytes(issuer.subject, current.issuer)) continue;
    const found =
      issuerProblem(current, issuer, purpose) ?? pathLengthProblem(issuer, [current, ...below]) ?? (await signatureProblem(crypto, current, issuer));
    if (found === undefined) return { issuer };
    problem = found;
  }
  return {
    problem: problem ?? {
      code: 'CERT_CHAIN',
      says: `${current.subjectText} does not lead to the anchor of ${authority.name}`,
      found: nameText(current.issuer),
    },
  };
}

/** Extensions are read when they are asked for: a malformed one, in a certificate that nobody vouches for yet, is a problem and no exception. */
function issuerProblem(certificate: Certificate, issuer: Certificate, purpose: string): PathProblem | undefined {
  try {
    return constraintProblem(certificate, issuer, purpose);
  } catch (error) {
    if (isTrustError(error)) return { code: error.code, says: error.message };
    throw error;
  }
}

/** What forbids `issuer` to have issued `certificate`, apart from the signature. RFC 5280 section 6.1.4. */
function constraintProblem(certificate: Certificate, issuer: Certificate, purpose: string): PathProblem | undefined {
  const refused = (says: string): PathProblem => ({ code: 'CERT_CHAIN', says: `${issuer.subjectText} ${says}` });
  if (!issuer.isCa) return refused('is not a certificate authority');
  if (!issuer.allowsUsage('keyCertSign')) return refused('may not sign certificates (key usage)');
  const usages = issuer.extendedKeyUsage;
  if (usages !== undefined && !usages.includes(purpose) && !usages.includes(OID.anyExtendedKeyUsage)) {
    return { ...refused('may not issue certificates for this purpose'), expected: purpose, found: usages.join(', ') };
  }
  const critical = issuer.extensions.find((extension) => extension.oid === OID.nameConstraints || (extension.critical && !CA_EXTENSIONS.has(extension.oid)));
  if (critical !== undefined) return { ...refused('has an extension that is not understood'), code: 'CERT_PROFILE_CRITICAL', found: critical.oid };
  const wanted = certificate.authorityKeyId;
  const actual = issuer.subjectKeyId;
  if (wanted !== undefined && actual !== undefined && !equalBytes(wanted, actual))
    return refused('has another key than the certificate names (key identifier)');
  return undefined;
}

/** Name constraints are refused, critical or not: we do not enforce them, and ignoring them would widen what the authority may name. */
const CA_EXTENSIONS: ReadonlySet<string> = new Set([OID.basicConstraints, OID.keyUsage, OID.extendedKeyUsage, OID.subjectAlternativeName]);

function pathLengthProblem(issuer: Certificate, authoritiesBelow: Path): PathProblem | undefined {
  const limit = issuer.basicConstraints?.pathLength;
  // RFC 5280 section 4.2.1.9: self-issued certificates do not count.
  const depth = authoritiesBelow.filter((certificate) => !certificate.selfIssued).length;
  if (limit === undefined || depth <= limit) return undefined;
  return { code: 'CERT_CHAIN', says: `${issuer.subjectText} allows ${limit} authorities below it, the path has ${depth}` };
}

async function signatureProblem(crypto: CryptoProvider, certificate: Certificate, issuer: Certificate): Promise<PathProblem | undefined> {
  const scheme = signatureSchemeOf(certificate.signatureAlgorithm);
  if (scheme === undefined) return { code: 'CERT_CHAIN_SIGNATURE', says: `signature algorithm ${certificate.signatureAlgorithm} is not supported` };
  const valid = await verifySignature(crypto, issuer.publicKey, scheme, certificate.tbs.raw, certificate.signature);
  return valid ? undefined : { code: 'CERT_CHAIN_SIGNATURE', says: `names ${issuer.subjectText} as its issuer, but is not signed by that key` };
}

/** Why the path does not hold at `time`, or undefined when every certificate and the authority were valid then. */
export function datesProblem(certificate: Certificate, path: Path, authority: Authority, time: Date): PathProblem | undefined {
  const chain = [certificate, ...path];
  const outside = chain.find((link) => !windowContains(link.validity, time));
  if (outside !== undefined) {
    const which = outside === certificate ? 'the certificate' : outside.subjectText;
    return { code: 'CERT_TIME', says: `${which} was not valid at ${time.toISOString()}`, expected: windowText(outside.validity), found: time.toISOString() };
  }
  if (windowContains(authority.window, time)) return undefined;
  return {
    code: 'CERT_CHAIN_WINDOW',
    says: `${authority.name} was not trusted at ${time.toISOString()}`,
    expected: windowText(authority.window),
    found: time.toISOString(),
  };
}
