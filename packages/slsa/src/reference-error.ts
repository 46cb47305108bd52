/**
 * slsa-verifier's errors (slsa.md section 1.12). A check that fails under its rules carries the name of the error and its whole text, so that a
 * dialect prints what scripts look for, and the tree says the same in our words.
 */
import { type Check, type ErrorCode, fail } from '@assay/core';

/** What each error says, whatever the details. */
export const REFERENCE_ERRORS = {
  ErrorInvalidDssePayload: 'invalid DSSE envelope payload',
  ErrorMismatchBranch: 'branch used to generate the binary does not match provenance',
  ErrorMismatchPackageVersion: 'package version does not match provenance',
  ErrorMismatchPackageName: 'package name does not match provenance',
  ErrorMismatchBuilderID: 'builderID does not match provenance',
  ErrorInvalidBuilderID: 'builderID is invalid',
  ErrorInvalidBuildType: 'buildType is invalid',
  ErrorMismatchSource: 'source used to generate the binary does not match provenance',
  ErrorMismatchWorkflowInputs: 'workflow input does not match',
  ErrorMalformedURI: 'URI is malformed',
  ErrorMismatchCertificate: 'certificate and provenance mismatch',
  ErrorInvalidCertificate: 'invalid certificate',
  ErrorMismatchTag: 'tag used to generate the binary does not match provenance',
  ErrorMismatchVersionedTag: 'tag used to generate the binary does not match provenance',
  ErrorInvalidRecipe: 'the recipe is invalid',
  ErrorInvalidSemver: 'invalid semantic version',
  ErrorRekorSearch: 'error searching rekor entries',
  ErrorMismatchHash: 'artifact hash does not match provenance subject',
  ErrorNonVerifiableClaim: 'provenance claim cannot be verified',
  ErrorMismatchIntoto: 'verified intoto provenance does not match text provenance',
  ErrorInvalidRef: 'invalid ref',
  ErrorUntrustedReusableWorkflow: 'untrusted reusable workflow',
  ErrorNoValidRekorEntries: 'could not find a matching valid signature entry',
  ErrorVerifierNotSupported: 'no verifier support the builder',
  ErrorInvalidOIDCIssuer: 'invalid OIDC issuer',
  ErrorNotSupported: 'not supported',
  ErrorInvalidFormat: 'invalid format',
  ErrorInvalidPEM: 'invalid PEM',
  ErrorInvalidSignature: 'invalid signature',
  ErrorMismatchSignature: 'bundle tlog entry does not match signature',
  ErrorNoValidSignature: 'no valid signature',
  ErrorMutableImage: 'the image is mutable',
  ErrorImageHash: 'cannot retrieve sha256 of image',
  ErrorInvalidEncoding: 'invalid encoding',
  ErrorInternal: 'internal error',
  ErrorInvalidRekorEntry: 'invalid Rekor entry',
  ErrorRekorPubKey: 'error retrieving Rekor public keys',
  ErrorInvalidPackageName: 'invalid package name',
  ErrorInvalidSubject: 'invalid subject',
  ErrorInvalidHash: 'invalid hash',
  ErrorNotPresent: 'not present',
  ErrorInvalidPublicKey: 'invalid public key',
  ErrorInvalidVerificationResult: 'verificationResult is not PASSED',
  ErrorMismatchVerifiedLevels: 'verified levels do not match',
  ErrorMissingSubjectDigest: 'missing subject digest',
  ErrorEmptyRequiredField: 'empty value in required field',
  ErrorMismatchResourceURI: 'resource URI does not match',
  ErrorMismatchVerifierID: 'verifier ID does not match',
  ErrorInvalidSLSALevel: 'invalid SLSA level',
} as const;

export type ReferenceErrorName = keyof typeof REFERENCE_ERRORS;

export interface Refusal {
  readonly error: ReferenceErrorName;
  /** Behind the error's text; or the whole text, where the order is another. */
  readonly detail?: string;
  readonly text?: string;
  readonly code: ErrorCode;
  /** In our words. */
  readonly says: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly hint?: string | undefined;
  /** Default `slsa.md section 1.7`. */
  readonly spec?: string;
}

/** A failed check whose evidence is `{ error, text }`: the reference's name of the error, and what it prints. */
export function refuse(id: string, { error, detail, text, code, says, expected, found, hint, spec = 'slsa.md section 1.7' }: Refusal): Check {
  const whole = text ?? (detail === undefined ? REFERENCE_ERRORS[error] : `${REFERENCE_ERRORS[error]}: ${detail}`);
  return fail(id, code, says, {
    spec,
    evidence: { error, text: whole },
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(hint !== undefined && { hint }),
  });
}

/** What slsa-verifier prints for this check; undefined for checks of ours alone. */
export function referenceText(check: Check): string | undefined {
  return check.evidence?.['error'] === undefined ? undefined : check.evidence['text'];
}
