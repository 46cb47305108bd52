/**
 * Proposed entries of Rekor v1 and what they are recorded as (services.md section 5).
 *
 *   hashedrekord 0.0.1   the signature verifies over the digest; Ed25519 pre-hashed
 *   dsse 0.0.1           the signature of the envelope verifies; its hashes are recorded, the envelope is not
 *   intoto 0.0.2         the same, with payload and signature as base64 of base64; the client says what its envelope hashes to
 *
 * Other kinds are refused.
 */
import {
  Certificate,
  decodeBase64,
  defaultScheme,
  type Fields,
  fromHex,
  type HashName,
  type JsonObject,
  type PublicKey,
  parseEnvelope,
  parseFields,
  parsePem,
  parsePublicKeyPem,
  preAuthenticationEncoding,
  toHex,
  utf8,
  verifySignature,
  webCrypto,
} from '@assay/core';
import { type DsseEnvelope, dsse001, hashedrekord001, intoto002, type RekorEntry, sha256, type Verifier } from '@assay/make';
import type { Instance } from './instance.ts';
import { verifiesOverDigest } from './verify-digest.ts';

/** Throws `TrustError` for a proposal that the log refuses, `TypeError` for a digest of a wrong length. */
export function acceptProposal(proposal: JsonObject, instance: Instance): Promise<RekorEntry> {
  const fields = parseFields(JSON.stringify(proposal), { what: 'proposed entry', parse: 'USAGE', shape: 'USAGE' });
  const spec = fields.object('spec');
  switch (`${fields.string('kind')} ${fields.string('apiVersion')}`) {
    case 'hashedrekord 0.0.1':
      return acceptHashedRekord(spec, instance);
    case 'dsse 0.0.1':
      return acceptEnvelope(spec);
    case 'intoto 0.0.2':
      return acceptIntoto(spec.object('content'));
    default:
      return fields.refuse('kind', 'is not taken here');
  }
}

async function acceptHashedRekord(spec: Fields, instance: Instance): Promise<RekorEntry> {
  const hash = spec.object('data').object('hash');
  const signature = spec.object('signature');
  const { verifier, key } = verifierOf(signature.object('publicKey').nonEmptyBytes('content'));
  const message = { signature: signature.nonEmptyBytes('content'), hash: hash.string('algorithm') as HashName, digest: fromHex(hash.string('value')) };
  if (!(await verifiesOverDigest(message, key, instance))) signature.refuse('content', 'does not verify over the digest');
  return hashedrekord001({ ...message, verifier });
}

async function acceptEnvelope(spec: Fields): Promise<RekorEntry> {
  const proposed = spec.object('proposedContent');
  const text = utf8(proposed.string('envelope'));
  const [pem, ...others] = proposed.bytesArray('verifiers', 10);
  if (pem === undefined || others.length > 0) return proposed.refuse('verifiers', 'expected exactly one');
  const { payload, payloadType, signature } = parseEnvelope(text);
  const entry = dsse001(await checked({ payload, payloadType, signature }, pem, proposed));
  return { ...entry, spec: { ...(entry.spec as Record<string, string>), envelopeHash: { algorithm: 'sha256', value: toHex(sha256(text)) } } };
}

async function acceptIntoto(content: Fields): Promise<RekorEntry> {
  const submitted = content.object('envelope');
  const [signature, ...others] = submitted.objects('signatures', 10);
  if (signature === undefined || others.length > 0) return submitted.refuse('signatures', 'expected exactly one');
  const envelope = { payload: decodeTwice(submitted, 'payload'), payloadType: submitted.string('payloadType'), signature: decodeTwice(signature, 'sig') };
  const entry = intoto002(await checked(envelope, signature.nonEmptyBytes('publicKey'), submitted));
  const { algorithm, value } = content.object('hash').json;
  const made = (entry.spec as { content: Record<string, string> }).content;
  return { ...entry, spec: { content: { ...made, hash: { algorithm: String(algorithm), value: String(value) } } } };
}

function decodeTwice(fields: Fields, name: string): Uint8Array {
  return decodeBase64(new TextDecoder().decode(fields.nonEmptyBytes(name))) ?? fields.refuse(name, 'is not base64 of base64');
}

async function checked(envelope: DsseEnvelope, pem: Uint8Array, fields: Fields): Promise<{ envelope: DsseEnvelope; verifier: Verifier }> {
  const { verifier, key } = verifierOf(pem);
  const signed = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
  if (await verifySignature(webCrypto, key, defaultScheme(key), signed, envelope.signature)) return { envelope, verifier };
  return fields.refuse('signatures', 'does not verify');
}

function verifierOf(pem: Uint8Array): { verifier: Verifier; key: PublicKey } {
  const text = new TextDecoder().decode(pem);
  const [block] = parsePem(text).blocks;
  if (block?.label === 'CERTIFICATE') {
    const { der, publicKey } = Certificate.parse(block.der);
    return { verifier: { type: 'certificate', certificate: der, keyDetails: '' }, key: publicKey };
  }
  const key = parsePublicKeyPem(text);
  return { verifier: { type: 'publicKey', spki: key.spki, keyDetails: '' }, key };
}
