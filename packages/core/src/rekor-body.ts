/**
 * Log entry bodies: what the log committed to must be what the bundle says (verification.md section 8).
 *
 * Every security-relevant field is compared. Without that, an attacker pairs any genuine entry with a stolen signature: the
 * published "any Rekor entry is accepted" flaw of verifiers.
 *
 *   hashedrekord 0.0.1   spec { data.hash { algorithm, value hex }, signature { content, publicKey.content = b64(PEM) } }
 *   hashedrekord 0.0.2   spec.hashedRekordV002 { data { algorithm, digest }, signature { content, verifier } }
 *   intoto 0.0.1         spec { content { hash, payloadHash? }, publicKey = b64(PEM) }   hash covers the envelope as it was sent
 *   dsse 0.0.1           spec { payloadHash, signatures [{ signature, verifier = b64(PEM) }] }
 *   dsse 0.0.2           spec.dsseV002 { payloadHash { algorithm, digest }, signatures [{ content, verifier }] }
 *   intoto 0.0.2         spec.content { payloadHash, envelope { payloadType, signatures [{ sig = b64(b64), publicKey = b64(PEM) }] } }
 */
import { decodeBase64 } from './base64.ts';
import type { LogEntry } from './bundle.ts';
import { decodeUtf8, equalBytes, fromHex, toHex } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { CryptoProvider, HashName } from './crypto.ts';
import { quote, TrustError } from './errors.ts';
import { type Fields, parseFields } from './fields.ts';
import { keyDetails, type PublicKey } from './key.ts';
import { parsePem } from './pem.ts';
import type { SignedContent } from './signed-content.ts';

/** What an entry states, whatever its kind. */
interface StatedEntry {
  /** Not stated by intoto 0.0.1: there the digest of the whole envelope stands for it. */
  readonly signature: Uint8Array | undefined;
  readonly verifier: StatedVerifier;
  readonly digest: { readonly of: 'message' | 'payload' | 'envelope'; readonly algorithm: HashName; readonly value: Uint8Array };
}

interface StatedVerifier {
  readonly kind: 'certificate' | 'key';
  readonly der: Uint8Array;
  /** Rekor v2 only. */
  readonly details?: string;
}

interface EntryKind {
  /** Which bundle content the kind can stand for. */
  readonly contents: readonly SignedContent['content']['kind'][];
  readonly read: (spec: Fields) => StatedEntry;
}

/** Rekor v2 entries carry no time and no SET, and sign their proof's index and size (verification.md section 7). */
export function isRekorV2(entry: LogEntry): boolean {
  return (entry.kind === 'hashedrekord' || entry.kind === 'dsse') && entry.version === '0.0.2';
}

export async function checkBody(entry: LogEntry, signed: SignedContent, crypto: CryptoProvider): Promise<Check> {
  const id = 'tlog.entry.body';
  try {
    const stated = readBody(entry, signed);
    const checks = [checkSignature(stated, signed), ...checkVerifier(stated, signed), await checkDigest(stated, signed, crypto)];
    return group(
      id,
      {
        pass: `the entry (${entry.kind} ${entry.version}) is about this signature, signer and content`,
        fail: `the entry (${entry.kind} ${entry.version}) is about something else`,
      },
      checks,
      { spec: 'verification.md section 8' },
    );
  } catch (error) {
    return failFrom(id, error, { spec: 'verification.md section 8' });
  }
}

/** Errors: `TLOG_KIND`, `TLOG_BODY_PARSE`. */
function readBody(entry: LogEntry, signed: SignedContent): StatedEntry {
  const kindVersion = `${entry.kind} ${entry.version}`;
  const kind = KINDS.get(kindVersion);
  if (kind === undefined)
    throw new TrustError('TLOG_KIND', 'the log entry kind is not supported', { expected: [...KINDS.keys()].join(', '), found: quote(kindVersion, 80) });
  if (!kind.contents.includes(signed.content.kind)) {
    throw new TrustError('TLOG_KIND', `a ${kindVersion} entry cannot stand for ${signed.content.kind === 'dsse' ? 'an envelope' : 'a message signature'}`);
  }
  if (kindVersion === 'intoto 0.0.1' && (signed.content.kind !== 'dsse' || signed.content.stored === undefined)) {
    throw new TrustError('TLOG_KIND', 'an intoto 0.0.1 entry commits to the text of an envelope, which a bundle does not keep');
  }
  const body = parseFields(entry.body, { what: 'log entry body', parse: 'TLOG_BODY_PARSE', shape: 'TLOG_BODY_PARSE' });
  const stated = `${body.string('kind')} ${body.string('apiVersion')}`;
  if (stated !== kindVersion)
    throw new TrustError('TLOG_KIND', 'the log entry is of another kind than the bundle says', { expected: kindVersion, found: quote(stated, 80) });
  return kind.read(body.object('spec'));
}

