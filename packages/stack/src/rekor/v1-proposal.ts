/**
 * Proposed entries of Rekor v1, and what they are recorded as (services.md section 5). All is checked before anything is logged.
 *
 *   hashedrekord 0.0.1   spec { data.hash { algorithm, value }, signature { content, publicKey.content = b64(PEM) } }
 *                        recorded as it is, the PEM in its canonical wrapping
 *   dsse 0.0.1           spec.proposedContent { envelope = JSON text, verifiers [b64(PEM)] }
 *                        recorded: digests of envelope and payload, and the signatures in the order of their base64
 *   intoto 0.0.2         spec.content { envelope { payloadType, payload = b64(b64), signatures [{ sig = b64(b64), keyid?, publicKey = b64(PEM) }] }, hash }
 *                        recorded without the payload; the digest of the envelope is the client's word
 */
import {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  Fields,
  fromHex,
  type HashName,
  IN_TOTO_PAYLOAD_TYPE,
  isJsonObject,
  isTrustError,
  type Json,
  type JsonObject,
  type JsonValue,
  parseFields,
  parseStatement,
  quote,
  toHex,
  utf8,
} from '@assay/core';
import { encodeEntryBody, hashedrekord001, type RekorEntry, sha256, verifierPem } from '@assay/make';
import { Refusal } from '../http/refusal.ts';
import { verifiesDigest } from './digest-signature.ts';
import { type Envelope, type EnvelopeSignature, MAX_SIGNATURES, verifyEnvelope } from './envelope.ts';
import { type Findable, type SearchKey, searchKey, searchKeys } from './search-keys.ts';
import { parseSignerPem, type Signer, signingAlgorithm, verifierOf } from './signer.ts';

export interface AcceptedProposal {
  /** The canonical body: the leaf of the log. */
  readonly body: Uint8Array;
  /** What the entry is found by, without `attested`. */
  readonly keys: readonly SearchKey[];
  /** What the statement in an envelope is about: nothing of it is in the body. */
  readonly attested: readonly SearchKey[];
}

/** Throws `Refusal` 400. */
export async function acceptProposal(proposal: JsonObject): Promise<AcceptedProposal> {
  try {
    const { entry, findable, attested = [] } = await accept(new Fields(proposal, '', CODES));
    const body = encodeEntryBody(entry);
    if (body.length > MAX_BODY_BYTES)
      throw new Refusal(400, `error processing entry: its record has ${body.length} bytes, at most ${MAX_BODY_BYTES} are logged`);
    return { body, keys: searchKeys(findable), attested };
  } catch (error) {
    if (isTrustError(error)) throw refusal(error.message);
    throw error;
  }
}

function refusal(problem: string): Refusal {
  return new Refusal(400, `error processing entry: ${problem}`);
}

interface Accepted {
  readonly entry: RekorEntry;
  readonly findable: Findable;
  readonly attested?: readonly SearchKey[];
}

function accept(fields: Fields): Promise<Accepted> {
  const [kind, version] = [fields.string('kind'), fields.string('apiVersion')];
  const spec = fields.object('spec');
  switch (`${kind} ${version}`) {
    case 'hashedrekord 0.0.1':
      return acceptHashedRekord(spec);
    case 'dsse 0.0.1':
      return acceptDsse(spec);
    case 'intoto 0.0.2':
      return acceptIntoto(spec.object('content'));
  }
  const known = ['hashedrekord', 'dsse', 'intoto'].includes(kind);
  const problem = known ? `does not support inserting entries of version '${quote(version, 40)}'` : 'is not enabled for submission on this server';
  throw refusal(`entry kind '${quote(kind, 40)}' ${problem}`);
}

async function acceptHashedRekord(spec: Fields): Promise<Accepted> {
  const stated = spec.object('signature');
  const signer = readSigner(stated.object('publicKey'), 'content');
  const signature = stated.nonEmptyBytes('content');
  const hash = spec.object('data').object('hash');
  const algorithm = hash.string('algorithm') as HashName;
  const digest = readDigest(hash, algorithm);
  if (signingAlgorithm(signer.key)?.hash !== algorithm) throw refusal('entry algorithms are not allowed');
  if (!(await verifiesDigest(signer.key, digest, signature))) throw refusal('verifying signature: it is not one of this digest by this key');
  return {
    entry: hashedrekord001({ signature, hash: algorithm, digest, verifier: verifierOf(signer) }),
    findable: { signers: [signer], recorded: 'message', digests: [`${algorithm}:${toHex(digest)}`] },
  };
}

async function acceptDsse(spec: Fields): Promise<Accepted> {
  const proposed = spec.object('proposedContent');
  const text = proposed.string('envelope');
  const envelope = readEnvelope(parseFields(text, { ...CODES, what: 'envelope' }));
  const signers = proposed.bytesArray('verifiers', MAX_SIGNATURES).map((pem) => parseSigner(pem, proposed, 'verifiers'));
  const verified = await verifyEnvelope(envelope, signers);
  const signatures = verified.map(({ signature, signer }) => ({ signature: encodeBase64(signature), verifier: verifierPem(verifierOf(signer)) }));
  const envelopeHash = sha256Json(utf8(text));
  const payloadHash = sha256Json(envelope.payload);
  const inOrder = distinct(signatures).sort((a, b) => (a.signature < b.signature ? -1 : 1));
  return {
    entry: { kind: 'dsse', version: '0.0.1', spec: { envelopeHash, payloadHash, signatures: inOrder } },
    findable: { signers: verified.map(({ signer }) => signer), recorded: 'envelope', digests: [payloadHash, envelopeHash].map(digestText) },
    attested: attestedKeys(envelope),
  };
}

