/**
 * A file of policies as policy-tester and its library read it (admission.md 5): ClusterImagePolicies of either version, and Secrets beside them.
 * Everything is validated, after defaulting, before anything is used.
 *
 * Where upstream cuts the text at lines of `---` and then reads the first document of each piece, passing over others without a word, all are read here.
 */
import { isJsonObject, isTrustError, type Json, quote, TrustError } from '@assay/core';
import { fieldErrorText, fieldWarnings, hasErrors, invalidValue, missingField, viaField } from '../field-errors.ts';
import { convertPolicy } from './convert.ts';
import { withDefaults } from './defaults.ts';
import { parseDocuments } from './document.ts';
import { goJsonText } from './go/json-text.ts';
import { decodePolicy, typeText, versionOf } from './parse.ts';
import type { ClusterImagePolicy, ClusterImagePolicyVersion } from './types.ts';
import { type ValidateOptions, validatePolicy } from './validate.ts';

export interface PolicyDocument {
  /** With defaults, as v1alpha1, in the order of the file. */
  readonly policies: readonly ClusterImagePolicy[];
  readonly warnings: readonly string[];
  /** See `convertPolicy`. */
  readonly notes: readonly string[];
}

/** @throws TrustError POLICY_PARSE, POLICY_INVALID; the message is upstream's text */
export function readPolicyDocument(text: string | Uint8Array, options: ValidateOptions = {}): PolicyDocument {
  if (text.length === 0) throw new TrustError('POLICY_PARSE', 'document is required to create policy');
  const objects = objectsOf(text);
  const read = objects.map((object, i) => readObject(object, i, options)).filter((one) => one !== undefined);
  const converted = read.map(({ policy }) => convertPolicy(policy, 'v1alpha1'));
  return {
    policies: converted.map(({ policy }) => policy),
    warnings: read.flatMap(({ warnings }) => warnings),
    notes: converted.flatMap(({ notes }) => notes),
  };
}

function objectsOf(text: string | Uint8Array): Json[] {
  try {
    return parseDocuments(text).map(checkHead);
  } catch (error) {
    if (!isTrustError(error) || error.code !== 'POLICY_PARSE' || /^(?:decoding object|missing field)/.test(error.message)) throw error;
    throw new TrustError('POLICY_PARSE', `decoding object[0]: error converting YAML to JSON: ${error.message}`, { cause: error });
  }
}

function checkHead(object: Json, index: number): Json {
  const { apiVersion, kind, metadata } = isJsonObject(object) ? object : {};
  if (typeof kind !== 'string' || kind === '') {
    const json = quote(goJsonText(object), Number.POSITIVE_INFINITY);
    throw new TrustError('POLICY_PARSE', `decoding object[${index}]: error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in '${json}'`);
  }
  if (typeof apiVersion !== 'string' || apiVersion === '') throw missing(index, 'apiVersion');
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  if (typeof name !== 'string' || name === '') throw missing(index, 'metadata.name');
  return object;
}

function missing(index: number, field: string): TrustError {
  return new TrustError('POLICY_PARSE', fieldErrorText(viaField(`[${index}]`, missingField(field))));
}

interface ReadPolicy {
  readonly policy: ClusterImagePolicy;
  readonly warnings: readonly string[];
}

/** Undefined for a Secret. */
function readObject(object: Json, index: number, options: ValidateOptions): ReadPolicy | undefined {
  const version = versionOf(object);
  if (version !== undefined) return readPolicy(object, version, options);
  if (!isJsonObject(object) || object['apiVersion'] !== 'v1' || object['kind'] !== 'Secret')
    throw new TrustError('POLICY_PARSE', `unknown type: ${typeText(object)}`);
  const { namespace = '' } = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (namespace === 'cosign-system') return undefined;
  const errors = viaField(`[${index}]`, invalidValue(typeof namespace === 'string' ? namespace : '', 'metadata.namespace'));
  throw new TrustError('POLICY_INVALID', fieldErrorText(errors));
}

function readPolicy(object: Json, version: ClusterImagePolicyVersion, options: ValidateOptions): ReadPolicy {
  const policy = withDefaults(decode(object, version));
  const errors = validatePolicy(policy, options);
  if (hasErrors(errors)) throw new TrustError('POLICY_INVALID', fieldErrorText(errors));
  return { policy, warnings: fieldWarnings(errors) };
}

function decode(object: Json, version: ClusterImagePolicyVersion): ClusterImagePolicy {
  try {
    return decodePolicy(object, version);
  } catch (error) {
    if (isTrustError(error)) throw new TrustError(error.code, `unable to unmarshal: ${error.message}`, { cause: error });
    throw error;
  }
}
