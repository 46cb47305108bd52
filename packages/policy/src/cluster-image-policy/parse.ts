/** Reading one ClusterImagePolicy. Errors keep Go's texts, since callers put them into those of the webhook and of policy-tester. */
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { policyObject, specification } from './decoders.ts';
import { parseDocuments } from './document.ts';
import { decodeGo } from './go/json-decode.ts';
import type { ClusterImagePolicy, ClusterImagePolicyVersion } from './types.ts';

export interface ParseOptions {
  /** What of `metadata` is unknown: refused, as in files, or left to the API server, as in webhooks. Default `strict`. */
  readonly metadata?: 'strict' | 'lenient';
}

/**
 * @param input YAML or JSON with one document, or what was decoded already
 * @throws TrustError POLICY_PARSE, e.g. `json: unknown field "x"`
 */
export function parseClusterImagePolicy(input: string | Uint8Array | JsonObject, options: ParseOptions = {}): ClusterImagePolicy {
  const json = typeof input === 'string' || input instanceof Uint8Array ? onlyDocument(input) : input;
  const version = versionOf(json);
  if (version === undefined) throw new TrustError('POLICY_PARSE', `unknown type: ${typeText(json)}`);
  return decodePolicy(json, version, options);
}

/** Undefined for other kinds. */
export function versionOf(json: Json): ClusterImagePolicyVersion | undefined {
  if (!isJsonObject(json) || json['kind'] !== 'ClusterImagePolicy') return undefined;
  return VERSIONS.find((version) => json['apiVersion'] === `${POLICY_GROUP}/${version}`);
}

export function decodePolicy(json: Json, version: ClusterImagePolicyVersion, { metadata = 'strict' }: ParseOptions = {}): ClusterImagePolicy {
  const read = decodeGo(metadata === 'strict' ? strictObject : lenientObject, json, { goPackage: version, unknownFields: 'refuse' });
  return { version, metadata: read.metadata, spec: read.spec, ...(read.status !== undefined && { status: read.status }) };
}

/** `GROUP/VERSION, Kind=KIND` */
export function typeText(json: Json): string {
  const { apiVersion = '', kind = '' } = isJsonObject(json) ? json : {};
  return `${typeof apiVersion === 'string' ? quote(apiVersion) : ''}, Kind=${typeof kind === 'string' ? quote(kind) : ''}`;
}

export function onlyDocument(input: string | Uint8Array): Json {
  const documents = parseDocuments(input);
  const [document] = documents;
  if (document === undefined) throw new TrustError('POLICY_PARSE', 'document is required to create policy');
  if (documents.length > 1) throw new TrustError('POLICY_PARSE', `expected one document, found ${documents.length}`);
  return document;
}

export const POLICY_GROUP = 'policy.sigstore.dev';
const VERSIONS = ['v1alpha1', 'v1beta1'] as const;
const strictObject = policyObject('~.ClusterImagePolicy', specification, 'strict');
const lenientObject = policyObject('~.ClusterImagePolicy', specification, 'lenient');
