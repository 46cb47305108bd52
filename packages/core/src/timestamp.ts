/**
 * RFC 3161 timestamps: did a trusted authority see this signature, and when (verification.md section 9).
 *
 * The token covers the raw signature bytes. Its signer is a certificate of the trusted root; certificates inside the token can
 * only help to name it. The chain is judged at the time the token states, not now.
 */
import { type Authority, buildPath, datesProblem, type Path } from './authority.ts';
import { equalBytes, toHex } from './bytes.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { CryptoProvider, HashName, SignatureScheme } from './crypto.ts';
import { type Der, TAG, withDerErrors } from './der.ts';
import { isTrustError, TrustError } from './errors.ts';
import { verifySignature } from './signature.ts';
import { windowContains, windowText } from './time.ts';
import { ATTRIBUTE, hashOf, OID_TST_INFO, parseTimestampResponse, type SignerIdentifier, signerText, type TimestampToken } from './timestamp-token.ts';
import { Certificate, OID, signatureSchemeOf } from './x509.ts';

export interface VerifiedTimestamp {
  readonly authority: Authority;
  readonly time: Date;
}

export interface TimestampStage {
  readonly check: Check;
  readonly timestamps: readonly VerifiedTimestamp[];
}

/** Clocks differ; an authority may be this far ahead of us. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** `threshold` counts authorities; with 0, timestamps are still verified when there are any. */
export async function checkTimestamps(
  timestamps: readonly Uint8Array[],
  signature: Uint8Array,
  authorities: readonly Authority[],
  threshold: number,
  now: Date,
  crypto: CryptoProvider,
): Promise<TimestampStage> {
  const id = 'timestamps';
  if (timestamps.length === 0 && threshold === 0) return { check: skip(id, 'the bundle carries no signed timestamp', { optional: true }), timestamps: [] };
  if (authorities.length === 0 && threshold === 0) {
    return { check: skip(id, 'the trusted root lists no timestamp authority: timestamps are ignored', { optional: true }), timestamps: [] };
  }

  const checks: Check[] = duplicateChecks(timestamps);
  const verified: VerifiedTimestamp[] = [];
  for (const timestamp of timestamps) {
    const result = await checkTimestamp(timestamp, signature, authorities, now, crypto);
    checks.push(result.check);
    if (result.verified !== undefined) verified.push(result.verified);
  }
  if (threshold > 0) checks.push(checkThreshold(verified, threshold, checks));
  const trusted = `${verified.length} signed ${verified.length === 1 ? 'timestamp' : 'timestamps'} of trusted authorities`;
  const check = group(id, { pass: trusted, fail: 'a signed timestamp is refused' }, checks, { spec: 'verification.md section 9' });
  return { check, timestamps: check.status === 'pass' ? verified : [] };
}

function duplicateChecks(timestamps: readonly Uint8Array[]): Check[] {
  const seen = new Set<string>();
  return timestamps.flatMap((timestamp) => {
    const bytes = toHex(timestamp);
    if (seen.has(bytes)) return [fail('timestamps.duplicate', 'TSA_DUPLICATE', 'the same timestamp appears twice')];
    seen.add(bytes);
    return [];
  });
}

function checkThreshold(verified: readonly VerifiedTimestamp[], threshold: number, timestamps: readonly Check[]): Check {
  if (timestamps.some((timestamp) => timestamp.status !== 'pass')) return skip('timestamps.threshold', 'not counted: a timestamp was refused');
  const operators = new Set(verified.map(({ authority }) => authority.operator));
  const details = { expected: `at least ${threshold}`, found: String(operators.size) };
  if (operators.size >= threshold) return pass('timestamps.threshold', `${operators.size} timestamp authorities`, details);
  return fail('timestamps.threshold', 'TSA_THRESHOLD', 'too few verified timestamps of trusted authorities', details);
}

