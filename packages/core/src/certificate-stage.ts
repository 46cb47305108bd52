/**
 * The signing certificate: does it chain to the trusted root at every proven time, is it on record, and is it made for signing code
 * (verification.md sections 10 to 12).
 */
import { type Authority, buildPath, datesProblem, NOT_ISSUED, type Path, type PathProblem } from './authority.ts';
import type { LogEntry } from './bundle.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { CryptoProvider } from './crypto.ts';
import { type CertificateIdentity, identityOf } from './identity.ts';
import { checkDetachedSct, checkScts } from './sct.ts';
import { fromUnixSeconds, windowContains, windowText } from './time.ts';
import type { TrustedRoot } from './trusted-root.ts';
import { type Certificate, nameText, OID } from './x509.ts';

/** A moment at which the signature provably existed, and what proves it. */
export interface ProvenTime {
  readonly time: Date;
  readonly source: 'signed entry timestamp' | 'timestamp authority' | 'witness cosignature' | 'current time';
}

export interface CertificateStage {
  readonly check: Check;
  readonly sct: Check;
  /** What the certificate says; present when it could be read, whatever else failed. */
  readonly identity: CertificateIdentity | undefined;
}

export interface CertificateDemands {
  readonly trustedRoot: TrustedRoot;
  readonly times: readonly ProvenTime[];
  readonly ctLogThreshold: number;
  readonly detachedSct?: Uint8Array | undefined;
  readonly crypto: CryptoProvider;
}

export async function checkCertificate(leaf: Certificate, entries: readonly LogEntry[], demands: CertificateDemands): Promise<CertificateStage> {
  const chain = await checkChain(leaf, demands);
  const profile = checkProfile(leaf);
  const checks = [chain.check, ...(chain.path === undefined ? [] : chain.dates), ...checkIntegratedTimes(leaf, entries, demands.times), ...profile.checks];
  return {
    check: group(
      'certificate',
      { pass: `issued for code signing by ${chain.path?.[0]?.subjectText ?? nameText(leaf.issuer)}`, fail: 'the signing certificate is refused' },
      checks,
      {
        evidence: certificateEvidence(leaf),
      },
    ),
    sct: await checkSctStage(leaf, chain.path, demands),
    identity: profile.identity,
  };
}

function certificateEvidence(leaf: Certificate) {
  return { notBefore: leaf.validity.start.toISOString(), notAfter: leaf.validity.end.toISOString() };
}

interface Chain {
  readonly check: Check;
  readonly path: Path | undefined;
  readonly dates: readonly Check[];
}

/** Every authority is tried; one that holds at every proven time is enough. */
async function checkChain(leaf: Certificate, { trustedRoot, times, crypto }: CertificateDemands): Promise<Chain> {
  const id = 'certificate.chain';
  const spec = 'verification.md section 10';
  const problems: PathProblem[] = [];
  const chains: Chain[] = [];
  for (const authority of trustedRoot.certificateAuthorities) {
    const result = await buildPath(crypto, leaf, authority, OID.codeSigning);
    if ('problem' in result) {
      problems.push(result.problem);
      continue;
    }
    const check = pass(id, `chains to ${authority.name}`, { evidence: { path: [leaf, ...result.path].map((link) => link.subjectText).join(' ← ') }, spec });
    chains.push({ check, path: result.path, dates: checkDates(leaf, result.path, authority, times) });
  }
  const held = chains.find((chain) => chain.dates.every((date) => date.status === 'pass')) ?? chains[0];
  return held ?? { check: noChain(id, problems, leaf), path: undefined, dates: [] };
}

/** The most specific reason: an authority with the right name says more than one with another. */
function noChain(id: string, problems: readonly PathProblem[], leaf: Certificate): Check {
  const spec = 'verification.md section 10';
  const near = problems.find((problem) => !problem.says.startsWith(NOT_ISSUED));
  if (near !== undefined)
    return fail(id, near.code, near.says, { ...(near.expected && { expected: near.expected }), ...(near.found && { found: near.found }), spec });
  const expected = [...new Set(problems.map((problem) => problem.expected))].join(', or ');
  return fail(id, 'CERT_CHAIN', 'no authority of the trusted root issued the certificate', {
    expected: expected || 'no certificate authority is trusted',
    found: nameText(leaf.issuer),
    spec,
  });
}

function checkDates(leaf: Certificate, path: Path, authority: Authority, times: readonly ProvenTime[]): Check[] {
  const id = 'certificate.time';
  if (times.length === 0) return [skip(id, 'validity was not checked: no time is proven')];
  return times.map(({ time, source }) => {
    const problem = datesProblem(leaf, path, authority, time);
    if (problem === undefined) return pass(id, `valid at ${time.toISOString()} (${source})`, { evidence: { time: time.toISOString(), source } });
    return fail(id, problem.code, `${problem.says} (${source})`, {
      ...(problem.expected && { expected: problem.expected }),
      ...(problem.found && { found: problem.found }),
    });
  });
}

