/** Why a verification failed, in the words cosign has for it (cosign.md sections 4.2 to 4.4). The tree stays the truth; this picks its first reason. */
import { type Certificate, type Check, type CheckEvidence, failures, quote, rfc3339, type Verification } from '@assay/core';

/** For Sigstore bundles, in the order in which cosign looks: log, times, certificate, SCT, signature, identity. */
export function bundleRefusal({ root }: Verification, { byDigest }: { readonly byDigest: boolean }): string {
  const failed = failures(root);
  const find = (...prefixes: string[]) => failed.find((check) => prefixes.some((prefix) => check.code?.startsWith(prefix)));
  const digest = find('ARTIFACT_MISMATCH_DIGEST');
  const shape = find('BUNDLE_', 'KEY_HINT');
  if (shape !== undefined) return shape.says;
  if (find('IDENTITY_MISSING') !== undefined) return missingIdentity(root);
  const log = logRefusal(failed, wasLogged(root) ? digest : undefined);
  if (log !== undefined) return `failed to verify log inclusion: ${log}`;
  const time = find('TSA_', 'TIME_');
  if (time !== undefined) return `failed to verify timestamps: threshold not met for verified signed timestamps: 0 < 1; error: ${withDetails(time)}`;
  if (find('KEY_EXPECTED') !== undefined) return 'expected key signature, not certificate';
  const sct = find('SCT_');
  const chain = find('CERT_');
  if (chain !== undefined) return 'failed to verify leaf certificate: leaf certificate verification failed';
  if (sct !== undefined) return sctRefusal(sct);
  const signature = signatureRefusal(failed, byDigest);
  if (signature !== undefined) return `failed to verify signature: ${signature}`;
  const identity = find('IDENTITY_');
  if (identity !== undefined) return `failed to verify certificate identity: no matching CertificateIdentity found, last error: ${identityRefusal(identity)}`;
  return claimRefusal(failed) ?? (failed[0] === undefined ? 'verification failed' : withDetails(failed[0]));
}

/** cosign compares the log entry first, and finds a key where it expects a certificate. */
function missingIdentity(root: Check): string {
  return wasLogged(root)
    ? 'failed to verify log inclusion: transparency log certificate does not match'
    : "can't verify certificate identities: entity was not signed with a certificate";
}

function wasLogged(root: Check): boolean {
  return root.checks?.some((check) => check.id === 'tlog' && !check.optional) ?? false;
}

function logRefusal(failed: readonly Check[], digest: Check | undefined): string | undefined {
  const log = failed.find((check) => check.code?.startsWith('TLOG_') && !(check.code === 'TLOG_BODY_DIGEST' && digest !== undefined));
  const integrated = failed.find(
    (check) => check.id === 'certificate.time' && check.evidence?.['source'] === undefined && check.says.includes('signed entry timestamp'),
  );
  if (log === undefined) return bodyAgainstHint(failed, digest) ?? (integrated && 'integrated time outside certificate validity');
  switch (log.code) {
    case 'TLOG_DUPLICATE':
      return 'duplicate tlog entries found';
    case 'TLOG_UNKNOWN_LOG':
    case 'TLOG_THRESHOLD':
      return `not enough verified log entries from transparency log: ${log.found ?? 0} < ${log.expected?.replace(/\D/g, '') || 1}`;
    case 'TLOG_SET_INVALID':
      return 'not enough verified log entries from transparency log: 0 < 1';
    case 'TLOG_INCLUSION_MISMATCH':
      if (log.expected === undefined || log.found === undefined) return withDetails(log);
      return `calculated root:\n${goBytes(log.found)}\n does not match expected root:\n${goBytes(log.expected)}`;
    case 'TLOG_BODY_SIGNATURE':
      return 'transparency log signature does not match';
    case 'TLOG_BODY_KEY':
      return 'transparency log certificate does not match';
    case 'TLOG_BODY_DIGEST':
      if (log.expected === undefined || log.found === undefined) return withDetails(log);
      return `transparency log dsse/intoto entry payload hash ${hex(log.expected)} does not match envelope payload hash ${hex(log.found)}`;
    default:
      return withDetails(log);
  }
}

/**
 * cosign compares the entry with the digest that the bundle states, we with the artifact itself. When the artifact fits the entry but not the
 * statement, cosign's words are about the two of them.
 */