const KINDS: ReadonlyMap<string, EntryKind> = new Map([
  ['hashedrekord 0.0.1', { contents: ['message', 'payload'], read: readHashedRekordV001 }],
  ['hashedrekord 0.0.2', { contents: ['message', 'payload', 'dsse'], read: readHashedRekordV002 }],
  ['dsse 0.0.1', { contents: ['dsse'], read: readDsseV001 }],
  ['dsse 0.0.2', { contents: ['dsse'], read: readDsseV002 }],
  ['intoto 0.0.1', { contents: ['dsse'], read: readIntotoV001 }],
  ['intoto 0.0.2', { contents: ['dsse'], read: readIntotoV002 }],
]);

function readHashedRekordV001(spec: Fields): StatedEntry {
  const signature = spec.object('signature');
  return {
    signature: signature.bytes('content'),
    verifier: pemVerifier(signature.object('publicKey'), 'content'),
    digest: { of: 'message', ...hexHash(spec.object('data').object('hash')) },
  };
}

function readHashedRekordV002(spec: Fields): StatedEntry {
  const record = spec.object('hashedRekordV002');
  const signature = record.object('signature');
  return {
    signature: signature.bytes('content'),
    verifier: detailedVerifier(signature.object('verifier')),
    digest: { of: 'message', ...binaryHash(record.object('data')) },
  };
}

function readDsseV001(spec: Fields): StatedEntry {
  const signature = onlyOne(spec, 'signatures');
  return {
    signature: signature.bytes('signature'),
    verifier: pemVerifier(signature, 'verifier'),
    digest: { of: 'payload', ...hexHash(spec.object('payloadHash')) },
  };
}

function readDsseV002(spec: Fields): StatedEntry {
  const record = spec.object('dsseV002');
  const signature = onlyOne(record, 'signatures');
  return {
    signature: signature.bytes('content'),
    verifier: detailedVerifier(signature.object('verifier')),
    digest: { of: 'payload', ...binaryHash(record.object('payloadHash')) },
  };
}

function readIntotoV001(spec: Fields): StatedEntry {
  const content = spec.object('content');
  return { signature: undefined, verifier: pemVerifier(spec, 'publicKey'), digest: { of: 'envelope', ...hexHash(content.object('hash')) } };
}

function readIntotoV002(spec: Fields): StatedEntry {
  const content = spec.object('content');
  const signature = onlyOne(content.object('envelope'), 'signatures');
  // The log stored the base64 text of the signature, base64-encoded once more.
  const inner = decodeUtf8(signature.bytes('sig'));
  const bytes = inner === undefined ? undefined : decodeBase64(inner);
  if (bytes === undefined) return signature.refuse('sig', 'is not base64 of base64');
  return { signature: bytes, verifier: pemVerifier(signature, 'publicKey'), digest: { of: 'payload', ...hexHash(content.object('payloadHash')) } };
}

function onlyOne(owner: Fields, name: string): Fields {
  const items = owner.objects(name, MAX_SIGNATURES);
  const [item] = items;
  return item !== undefined && items.length === 1 ? item : owner.refuse(name, `expected exactly one, found ${items.length}`);
}

/** base64 of a PEM `CERTIFICATE` or `PUBLIC KEY`: compared as DER, since line wrapping varies. */
function pemVerifier(owner: Fields, name: string): StatedVerifier {
  const text = decodeUtf8(owner.bytes(name));
  const { blocks, malformed } = parsePem(text ?? '');
  const [block] = blocks;
  if (block === undefined || malformed || blocks.length !== 1) return owner.refuse(name, 'expected base64 of one PEM block');
  if (block.label === 'CERTIFICATE') return { kind: 'certificate', der: block.der };
  if (block.label === 'PUBLIC KEY') return { kind: 'key', der: block.der };
  return owner.refuse(name, `unexpected PEM block ${quote(block.label, 40)}`);
}

function detailedVerifier(verifier: Fields): StatedVerifier {
  const details = verifier.string('keyDetails');
  const certificate = verifier.optionalObject('x509Certificate');
  const key = verifier.optionalObject('publicKey');
  if (certificate !== undefined && key === undefined) return { kind: 'certificate', der: certificate.bytes('rawBytes'), details };
  if (key !== undefined && certificate === undefined) return { kind: 'key', der: key.bytes('rawBytes'), details };
  return verifier.refuse('', 'expected one of x509Certificate and publicKey');
}

