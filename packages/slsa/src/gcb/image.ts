/**
 * Whether signed statement and unsigned surroundings are about the image at hand (slsa.md section 1.9, GCB steps 3, 5 and 6). `digest` is the hex of
 * its SHA-256 throughout.
 */
import { type Check, pass, quote } from '@assay/core';
import { refuse } from '../reference-error.ts';
import type { GcbDocument, GcbItem } from './document.ts';
import type { GcbStatement } from './statement.ts';

/** Subjects are read in order, up to the one that is the image: each of them must be named by a SHA-256. */
export function checkSubject({ body }: GcbStatement, digest: string): Check {
  const id = 'gcb.subject';
  const subjects = body.subject ?? [];
  const decisive = subjects.find((subject) => subject.digest?.['sha256'] === undefined || subject.digest['sha256'] === digest);
  if (decisive?.digest?.['sha256'] === digest) return pass(id, `the statement is about sha256:${digest} (${quote(decisive.name)})`, { spec: SPEC });
  if (decisive !== undefined || subjects.length === 0) {
    return refuse(id, {
      error: 'ErrorInvalidDssePayload',
      detail: decisive === undefined ? 'no subjects' : 'no sha256 subject digest',
      code: 'SLSA_SUBJECT_ALGORITHM',
      says: decisive === undefined ? 'the statement has no subject' : `the subject ${quote(decisive.name)} has no SHA-256`,
      spec: SPEC,
    });
  }
  return refuse(id, {
    error: 'ErrorMismatchHash',
    text: `expected hash '${digest}' not found: artifact hash does not match provenance subject`,
    code: 'SLSA_SUBJECT',
    says: 'the statement is about other images',
    expected: `sha256:${digest}`,
    found: found(subjects.map((subject) => `sha256:${quote(subject.digest?.['sha256'] ?? '', 64)}`)),
    spec: SPEC,
  });
}

function found(digests: readonly string[]): string {
  const different = [...new Set(digests)];
  return different.slice(0, 3).join(', ') + (different.length > 3 ? ` and ${different.length - 3} more` : '');
}

/** What the service says of the occurrence that the envelope is in. */
export function checkOccurrence({ kind, resourceUri }: GcbItem, digest: string): Check[] {
  return [checkKind(kind), checkDigest('gcb.occurrence.resource', 'resourceUri', resourceUri, resourceUri.endsWith(`@sha256:${digest}`), digest)];
}

function checkKind(kind: string): Check {
  const id = 'gcb.occurrence.kind';
  if (kind === 'BUILD') return pass(id, 'the occurrence is a build', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorInvalidFormat',
    detail: `expected kind 'BUILD', got '${quote(kind)}'`,
    code: 'SLSA_GCB_BUILD',
    says: 'the occurrence is not a build',
    expected: 'BUILD',
    found: quote(kind),
    spec: SPEC,
  });
}

/** What the service says of the image. */
export function checkSummary({ image_summary: { digest: stated, fully_qualified_digest: qualified } }: GcbDocument, digest: string): Check[] {
  return [
    checkDigest('gcb.summary.digest', 'image_summary.digest', stated, stated === `sha256:${digest}`, digest),
    checkDigest('gcb.summary.qualified', 'image_summary.fully_qualified_digest', qualified, qualified.endsWith(`sha256:${digest}`), digest),
  ];
}

function checkDigest(id: string, name: string, stated: string, same: boolean, digest: string): Check {
  if (same) return pass(id, `${name} names the image`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchHash',
    detail: `expected ${name} '${digest}', got '${quote(stated)}'`,
    code: 'SLSA_SUBJECT',
    says: `${name} names another image`,
    expected: `sha256:${digest}`,
    found: quote(stated) || 'nothing',
    spec: SPEC,
  });
}

const SPEC = 'slsa.md section 1.9';
