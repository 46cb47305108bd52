/** What was signed and does not verify is neither written nor stored. */
import { failures, TrustError, type Verification } from '@assay/core';

/** `what` was signed. Errors: what the verification found. */
export function requireVerified({ ok, root }: Verification, what: string): void {
  if (ok) return;
  const [first] = failures(root);
  throw new TrustError(first?.code ?? 'SIGNATURE_INVALID', `${what} does not verify: ${first?.says ?? ''}`);
}
