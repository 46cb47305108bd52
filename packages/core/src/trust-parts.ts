/**
 * A trusted root made of loose parts, as the older flags and variables name them: certificate chains and key files instead of one
 * `trusted_root.json`. Loose keys have no validity window and no URL; they are trusted for all times.
 */
import type { Authority } from './authority.ts';
import { toHex } from './bytes.ts';
import type { CryptoProvider } from './crypto.ts';
import { defaultScheme, type PublicKey } from './key.ts';
import type { LogInstance, TrustedRoot } from './trusted-root.ts';
import { type Certificate, nameText } from './x509.ts';

export interface TrustParts {
  /** Issuing certificates first, roots last; every self-signed certificate is an anchor. */
  readonly authorityCertificates?: readonly Certificate[];
  readonly logKeys?: readonly PublicKey[];
  readonly ctLogKeys?: readonly PublicKey[];
  readonly timestampCertificates?: readonly Certificate[];
}

export async function trustedRootOf(parts: TrustParts, crypto: CryptoProvider): Promise<TrustedRoot> {
  return {
    mediaType: '',
    logs: await Promise.all((parts.logKeys ?? []).map((key) => looseLog(key, crypto))),
    ctLogs: await Promise.all((parts.ctLogKeys ?? []).map((key) => looseLog(key, crypto))),
    certificateAuthorities: looseAuthorities(parts.authorityCertificates ?? []),
    timestampAuthorities: looseAuthorities(parts.timestampCertificates ?? []),
    warnings: [],
  };
}

/** `preferred` wins for every kind of trust it names; the rest comes from `fallback`. */
export function withParts(preferred: TrustedRoot, fallback: TrustedRoot): TrustedRoot {
  const either = <T>(first: readonly T[], second: readonly T[]) => (first.length > 0 ? first : second);
  return {
    mediaType: fallback.mediaType,
    logs: either(preferred.logs, fallback.logs),
    ctLogs: either(preferred.ctLogs, fallback.ctLogs),
    certificateAuthorities: either(preferred.certificateAuthorities, fallback.certificateAuthorities),
    timestampAuthorities: either(preferred.timestampAuthorities, fallback.timestampAuthorities),
    warnings: fallback.warnings,
  };
}

/** One authority for each anchor: the last certificate, and every self-signed one. Without any, the last stands as the anchor. */
function looseAuthorities(certificates: readonly Certificate[]): Authority[] {
  const roots = certificates.filter((certificate) => certificate.selfIssued);
  const others = certificates.filter((certificate) => !certificate.selfIssued);
  const anchors = roots.length > 0 ? roots : certificates.slice(-1);
  return anchors.map((anchor) => ({
    name: nameText(anchor.subject),
    uri: '',
    operator: toHex(anchor.publicKey.spki),
    certificates: [...others.filter((certificate) => certificate !== anchor), anchor],
    window: { start: new Date(0), end: undefined },
  }));
}

async function looseLog(key: PublicKey, crypto: CryptoProvider): Promise<LogInstance> {
  const logId = await crypto.hash('sha256', key.spki);
  return {
    baseUrl: '',
    logId,
    checkpointKeyId: undefined,
    key,
    scheme: defaultScheme(key),
    window: { start: new Date(0), end: undefined },
    operator: toHex(logId),
  };
}
