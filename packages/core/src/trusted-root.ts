/**
 * `trusted_root.json`: the keys and authorities of one Sigstore instance (verification.md section 3).
 *
 *   { mediaType, tlogs[], ctlogs[], certificateAuthorities[], timestampAuthorities[] }
 *
 * A structural error anywhere makes the whole root malformed, even in an entry the bundle does not use: half a trust root
 * is none. A key of a type we do not support only makes its own entry unusable.
 */
import type { Authority } from './authority.ts';
import { toHex } from './bytes.ts';
import type { SignatureScheme } from './crypto.ts';
import { isTrustError, quote, TrustError } from './errors.ts';
import { type Fields, parseFields } from './fields.ts';
import type { PublicKey } from './key.ts';
import { KEY_DETAILS_NUMBERS, parseDetailedKey } from './key-details.ts';
import type { Window } from './time.ts';
import { Certificate, nameText } from './x509.ts';

/** A transparency log, of signatures (Rekor) or of certificates (CT). */
export interface LogInstance {
  readonly baseUrl: string;
  /** Rekor v1 and CT: SHA-256 of the SPKI. Rekor v2: the untruncated signed-note key id. */
  readonly logId: Uint8Array;
  readonly checkpointKeyId: Uint8Array | undefined;
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  readonly window: Window;
  readonly operator: string;
}

export interface TrustedRoot {
  readonly mediaType: string;
  readonly logs: readonly LogInstance[];
  readonly ctLogs: readonly LogInstance[];
  readonly certificateAuthorities: readonly Authority[];
  readonly timestampAuthorities: readonly Authority[];
  /** Entries left out because their key type is not supported. */
  readonly warnings: readonly string[];
}

export const TRUSTED_ROOT_MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
export const MAX_TRUSTED_ROOT_BYTES = 8 * 1024 * 1024;

/** Errors: `TRUST_ROOT_PARSE`, `TRUST_ROOT_VERSION`, `TRUST_ROOT_SHAPE`, `TRUST_ROOT_VALIDITY`. */
export function parseTrustedRoot(input: Uint8Array): TrustedRoot {
  if (input.length > MAX_TRUSTED_ROOT_BYTES)
    throw new TrustError('TRUST_ROOT_PARSE', `trusted root: ${input.length} bytes, the cap is ${MAX_TRUSTED_ROOT_BYTES}`);
  const root = parseFields(input, { what: 'trusted root', parse: 'TRUST_ROOT_PARSE', shape: 'TRUST_ROOT_SHAPE' });
  const mediaType = root.string('mediaType');
  if (!MEDIA_TYPES.has(mediaType)) {
    throw new TrustError('TRUST_ROOT_VERSION', 'trusted root: unknown media type', { expected: TRUSTED_ROOT_MEDIA_TYPE, found: quote(mediaType, 80) });
  }
  const warnings: string[] = [];
  return {
    mediaType,
    logs: parseLogs(root, 'tlogs', warnings),
    ctLogs: parseLogs(root, 'ctlogs', warnings),
    certificateAuthorities: parseAuthorities(root, 'certificateAuthorities', warnings),
    timestampAuthorities: parseAuthorities(root, 'timestampAuthorities', warnings),
    warnings,
  };
}

function parseLogs(root: Fields, name: string, warnings: string[]): LogInstance[] {
  return root.objects(name, MAX_ENTRIES).flatMap((log, i) => {
    const hashAlgorithm = log.enumName('hashAlgorithm', { 1: 'SHA2_256' });
    if (hashAlgorithm !== 'SHA2_256') log.refuse('hashAlgorithm', `expected SHA2_256, found ${quote(hashAlgorithm, 40)}`);
    const publicKey = log.object('publicKey');
    const window = parseWindow(publicKey);
    const logId = log.object('logId').bytes('keyId');
    const details = publicKey.enumName('keyDetails', KEY_DETAILS_NUMBERS);
    const parsed = usableKey(publicKey, details);
    if (!parsed.usable) {
      warnings.push(`${name}[${i}] is left out: ${parsed.reason}`);
      return [];
    }
    return {
      baseUrl: log.optionalString('baseUrl') ?? '',
      logId,
      checkpointKeyId: log.optionalObject('checkpointKeyId')?.bytes('keyId'),
      key: parsed.key,
      scheme: parsed.scheme,
      window,
      operator: log.optionalString('operator') || toHex(logId),
    };
  });
}

function usableKey(publicKey: Fields, details: string) {
  try {
    return parseDetailedKey(publicKey.bytes('rawBytes'), details, (problem) => publicKey.refuse('keyDetails', problem));
  } catch (error) {
    if (isTrustError(error) && error.code === 'KEY_UNSUPPORTED') return { usable: false as const, reason: error.message };
    throw error;
  }
}

function parseAuthorities(root: Fields, name: string, warnings: string[]): Authority[] {
  return root.objects(name, MAX_ENTRIES).flatMap((authority, i) => {
    const window = parseWindow(authority);
    const chain = authority.object('certChain').objects('certificates', MAX_CHAIN);
    if (chain.length === 0) authority.missing('certChain.certificates');
    const certificates: Certificate[] = [];
    for (const item of chain) {
      const certificate = parseAuthorityCertificate(item);
      if (typeof certificate === 'string') {
        warnings.push(`${name}[${i}] is left out: ${certificate}`);
        return [];
      }
      certificates.push(certificate);
    }
    const uri = authority.optionalString('uri') ?? '';
    const anchor = certificates.at(-1) as Certificate;
    return {
      name: authorityName(authority, anchor, uri),
      uri,
      operator: authority.optionalString('operator') || uri || toHex(anchor.publicKey.spki),
      certificates,
      window,
    };
  });
}

/** The certificate, or why its entry cannot be used. */
function parseAuthorityCertificate(item: Fields): Certificate | string {
  try {
    return Certificate.parse(item.bytes('rawBytes'));
  } catch (error) {
    if (!isTrustError(error)) throw error;
    if (error.code === 'KEY_UNSUPPORTED') return error.message;
    return item.refuse('rawBytes', error.message);
  }
}

function authorityName(authority: Fields, anchor: Certificate, uri: string): string {
  const subject = authority.optionalObject('subject');
  const commonName = subject?.optionalString('commonName');
  if (!commonName) return quote(uri) || nameText(anchor.subject);
  const organization = subject?.optionalString('organization');
  return quote(organization ? `${commonName} (${organization})` : commonName);
}

/** A missing start is malformed, never "from the beginning" (verification.md section 3). */
function parseWindow(owner: Fields): Window {
  const validFor = owner.optionalObject('validFor');
  const start = validFor?.optionalTime('start', 'down');
  if (start === undefined) throw new TrustError('TRUST_ROOT_VALIDITY', 'trusted root: a key or authority has no validFor.start');
  const end = validFor?.optionalTime('end', 'up');
  if (end !== undefined && end < start) {
    throw new TrustError('TRUST_ROOT_VALIDITY', `trusted root: a validity window ends (${end.toISOString()}) before it starts (${start.toISOString()})`);
  }
  return { start, end };
}

const MAX_ENTRIES = 1024;
const MAX_CHAIN = 16;
const MEDIA_TYPES: ReadonlySet<string> = new Set([
  TRUSTED_ROOT_MEDIA_TYPE,
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
]);
