/**
 * Rekor log entries: the canonical bodies, the signed entry timestamp, the entry id (services.md sections 5 and 6,
 * verification.md sections 6 and 8).
 *
 * A body is the RFC 8785 text of `{apiVersion, kind, spec}`; the Merkle leaf is SHA-256(00 ‖ body).
 *
 *   hashedrekord 0.0.1   message, Rekor v1        hashedrekord 0.0.2   message and DSSE, Rekor v2
 *   dsse 0.0.1           DSSE, Rekor v1           dsse 0.0.2           DSSE, Rekor v2 until mid-2026
 *   intoto 0.0.2         DSSE, Rekor v1, old
 */
import { canonicalJson, concat, encodeBase64, encodePem, type HashName, type JsonValue, toHex, uint, utf8 } from '@assay/core';
import type { DsseEnvelope } from './dsse.ts';
import { encodeEnvelope } from './dsse.ts';
import { PROTO_HASH, sha256 } from './hash.ts';
import type { SigningKey } from './keys.ts';
import { leafHash } from './merkle-tree.ts';

export interface RekorEntry {
  readonly kind: string;
  readonly version: string;
  readonly spec: JsonValue;
}

/** What the signature verifies with. */
export type Verifier =
  | { readonly type: 'certificate'; readonly certificate: Uint8Array; readonly keyDetails: string }
  | { readonly type: 'publicKey'; readonly spki: Uint8Array; readonly keyDetails: string };

export function encodeEntryBody({ kind, version, spec }: RekorEntry): Uint8Array {
  return utf8(canonicalJson({ apiVersion: version, kind, spec }));
}

export interface MessageEntry {
  readonly signature: Uint8Array;
  readonly hash: HashName;
  readonly digest: Uint8Array;
  readonly verifier: Verifier;
}

export function hashedrekord001({ signature, hash, digest, verifier }: MessageEntry): RekorEntry {
  const spec = {
    data: { hash: { algorithm: hash, value: toHex(digest) } },
    signature: { content: encodeBase64(signature), publicKey: { content: verifierPem(verifier) } },
  };
  return { kind: 'hashedrekord', version: '0.0.1', spec };
}

/** For a DSSE envelope, `digest` is that of the pre-authentication encoding and `signature` the envelope's. */
export function hashedrekord002({ signature, hash, digest, verifier }: MessageEntry): RekorEntry {
  const data = { algorithm: PROTO_HASH[hash], digest: encodeBase64(digest) };
  const spec = { hashedRekordV002: { data, signature: { content: encodeBase64(signature), verifier: verifierJson(verifier) } } };
  return { kind: 'hashedrekord', version: '0.0.2', spec };
}

export interface EnvelopeEntry {
  readonly envelope: DsseEnvelope;
  readonly verifier: Verifier;
}

export function dsse001({ envelope, verifier }: EnvelopeEntry): RekorEntry {
  const spec = {
    envelopeHash: { algorithm: 'sha256', value: toHex(sha256(utf8(encodeEnvelope(envelope)))) },
    payloadHash: { algorithm: 'sha256', value: toHex(sha256(envelope.payload)) },
    signatures: [{ signature: encodeBase64(envelope.signature), verifier: verifierPem(verifier) }],
  };
  return { kind: 'dsse', version: '0.0.1', spec };
}

export function dsse002({ envelope, verifier }: EnvelopeEntry): RekorEntry {
  const payloadHash = { algorithm: PROTO_HASH.sha256, digest: encodeBase64(sha256(envelope.payload)) };
  const signatures = [{ content: encodeBase64(envelope.signature), verifier: verifierJson(verifier) }];
  return { kind: 'dsse', version: '0.0.2', spec: { dsseV002: { payloadHash, signatures } } };
}

/** Signature and payload are base64 of base64: the type is bytes, and the client put base64 text in. */
export function intoto002({ envelope, verifier }: EnvelopeEntry): RekorEntry {
  const signature = { publicKey: verifierPem(verifier), sig: doubleBase64(envelope.signature) };
  const spec = {
    content: {
      envelope: { payloadType: envelope.payloadType, signatures: [signature] },
      hash: { algorithm: 'sha256', value: toHex(sha256(utf8(encodeEnvelope(envelope)))) },
      payloadHash: { algorithm: 'sha256', value: toHex(sha256(envelope.payload)) },
    },
  };
  return { kind: 'intoto', version: '0.0.2', spec };
}

function doubleBase64(bytes: Uint8Array): string {
  return encodeBase64(utf8(encodeBase64(bytes)));
}

/** Base64 of the PEM text, as Rekor v1 stores verifiers. */
export function verifierPem(verifier: Verifier): string {
  const pem = verifier.type === 'certificate' ? encodePem('CERTIFICATE', verifier.certificate) : encodePem('PUBLIC KEY', verifier.spki);
  return encodeBase64(utf8(pem));
}

function verifierJson(verifier: Verifier): JsonValue {
  const { keyDetails } = verifier;
  if (verifier.type === 'certificate') return { keyDetails, x509Certificate: { rawBytes: encodeBase64(verifier.certificate) } };
  return { keyDetails, publicKey: { rawBytes: encodeBase64(verifier.spki) } };
}

/** The members that a signed entry timestamp covers. `logIndex` is the global one. */
export interface SetFields {
  readonly body: Uint8Array;
  readonly integratedTime: number | bigint;
  readonly logId: Uint8Array;
  readonly logIndex: number | bigint;
}

export function setSignedText({ body, integratedTime, logId, logIndex }: SetFields): string {
  return canonicalJson({ body: encodeBase64(body), integratedTime: BigInt(integratedTime), logID: toHex(logId), logIndex: BigInt(logIndex) });
}

export function signEntryTimestamp(key: SigningKey, fields: SetFields): Uint8Array {
  return key.sign(utf8(setSignedText(fields)));
}

/** The Rekor v1 entry id: tree id (8 bytes) ‖ leaf hash, 80 hex digits. */
export function entryId(treeId: bigint, body: Uint8Array): string {
  return toHex(concat(uint(treeId, 8), leafHash(body)));
}
