/** Which services sign natively: those of a file that a flag or `ASSAY_TRUST` names, else public Sigstore's, else none for those who have a key. */
import { windowContains } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { parseClientTrustConfig, parseSigningConfig, type SigningConfig } from '@assay/trust/signing-config';
import type { Io } from '../io.ts';
import { named } from '../named.ts';
import { type ChosenServices, chooseServices } from '../recording.ts';
import { isTrustConfig } from '../trusted-root.ts';
import { withHttp } from '../with-http.ts';

export interface ServiceFlags {
  readonly key?: string;
  readonly signingConfig?: string;
  /** Holds a trusted root and a signing configuration. */
  readonly trustConfig?: string;
}

/** Undefined: nothing is put on record. `preferredRekor` is the version of logs that is used where there are any. Errors: `SIGNING_CONFIG_…`, `FILE_…`, those of the TUF client. */
export async function chosenServices(flags: ServiceFlags, io: Io, preferredRekor?: number): Promise<ChosenServices | undefined> {
  const config = await signingConfig(flags, io);
  if (config === undefined) return undefined;
  const isThere = config.logs.some(({ majorApiVersion, window }) => majorApiVersion === preferredRekor && windowContains(window, io.now));
  return chooseServices(config, io.now, preferredRekor !== undefined && isThere ? [preferredRekor] : undefined);
}

async function signingConfig({ key, signingConfig: file, trustConfig }: ServiceFlags, io: Io): Promise<SigningConfig | undefined> {
  if (file !== undefined) return named(file, () => parseSigningConfig(readFileCapped(file, MAX_CONFIG_BYTES)));
  const both = trustConfig ?? io.env['ASSAY_TRUST'];
  const content = both ? readFileCapped(both, MAX_CONFIG_BYTES) : undefined;
  if (both && content !== undefined && (trustConfig !== undefined || isTrustConfig(content)))
    return named(both, () => parseClientTrustConfig(content)).signingConfig;
  return key === undefined ? publicConfig(io) : undefined;
}

async function publicConfig(io: Io): Promise<SigningConfig> {
  const { fetchTarget, SIGNING_CONFIG, trustSettings } = await import('@assay/trust'); // costs start-up
  const settings = trustSettings(io.env);
  const warn = (warning: string): void => io.stderr(`warning: ${warning}\n`);
  const { bytes } = await withHttp(io, (http) => fetchTarget(SIGNING_CONFIG, { ...settings, http, now: io.now, warn }));
  return parseSigningConfig(bytes);
}

const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
