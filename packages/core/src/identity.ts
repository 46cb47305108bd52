/**
 * Who signed: what a certificate says about its owner, and whether that is who we expect (verification.md section 12).
 *
 * Exact values compare byte for byte, case and all. Patterns are RE2, in Go's syntax and linear time, and anchored here: a pattern must
 * match the whole value. The compatible commands ask for `search`, which matches anywhere as cosign does.
 */
import { decodeUtf8 } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import { type Check, fail, group, pass } from './check.ts';
import { Der, DerError } from './der.ts';
import { quote, TrustError } from './errors.ts';
import { type Certificate, OID, type SubjectAlternativeName } from './x509.ts';

/** Fulcio's extensions 1.3.6.1.4.1.57264.1.N by name (services.md section 3). */
export const FULCIO_EXTENSIONS = {
  githubWorkflowTrigger: 2,
  githubWorkflowSha: 3,
  githubWorkflowName: 4,
  githubWorkflowRepository: 5,
  githubWorkflowRef: 6,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
  deploymentEnvironment: 23,
  tokenSubject: 24,
} as const;

export type FulcioExtension = keyof typeof FULCIO_EXTENSIONS;

const FULCIO_NUMBERS = Object.entries(FULCIO_EXTENSIONS) as [FulcioExtension, number][];

/** What the certificate says, before anyone judged it. */
export interface CertificateIdentity {
  readonly san: SubjectAlternativeName;
  readonly oidcIssuer: string;
  readonly extensions: Readonly<Partial<Record<FulcioExtension, string>>>;
}

/** One value to compare with: exact text, or a pattern. */
export type Matcher =
  | { readonly kind: 'exact'; readonly value: string }
  /** `whole` anchors at both ends; `search` matches anywhere (cosign's meaning). */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly mode: 'whole' | 'search'; readonly matches: (text: string) => boolean };

/** An expected signer: every matcher must hold. Both san and issuer are required: a name means nothing without who vouched for it. */
export interface ExpectedIdentity {
  readonly san: Matcher;
  readonly issuer: Matcher;
  readonly extensions?: Readonly<Partial<Record<FulcioExtension, Matcher>>>;
}

export function exactly(value: string): Matcher {
  return { kind: 'exact', value };
}

/** An RE2 pattern. The engine is loaded on first use. Errors: `IDENTITY_PATTERN`. */
export async function matching(pattern: string, mode: 'whole' | 'search' = 'whole'): Promise<Matcher> {
  if (pattern.length > MAX_PATTERN) throw new TrustError('IDENTITY_PATTERN', `pattern of ${pattern.length} characters, the cap is ${MAX_PATTERN}`);
  const { RE2JS } = await import('re2js');
  let compiled: InstanceType<typeof RE2JS>;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TrustError('IDENTITY_PATTERN', `not an RE2 pattern: ${quote(pattern)} : ${reason}`, { cause: error });
  }
  const matches = (text: string) => (mode === 'whole' ? compiled.matches(text) : compiled.matcher(text).find());
  return { kind: 'pattern', pattern, mode, matches };
}

export function matchesText(matcher: Matcher, text: string): boolean {
  return matcher.kind === 'exact' ? matcher.value === text : matcher.matches(text);
}

export function matcherText(matcher: Matcher): string {
  if (matcher.kind === 'exact') return quote(matcher.value);
  return matcher.mode === 'whole' ? `pattern ^(?:${quote(matcher.pattern)})$` : `pattern ${quote(matcher.pattern)}`;
}

/** Errors: `CERT_PROFILE_SAN`, `CERT_PROFILE_ISSUER`, `CERT_PARSE`. */
export function identityOf(certificate: Certificate): CertificateIdentity {
  const names = certificate.subjectAlternativeNames;
  const [san] = names;
  if (san === undefined || names.length !== 1) {
    throw new TrustError('CERT_PROFILE_SAN', `the certificate has ${names.length} subject alternative names`, {
      expected: 'exactly one',
      found: quote(names.map((name) => name.value).join(', ')) || 'none',
    });
  }
  if (!SIGNER_KINDS.has(san.kind) || san.value === '') {
    throw new TrustError('CERT_PROFILE_SAN', 'the subject alternative name is of a kind that names no signer', {
      expected: 'e-mail address, URI or user name',
      found: `${san.kind} ${quote(san.value)}`,
    });
  }
  return { san, oidcIssuer: oidcIssuerOf(certificate), extensions: fulcioExtensions(certificate) };
}

/** .8 is a DER UTF8String; the older .1 holds the raw bytes. Both must agree. */
function oidcIssuerOf(certificate: Certificate): string {
  const current = extensionText(certificate, 8, 'der');
  const older = extensionText(certificate, 1, 'raw');
  if (current !== undefined && older !== undefined && current !== older) {
    throw new TrustError('CERT_PROFILE_ISSUER', 'the certificate names two OIDC issuers', { expected: quote(current), found: quote(older) });
  }
  return current ?? older ?? '';
}

