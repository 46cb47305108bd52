/** Names for what bundles name by hash: the services of a trusted root, by the ids of their keys. */
import { equalBytes, type LogInstance, type TrustedRoot } from '@assay/core';

export interface KnownServices {
  /** URL of the authority that has a certificate with this subject key id. */
  authority(subjectKeyId: Uint8Array): string | undefined;
  ctLog(id: Uint8Array): string | undefined;
  log(id: Uint8Array): string | undefined;
}

/** Empty URLs count as unknown. */
export function knownServices(root: TrustedRoot | undefined): KnownServices {
  const { certificateAuthorities = [], ctLogs = [], logs = [] } = root ?? {};
  const urlIn = (known: readonly LogInstance[]) => (id: Uint8Array) => known.find(({ logId }) => equalBytes(logId, id))?.baseUrl || undefined;
  return {
    authority: (id) =>
      certificateAuthorities.find(({ certificates }) => certificates.some(({ subjectKeyId }) => subjectKeyId && equalBytes(subjectKeyId, id)))?.uri ||
      undefined,
    ctLog: urlIn(ctLogs),
    log: urlIn(logs),
  };
}
