/** The fixed forms of predicates (see payload.ts), as Go's types of in-toto and cosign read and write them. */
import { type Json, type JsonObject, type JsonValue, parseRfc3339, TrustError } from '@assay/core';
import { anything, type Decoder, decodeGo, list, mapOf, optionalText, pointer, struct, text } from './go/json-decode.ts';
import { goQuote } from './go/quote.ts';

/** Errors of all three: `POLICY_PARSE`. */
export function vulnPredicate(predicate: JsonObject): JsonValue {
  return read(vuln, predicate);
}

export function slsaPredicate(predicate: JsonObject): JsonValue {
  return read(slsa, predicate);
}

export function linkPredicate(predicate: JsonObject): JsonValue {
  return read(link, predicate);
}

function read(form: Decoder<JsonObject>, predicate: JsonObject): JsonValue {
  return decodeGo(form, predicate, { goPackage: '', unknownFields: 'ignore' }) as JsonValue;
}

type Member = Decoder<Json | undefined>;

function form(goName: string, members: Readonly<Record<string, Member>>): Decoder<JsonObject> {
  return struct<Record<string, Json | undefined>>(goName, members) as Decoder<JsonObject>;
}

/** Written even when it is false. */
const bool: Decoder<Json> = {
  goType: 'bool',
  decode(value) {
    if (value === null || typeof value === 'boolean') return value ?? false;
    throw new TrustError('POLICY_PARSE', 'json: cannot unmarshal a value into a Go value of type bool');
  },
};

/** Left out when it is null. */
const some: Member = { goType: anything.goType, decode: (value) => value ?? undefined };

const time: Decoder<Json> = { goType: 'time.Time', decode: (value, at) => (value === null ? '0001-01-01T00:00:00Z' : timeText(text.decode(value, at))) };

function timeText(written: string): string {
  if (parseRfc3339(written) === undefined)
    throw new TrustError('POLICY_PARSE', `parsing time ${goQuote(written)} as "2006-01-02T15:04:05Z07:00": cannot parse`);
  return written
    .replace(/(\.\d*?)0+(?=[Z+-])/, '$1')
    .replace(/\.(?=[Z+-])/, '')
    .replace(/[+-]00:00$/, 'Z');
}

/** null when absent. */
function record(item: Decoder<Json>): Decoder<Json> {
  const map = mapOf(item);
  return { goType: map.goType, decode: (value, at) => (value === null ? null : objectOf(map.decode(value, at))) };
}

/** Left out when it is empty. */
function optionalRecord(item: Decoder<Json>): Member {
  const map = mapOf(item);
  return {
    goType: map.goType,
    decode(value, at) {
      const members = map.decode(value, at);
      return members.size === 0 ? undefined : objectOf(members);
    },
  };
}

function optionalList(item: Decoder<JsonObject>): Member {
  const items = list(item);
  return {
    goType: items.goType,
    decode(value, at) {
      const found = items.decode(value, at);
      return found.length === 0 ? undefined : [...found];
    },
  };
}

function objectOf(members: ReadonlyMap<string, Json>): JsonObject {
  const object: JsonObject = Object.create(null);
  for (const [name, member] of members) object[name] = member;
  return object;
}

const vuln = form('attestation.CosignVulnPredicate', {
  invocation: form('attestation.Invocation', { parameters: anything, uri: text, event_id: text, 'builder.id': text }),
  scanner: form('attestation.Scanner', { uri: text, version: text, db: form('attestation.DB', { uri: text, version: text }), result: anything }),
  metadata: form('attestation.Metadata', { scanStartedOn: time, scanFinishedOn: time }),
});

const slsa = form('v02.ProvenancePredicate', {
  builder: form('common.ProvenanceBuilder', { id: text }),
  buildType: text,
  invocation: form('v02.ProvenanceInvocation', {
    configSource: form('v02.ConfigSource', { uri: optionalText, digest: optionalRecord(text), entryPoint: optionalText }),
    parameters: some,
    environment: some,
  }),
  buildConfig: some,
  metadata: pointer(
    form('v02.ProvenanceMetadata', {
      buildInvocationID: optionalText,
      buildStartedOn: pointer(time),
      buildFinishedOn: pointer(time),
      completeness: form('v02.ProvenanceComplete', { parameters: bool, environment: bool, materials: bool }),
      reproducible: bool,
    }),
  ),
  materials: optionalList(form('common.ProvenanceMaterial', { uri: optionalText, digest: optionalRecord(text) })),
});

const link = form('in_toto.Link', {
  _type: text,
  name: text,
  materials: record(anything),
  products: record(anything),
  byproducts: record(anything),
  command: { goType: '[]string', decode: (value, at) => (value === null ? null : [...list(text).decode(value, at)]) },
  environment: record(anything),
});
