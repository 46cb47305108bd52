/** Rekor logs in a folder of their own, asked without a socket; signings to upload, and core's verdict on what comes back. */
import {
  BUNDLE_V03,
  Certificate,
  encodeBase64,
  encodeBundle,
  type Json,
  type JsonObject,
  keyDetails,
  type LogEntry,
  parseBundle,
  parseFields,
  parseLogEntry,
  parsePublicKeyPem,
  parseRekorAnswer,
  preAuthenticationEncoding,
  proposedDsse,
  proposedHashedRekord,
  utf8,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { digest, generateKey, type KeyType, type SigningKey, type TrustedRootJson, verifierPem } from '@assay/make';
import { createInstance, type Sample, type SignOptions, type Verdict, verifySample } from '@assay/testkit';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { openRekorV1, openRekorV2, type RekorV1, type RekorV1Options, type RekorV2, type RekorV2Options } from '../src/rekor/index.ts';
import { type Disk, openDisk } from '../src/store/disk.ts';
import { jsonOf } from './json-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const ARTIFACT = utf8('the artifact');
export const ORIGIN = 'http://rekor.stack.example:4100';
export const V2_URL = `${ORIGIN}/rekor/1`;
export const instance = createInstance();
export const V1_KEY = generateKey('p256');
export const V2_KEY = generateKey('ed25519');
export const TREE_ID = 1193050959916656506n;

const context = { clock: () => instance.now, log: pino({ level: 'silent' }) };

export async function openV1({ folder = temporaryFolder(), ...options }: Partial<RekorV1Options> & { folder?: string } = {}): Promise<RekorV1> {
  return openRekorV1({ ...context, disk: openDisk(folder), baseUrl: ORIGIN, shards: [{ key: V1_KEY, treeId: TREE_ID }], ...options });
}

export async function openV2({ folder = temporaryFolder(), ...options }: Partial<RekorV2Options> & { folder?: string } = {}): Promise<RekorV2> {
  return openRekorV2({ ...context, disk: openDisk(folder), baseUrl: V2_URL, key: V2_KEY, ...options });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly text: string;
  /** Undefined for what is not JSON. */
  readonly json: Json | undefined;
}

export async function get({ app }: { app: Hono }, path: string): Promise<Answer> {
  return answer(await app.fetch(new Request(`${ORIGIN}${path}`)));
}

/** Text and bytes as they are, anything else as JSON. */
export async function post({ app }: { app: Hono }, path: string, body: unknown): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const init = { method: 'POST', body: raw ? (body as string) : JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  return answer(await app.fetch(new Request(`${ORIGIN}${path}`, init)));
}

async function answer(response: Response): Promise<Answer> {
  const body = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(body);
  return { status: response.status, headers: Object.fromEntries(response.headers), body, text, json: jsonOf(text) };
}

/** Signed now by the virtual instance, and not on record anywhere. */
export function signed(options: SignOptions = {}): Sample {
  return instance.sign(ARTIFACT, { signedAt: instance.now, ...options, log: 'none' });
}

export function signerPem({ expected, policy }: Sample): string {
  return expected.certificate === undefined ? (policy.key ?? '') : pemOf(expected.certificate);
}

function pemOf(certificate: Uint8Array): string {
  return Buffer.from(verifierPem({ type: 'certificate', certificate, keyDetails: '' }), 'base64').toString();
}

/** What a client of Rekor v1 proposes. */
export function proposalOf(sample: Sample): JsonObject {
  const { content } = parseBundle(sample.bundleBytes);
  if (content.kind === 'dsse') return proposedDsse(JSON.stringify(sample.bundle.dsseEnvelope), signerPem(sample)) as JsonObject;
  if (content.kind !== 'message' || content.digest === undefined) throw new TypeError('neither an envelope nor a message with its digest');
  const { algorithm, value } = content.digest;
  return proposedHashedRekord(content.signature, signerPem(sample), algorithm, value) as JsonObject;
}

/** What a client of Rekor v2 sends. */
export function requestOf(sample: Sample): JsonObject {
  const { content } = parseBundle(sample.bundleBytes);
  const verifier = verifierOf(sample, 'PKIX_ED25519_PH');
  const hash = HASHES[verifier.keyDetails] ?? 'sha256';
  if (content.kind === 'payload') throw new TypeError('not in a bundle');
  const signed = content.kind === 'dsse' ? digest(hash, preAuthenticationEncoding(content.payloadType, content.payload)) : content.digest?.value;
  const signature = { content: encodeBase64(content.signature), verifier };
  return { hashedRekordRequestV002: { digest: encodeBase64(signed ?? new Uint8Array(0)), signature } };
}

/** What older clients send for an envelope. */
export function dsseRequestOf(sample: Sample): JsonObject {
  return { dsseRequestV002: { envelope: sample.bundle.dsseEnvelope as unknown as Json, verifiers: [verifierOf(sample, 'PKIX_ED25519')] } };
}

export function verifierOf({ expected, policy }: Sample, ed25519: string) {
  const certificate = expected.certificate && Certificate.parse(expected.certificate);
  const key = certificate?.publicKey ?? parsePublicKeyPem(policy.key ?? '');
  const details = key.type === 'ed25519' ? ed25519 : keyDetails(key);
  if (certificate !== undefined) return { keyDetails: details, x509Certificate: { rawBytes: encodeBase64(certificate.der) } };
  return { keyDetails: details, publicKey: { rawBytes: encodeBase64(key.spki) } };
}

const HASHES: Readonly<Record<string, 'sha384' | 'sha512'>> = {
  PKIX_ECDSA_P384_SHA_384: 'sha384',
  PKIX_ECDSA_P521_SHA_512: 'sha512',
  PKIX_ED25519_PH: 'sha512',
};

/** The signing with this entry, judged by core under the keys of our logs. */
export function judge(sample: Sample, entry: LogEntry, logs: TrustedRootJson['tlogs'] = trustedLogs()): Promise<Verdict> {
  const bundle = parseBundle(sample.bundleBytes);
  const bundleBytes = utf8(encodeBundle({ ...bundle, mediaType: BUNDLE_V03, entries: [entry] }));
  const trustedRoot = { ...instance.trustedRoot(), tlogs: logs };
  return verifySample({ ...sample, bundleBytes, trustedRootBytes: utf8(JSON.stringify(trustedRoot)) }, nodeCrypto);
}

export function trustedLogs(): TrustedRootJson['tlogs'] {
  return [trustedLog(ORIGIN, V1_KEY, digestOf(V1_KEY)), trustedLog(V2_URL, V2_KEY, v2LogId())];
}

export function trustedLog(baseUrl: string, { spki, keyDetails }: SigningKey, keyId: string): TrustedRootJson['tlogs'][number] {
  const publicKey = { rawBytes: encodeBase64(spki), keyDetails, validFor: { start: '2025-01-01T00:00:00Z' } };
  return { baseUrl, hashAlgorithm: 'SHA2_256', publicKey, logId: { keyId } };
}

export function digestOf({ spki }: SigningKey): string {
  return encodeBase64(nodeCrypto.hash('sha256', spki) as Uint8Array);
}

/** SHA-256(host ‖ 0A ‖ 01 ‖ key), by the letter of services.md section 6. */
function v2LogId(): string {
  const id = Buffer.concat([Buffer.from('rekor.stack.example\n\x01', 'latin1'), V2_KEY.spki.subarray(-32)]);
  return encodeBase64(nodeCrypto.hash('sha256', id) as Uint8Array);
}

export function v1Entry({ body }: Answer): LogEntry {
  const [entry, ...others] = parseRekorAnswer(body);
  if (entry === undefined || others.length > 0) throw new TypeError('not one entry');
  return entry;
}

export function v2Entry({ body }: Answer): LogEntry {
  return parseLogEntry(parseFields(body, { what: 'answer', parse: 'REKOR_RESPONSE', shape: 'REKOR_RESPONSE' }), '0.3');
}

/** A new key of each type, made once: RSA takes its time. */
export function keyOf(type: KeyType): SigningKey {
  const key = keys.get(type) ?? generateKey(type);
  keys.set(type, key);
  return key;
}

const keys = new Map<KeyType, SigningKey>();

/** `disk`, except that writing some of its files fails. */
export function failingDisk(disk: Disk, fails: (path: string) => boolean): Disk {
  const check = async (path: string): Promise<void> => {
    if (fails(path)) throw new Error('ENOSPC: no space left on device');
  };
  return {
    ...disk,
    write: async (path, bytes, options) => {
      await check(path);
      await disk.write(path, bytes, options);
    },
    append: async (path, bytes) => {
      await check(path);
      await disk.append(path, bytes);
    },
    at: (folder) => failingDisk(disk.at(folder), fails),
  };
}
