/**
 * Predicates as cosign makes them of a file (cosign.md section 2.4): some are wrapped, some are read against their schema, whose unknown fields are dropped, and the
 * rest must be a JSON object.
 *
 * Objects are written again with sorted keys and 64-bit floating point numbers, as Go's `structpb` does.
 */
import {
  decodeUtf8,
  isJsonObject,
  type Json,
  JsonError,
  type JsonObject,
  type JsonValue,
  PREDICATE_TYPES,
  parseJson,
  parseRfc3339,
  TrustError,
} from '@assay/core';

/** The URI of a short name, or the text itself when it is a URI. Errors: `USAGE` with cosign's text. */
export function predicateTypeOf(type: string): string {
  const uri = PREDICATE_TYPES.get(type);
  if (uri !== undefined) return uri;
  if (/^[a-z][a-z0-9+.-]*:./i.test(type) && URL.canParse(type)) return type;
  throw new TrustError('USAGE', `invalid predicate type: ${type}`, { hint: `give a URI, or one of: ${[...PREDICATE_TYPES.keys()].join(', ')}` });
}

/**
 * @param type as the user named it: it decides how the file is read
 * @param now for `custom`, whose predicate states when it was made
 * Errors: `PREDICATE_PARSE`.
 */
export function readPredicate(content: Uint8Array, type: string, now: Date): JsonValue {
  const text = decodeUtf8(content);
  if (text === undefined) throw new TrustError('PREDICATE_PARSE', 'the predicate is not UTF-8 text');
  if (type === 'custom') return { Data: text, Timestamp: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  if (type === 'spdx') return text;
  const object = parseObject(text, type);
  if (type === 'slsaprovenance' || type === 'slsaprovenance02') return asGo(pruned(object, PROVENANCE_V02, 'Provenance predicate') as Json);
  if (type === 'slsaprovenance1') return asGo(pruned(withInvocationId(object), PROVENANCE_V1, 'Provenance predicate') as Json);
  if (type === 'link') return asGo(link(object));
  if (type === 'vuln') return asGo(vulnerabilityScan(object));
  return asGo(object);
}

function parseObject(text: string, type: string): JsonObject {
  const where = PREDICATE_TYPES.has(type) ? 'invalid JSON' : `invalid JSON payload for predicate type ${type}`;
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError('PREDICATE_PARSE', `${where}: ${error.message}`, { cause: error });
    throw error;
  }
  throw new TrustError('PREDICATE_PARSE', `${where}: the predicate is not a JSON object`);
}

/** Sorted keys, and numbers as doubles. */
function asGo(value: Json): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asGo);
  if (!isJsonObject(value)) return value as JsonValue;
  const entries = Object.entries(value).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(entries.map(([name, member]) => [name, asGo(member)]));
}

/** What a member may hold: text, a time, a boolean, any object, texts by name, or members of its own. */
type Schema = 'string' | 'time' | 'bytes' | 'bool' | 'object' | 'strings' | { readonly [name: string]: Schema } | readonly [Schema];

/** Only what the schema knows, without what is empty: protobuf does not write defaults. Undefined when nothing is left. */
function pruned(value: Json, schema: Schema, where: string): Json | undefined {
  if (value === null) return undefined;
  if (Array.isArray(schema)) return prunedArray(value, schema[0] as Schema, where);
  if (typeof schema === 'object') return prunedObject(value, schema as { readonly [name: string]: Schema }, where);
  if (!MATCHES[schema as keyof typeof MATCHES](value)) return refuse(where, `expected ${schema}`);
  return value === '' || value === false ? undefined : value;
}

function prunedArray(value: Json, schema: Schema, where: string): Json | undefined {
  if (!Array.isArray(value)) return refuse(where, 'expected an array');
  const items = value.map((item, i) => pruned(item, schema, `${where}[${i}]`) ?? {});
  return items.length === 0 ? undefined : items;
}

function prunedObject(value: Json, schema: { readonly [name: string]: Schema }, where: string): Json {
  if (!isJsonObject(value)) return refuse(where, 'expected an object');
  const members = Object.entries(schema).flatMap(([name, inner]): [string, Json][] => {
    const member = Object.hasOwn(value, name) ? pruned(value[name] ?? null, inner, `${where}.${name}`) : undefined;
    return member === undefined ? [] : [[name, member]];
  });
  return Object.fromEntries(members);
}

