/** What helm prints about provenance that verifies. */
import type { VerifiedProvenance } from '@assay/oci/chart';
import { printable } from '../render/printable.ts';

export function verifiedText({ signers, fingerprint, digest }: VerifiedProvenance): string {
  const lines = [...signers.map((name) => `Signed by: ${printable(name)}`), `Using Key With Fingerprint: ${fingerprint}`, `Chart Hash Verified: ${digest}`];
  return lines.map((line) => `${line}\n`).join('');
}
