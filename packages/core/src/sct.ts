/**
 * Signed certificate timestamps: was the certificate itself put on record (RFC 6962, verification.md section 11).
 *
 *   list   u16 total, then per SCT: u16 length, SCT
 *   SCT    version u8 = 0 | log id 32 | timestamp u64 ms | extensions u16+n | hash u8 = 4 | algorithm u8 (1 RSA, 3 ECDSA) | signature u16+n
 *   signed 00 | 00 | timestamp | 00 01 | issuerKeyHash 32 | u24 TBS | u16 extensions
 *
 * The TBS is the leaf's with exactly the SCT extension removed and the enclosing lengths encoded anew; every other byte stays.
 */
import { concat, equalBytes, toHex, uint } from './bytes.ts';
import { type Check, fail, group, pass } from './check.ts';
import type { CryptoProvider } from './crypto.ts';
import { contextConstructed, Der, encodeDer, TAG, withDerErrors } from './der.ts';
import { TrustError } from './errors.ts';
import { parseFields } from './fields.ts';
import { verifySignature } from './signature.ts';
import { windowContains, windowText } from './time.ts';
import type { LogInstance } from './trusted-root.ts';
import { type Certificate, OID } from './x509.ts';

export interface SignedCertificateTimestamp {
  readonly logId: Uint8Array;
  readonly timestamp: bigint;
  readonly extensions: Uint8Array;
  readonly algorithm: 'rsa' | 'ecdsa';
  readonly signature: Uint8Array;
}

/** `issuers` is the verified path: the direct issuer first. */
export async function checkScts(
  leaf: Certificate,
  issuers: readonly Certificate[],
  ctLogs: readonly LogInstance[],
  threshold: number,
  crypto: CryptoProvider,
): Promise<Check> {
  const id = 'sct';
  const spec = 'verification.md section 11';
  const extension = leaf.extension(OID.sctList);
  if (extension === undefined) return fail(id, 'SCT_MISSING', 'the certificate carries no signed certificate timestamp', { spec });
  const parsed = parseSctList(extension.value);
  if (typeof parsed === 'string') return fail(id, 'SCT_PARSE', `the signed certificate timestamps are malformed: ${parsed}`, { spec });

  const issuerKeyHash = await crypto.hash('sha256', signingIssuer(issuers).publicKey.spki);
  const tbs = tbsWithoutScts(leaf);
  const checks: Check[] = [];
  const operators = new Set<string>();
  for (const sct of parsed) {
    const { check, log } = await checkSct(sct, precertificateEntry(sct, issuerKeyHash, tbs), ctLogs, crypto);
    checks.push(check);
    if (log !== undefined) operators.add(log.operator);
  }
  const details = { expected: `at least ${threshold}`, found: String(operators.size) };
  checks.push(
    operators.size >= threshold
      ? pass('sct.threshold', `${operators.size} trusted certificate transparency ${operators.size === 1 ? 'log vouches' : 'logs vouch'} for it`, details)
      : fail(
          'sct.threshold',
          checks.every((check) => check.optional) ? 'SCT_UNKNOWN_LOG' : 'SCT_THRESHOLD',
          'too few trusted certificate transparency logs vouch for the certificate',
          details,
        ),
  );
  return group(id, { pass: 'the certificate is on record', fail: 'no certificate transparency log vouches for the certificate' }, checks, { spec });
}

/**
 * A detached SCT, as old authorities handed it out beside the certificate: JSON of an `AddChainResponse`. It covers the final
 * certificate (entry type 0), not a precertificate. Errors: `SCT_PARSE`.
 */
export async function checkDetachedSct(leaf: Certificate, response: Uint8Array, ctLogs: readonly LogInstance[], crypto: CryptoProvider): Promise<Check> {
  const sct = parseAddChainResponse(response);
  const entry = concat(
    Uint8Array.of(0, 0),
    uint(sct.timestamp, 8),
    Uint8Array.of(0, 0),
    uint(leaf.der.length, 3),
    leaf.der,
    uint(sct.extensions.length, 2),
    sct.extensions,
  );
  const { check } = await checkSct(sct, entry, ctLogs, crypto);
  return group('sct', 'the certificate is on record (detached timestamp)', [{ ...check, ...(check.optional && { optional: undefined }) } as Check], {
    spec: 'verification.md section 11',
  });
}

function parseAddChainResponse(response: Uint8Array): SignedCertificateTimestamp {
  const fields = parseFields(response, { what: 'detached SCT', parse: 'SCT_PARSE', shape: 'SCT_PARSE' });
  const timestamp = fields.int64('timestamp');
  const extensions = fields.optionalBytes('extensions') ?? new Uint8Array(0);
  const version = fields.optionalInt64('sct_version') ?? 0n;
  const id = fields.bytes('id');
  // Numbers of JSON have no width: what does not fit must be refused before it is cut to fit.
  if (version !== 0n) fields.refuse('sct_version', `version ${version} is not supported`);
  if (id.length !== 32) fields.refuse('id', `a log id has 32 bytes, found ${id.length}`);
  if (extensions.length > 0xffff) fields.refuse('extensions', `${extensions.length} bytes, the cap is 65535`);
  const sct = parseSct(concat(Uint8Array.of(0), id, uint(timestamp, 8), uint(extensions.length, 2), extensions, fields.bytes('signature')));
  if (typeof sct === 'string') throw new TrustError('SCT_PARSE', `detached SCT: ${sct}`);
  return sct;
}

