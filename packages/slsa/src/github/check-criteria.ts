/** The certificate's extensions against the criteria: compared without letter case, in the order and the words of GitHub's CLI (slsa.md section 3.2). */
import { type Check, type ErrorCode, fail, group, pass, quote, type VerifiedIdentity } from '@assay/core';
import type { Criteria } from './criteria.ts';

/** A group of named checks; each that failed carries the reference's text in its evidence (`attestationText`). */
export function checkCriteria({ extensions, oidcIssuer }: VerifiedIdentity, criteria: Criteria): Check {
  const checks = [
    compare('SourceRepositoryOwnerURI', 'SLSA_SOURCE', criteria.ownerUri, extensions.sourceRepositoryOwnerUri),
    ...demanded('SourceRepositoryURI', 'SLSA_SOURCE', criteria.repositoryUri, extensions.sourceRepositoryUri),
    compare('Issuer', 'IDENTITY_ISSUER', criteria.issuer, oidcIssuer),
    ...demanded('BuildSignerDigest', 'IDENTITY_EXTENSION', criteria.signerDigest, extensions.buildSignerDigest),
    ...demanded('SourceRepositoryDigest', 'IDENTITY_EXTENSION', criteria.sourceDigest, extensions.sourceRepositoryDigest),
    ...demanded('SourceRepositoryRef', 'SLSA_REF', criteria.sourceRef, extensions.sourceRepositoryRef),
  ];
  return group('attestation.criteria', { pass: 'the certificate meets the criteria', fail: 'the certificate does not meet the criteria' }, checks, {
    spec: 'slsa.md section 3.2',
  });
}

/** What GitHub's CLI prints for a failed check; undefined for checks of others. */
export function attestationText(check: Check): string | undefined {
  return check.evidence?.['text'];
}

function demanded(name: string, code: ErrorCode, expected: string | undefined, found: string | undefined): Check[] {
  return expected === undefined ? [] : [compare(name, code, expected, found)];
}

function compare(name: string, code: ErrorCode, expected: string, found = ''): Check {
  const id = `attestation.${name}`;
  const details = { expected: quote(expected), found: quote(found) || 'nothing' };
  if (folded(expected) === folded(found)) return pass(id, `${WORDS[name]} is as expected`, details);
  const advice = name === 'Issuer' && found.startsWith(`${expected}/`) ? ENTERPRISE : '';
  const text = `expected ${name} to be ${expected}, got ${found}${advice}`;
  const hint = nearMiss(name, expected, found);
  return fail(id, code, `${WORDS[name]} differs`, { ...details, evidence: { text }, ...(hint !== undefined && { hint }) });
}

/** Names of GitHub are ASCII: what else looks alike is another name. */
function folded(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function nearMiss(name: string, expected: string, found: string): string | undefined {
  if (name === 'Issuer' && found.startsWith(`${expected}/`)) return 'an enterprise may have an issuer of its own: pass it with --cert-oidc-issuer';
  if (name === 'SourceRepositoryRef' && found.endsWith(`/${expected}`)) return `a ref is named in full: ${quote(found)}`;
  if (found === '') return 'the certificate does not state it: was it issued for a workflow of GitHub?';
  return undefined;
}

const ENTERPRISE = ' -- if you have a custom OIDC issuer policy for your enterprise, use the --cert-oidc-issuer flag with your expected issuer';
const WORDS: Readonly<Record<string, string>> = {
  SourceRepositoryOwnerURI: 'the owner of the source',
  SourceRepositoryURI: 'the source repository',
  Issuer: 'the OIDC issuer',
  BuildSignerDigest: 'the commit of the signing workflow',
  SourceRepositoryDigest: 'the commit of the source',
  SourceRepositoryRef: 'the branch or tag',
};
