/**
 * A TrustRoot to what verification uses, and to its entry in ConfigMap `config-sigstore-keys` (admission.md 3): the JSON of a Sigstore trusted root.
 *
 * Entries made from keys carry one quirk of upstream: the id of a log is the text of its hash in hex, not the hash. It is written, and read back, here.
 */
import { createHash } from 'node:crypto';
import {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeGoJson,
  isJsonObject,
  isTrustError,
  type Json,
  type JsonObject,
  type JsonValue,
  keyDetails,
  type PublicKey,
  parsePublicKeyPem,
  parseTrustedRoot,
  quote,
  TRUSTED_ROOT_MEDIA_TYPE,
  TrustError,
  type TrustedRoot,
  tryParseJson,
  utf8,
} from '@assay/core';
import type { HttpClient } from '@assay/net';
import { configMapEntries } from '../cluster-image-policy/config-map.ts';
import { goJsonText } from '../cluster-image-policy/go/json-text.ts';
import { certificatesOf } from './chain.ts';
import { openPacked, openRemote, type TufClient, type TufOptions } from './tuf.ts';
import type { CertificateAuthority, SigstoreKeys, TransparencyLog, TrustRoot } from './types.ts';

export interface CompiledTrustRoot {
  /** The entry of the ConfigMap. */
  readonly json: string;
  readonly root: TrustedRoot;
}

export interface CompileOptions extends TufOptions {
  /** For `remote`. */
  readonly http: HttpClient;
}

/**
 * A trusted root in a repository is taken as it is; where there is none, the targets that say what they are for are put together.
 * @throws TrustError POLICY_INVALID, TRUST_ROOT_…, and those of `fetchTarget`
 */
export async function compileTrustRoot({ spec }: TrustRoot, options: CompileOptions): Promise<CompiledTrustRoot> {
  const { sigstoreKeys, repository, remote } = spec;
  if (sigstoreKeys !== undefined) return compiled(encodeGoJson(keysJson(sigstoreKeys)));
  const place = repository ?? remote;
  if (place === undefined) throw invalid('invalid TrustRoot entry: missing repository,remote, and sigstoreKeys');
  const client =
    repository !== undefined ? await openPacked(repository, options) : await openRemote(remote as NonNullable<typeof remote>, options.http, options);
  try {
    return compiled(await trustedRootText(client, place.trustedRootTarget ?? 'trusted_root.json'));
  } finally {
    await client.close();
  }
}

/**
 * The whole ConfigMap `config-sigstore-keys`.
 * @throws TrustError POLICY_PARSE, with upstream's text: one entry that cannot be read refuses them all
 */
export function readCompiledTrustRoots(data: ReadonlyMap<string, string>): Map<string, TrustedRoot> {
  return configMapEntries(data, parseCompiledTrustRoot);
}

/** @throws TrustError TRUST_ROOT_… */
export function parseCompiledTrustRoot(json: string): TrustedRoot {
  const root = tryParseJson(json);
  if (!isJsonObject(root)) return parseTrustedRoot(utf8(json));
  const logs = Object.fromEntries(['tlogs', 'ctlogs'].flatMap((name) => (Array.isArray(root[name]) ? [[name, root[name].map(withRawLogId)]] : [])));
  return parseTrustedRoot(utf8(goJsonText({ ...root, ...logs })));
}

function compiled(json: string): CompiledTrustRoot {
  return { json, root: parseCompiledTrustRoot(json) };
}

/** 64 characters of hex stand for the hash itself; a hash has 32 bytes, so neither can be the other. */
function withRawLogId(log: Json): Json {
  const logId = isJsonObject(log) && isJsonObject(log['logId']) ? log['logId'] : undefined;
  const keyId = typeof logId?.['keyId'] === 'string' ? decodeUtf8(decodeBase64(logId['keyId']) ?? new Uint8Array()) : undefined;
  if (keyId === undefined || !/^[0-9a-f]{64}$/.test(keyId)) return log;
  return { ...(log as JsonObject), logId: { keyId: Buffer.from(keyId, 'hex').toString('base64') } };
}

// --------------------------------------------------------------------------------------------------------------- keys

