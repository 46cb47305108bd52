/** How slsa-verifier would say that a verification failed: by the first failed check, in its words where it has any. */
import { type Check, failures } from '@assay/core';
import { REFERENCE_ERRORS, type ReferenceErrorName, referenceText } from './reference-error.ts';

/** One line, without any prefix. */
export function refusalText(root: Check): string {
  const check = decisiveFailure(root);
  if (check === undefined) return 'verification failed';
  return referenceText(check) ?? signatureText(check);
}

/** What the reference would have stumbled over first. Undefined when nothing failed. */
export function decisiveFailure(root: Check): Check | undefined {
  const failed = failures(root);
  // The reference compares the entry's signature only: a payload that was altered is what it finds later.
  const first = failed.find(({ code }) => code !== 'TLOG_BODY_DIGEST' && code !== 'TLOG_BODY_KEY') ?? failed[0];
  if (first === undefined || referenceText(first) !== undefined || !ABOUT_FORM.test(first.code ?? '')) return first;
  // What the bundle lacks is said apart, and says more than that a threshold was missed.
  return failed.find(({ id }) => id === 'bundle.provenance') ?? first;
}

/** Of the signature stage, whose checks are core's. */
function signatureText(check: Check): string {
  const { code = '' } = check;
  const detail = detailOf(check);
  if (code === 'TLOG_BODY_SIGNATURE') return `matching bundle entry with content: ${REFERENCE_ERRORS.ErrorMismatchSignature}`;
  if (code.startsWith('TLOG_BODY_')) return `matching bundle entry with content: ${detail}`;
  if (code.startsWith('BUNDLE_')) return `unmarshaling bundle: ${detail}`;
  const error = BY_CODE.find(([prefix]) => code.startsWith(prefix))?.[1];
  return error === undefined ? detail : `${REFERENCE_ERRORS[error]}: ${detail}`;
}

function detailOf({ says, expected, found }: Check): string {
  const details = [expected && `expected ${expected}`, found && `got ${found}`].filter(Boolean);
  return details.length === 0 ? says : `${says} (${details.join(', ')})`;
}

const ABOUT_FORM = /^(?:TLOG_THRESHOLD$|TLOG_KIND$|TIME_MISSING$|ARTIFACT_)/;
/** The first prefix that fits. */
const BY_CODE: readonly (readonly [string, ReferenceErrorName])[] = [
  ['TLOG_UNKNOWN_LOG', 'ErrorRekorPubKey'],
  ['TLOG_', 'ErrorInvalidRekorEntry'],
  ['TSA_', 'ErrorInvalidRekorEntry'],
  ['TIME_', 'ErrorInvalidRekorEntry'],
  ['CERT_', 'ErrorInvalidCertificate'],
  ['SCT_', 'ErrorInvalidCertificate'],
  ['IDENTITY_', 'ErrorInvalidCertificate'],
  ['KEY_', 'ErrorInvalidSignature'],
  ['SIGNATURE_', 'ErrorInvalidSignature'],
];