async function checkTimestamp(
  bytes: Uint8Array,
  signature: Uint8Array,
  authorities: readonly Authority[],
  now: Date,
  crypto: CryptoProvider,
): Promise<{ check: Check; verified?: VerifiedTimestamp }> {
  const id = 'timestamps.timestamp';
  let token: TimestampToken;
  let signers: Signer[];
  try {
    token = parseTimestampResponse(bytes);
    signers = await findSigners(token, authorities, crypto);
  } catch (error) {
    return { check: failFrom(id, error) };
  }
  const imprint = await checkImprint(token, signature, crypto);
  const at = token.genTime.toISOString();
  if (signers.length === 0) return { check: group(id, `a timestamp of ${at}`, [imprint, untrusted(token, authorities)]) };

  // The same signer may be listed with several windows: one that holds is enough, else the first tells what is wrong.
  const attempts: { check: Check; signer: Signer }[] = [];
  for (const signer of signers) {
    const checks = [imprint, ...(await checkToken(token, signer, crypto)), checkNotInFuture(token, now)];
    attempts.push({
      signer,
      check: group(id, `${signer.authority.name} saw the signature at ${at}`, checks, {
        evidence: { genTime: at, authority: signer.authority.name, policy: token.policy },
      }),
    });
  }
  const held = attempts.find(({ check }) => check.status === 'pass');
  if (held === undefined) return { check: (attempts[0] as { check: Check }).check };
  return { check: held.check, verified: { authority: held.signer.authority, time: token.genTime } };
}

async function checkImprint(token: TimestampToken, signature: Uint8Array, crypto: CryptoProvider): Promise<Check> {
  const id = 'timestamps.timestamp.imprint';
  const { algorithm, value } = token.imprint;
  const expected = await crypto.hash(algorithm, signature);
  if (equalBytes(expected, value)) return pass(id, 'the timestamp is about this signature');
  return fail(id, 'TSA_IMPRINT', 'the timestamp is about another signature', {
    expected: `${algorithm}:${toHex(expected)}`,
    found: `${algorithm}:${toHex(value)}`,
  });
}

function untrusted(token: TimestampToken, authorities: readonly Authority[]): Check {
  const expected = authorities.map((authority) => authority.name).join(', ') || 'no timestamp authority is trusted';
  return fail('timestamps.timestamp.authority', 'TSA_UNTRUSTED', 'the timestamp authority is not in the trusted root', {
    expected,
    found: signerText(token.signer),
  });
}

function checkNotInFuture(token: TimestampToken, now: Date): Check {
  const id = 'timestamps.timestamp.future';
  if (token.genTime.getTime() <= now.getTime() + MAX_CLOCK_SKEW_MS) return pass(id, 'the time lies in the past');
  return fail(id, 'TSA_FUTURE', 'the timestamp lies in the future', { expected: `at most ${now.toISOString()}`, found: token.genTime.toISOString() });
}

/** A certificate that may have signed the token, with the authority that vouches for it. */
interface Signer {
  readonly certificate: Certificate;
  readonly authority: Authority;
}

/** The root's own leaf when it names one; else an embedded leaf, which must then chain to the root. */
async function findSigners(token: TimestampToken, authorities: readonly Authority[], crypto: CryptoProvider): Promise<Signer[]> {
  const embedded = embeddedSigner(token);
  const signers: Signer[] = [];
  for (const authority of authorities) {
    const listed = authority.certificates.find((certificate) => identifies(token.signer, certificate));
    if (listed !== undefined) {
      if (embedded !== undefined && !equalBytes(embedded.der, listed.der)) continue;
      signers.push({ certificate: listed, authority });
    } else if (embedded !== undefined && authority.certificates.every((certificate) => certificate.isCa)) {
      const path = await buildPath(crypto, embedded, authority, OID.timeStamping);
      if ('path' in path) signers.push({ certificate: embedded, authority });
    }
  }
  return signers;
}

function embeddedSigner(token: TimestampToken): Certificate | undefined {
  for (const der of token.certificates) {
    const certificate = tryParse(der);
    if (certificate !== undefined && identifies(token.signer, certificate)) return certificate;
  }
  return undefined;
}

