/** The real cosigns that are on this machine: the current one and the older line. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findCosign } from '../../cli/test/foreign-cosign.ts';

export interface RealCosign {
  readonly version: string;
  /** Empty when it is not there. */
  readonly path: string;
}

export function realCosigns(): RealCosign[] {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  const older = join(testbed, 'cosign-2.6.5', 'cosign');
  return [
    { version: '3.1.3', path: findCosign() ?? '' },
    { version: '2.6.5', path: existsSync(older) ? older : '' },
  ];
}
