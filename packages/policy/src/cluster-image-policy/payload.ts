/**
 * What CUE and Rego are given of an attestation (admission.md 2.6): the whole in-toto statement.
 *
 * A policy names a predicate type by its URI or by one of cosign's short names. Three of the latter force the predicate into a fixed form, which drops
 * what it does not know and fills in what is missing; policies were written against these forms, so they are kept:
 *
 *     vuln             { invocation, scanner, metadata }; of the statement `_type` is dropped, too
 *     slsaprovenance   { builder, buildType, invocation, buildConfig, metadata, materials }
 *     link             { _type, name, materials, products, byproducts, command, environment }
 */
import {
  canonicalJson,
  decodeBase64,
  decodeUtf8,
  isJsonObject,
  type Json,
  JsonError,
  type JsonObject,
  type JsonValue,
  PREDICATE_TYPES,
  parseJson,
  TrustError,
} from '@assay/core';
import { linkPredicate, slsaPredicate, vulnPredicate } from './predicates.ts';

/** The DSSE envelope as JSON, or the bytes that were signed in it. */
export type AttestationInput = { readonly envelope: Uint8Array } | { readonly statement: Uint8Array };

export interface AttestationPayload {
  /** That the statement has. */
  readonly predicateType: string;
  /** The JSON for the policy; undefined when the statement is of another type than asked for. */
  readonly json: string | undefined;
}

/**
 * @param predicateType as written in the policy
 * @throws TrustError POLICY_PAYLOAD, with cosign's text
 */
export function attestationPayload(predicateType: string, input: AttestationInput): AttestationPayload {
  if (predicateType === '') throw refused('missing predicate type');
  const bytes = 'statement' in input ? input.statement : envelopePayload(input.envelope);
  const statement = readStatement(bytes);
  if (statement.predicateType !== predicateTypeUri(predicateType)) return { predicateType: statement.predicateType, json: undefined };
  const shape = SHAPES.get(predicateType);
  return { predicateType: statement.predicateType, json: shape === undefined ? wholeText(statement) : canonicalJson(shape(statement)) };
}

/** The URI of a short name; anything else is taken as it is. */
export function predicateTypeUri(type: string): string {
  return PREDICATE_TYPES.get(type) ?? type;
}

function envelopePayload(envelope: Uint8Array): Uint8Array {
  let json: Json;
  try {
    json = parseJson(envelope);
  } catch (error) {
    if (error instanceof JsonError) throw refused('unmarshaling payload data');
    throw error;
  }
  if (!isJsonObject(json)) throw refused('unmarshaling payload data');
  const { payload } = json;
  if (payload === undefined) throw refused('could not find payload in payload data');
  if (typeof payload !== 'string') throw refused(`invalid payload: payload field is not a string (got ${goTypeOf(payload)})`);
  const decoded = decodeBase64(payload);
  if (decoded === undefined) throw refused('decoding payload: illegal base64 data');
  return decoded;
}

interface ReadStatement {
  readonly predicateType: string;
  readonly members: JsonObject;
}

/** Members that in-toto does not know are refused, as by the protobuf reader upstream; a predicate may also be text, as older tools wrote it. */
function readStatement(bytes: Uint8Array): ReadStatement {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw notAStatement('invalid UTF-8');
  let members: Json;
  try {
    members = parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw notAStatement(error.message);
    throw error;
  }
  if (!isJsonObject(members)) throw notAStatement(`json: cannot unmarshal ${Array.isArray(members) ? 'array' : typeof members} into a statement`);
  const { predicate, predicateType = '' } = members;
  if (predicate === undefined) throw notAStatement('could not parse statement, could not find predicate');
  const unknown = Object.keys(members).find((name) => !STATEMENT_MEMBERS.has(name));
  if (typeof predicate !== 'string' && (!isJsonObject(predicate) || unknown !== undefined || !areSubjects(members['subject']))) {
    throw notAStatement(`could not parse predicate with type ${goTypeOf(predicate)}`);
  }
  if (typeof predicateType !== 'string') throw notAStatement('json: cannot unmarshal predicateType into a string');
  return { predicateType, members };
}

function areSubjects(subjects: Json | undefined): boolean {
  if (subjects === undefined || subjects === null) return true;
  return Array.isArray(subjects) && subjects.every((subject) => isJsonObject(subject) && Object.keys(subject).every((name) => SUBJECT_MEMBERS.has(name)));
}

/** Written anew, as upstream's types do it: members sorted, numbers as Go's float64 (`1.0` is `1`), of subjects the name and digests. Messages show it so. */
function wholeText(statement: ReadStatement): string {
  return JSON.stringify({ ...headOf(statement), predicate: sorted(statement.members['predicate'] ?? null) });
}

function sorted(value: Json): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] as Json)]));
}

type Shape = (statement: ReadStatement) => JsonValue;

const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['vuln', (statement) => ({ ...subjectsOf(statement), predicateType: statement.predicateType, predicate: vulnPredicate(predicateOf(statement)) })],
  ['slsaprovenance', (statement) => ({ ...headOf(statement), predicate: slsaPredicate(predicateOf(statement)) })],
  ['link', (statement) => ({ ...headOf(statement), predicate: linkPredicate(predicateOf(statement)) })],
]);

/** With the name and digests of subjects, and nothing else about them. */
function headOf({ predicateType, members }: ReadStatement): Record<string, JsonValue> {
  const { _type = '', subject = null } = members;
  const subjects = Array.isArray(subject) ? subject.map((one) => (isJsonObject(one) ? { name: one['name'] ?? '', digest: one['digest'] ?? null } : {})) : null;
  return { _type: _type as JsonValue, predicateType, subject: subjects as JsonValue };
}

function subjectsOf({ members: { subject } }: ReadStatement): Record<string, JsonValue> {
  return Array.isArray(subject) && subject.length > 0 ? { subject: subject as JsonValue } : {};
}

function predicateOf({ members: { predicate } }: ReadStatement): JsonObject {
  if (isJsonObject(predicate)) return predicate;
  throw refused(`json: cannot unmarshal ${typeof predicate} into Go struct field .predicate`);
}

function goTypeOf(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'float64';
}

function notAStatement(problem: string): TrustError {
  return refused(`unmarshal in-toto statement: ${problem}`);
}

function refused(problem: string): TrustError {
  return new TrustError('POLICY_PAYLOAD', problem);
}

const STATEMENT_MEMBERS: ReadonlySet<string> = new Set(['_type', 'subject', 'predicateType', 'predicate']);
const SUBJECT_MEMBERS: ReadonlySet<string> = new Set(['name', 'uri', 'digest', 'content', 'downloadLocation', 'mediaType', 'annotations']);