function readEnvelope(fields: Fields): Envelope<EnvelopeSignature> {
  const signatures = fields.objects('signatures', MAX_SIGNATURES).map((one) => ({ signature: one.nonEmptyBytes('sig') }));
  if (signatures.length === 0) fields.missing('signatures');
  return { payloadType: fields.string('payloadType'), payload: fields.nonEmptyBytes('payload'), signatures };
}

/** A signature that stands there twice is recorded once. */
function distinct<T extends { readonly signature: string }>(signatures: readonly T[]): T[] {
  return [...new Map(signatures.map((one) => [one.signature, one])).values()];
}

interface IntotoSignature extends EnvelopeSignature {
  readonly signer: Signer;
  readonly keyid: string;
}

async function acceptIntoto(content: Fields): Promise<Accepted> {
  const submitted = content.object('envelope');
  const signatures = submitted.objects('signatures', MAX_SIGNATURES).map((one): IntotoSignature => {
    return { signature: decodeTwice(one, 'sig'), keyid: one.optionalString('keyid') ?? '', signer: readSigner(one, 'publicKey') };
  });
  if (signatures.length === 0) submitted.missing('signatures');
  const envelope = { payloadType: submitted.string('payloadType'), payload: decodeTwice(submitted, 'payload'), signatures };
  const hash = content.object('hash');
  if (hash.string('algorithm') !== 'sha256') hash.refuse('algorithm', 'expected sha256');
  const signers = signatures.map(({ signer }) => signer);
  await verifyEnvelope(envelope, signers);
  const payloadHash = sha256Json(envelope.payload);
  const recorded = {
    envelope: { payloadType: envelope.payloadType, signatures: signatures.map(intotoSignatureJson) },
    hash: { algorithm: 'sha256', value: toHex(readDigest(hash, 'sha256')) },
    payloadHash,
  };
  return {
    entry: { kind: 'intoto', version: '0.0.2', spec: { content: recorded } },
    findable: { signers, recorded: 'envelope', digests: [digestText(payloadHash)] },
    attested: attestedKeys(envelope),
  };
}

/** Base64 of base64: the type is bytes, and clients put base64 text in. */
function decodeTwice(fields: Fields, name: string): Uint8Array {
  const bytes = decodeBase64(decodeUtf8(fields.nonEmptyBytes(name)) ?? '?');
  return bytes === undefined || bytes.length === 0 ? fields.refuse(name, 'is not base64 of base64') : bytes;
}

function intotoSignatureJson({ signature, keyid, signer }: IntotoSignature): JsonValue {
  return { ...(keyid !== '' && { keyid }), publicKey: verifierPem(verifierOf(signer)), sig: encodeBase64(utf8(encodeBase64(signature))) };
}

function readSigner(fields: Fields, name: string): Signer {
  return parseSigner(fields.nonEmptyBytes(name), fields, name);
}

function parseSigner(pem: Uint8Array, fields: Fields, name: string): Signer {
  return parseSignerPem(pem) ?? fields.refuse(name, 'expected one PEM block, CERTIFICATE or PUBLIC KEY');
}

function readDigest(hash: Fields, algorithm: HashName): Uint8Array {
  const value = hash.string('value');
  const length = HEX_LENGTHS.get(algorithm) ?? hash.refuse('algorithm', 'expected sha256, sha384 or sha512');
  return value.length === length && HEX.test(value) ? fromHex(value) : hash.refuse('value', `expected ${length} hex digits`);
}

interface DigestJson {
  readonly algorithm: string;
  readonly value: string;
}

function sha256Json(data: Uint8Array) {
  return { algorithm: 'sha256', value: toHex(sha256(data)) };
}

function digestText({ algorithm, value }: DigestJson): string {
  return `${algorithm}:${value}`;
}

/** Digests of the subjects and materials of a statement; none where there is no statement to read. */
function attestedKeys({ payloadType, payload }: Envelope<EnvelopeSignature>): SearchKey[] {
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) return [];
  try {
    const { subjects, predicate } = parseStatement(payload);
    const materials = isJsonObject(predicate) && Array.isArray(predicate['materials']) ? predicate['materials'] : [];
    const digests = [...subjects.flatMap(({ digest }) => [...digest]), ...materials.flatMap(materialDigests)];
    return [...new Set(digests.slice(0, MAX_ATTESTED).map(([algorithm, value]) => searchKey(`${algorithm}:${value}`)))];
  } catch (error) {
    if (isTrustError(error)) return [];
    throw error;
  }
}

function materialDigests(material: Json): [string, string][] {
  const digest = isJsonObject(material) ? material['digest'] : undefined;
  return Object.entries(isJsonObject(digest) ? digest : {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
}

const CODES = { what: 'proposed entry', parse: 'USAGE', shape: 'USAGE' } as const;
const HEX = /^[\da-f]+$/i;
// A map, not an object: the name comes from outside, and 'toString' must not be one.
const HEX_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);
const MAX_ATTESTED = 1024;
/** With time and attested digests beside it, a record stays below the 64 KiB of an entry. */
const MAX_BODY_BYTES = 48 * 1024;
