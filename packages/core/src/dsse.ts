/**
 * DSSE and in-toto statements.
 *
 *   PAE(type, payload) = "DSSEv1" SP len(type) SP type SP len(payload) SP payload     lengths in bytes, ASCII decimal
 *   Statement { _type, subject[] { name?, digest { algorithm: hex }, annotations? }, predicateType, predicate }
 */
import { concat, utf8 } from './bytes.ts';
import { quote, TrustError } from './errors.ts';
import { isJsonObject, type Json, JsonError, type JsonObject, parseJson } from './json.ts';

export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What a DSSE signature covers. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

export interface Subject {
  readonly name: string;
  /** Hex by algorithm name, as stated. */
  readonly digest: ReadonlyMap<string, string>;
  readonly annotations: JsonObject | undefined;
}

export interface Statement {
  readonly type: string;
  readonly subjects: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: Json;
}

/** Errors: `STATEMENT_PARSE`; `BUNDLE_LIMIT` for more subjects or digests than the caps. */
export function parseStatement(payload: Uint8Array): Statement {
  const document = parseDocument(payload);
  const type = document['_type'];
  if (typeof type !== 'string' || !STATEMENT_TYPES.has(type)) return refuse('_type', `expected https://in-toto.io/Statement/v1, found ${show(type)}`);
  const predicateType = document['predicateType'];
  if (typeof predicateType !== 'string' || predicateType === '') return refuse('predicateType', 'is missing');
  const subjects = document['subject'] ?? [];
  if (!Array.isArray(subjects)) return refuse('subject', 'is not an array');
  if (subjects.length > MAX_SUBJECTS) throw new TrustError('BUNDLE_LIMIT', `statement: ${subjects.length} subjects, the cap is ${MAX_SUBJECTS}`);
  return { type, subjects: subjects.map(parseSubject), predicateType, predicate: document['predicate'] ?? null };
}

function parseDocument(payload: Uint8Array): JsonObject {
  let document: Json;
  try {
    document = parseJson(payload);
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError('STATEMENT_PARSE', `statement is not valid JSON: ${error.message}`, { cause: error });
    throw error;
  }
  return isJsonObject(document) ? document : refuse('document', 'is not an object');
}

function parseSubject(subject: Json, i: number): Subject {
  if (!isJsonObject(subject)) return refuse(`subject[${i}]`, 'is not an object');
  const { name, digest, annotations } = subject;
  if (!isJsonObject(digest ?? null)) return refuse(`subject[${i}].digest`, 'is not an object');
  const digests = Object.entries(digest as JsonObject);
  if (digests.length > MAX_DIGESTS) throw new TrustError('BUNDLE_LIMIT', `statement: subject ${i} has ${digests.length} digests, the cap is ${MAX_DIGESTS}`);
  const values = digests.map(([algorithm, value]): [string, string] => {
    return typeof value === 'string' ? [algorithm, value] : refuse(`subject[${i}].digest.${quote(algorithm, 40)}`, 'is not text');
  });
  return {
    name: typeof name === 'string' ? name : '',
    digest: new Map(values),
    annotations: isJsonObject(annotations) ? annotations : undefined,
  };
}

function refuse(where: string, problem: string): never {
  throw new TrustError('STATEMENT_PARSE', `statement: ${where} ${problem}`);
}

function show(value: Json | undefined): string {
  return typeof value === 'string' ? quote(value, 80) : 'nothing of that kind';
}

const STATEMENT_TYPES: ReadonlySet<string> = new Set(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']);
const MAX_SUBJECTS = 1024;
const MAX_DIGESTS = 32;
