/**
 * The table of defects: every rule of verification.md that a bundle, a trusted root, an artifact or a policy can break, one row
 * for each way to break it. To add one, add a row to the file of its topic.
 */
import { bodyDefects } from './body.ts';
import { bundleDefects } from './bundle.ts';
import { certificateDefects } from './certificate.ts';
import { type Defect, toDefect } from './defect.ts';
import { identityDefects } from './identity.ts';
import { logDefects } from './log.ts';
import { sctDefects } from './sct.ts';
import { signatureDefects } from './signature.ts';
import { timestampDefects } from './timestamp.ts';
import { trustRootDefects } from './trust-root.ts';

export type { Base, Defect, DefectRow } from './defect.ts';
export { ARTIFACT, toDefect } from './defect.ts';

export const defects: readonly Defect[] = [
  ...bundleDefects,
  ...trustRootDefects,
  ...logDefects,
  ...bodyDefects,
  ...timestampDefects,
  ...certificateDefects,
  ...sctDefects,
  ...identityDefects,
  ...signatureDefects,
].map(toDefect);