function keysJson({ certificateAuthorities, tLogs, ctLogs, timestampAuthorities }: SigstoreKeys): JsonValue {
  return {
    mediaType: TRUSTED_ROOT_MEDIA_TYPE,
    tlogs: tLogs.map((log) => convert('transparency log instance', () => logJson(log))),
    certificateAuthorities: certificateAuthorities.flatMap((authority) => convert('certificate authority', () => authorityJson(authority))),
    ctlogs: ctLogs.map((log) => convert('ct log instance', () => logJson(log))),
    timestampAuthorities: timestampAuthorities.flatMap((authority) => convert('timestamp authority', () => authorityJson(authority))),
  };
}

function convert<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('POLICY_INVALID', `failed to convert ${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** One entry for each root of the chain, which comes last whatever the order was: the last certificate is what is trusted. */
function authorityJson({ subject, uri, certChain = new Uint8Array() }: CertificateAuthority): JsonValue[] {
  const certificates = certificatesOf(certChain);
  const roots = certificates.filter(({ selfIssued }) => selfIssued);
  const others = certificates.filter(({ selfIssued }) => !selfIssued);
  const chains = roots.length > 0 ? roots.map((root) => [...others, root]) : [others];
  return chains.map((chain) => ({
    subject: { organization: subject.organization, commonName: subject.commonName },
    uri,
    certChain: { certificates: chain.map(({ der }) => ({ rawBytes: encodeBase64(der) })) },
    validFor: { start: EPOCH },
  }));
}

function logJson({ baseURL, hashAlgorithm, publicKey = new Uint8Array() }: TransparencyLog): JsonValue {
  const key = publicKeyOf(publicKey);
  return {
    baseUrl: baseURL,
    hashAlgorithm: HASHES.get(hashAlgorithm) ?? 'HASH_ALGORITHM_UNSPECIFIED',
    publicKey: { rawBytes: encodeBase64(key.spki), keyDetails: keyDetails(key), validFor: { start: EPOCH } },
    logId: { keyId: encodeBase64(utf8(createHash('sha256').update(key.spki).digest('hex'))) },
  };
}

function publicKeyOf(pem: Uint8Array): PublicKey {
  const text = decodeUtf8(pem) ?? '';
  if (!text.includes('-----BEGIN ')) throw invalid('failed to decode public key');
  try {
    return parsePublicKeyPem(text);
  } catch (error) {
    if (isTrustError(error)) throw invalid(`failed to unmarshal public key: ${error.message}`);
    throw error;
  }
}

// ---------------------------------------------------------------------------------------------------------------- TUF

async function trustedRootText(client: TufClient, name: string): Promise<string> {
  const trustedRoot = await client.target(name);
  if (trustedRoot === undefined) return encodeGoJson(await assembled(client));
  return decodeUtf8(trustedRoot) ?? refuse(`parsing ${quote(name)}: invalid UTF-8`);
}

/** From `{"sigstore": {"usage": "Fulcio", "status": "Active", "uri": "…"}}` of each target. */
async function assembled(client: TufClient): Promise<JsonValue> {
  const authorities: JsonValue[] = [];
  const logs: JsonValue[] = [];
  const ctLogs: JsonValue[] = [];
  for (const [name, { sigstore }] of client.custom) {
    if (!isJsonObject(sigstore)) continue;
    const content = (await client.target(name)) ?? refuse(`downloading target ${quote(name)}: not found`);
    const uri = typeof sigstore['uri'] === 'string' ? sigstore['uri'] : '';
    if (sigstore['usage'] === 'Fulcio') authorities.push(...authorityJson({ subject: { organization: '', commonName: '' }, uri, certChain: content }));
    if (sigstore['usage'] === 'Rekor') logs.push(logJson({ baseURL: uri, hashAlgorithm: 'sha256', publicKey: content }));
    if (sigstore['usage'] === 'CTFE') ctLogs.push(logJson({ baseURL: uri, hashAlgorithm: 'sha256', publicKey: content }));
  }
  if (authorities.length === 0) throw invalid('no certificate authorities found');
  return { mediaType: TRUSTED_ROOT_MEDIA_TYPE, tlogs: logs, certificateAuthorities: authorities, ctlogs: ctLogs };
}

function refuse(problem: string): never {
  throw invalid(problem);
}

function invalid(problem: string): TrustError {
  return new TrustError('POLICY_INVALID', problem);
}

const EPOCH = '1970-01-01T00:00:00Z';
const HASHES = new Map([
  ['sha-256', 'SHA2_256'],
  ['sha256', 'SHA2_256'],
  ['sha-384', 'SHA2_384'],
  ['sha384', 'SHA2_384'],
  ['sha-512', 'SHA2_512'],
  ['sha512', 'SHA2_512'],
]);
