/**
 * `trusted_root.json` (verification.md section 3): which logs and authorities are trusted, and when.
 *
 * The media type is the one that Go and Python clients accept; newer spellings are refused by them today.
 */
import { encodeBase64 } from '@assay/core';
import type { SigningKey } from './keys.ts';

export const TRUSTED_ROOT_MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

/** Closed on both ends; without `end` still valid. */
export interface Validity {
  readonly start: Date;
  readonly end?: Date;
}

export interface TrustedLog {
  readonly baseUrl: string;
  readonly key: Pick<SigningKey, 'spki' | 'keyDetails'>;
  readonly logId: Uint8Array;
  readonly validFor: Validity;
  readonly operator?: string;
}

export interface TrustedAuthority {
  readonly uri: string;
  readonly organization: string;
  readonly commonName: string;
  /** CA: issuing intermediate first, anchor last. TSA: signing leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly validFor: Validity;
  readonly operator?: string;
}

export interface TrustedRootOptions {
  readonly tlogs: readonly TrustedLog[];
  readonly ctlogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

export interface ValidityJson {
  start: string;
  end?: string;
}

export interface TrustedLogJson {
  baseUrl: string;
  hashAlgorithm: string;
  publicKey: { rawBytes: string; keyDetails: string; validFor: ValidityJson };
  logId: { keyId: string };
  operator?: string;
}

export interface TrustedAuthorityJson {
  subject: { organization: string; commonName: string };
  uri: string;
  certChain: { certificates: { rawBytes: string }[] };
  validFor: ValidityJson;
  operator?: string;
}

export interface TrustedRootJson {
  mediaType: string;
  tlogs: TrustedLogJson[];
  certificateAuthorities: TrustedAuthorityJson[];
  ctlogs: TrustedLogJson[];
  timestampAuthorities: TrustedAuthorityJson[];
}

export function makeTrustedRoot(options: TrustedRootOptions): TrustedRootJson {
  return {
    mediaType: TRUSTED_ROOT_MEDIA_TYPE,
    tlogs: options.tlogs.map(logJson),
    certificateAuthorities: options.certificateAuthorities.map(authorityJson),
    ctlogs: options.ctlogs.map(logJson),
    timestampAuthorities: options.timestampAuthorities.map(authorityJson),
  };
}

function logJson({ baseUrl, key, logId, validFor, operator }: TrustedLog): TrustedLogJson {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: encodeBase64(key.spki), keyDetails: key.keyDetails, validFor: validityJson(validFor) },
    logId: { keyId: encodeBase64(logId) },
    ...(operator !== undefined && { operator }),
  };
}

function authorityJson({ uri, organization, commonName, chain, validFor, operator }: TrustedAuthority): TrustedAuthorityJson {
  return {
    subject: { organization, commonName },
    uri,
    certChain: { certificates: chain.map((certificate) => ({ rawBytes: encodeBase64(certificate) })) },
    validFor: validityJson(validFor),
    ...(operator !== undefined && { operator }),
  };
}

function validityJson({ start, end }: Validity): ValidityJson {
  return { start: start.toISOString(), ...(end !== undefined && { end: end.toISOString() }) };
}