function bodyAgainstHint(failed: readonly Check[], digest: Check | undefined): string | undefined {
  if (digest === undefined || failed.some((check) => check.code === 'TLOG_BODY_DIGEST')) return undefined;
  return `transparency log hashedrekord entry digest ${hex(digest.found)} does not match artifact ${hex(digest.expected)}`;
}

function sctRefusal(check: Check): string {
  const count = check.code === 'SCT_THRESHOLD' ? (check.found ?? '0') : '0';
  return `failed to verify signed certificate timestamp: only able to verify ${count} SCT entries; unable to meet threshold of 1`;
}

function signatureRefusal(failed: readonly Check[], byDigest: boolean): string | undefined {
  const codes = new Set(failed.map((check) => check.code));
  const envelope = failed.some((check) => check.says.includes('envelope'));
  if (codes.has('ARTIFACT_MISMATCH_DIGEST') && byDigest) return 'artifact does not match digest';
  if (codes.has('SIGNATURE_INVALID') || codes.has('SIGNATURE_ENCODING')) {
    return envelope
      ? 'could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1'
      : 'could not verify message: invalid signature when validating ASN.1 encoded signature';
  }
  if (codes.has('SIGNATURE_DIGEST_ONLY')) return 'message signatures with ed25519 signatures can only be verified with artifacts, and not just their digest';
  if (codes.has('ARTIFACT_MISMATCH_SUBJECT')) {
    return byDigest ? 'provided artifact digest does not match any digest in statement' : 'provided artifact digests do not match digests in statement';
  }
  const other = failed.find((check) => check.code?.startsWith('ARTIFACT_') || check.code?.startsWith('STATEMENT_') || check.code?.startsWith('KEY_'));
  return other && withDetails(other);
}

const WORKFLOW_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  githubWorkflowTrigger: ['GithubWorkflowTrigger', 'Trigger'],
  githubWorkflowSha: ['GithubWorkflowSHA', 'SHA'],
  githubWorkflowName: ['GithubWorkflowName', 'Name'],
  githubWorkflowRepository: ['GithubWorkflowRepository', 'Repository'],
  githubWorkflowRef: ['GithubWorkflowRef', 'Ref'],
};

function identityRefusal(check: Check): string {
  const found = `got ${JSON.stringify(check.found ?? '')}`;
  const pattern = check.expected?.startsWith('pattern ') ? check.expected.slice('pattern '.length) : undefined;
  const expected = pattern === undefined ? `value ${JSON.stringify(check.expected ?? '')}` : `value to match regex ${JSON.stringify(pattern)}`;
  if (check.id === 'identity.san') return `expected SAN ${expected}, ${found}`;
  if (check.id === 'identity.issuer') return `expected issuer ${expected}, ${found}`;
  const [name] = WORKFLOW_WORDS[check.id.replace('identity.', '')] ?? [check.id];
  return `expected ${name} to be ${JSON.stringify(check.expected ?? '')}, ${found}`;
}

/** For loose files and older bundles: log, certificate, SCT, signature, times. */
export function looseRefusal({ root }: Verification, certificate: Certificate | undefined): string {
  const failed = failures(root);
  const find = (prefix: string) => failed.find((check) => check.code?.startsWith(prefix));
  const claim = claimRefusal(failed);
  if (claim !== undefined) return claim;
  const time = find('TSA_');
  if (time !== undefined) return `unable to verify RFC3161 timestamp bundle: ${withDetails(time)}`;
  const log = find('TLOG_');
  if (log !== undefined) return `error verifying bundle: ${looseLogRefusal(log)}`;
  const chain = failed.find((check) => check.code?.startsWith('CERT_') && !check.code.startsWith('CERT_TIME'));
  if (chain !== undefined)
    return `cert verification failed: ${withDetails(chain)}. Check your TUF root (see cosign initialize) or set a custom root with env var SIGSTORE_ROOT_FILE`;
  const workflow = failed.find((check) => check.id.replace('identity.', '') in WORKFLOW_WORDS);
  if (workflow !== undefined) return `expected GitHub Workflow ${WORKFLOW_WORDS[workflow.id.replace('identity.', '')]?.[1]} not found in certificate`;
  if (find('IDENTITY_MISMATCH') !== undefined || find('IDENTITY_ISSUER') !== undefined) return noIdentity(root, certificate);
  const sct = find('SCT_');
  if (sct !== undefined)
    return sct.code === 'SCT_MISSING'
      ? 'certificate does not include required embedded SCT and no detached SCT was set'
      : `SCT verification failed: ${withDetails(sct)}`;
  const signature = failed.find((check) => check.code === 'SIGNATURE_INVALID' || check.code === 'SIGNATURE_ENCODING');
  if (signature?.says.includes('envelope')) return 'accepted signatures do not match threshold, Found: 0, Expected 1';
  if (signature !== undefined) return 'invalid signature when validating ASN.1 encoded signature';
  const expired = find('CERT_TIME');
  if (expired !== undefined) return expiryRefusal(expired, certificate);
  return failed[0] === undefined ? 'verification failed' : withDetails(failed[0]);
}

