/**
 * What an entry is found by (services.md section 5), all in lower case:
 *
 *   sha256:<hex>          the artifact; of envelopes the payload, the envelope, and what the statement is about
 *   <hex>                 SHA-256 of the canonical PEM of key or certificate; after `sha256:` where the entry is of an envelope
 *   someone@example.org   each name in the certificate
 *
 * Kept of a key is the beginning of its hash. That is enough to find entries, and no promise: a hit is looked at before it is told.
 */
import { hash } from 'node:crypto';
import { decodeBase64, isJsonObject, type Json, type JsonObject, parseJson, toHex } from '@assay/core';
import { certificateSigner, keySigner, parseSignerPem, type Signer, signerDigest, signerNames } from './signer.ts';

/** The first 8 bytes of the SHA-256 of a key, as 16 hex digits. */
export type SearchKey = string;

export const SEARCH_KEY_BYTES = 8;

export function searchKey(text: string): SearchKey {
  return hash('sha256', text.toLowerCase(), 'hex').slice(0, 2 * SEARCH_KEY_BYTES);
}

export interface Findable {
  readonly signers: readonly Signer[];
  readonly recorded: 'message' | 'envelope';
  /** `sha256:<hex>` each. */
  readonly digests: readonly string[];
}

export function searchKeys({ signers, recorded, digests }: Findable): SearchKey[] {
  const prefix = recorded === 'envelope' ? 'sha256:' : '';
  const texts = signers.flatMap((signer) => [prefix + signerDigest(signer), ...signerNames(signer)]);
  return [...new Set([...texts, ...digests].map(searchKey))];
}

/** The same, from a body of our own log. */
export function searchKeysOfBody(body: Uint8Array): SearchKey[] {
  const { kind, apiVersion, spec } = parseJson(body) as { kind: string; apiVersion: string; spec: JsonObject };
  return searchKeys(BODIES[`${kind} ${apiVersion}`]?.(spec) ?? { signers: [], recorded: 'message', digests: [] });
}

const BODIES: Readonly<Record<string, (spec: JsonObject) => Findable>> = {
  'hashedrekord 0.0.1': (spec) => ({
    signers: [pemSigner(at(spec, 'signature', 'publicKey', 'content'))],
    recorded: 'message',
    digests: [hexDigest(at(spec, 'data', 'hash'))],
  }),
  'dsse 0.0.1': (spec) => ({
    signers: list(spec['signatures']).map((signature) => pemSigner(at(signature, 'verifier'))),
    recorded: 'envelope',
    digests: [hexDigest(at(spec, 'payloadHash')), hexDigest(at(spec, 'envelopeHash'))],
  }),
  'intoto 0.0.2': (spec) => ({
    signers: list(at(spec, 'content', 'envelope', 'signatures')).map((signature) => pemSigner(at(signature, 'publicKey'))),
    recorded: 'envelope',
    digests: [hexDigest(at(spec, 'content', 'payloadHash'))],
  }),
  'hashedrekord 0.0.2': (spec) => ({
    signers: [verifierSigner(at(spec, 'hashedRekordV002', 'signature', 'verifier'))],
    recorded: 'message',
    digests: [protoDigest(at(spec, 'hashedRekordV002', 'data'))],
  }),
};

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((object, name) => (isJsonObject(object) ? object[name] : undefined), value);
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function hexDigest(value: Json | undefined): string {
  return `${at(value, 'algorithm')}:${at(value, 'value')}`;
}

function protoDigest(value: Json | undefined): string {
  return `${String(at(value, 'algorithm')).replace('SHA2_', 'sha')}:${toHex(bytesOf(at(value, 'digest')))}`;
}

function pemSigner(value: Json | undefined): Signer {
  return parseSignerPem(bytesOf(value)) ?? unreadable();
}

function verifierSigner(verifier: Json | undefined): Signer {
  const certificate = at(verifier, 'x509Certificate', 'rawBytes');
  return certificate === undefined ? keySigner(bytesOf(at(verifier, 'publicKey', 'rawBytes'))) : certificateSigner(bytesOf(certificate));
}

function bytesOf(value: Json | undefined): Uint8Array {
  return (typeof value === 'string' ? decodeBase64(value) : undefined) ?? unreadable();
}

/** The log holds only what it took, so this is a bug or a damaged disk. */
function unreadable(): never {
  throw new TypeError('an entry of the log cannot be read');
}
