/** `ASSAY_OFFLINE`, read as the trust settings read it. */
import type { Io } from './io.ts';

export function isOffline(env: Io['env']): boolean {
  return /^(?:1|true)$/i.test(env['ASSAY_OFFLINE'] ?? '');
}