/** What is signed holds, and says something else. */
function claimRefusal(failed: readonly Check[]): string | undefined {
  const [first] = failed;
  if (first === undefined || failed.some(({ code }) => code !== first.code)) return undefined;
  if (first.code === 'ANNOTATION_MISMATCH') return 'missing or incorrect annotation';
  if (first.code === 'ARTIFACT_MISMATCH_DIGEST' && first.id === 'artifact.digest')
    return `invalid or missing digest in claim: ${first.expected?.replace(/ \(.*$/, '') ?? ''}`;
  if (first.code === 'ARTIFACT_MISMATCH_SUBJECT') return 'no matching subject digest found';
  return undefined;
}

function looseLogRefusal(check: Check): string {
  if (check.code === 'TLOG_BODY_SIGNATURE') return 'signature in bundle does not match signature being verified';
  if (check.code === 'TLOG_SET_INVALID') return 'unable to verify SET';
  if (check.code === 'TLOG_UNKNOWN_LOG') return 'verifying bundle: rekor log public key not found for payload';
  if (check.expected === undefined || check.found === undefined) return withDetails(check);
  if (check.code === 'TLOG_BODY_DIGEST')
    return `matching bundle to payload: bundle=${JSON.stringify(hex(check.found))}, payload=${JSON.stringify(hex(check.expected))}`;
  if (check.code === 'TLOG_BODY_KEY') return `comparing public key PEMs, expected ${check.expected}, got ${check.found}`;
  return withDetails(check);
}

function noIdentity(root: Check, certificate: Certificate | undefined): string {
  const evidence: CheckEvidence = root.checks?.find((check) => check.id === 'identity')?.evidence ?? {};
  const subjects = certificate?.subjectAlternativeNames.map((name) => name.value).join(', ') ?? evidence['san'] ?? '';
  return `none of the expected identities matched what was in the certificate, got subjects [${quote(subjects)}] with issuer ${quote(evidence['oidcIssuer'] ?? '')}`;
}

function expiryRefusal(check: Check, certificate: Certificate | undefined): string {
  if (certificate === undefined || check.found === undefined) return withDetails(check);
  if (check.says.includes('(current time)')) return 'expected a signed timestamp to verify an expired certificate';
  const observed = new Date(check.found);
  const { start, end } = certificate.validity;
  if (observed > end)
    return `checking expiry on certificate with bundle: certificate expired before observed time: ${rfc3339(end)} is before ${rfc3339(observed)}`;
  return `checking expiry on certificate with bundle: certificate was issued after observed time: ${rfc3339(start)} is after ${rfc3339(observed)}`;
}

/** Where cosign has no words of its own, ours: what was expected and what was found. */
function withDetails(check: Check): string {
  const details = [check.expected && `expected ${check.expected}`, check.found && `got ${check.found}`].filter(Boolean);
  return details.length === 0 ? check.says : `${check.says} (${details.join(', ')})`;
}

function hex(text: string | undefined): string {
  return /(?:sha\d{3}:)?([0-9a-f]+)/.exec(text ?? '')?.[1] ?? '';
}

/** Bytes as Go prints them. */
function goBytes(text: string | undefined): string {
  return `[${
    (text ?? '')
      .match(/../g)
      ?.map((byte) => Number.parseInt(byte, 16))
      .join(' ') ?? ''
  }]`;
}