async function checkSct(
  sct: SignedCertificateTimestamp,
  signed: Uint8Array,
  ctLogs: readonly LogInstance[],
  crypto: CryptoProvider,
): Promise<{ check: Check; log?: LogInstance }> {
  const id = 'sct.timestamp';
  const logId = toHex(sct.logId);
  const time = new Date(Number(sct.timestamp));
  const candidates = ctLogs.filter((log) => equalBytes(log.logId, sct.logId));
  const log = candidates.find((candidate) => windowContains(candidate.window, time)) ?? candidates[0];
  if (log === undefined) {
    const known = ctLogs.map((candidate) => toHex(candidate.logId).slice(0, 16)).join(', ');
    return {
      check: fail(id, 'SCT_UNKNOWN_LOG', 'a timestamp of an unknown log does not count', {
        expected: known || 'no log is trusted',
        found: logId.slice(0, 16),
        optional: true,
      }),
    };
  }
  const fits = (sct.algorithm === 'ecdsa') === (log.key.type === 'ec') && (sct.algorithm === 'rsa') === (log.key.type === 'rsa');
  if (!fits || !(await verifySignature(crypto, log.key, log.scheme, signed, sct.signature))) {
    return { check: fail(id, 'SCT_SIGNATURE', `the timestamp of ${log.baseUrl || logId} does not verify`) };
  }
  if (!windowContains(log.window, time)) {
    return {
      check: fail(id, 'SCT_WINDOW', 'the log key was not valid at the timestamp', { expected: windowText(log.window), found: isoOrNumber(sct.timestamp) }),
    };
  }
  return { check: pass(id, `${log.baseUrl || 'the log'} recorded it at ${time.toISOString()}`, { evidence: { logId, timestamp: time.toISOString() } }), log };
}

/** RFC 6962 section 3.1: behind a precertificate signing certificate stands the real issuer. */
function signingIssuer(issuers: readonly Certificate[]): Certificate {
  const [direct, next] = issuers as [Certificate, Certificate | undefined];
  return direct.extendedKeyUsage?.includes(OID.precertificateSigning) && next !== undefined ? next : direct;
}

function precertificateEntry(sct: SignedCertificateTimestamp, issuerKeyHash: Uint8Array, tbs: Uint8Array): Uint8Array {
  return concat(
    Uint8Array.of(0, 0),
    uint(sct.timestamp, 8),
    Uint8Array.of(0, 1),
    issuerKeyHash,
    uint(tbs.length, 3),
    tbs,
    uint(sct.extensions.length, 2),
    sct.extensions,
  );
}

/** Not a re-serialisation: bytes are copied, so that odd but legal encodings stay as they were signed. */
export function tbsWithoutScts(certificate: Certificate): Uint8Array {
  return withDerErrors('CERT_PARSE', 'certificate', () => {
    const members = certificate.tbs.children().map((member) => {
      if (member.tag !== contextConstructed(3)) return member.raw;
      const kept = certificate.extensions.filter((extension) => extension.oid !== OID.sctList).map((extension) => extension.raw);
      return encodeDer(contextConstructed(3), encodeDer(TAG.sequence, ...kept));
    });
    return encodeDer(TAG.sequence, ...members);
  });
}

/** The timestamps, or what is malformed. Anything left over is malformed. */
export function parseSctList(extension: Uint8Array): SignedCertificateTimestamp[] | string {
  let list: Uint8Array;
  try {
    list = Der.parse(extension).octets('SCT list');
  } catch {
    return 'not an OCTET STRING';
  }
  const outer = new Reader(list);
  const items = outer.vector(2);
  if (items === undefined || !outer.done) return 'wrong list length';
  const scts: SignedCertificateTimestamp[] = [];
  const reader = new Reader(items);
  while (!reader.done) {
    const item = reader.vector(2);
    if (item === undefined) return 'wrong item length';
    const sct = parseSct(item);
    if (typeof sct === 'string') return sct;
    scts.push(sct);
  }
  return scts.length === 0 ? 'empty list' : scts;
}

function parseSct(bytes: Uint8Array): SignedCertificateTimestamp | string {
  const reader = new Reader(bytes);
  const version = reader.uint(1);
  const logId = reader.take(32);
  const timestamp = reader.uint(8);
  const extensions = reader.vector(2);
  const hash = reader.uint(1);
  const algorithm = reader.uint(1);
  const signature = reader.vector(2);
  if (version === undefined || logId === undefined || timestamp === undefined || extensions === undefined || signature === undefined) return 'truncated';
  if (!reader.done) return 'bytes left over';
  if (version !== 0n) return `version ${version} is not supported`;
  if (hash !== SHA256) return `hash algorithm ${hash} is not supported`;
  if (algorithm !== RSA && algorithm !== ECDSA) return `signature algorithm ${algorithm} is not supported`;
  return { logId, timestamp, extensions, algorithm: algorithm === RSA ? 'rsa' : 'ecdsa', signature };
}

/** Reads TLS presentation language (RFC 8446 section 3); undefined when the bytes end early. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Uint8Array | undefined {
    if (this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uint(width: number): bigint | undefined {
    return this.take(width)?.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  vector(width: number): Uint8Array | undefined {
    const length = this.uint(width);
    return length === undefined ? undefined : this.take(Number(length));
  }
}

function isoOrNumber(millis: bigint): string {
  const date = new Date(Number(millis));
  return Number.isNaN(date.getTime()) ? `${millis} ms` : date.toISOString();
}

const SHA256 = 4n;
const RSA = 1n;
const ECDSA = 3n;
