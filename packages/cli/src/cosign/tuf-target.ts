/** What the TUF repository in use publishes: that of `TUF_MIRROR`, else the one `cosign initialize` chose, else public Sigstore's. */
import { createHttpClient } from '@assay/net';
import { fetchTarget, initializedSettings, loadTrustedRoot, SIGNING_CONFIG, TRUSTED_ROOT } from '@assay/trust';
import type { Io } from '../io.ts';
import { USER_AGENT } from './user-agent.ts';

export function publishedSigningConfig(io: Io): Promise<Uint8Array> {
  return tufTarget(SIGNING_CONFIG, io);
}

/**
 * The bytes of a target, as fresh as the TUF client demands; a stale one is said on standard error. `offline: true` takes what is at hand.
 * Errors: `TUF_…`, `TRUST_ROOT_…`, `NET_…`.
 */
export async function tufTarget(name: string, io: Io, demand: { readonly offline?: true } = {}): Promise<Uint8Array> {
  const settings = initializedSettings(io.env);
  const offline = demand.offline === true || settings.offline;
  const http = createHttpClient({ env: io.env, offline, userAgent: USER_AGENT });
  const options = { ...settings, http, offline, now: io.now, warn: (warning: string) => io.stderr(`WARNING: ${warning}\n`) };
  try {
    const { bytes } = await (name === TRUSTED_ROOT ? loadTrustedRoot(options) : fetchTarget(name, options));
    return bytes;
  } finally {
    http.close();
  }
}