const MATCHES = {
  string: (value: Json) => typeof value === 'string',
  bytes: (value: Json) => typeof value === 'string',
  time: (value: Json) => typeof value === 'string' && parseRfc3339(value, 'down') !== undefined,
  bool: (value: Json) => typeof value === 'boolean',
  object: (value: Json) => isJsonObject(value),
  strings: (value: Json) => isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string'),
};

function refuse(where: string, problem: string): never {
  throw new TrustError('PREDICATE_PARSE', `unmarshal ${where}: ${problem}`);
}

const MATERIAL: Schema = { uri: 'string', digest: 'strings' };
const RESOURCE: Schema = {
  name: 'string',
  uri: 'string',
  digest: 'strings',
  content: 'bytes',
  downloadLocation: 'string',
  mediaType: 'string',
  annotations: 'object',
};
const PROVENANCE_V02: Schema = {
  builder: { id: 'string' },
  buildType: 'string',
  invocation: { configSource: { uri: 'string', digest: 'strings', entryPoint: 'string' }, parameters: 'object', environment: 'object' },
  buildConfig: 'object',
  metadata: {
    // The specification's spelling; cosign 3 knows only the one of protobuf, and drops this.
    buildInvocationID: 'string',
    buildInvocationId: 'string',
    buildStartedOn: 'time',
    buildFinishedOn: 'time',
    completeness: { parameters: 'bool', environment: 'bool', materials: 'bool' },
    reproducible: 'bool',
  },
  materials: [MATERIAL],
};
const PROVENANCE_V1: Schema = {
  buildDefinition: { buildType: 'string', externalParameters: 'object', internalParameters: 'object', resolvedDependencies: [RESOURCE] },
  runDetails: {
    builder: { id: 'string', version: 'strings', builderDependencies: [RESOURCE] },
    metadata: { invocationId: 'string', startedOn: 'time', finishedOn: 'time' },
    byproducts: [RESOURCE],
  },
};

/** The older spelling of Go's types. */
function withInvocationId(object: JsonObject): JsonObject {
  const { runDetails } = object;
  const metadata = isJsonObject(runDetails ?? null) ? (runDetails as JsonObject)['metadata'] : undefined;
  if (!isJsonObject(metadata ?? null) || (metadata as JsonObject)['invocationID'] === undefined) return object;
  const { invocationID, ...others } = metadata as JsonObject;
  return { ...object, runDetails: { ...(runDetails as JsonObject), metadata: { ...others, invocationId: invocationID as Json } } };
}

const LINK_FIELDS = ['_type', 'name', 'materials', 'products', 'byproducts', 'command', 'environment'];

function link(object: JsonObject): Json {
  const missing = LINK_FIELDS.find((name) => !Object.hasOwn(object, name));
  if (missing !== undefined) throw new TrustError('PREDICATE_PARSE', `link statement: required field ${missing} missing`);
  return Object.fromEntries(LINK_FIELDS.map((name) => [name, object[name] ?? null]));
}

/** Every field of cosign's own type, empty where the file has none. */
function vulnerabilityScan(object: JsonObject): Json {
  const invocation = member(object, 'invocation');
  const scanner = member(object, 'scanner');
  const database = member(scanner, 'db');
  const metadata = member(object, 'metadata');
  return {
    invocation: {
      parameters: invocation['parameters'] ?? null,
      uri: invocation['uri'] ?? '',
      event_id: invocation['event_id'] ?? '',
      'builder.id': invocation['builder.id'] ?? '',
    },
    scanner: {
      uri: scanner['uri'] ?? '',
      version: scanner['version'] ?? '',
      db: { uri: database['uri'] ?? '', version: database['version'] ?? '' },
      result: scanner['result'] ?? null,
    },
    metadata: { scanStartedOn: metadata['scanStartedOn'] ?? NO_TIME, scanFinishedOn: metadata['scanFinishedOn'] ?? NO_TIME },
  };
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name] ?? {};
  return isJsonObject(value) ? value : refuse(name, 'expected an object');
}

const NO_TIME = '0001-01-01T00:00:00Z';