function fulcioExtensions(certificate: Certificate): CertificateIdentity['extensions'] {
  const values: Partial<Record<FulcioExtension, string>> = {};
  for (const [name, number] of FULCIO_NUMBERS) {
    const value = extensionText(certificate, number, number <= 6 ? 'raw' : 'der');
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function extensionText(certificate: Certificate, number: number, encoding: 'raw' | 'der'): string | undefined {
  const oid = `${OID.fulcio}.${number}`;
  const value = certificate.extension(oid)?.value;
  if (value === undefined) return undefined;
  const text = encoding === 'raw' ? decodeUtf8(value) : derText(value, oid);
  if (text === undefined) throw new TrustError('CERT_PARSE', `certificate: extension ${oid} is not UTF-8 text`);
  return text;
}

function derText(value: Uint8Array, oid: string): string {
  try {
    return Der.parse(value).text(oid);
  } catch (error) {
    if (error instanceof DerError) throw new TrustError('CERT_PARSE', `certificate: extension ${error.message}`, { cause: error });
    throw error;
  }
}

/** One group: passed with the identity that matched, or failed with a near miss for each expected identity. */
export function checkIdentity(found: CertificateIdentity, expected: readonly ExpectedIdentity[]): Check {
  const candidates = expected.map((identity, i) => compareIdentity(found, identity, expected.length === 1 ? '' : ` (${i + 1} of ${expected.length})`));
  const matched = candidates.find((candidate) => candidate.status === 'pass');
  const evidence = { san: found.san.value, oidcIssuer: found.oidcIssuer };
  if (matched !== undefined) return { ...matched, evidence };
  if (candidates.length === 0) return fail('identity', 'IDENTITY_MISMATCH', 'no expected identity was given');
  if (candidates.length === 1) return { ...(candidates[0] as Check), evidence };
  return group('identity', 'the signer is none of the expected identities', candidates, { evidence });
}

function compareIdentity(found: CertificateIdentity, expected: ExpectedIdentity, which: string): Check {
  const checks = [
    compare('identity.san', 'IDENTITY_MISMATCH', 'the signer', expected.san, found.san.value),
    compare('identity.issuer', 'IDENTITY_ISSUER', 'the OIDC issuer', expected.issuer, found.oidcIssuer),
    ...Object.entries(expected.extensions ?? {}).map(([name, matcher]) => {
      return compare(`identity.${name}`, 'IDENTITY_EXTENSION', words(name), matcher, found.extensions[name as FulcioExtension]);
    }),
  ];
  const misses = checks.filter((check) => check.status === 'fail');
  const says =
    misses.length === 0
      ? `signed by ${quote(found.san.value)}, vouched for by ${quote(found.oidcIssuer)}`
      : `expected identity${which}: ${misses.length} of ${checks.length} values differ`;
  return group('identity', says, checks, { spec: 'verification.md section 12' });
}

function compare(id: string, code: ErrorCode, what: string, matcher: Matcher, value: string | undefined): Check {
  const expected = matcherText(matcher);
  if (value === undefined) return fail(id, code, `the certificate does not state ${what}`, { expected, found: 'nothing' });
  const found = quote(value);
  if (!matchesText(matcher, value)) return fail(id, code, `${what} differs`, { expected, found, ...nearMiss(matcher, value) });
  return pass(id, `${what} is as expected`, { expected, found, ...greedyWarning(matcher) });
}

/** What a person would want to hear first about two long texts that differ a little. */
function nearMiss(matcher: Matcher, found: string): { hint?: string } {
  if (matcher.kind !== 'exact') return {};
  const expected = matcher.value;
  if (expected.toLowerCase() === found.toLowerCase()) return { hint: 'they differ in upper and lower case only; identities are case-sensitive' };
  const [expectedBase, expectedRef] = splitRef(expected);
  const [foundBase, foundRef] = splitRef(found);
  if (expectedRef !== undefined && foundRef !== undefined) {
    if (expectedBase === foundBase) return { hint: `the workflow matches, the ref differs: expected ${quote(expectedRef)}, found ${quote(foundRef)}` };
    if (expectedRef === foundRef) return { hint: 'the ref matches, the workflow differs' };
  }
  if (found.startsWith(expected) || expected.startsWith(found)) return { hint: 'one is the beginning of the other; an identity must match as a whole' };
  return {};
}

function splitRef(san: string): [string, string | undefined] {
  const at = san.lastIndexOf('@refs/');
  return at < 0 ? [san, undefined] : [san.slice(0, at), san.slice(at + 1)];
}

/** A pattern that accepts a text nobody would choose accepts everything. */
function greedyWarning(matcher: Matcher): { warning?: string } {
  if (matcher.kind !== 'pattern') return {};
  if (matcher.matches('') || matcher.matches('\u{1f980} unlikely'))
    return { warning: `the pattern ${quote(matcher.pattern)} matches everyone: it checks nothing` };
  if (matcher.mode === 'search' && !isAnchored(matcher.pattern)) {
    return { warning: `the pattern ${quote(matcher.pattern)} is not anchored: it also matches inside other identities` };
  }
  return {};
}

/** `^…$` around the whole pattern; in `^a|b$` each anchor holds for one alternative only. */
function isAnchored(pattern: string): boolean {
  const bare = pattern.replace(/\\.|\[(?:\\.|[^\]])*\]/gs, 'x');
  if (!bare.startsWith('^') || !bare.endsWith('$')) return false;
  let depth = 0;
  for (const char of bare) {
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return false;
  }
  return true;
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const SIGNER_KINDS: ReadonlySet<string> = new Set(['email', 'uri', 'otherName']);
const MAX_PATTERN = 4096;
