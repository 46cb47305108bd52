/**
 * Messages in the JSON of protobuf, read as its libraries read them (services.md section 1): names in lowerCamelCase or as in the schema,
 * base64 of either alphabet with or without padding; but nothing that is not in the schema, and nothing twice.
 */
import { Fields, isJsonObject, type Json, type JsonObject, parseFields, quote, TrustError } from '@assay/core';

/** What is at a place: a text (also a number or an enum), bytes, a message by the names of its members, or any number of one of these. */
export type ProtoType = 'text' | 'bytes' | ProtoMessage | readonly [ProtoType];
export interface ProtoMessage {
  readonly [camelName: string]: ProtoType;
}

/** The message with camelCase names and standard base64. Errors: `USAGE`. */
export function parseProtoJson(text: string, type: ProtoMessage, what: string): Fields {
  const codes = { what, parse: 'USAGE', shape: 'USAGE' } as const;
  return new Fields(normalizeMessage(parseFields(text, codes).json, type), '', codes);
}

function normalizeMessage(object: JsonObject, type: ProtoMessage): JsonObject {
  const message: JsonObject = Object.create(null);
  for (const [name, value] of Object.entries(object)) {
    const camelName = name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
    const memberType = Object.hasOwn(type, camelName) ? type[camelName] : undefined;
    if (memberType === undefined) throw new TrustError('USAGE', `unknown field "${quote(name, 60)}"`);
    if (camelName in message) throw new TrustError('USAGE', `duplicate field "${quote(name, 60)}"`);
    message[camelName] = normalize(value, memberType);
  }
  return message;
}

/** A value of another type than the schema says stays as it is: whoever reads it says what was expected. */
function normalize(value: Json, type: ProtoType): Json {
  if (type === 'bytes') return typeof value === 'string' ? standardBase64(value) : value;
  if (type === 'text') return value;
  if (isRepeated(type)) return Array.isArray(value) ? value.map((item) => normalize(item, type[0])) : value;
  return isJsonObject(value) ? normalizeMessage(value, type) : value;
}

function isRepeated(type: ProtoType): type is readonly [ProtoType] {
  return Array.isArray(type);
}

function standardBase64(text: string): string {
  const alphabet = URL_SAFE.test(text) && !text.includes('+') && !text.includes('/') ? text.replaceAll('-', '+').replaceAll('_', '/') : text;
  return alphabet.length % 4 === 0 ? alphabet : alphabet.padEnd(Math.ceil(alphabet.length / 4) * 4, '=');
}

const URL_SAFE = /[-_]/;