/** Embedded certificates are hints: one that cannot be read is no signer. */
function tryParse(der: Uint8Array): Certificate | undefined {
  try {
    return Certificate.parse(der);
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function identifies(signer: SignerIdentifier, certificate: Certificate): boolean {
  if (signer.kind === 'keyId') return certificate.subjectKeyId !== undefined && equalBytes(certificate.subjectKeyId, signer.keyId);
  return equalBytes(certificate.serial, signer.serial) && equalBytes(certificate.issuer, signer.issuer);
}

async function checkToken(token: TimestampToken, signer: Signer, crypto: CryptoProvider): Promise<Check[]> {
  return [
    await checkAttributes(token, signer.certificate, crypto),
    await checkTokenSignature(token, signer.certificate, crypto),
    ...(await checkSignerCertificate(token, signer, crypto)),
  ];
}

async function checkAttributes(token: TimestampToken, signer: Certificate, crypto: CryptoProvider): Promise<Check> {
  const id = 'timestamps.timestamp.attributes';
  try {
    const problem = await withAsyncDerErrors(() => attributesProblem(token, signer, crypto));
    return problem === undefined ? pass(id, 'the signed attributes are consistent') : fail(id, 'TSA_ATTRIBUTES', problem);
  } catch (error) {
    return failFrom(id, error);
  }
}

async function attributesProblem(
  { attributes, content, digestAlgorithm }: TimestampToken,
  signer: Certificate,
  crypto: CryptoProvider,
): Promise<string | undefined> {
  const contentType = attributes.get(ATTRIBUTE.contentType)?.oid('content type');
  if (contentType !== OID_TST_INFO) return 'the signed content type is not TSTInfo';
  const messageDigest = attributes.get(ATTRIBUTE.messageDigest)?.octets('message digest');
  if (messageDigest === undefined) return 'the signed message digest is missing';
  if (!equalBytes(messageDigest, await crypto.hash(digestAlgorithm, content))) return 'the signed message digest is not that of the timestamp content';
  const v2 = attributes.get(ATTRIBUTE.signingCertificateV2);
  if (v2 !== undefined) return certificateReferenceProblem(v2, signer, 2, crypto);
  const v1 = attributes.get(ATTRIBUTE.signingCertificate);
  return v1 === undefined ? 'the signed certificate reference is missing' : certificateReferenceProblem(v1, signer, 1, crypto);
}

/** ESSCertID (RFC 2634, SHA-1) and ESSCertIDv2 (RFC 5035, SHA-256 by default): binds the signature to one certificate. */
async function certificateReferenceProblem(attribute: Der, signer: Certificate, version: 1 | 2, crypto: CryptoProvider): Promise<string | undefined> {
  const reference = attribute.sequence('signing certificate').next('certificates').sequence('certificates').next('certificate').sequence('certificate');
  const named = version === 2 ? reference.optional(TAG.sequence) : undefined;
  const algorithm: HashName = named === undefined ? 'sha256' : hashOfReference(named);
  const expected = reference.next('hash').octets('hash');
  const actual = version === 1 ? await sha1(signer.der) : await crypto.hash(algorithm, signer.der);
  if (!equalBytes(expected, actual)) return 'the signed certificate reference names another certificate';
  const issuerSerial = reference.optional(TAG.sequence);
  reference.end();
  if (issuerSerial === undefined) return undefined;
  const fields = issuerSerial.sequence('issuer and serial');
  fields.next('issuer');
  return equalBytes(fields.next('serial').integerBytes('serial'), signer.serial) ? undefined : 'the signed certificate reference names another serial number';
}

function hashOfReference(algorithm: Der): HashName {
  try {
    return hashOf(algorithm, 'certificate reference');
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('TSA_ATTRIBUTES', error.message, { cause: error });
    throw error;
  }
}

/** Only to recognise the certificate that the older attribute names; the signature itself never rests on SHA-1. */
async function sha1(data: Uint8Array): Promise<Uint8Array> {
  const { sha1: hash } = await import('@noble/hashes/legacy.js');
  return hash(data);
}

async function checkTokenSignature(token: TimestampToken, signer: Certificate, crypto: CryptoProvider): Promise<Check> {
  const id = 'timestamps.timestamp.signature';
  const scheme = tokenScheme(token);
  if (scheme === undefined) return fail(id, 'TSA_SIGNATURE', `signature algorithm ${token.signatureAlgorithm} is not supported`);
  const valid = await verifySignature(crypto, signer.publicKey, scheme, token.signedAttributes, token.signature);
  const name = signer.subjectText;
  return valid ? pass(id, `signed by ${name}`) : fail(id, 'TSA_SIGNATURE', `the signature of ${name} does not verify`);
}

/** Some authorities name only the key algorithm; the hash is then the digest algorithm (RFC 5652 section 5.3). */
function tokenScheme({ signatureAlgorithm, digestAlgorithm }: TimestampToken): SignatureScheme | undefined {
  if (signatureAlgorithm === '1.2.840.113549.1.1.1') return { name: 'rsa-pkcs1', hash: digestAlgorithm };
  if (signatureAlgorithm === '1.2.840.10045.2.1') return { name: 'ecdsa', hash: digestAlgorithm };
  return signatureSchemeOf(signatureAlgorithm);
}

async function checkSignerCertificate(token: TimestampToken, { certificate, authority }: Signer, crypto: CryptoProvider): Promise<Check[]> {
  const id = 'timestamps.timestamp.chain';
  const profile = timestampProfileProblem(certificate);
  if (profile !== undefined) return [fail(id, 'TSA_CHAIN', profile)];
  const result = await pathOf(certificate, authority, crypto);
  if ('problem' in result)
    return [
      fail(id, 'TSA_CHAIN', result.problem.says, {
        ...(result.problem.expected && { expected: result.problem.expected }),
        ...(result.problem.found && { found: result.problem.found }),
      }),
    ];
  const dates = datesProblem(certificate, result.path, { ...authority, window: ALWAYS }, token.genTime);
  const chain =
    dates === undefined
      ? pass(id, `chains to ${authority.name}, valid at that time`)
      : fail(id, 'TSA_CHAIN', dates.says, { ...(dates.expected && { expected: dates.expected }), found: token.genTime.toISOString() });
  return [chain, checkWindow(token, authority)];
}

const ALWAYS = { start: new Date(0), end: undefined };

/** A root may name the signer alone: it is then its own anchor. */
async function pathOf(
  certificate: Certificate,
  authority: Authority,
  crypto: CryptoProvider,
): Promise<{ path: Path } | { problem: { says: string; expected?: string; found?: string } }> {
  if (authority.certificates.length === 1 && authority.certificates[0] === certificate) return { path: [] };
  return buildPath(crypto, certificate, authority, OID.timeStamping);
}

/** RFC 3161 section 2.3: for timestamping only, and marked critical. */
function timestampProfileProblem(certificate: Certificate): string | undefined {
  try {
    if (certificate.isCa) return 'the timestamp is signed by a certificate authority, not by a timestamping certificate';
    const usages = certificate.extendedKeyUsage ?? [];
    if (usages.length !== 1 || usages[0] !== OID.timeStamping) return 'the certificate is not for timestamping only';
    if (certificate.extension(OID.extendedKeyUsage)?.critical !== true) return 'the timestamping purpose of the certificate is not marked critical';
    return undefined;
  } catch (error) {
    if (isTrustError(error)) return error.message;
    throw error;
  }
}

function checkWindow(token: TimestampToken, authority: Authority): Check {
  const id = 'timestamps.timestamp.window';
  if (windowContains(authority.window, token.genTime)) return pass(id, 'the authority was trusted at that time');
  return fail(id, 'TSA_WINDOW', `${authority.name} was not trusted at that time`, {
    expected: windowText(authority.window),
    found: token.genTime.toISOString(),
  });
}

async function withAsyncDerErrors<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    return withDerErrors('TSA_ATTRIBUTES', 'timestamp', () => {
      throw error;
    });
  }
}
