/**
 * What the environment says about trust (architecture.md section 6, cosign.md section 0.3). Flags of the command line
 * come before these. Nothing else in this package looks at the environment.
 *
 * | Variable | Meaning |
 * |---|---|
 * | `ASSAY_TRUST` | a trusted_root.json that replaces TUF |
 * | `ASSAY_OFFLINE` | `1`: open no socket |
 * | `TUF_ROOT` | folder of TUF caches, shared with cosign when it is the same |
 * | `TUF_MIRROR` | URL of the TUF mirror |
 * | `TUF_ROOT_JSON` | initial root.json for that mirror |
 */

import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@assay/net';

export interface TrustSettings {
  trustedRootFile?: string;
  offline: boolean;
  cacheDir: string;
  tufMirror?: string;
  initialRoot?: { file: string };
}

/** @example await loadTrustedRoot({ ...trustSettings(process.env), http, now: new Date() }); */
export function trustSettings(env: Environment): TrustSettings {
  const { ASSAY_TRUST, ASSAY_OFFLINE, TUF_ROOT, TUF_MIRROR, TUF_ROOT_JSON } = env;
  return {
    ...(ASSAY_TRUST && { trustedRootFile: ASSAY_TRUST }),
    offline: ASSAY_OFFLINE === '1' || ASSAY_OFFLINE?.toLowerCase() === 'true',
    cacheDir: TUF_ROOT || defaultCacheDir(env),
    ...(TUF_MIRROR && { tufMirror: TUF_MIRROR }),
    ...(TUF_ROOT_JSON && { initialRoot: { file: TUF_ROOT_JSON } }),
  };
}

/** `$XDG_CACHE_HOME/assay/tuf`, or `~/.cache/assay/tuf`. The XDG specification ignores relative paths. */
export function defaultCacheDir({ XDG_CACHE_HOME, HOME }: Environment): string {
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(HOME || homedir(), '.cache');
  return join(base, 'assay', 'tuf');
}