function hexHash(hash: Fields): { algorithm: HashName; value: Uint8Array } {
  const algorithm = hash.string('algorithm');
  const value = hash.string('value');
  if (algorithm !== 'sha256' && algorithm !== 'sha384' && algorithm !== 'sha512') return hash.refuse('algorithm', `${quote(algorithm, 40)} is not supported`);
  return HEX.test(value) ? { algorithm, value: fromHex(value) } : hash.refuse('value', 'is not lowercase hex');
}

function binaryHash(data: Fields): { algorithm: HashName; value: Uint8Array } {
  const name = data.string('algorithm');
  const algorithm = PROTO_HASHES.get(name);
  return algorithm === undefined ? data.refuse('algorithm', `${quote(name, 40)} is not supported`) : { algorithm, value: data.bytes('digest') };
}

/** ECDSA signatures are randomised: equal bytes mean the very same signing. */
function checkSignature(stated: StatedEntry, signed: SignedContent): Check {
  if (stated.signature === undefined) return pass('tlog.entry.body.signature', 'the entry states no signature: it commits to the envelope that holds it');
  return compareBytes('tlog.entry.body.signature', 'TLOG_BODY_SIGNATURE', 'signature', signed.signature, stated.signature);
}

function checkVerifier(stated: StatedEntry, signed: SignedContent): Check[] {
  const id = 'tlog.entry.body.key';
  if (signed.key === undefined) return [skip(id, 'the signer of the entry was not compared: no key or certificate to compare with')];
  const kind = signed.certificate === undefined ? 'key' : 'certificate';
  if (stated.verifier.kind !== kind) return [fail(id, 'TLOG_BODY_KEY', `the entry was made with a ${stated.verifier.kind}, the bundle with a ${kind}`)];
  const expected = signed.certificate?.der ?? signed.key.spki;
  const same = compareBytes(id, 'TLOG_BODY_KEY', kind, expected, stated.verifier.der);
  return stated.verifier.details === undefined ? [same] : [same, checkDetails(stated.verifier.details, signed.key)];
}

function checkDetails(details: string, key: PublicKey): Check {
  const id = 'tlog.entry.body.keyDetails';
  // Rekor v2 takes Ed25519 only in its pre-hashed form (services.md section 6).
  const expected = key.type === 'ed25519' ? 'PKIX_ED25519_PH' : keyDetails(key);
  if (details === expected) return pass(id, `the entry names the algorithm of the key, ${details}`);
  return fail(id, 'TLOG_BODY_KEY', 'the entry names another algorithm than that of the key', { expected, found: quote(details, 60) });
}

async function checkDigest(stated: StatedEntry, signed: SignedContent, crypto: CryptoProvider): Promise<Check> {
  const id = 'tlog.entry.body.digest';
  const { algorithm, value } = stated.digest;
  const what =
    signed.content.kind === 'message'
      ? 'artifact'
      : stated.digest.of === 'envelope' || (signed.content.kind === 'dsse' && stated.digest.of === 'message')
        ? 'envelope'
        : 'payload';
  const actual = await committed(stated, signed, crypto);
  if (actual === undefined) return fail(id, 'ARTIFACT_MISMATCH_ALGORITHM', `the entry commits to a ${algorithm} digest, which was not given`);
  return compareBytes(id, 'TLOG_BODY_DIGEST', what, actual, value, algorithm);
}

async function committed({ digest }: StatedEntry, { content, message }: SignedContent, crypto: CryptoProvider): Promise<Uint8Array | undefined> {
  if (content.kind !== 'dsse' || digest.of === 'message') return message?.digest(digest.algorithm, crypto);
  if (digest.of === 'payload') return crypto.hash(digest.algorithm, content.payload);
  // Inside a bundle the envelope is no longer the text that was sent to the log.
  return content.stored === undefined ? undefined : crypto.hash(digest.algorithm, content.stored);
}

function compareBytes(id: string, code: ErrorCode, what: string, expected: Uint8Array, found: Uint8Array, algorithm?: HashName): Check {
  if (equalBytes(expected, found)) return pass(id, `the entry is about this ${what}`);
  const prefix = algorithm === undefined ? '' : `${algorithm}:`;
  return fail(id, code, `the entry is about another ${what}`, { expected: prefix + abbreviate(expected), found: prefix + abbreviate(found) });
}

function abbreviate(bytes: Uint8Array): string {
  return bytes.length <= 64 ? toHex(bytes) : `${toHex(bytes.subarray(0, 32))}… (${bytes.length} bytes)`;
}

const PROTO_HASHES: ReadonlyMap<string, HashName> = new Map([
  ['SHA2_256', 'sha256'],
  ['SHA2_384', 'sha384'],
  ['SHA2_512', 'sha512'],
]);
const HEX = /^(?:[0-9a-f]{2})+$/;
const MAX_SIGNATURES = 32;
