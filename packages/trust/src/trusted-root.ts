/** The trusted root to verify with, as raw bytes: parsing it belongs to core. */
import { readFileCapped } from '@assay/net';
import { TRUSTED_ROOT } from './embedded.ts';
import { fetchTarget, type LoadedTarget, type TargetOptions } from './fetch-target.ts';

export interface TrustedRootOptions extends TargetOptions {
  /** `--trusted-root` or `ASSAY_TRUST`: replaces everything else, freshness included. */
  trustedRootFile?: string;
}

/**
 * The trusted root from a file the user named, else from the TUF mirror, its cache, or what is embedded.
 *
 * @throws TrustError FILE_…, and all of `fetchTarget`
 * @example
 * const http = createHttpClient({ env: process.env });
 * const { bytes, source, warnings } = await loadTrustedRoot({ ...trustSettings(process.env), http, now: new Date() });
 */
export async function loadTrustedRoot(options: TrustedRootOptions): Promise<LoadedTarget> {
  const { trustedRootFile } = options;
  if (trustedRootFile === undefined) return fetchTarget(TRUSTED_ROOT, options);
  return { bytes: readFileCapped(trustedRootFile, MAX_TRUSTED_ROOT_BYTES), source: { kind: 'file', location: trustedRootFile }, warnings: [] };
}

const MAX_TRUSTED_ROOT_BYTES = 16 * 1024 * 1024;