/** An integrated time that nothing authenticates proves nothing, but one outside the certificate still gives a forgery away. */
function checkIntegratedTimes(leaf: Certificate, entries: readonly LogEntry[], times: readonly ProvenTime[]): Check[] {
  const proven = new Set(times.map(({ time }) => time.getTime()));
  return entries.flatMap(({ integratedTime, logIndex }) => {
    const time = fromUnixSeconds(integratedTime);
    if (integratedTime === 0n || (time !== undefined && (proven.has(time.getTime()) || windowContains(leaf.validity, time)))) return [];
    return [
      fail('certificate.time', 'CERT_TIME', `entry ${logIndex} states a time outside the certificate`, {
        expected: windowText(leaf.validity),
        found: time?.toISOString() ?? integratedTime.toString(),
      }),
    ];
  });
}

async function checkSctStage(leaf: Certificate, path: Path | undefined, demands: CertificateDemands): Promise<Check> {
  const { trustedRoot, ctLogThreshold, detachedSct, crypto } = demands;
  if (ctLogThreshold === 0) return skip('sct', 'certificate transparency was not demanded', { optional: true });
  if (path === undefined) return skip('sct', 'certificate transparency was not checked: the issuer is not known');
  try {
    if (detachedSct !== undefined) return await checkDetachedSct(leaf, detachedSct, trustedRoot.ctLogs, crypto);
    return await checkScts(leaf, path.length > 0 ? path : [leaf], trustedRoot.ctLogs, ctLogThreshold, crypto);
  } catch (error) {
    return failFrom('sct', error);
  }
}

function checkProfile(leaf: Certificate): { checks: Check[]; identity: CertificateIdentity | undefined } {
  const id = 'certificate.profile';
  try {
    const checks = [checkPurpose(leaf), checkUsage(leaf), checkNotAuthority(leaf), checkCritical(leaf)];
    return { checks, ...readIdentity(leaf, checks) };
  } catch (error) {
    return { checks: [failFrom(id, error)], identity: undefined };
  }
}

function readIdentity(leaf: Certificate, checks: Check[]): { identity: CertificateIdentity | undefined } {
  const id = 'certificate.profile.san';
  try {
    const identity = identityOf(leaf);
    checks.push(pass(id, 'names exactly one signer'));
    return { identity };
  } catch (error) {
    checks.push(failFrom(id, error));
    return { identity: undefined };
  }
}

function checkPurpose(leaf: Certificate): Check {
  const id = 'certificate.profile.purpose';
  const usages = leaf.extendedKeyUsage ?? [];
  if (usages.includes(OID.codeSigning)) return pass(id, 'made for code signing');
  return fail(id, 'CERT_PROFILE_EKU', 'not made for code signing', { expected: OID.codeSigning, found: usages.join(', ') || 'no extended key usage' });
}

function checkUsage(leaf: Certificate): Check {
  const id = 'certificate.profile.usage';
  if (leaf.hasKeyUsage && leaf.allowsUsage('digitalSignature')) return pass(id, 'may make signatures');
  return fail(id, 'CERT_PROFILE_USAGE', 'the key usage does not allow signatures', { expected: 'digitalSignature' });
}

function checkNotAuthority(leaf: Certificate): Check {
  const id = 'certificate.profile.ca';
  return leaf.isCa ? fail(id, 'CERT_PROFILE_CA', 'the signing certificate is a certificate authority') : pass(id, 'is not an authority');
}

function checkCritical(leaf: Certificate): Check {
  const id = 'certificate.profile.critical';
  if (leaf.extension(OID.ctPoison) !== undefined)
    return fail(id, 'CERT_PROFILE_CRITICAL', 'this is a precertificate (poison extension), not a certificate', { found: OID.ctPoison });
  const unknown = leaf.extensions.find((extension) => extension.critical && !LEAF_EXTENSIONS.has(extension.oid) && !extension.oid.startsWith(`${OID.fulcio}.`));
  if (unknown === undefined) return pass(id, 'every critical extension is understood');
  return fail(id, 'CERT_PROFILE_CRITICAL', 'a critical extension is not understood', { found: unknown.oid });
}

const LEAF_EXTENSIONS: ReadonlySet<string> = new Set([OID.keyUsage, OID.basicConstraints, OID.extendedKeyUsage, OID.subjectAlternativeName]);
