/**
 * Requests for certificates, protobuf JSON (services.md section 3): names in lowerCamelCase or snake_case, bytes in either base64 alphabet,
 * unknown members ignored. A member twice, in one spelling or in both, is refused: who logs and who certifies must have read the same.
 *
 *   v2  { credentials: { oidcIdentityToken }, publicKeyRequest: { publicKey: { algorithm, content }, proofOfPossession } }
 *       { credentials?, certificateSigningRequest }
 *   v1  { publicKey: { algorithm, content (bytes) }, signedEmailAddress }   { certificateSigningRequest }
 */
import { decodeBase64, decodeUtf8, encodeBase64, isJsonObject, type Json, JsonError, type JsonObject, parseJson, quote } from '@assay/core';
import { Refusal } from '../http/refusal.ts';
import type { Proof } from './proof.ts';

export interface CertificateRequest {
  /** From the body; empty when it has none. */
  readonly token: string;
  readonly proof: Proof;
}

/** Throws `Refusal`. */
export function parseRequestV2(body: string): CertificateRequest {
  const request = Message.parse(body);
  const token = request.message('credentials')?.text('oidcIdentityToken') ?? '';
  const csr = request.bytes('certificateSigningRequest');
  const possession = request.message('publicKeyRequest');
  if (csr.length > 0 && possession !== undefined) throw malformed('publicKeyRequest and certificateSigningRequest exclude each other');
  if (csr.length > 0) return { token, proof: { kind: 'csr', csr: textOf(csr) } };
  const publicKey = possession?.message('publicKey')?.text('content') ?? '';
  return { token, proof: { kind: 'key', publicKey, signature: possession?.bytes('proofOfPossession') ?? NONE } };
}

/** Of the API before, in which the key comes as bytes: PEM or DER. Throws `Refusal`. */
export function parseRequestV1(body: string): CertificateRequest {
  const request = Message.parse(body);
  const csr = request.bytes('certificateSigningRequest');
  if (csr.length > 0) return { token: '', proof: { kind: 'csr', csr: textOf(csr) } };
  const content = request.message('publicKey')?.bytes('content') ?? NONE;
  const text = textOf(content);
  const publicKey = text.includes('-----BEGIN ') ? text : encodeBase64(content);
  return { token: '', proof: { kind: 'key', publicKey, signature: request.bytes('signedEmailAddress') } };
}

function textOf(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? '';
}

class Message {
  readonly #json: JsonObject;
  readonly #path: string;

  private constructor(json: JsonObject, path: string) {
    this.#json = json;
    this.#path = path;
  }

  static parse(text: string): Message {
    try {
      const json = parseJson(text);
      if (!isJsonObject(json)) throw malformed('the body is not a JSON object');
      return new Message(json, '');
    } catch (error) {
      if (error instanceof JsonError) throw malformed(`the body is not valid JSON: ${quote(error.message)}`);
      throw error;
    }
  }

  #member(name: string): Json {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (name !== snake && name in this.#json && snake in this.#json) throw malformed(`${this.#path}${name} stands there twice, also as ${snake}`);
    return this.#json[name] ?? this.#json[snake] ?? null;
  }

  message(name: string): Message | undefined {
    const value = this.#member(name);
    if (value === null) return undefined;
    if (!isJsonObject(value)) throw malformed(`${this.#path}${name} is not an object`);
    return new Message(value, `${this.#path}${name}.`);
  }

  text(name: string): string {
    const value = this.#member(name) ?? '';
    if (typeof value !== 'string') throw malformed(`${this.#path}${name} is not a string`);
    return value;
  }

  bytes(name: string): Uint8Array {
    const text = this.text(name).replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
    const bytes = decodeBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '='));
    if (bytes === undefined) throw malformed(`${this.#path}${name} is not base64`);
    return bytes;
  }
}

function malformed(problem: string): Refusal {
  return new Refusal(400, problem);
}

const NONE = new Uint8Array(0);
