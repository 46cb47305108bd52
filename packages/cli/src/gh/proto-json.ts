/** JSON of protobuf messages as Go's protojson writes it: members in the order of the schema, none that is empty, maps by their keys. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { BUNDLE_SCHEMA } from '@assay/slsa/github';

/** `value`: as it is; `sorted`: a map or free-form object, by its keys; an array: of these; an object: a message of these. */
type Shape = 'value' | 'sorted' | readonly [Shape] | { readonly [name: string]: Shape };

/** A Sigstore bundle. Members that the schema does not have are left out. */
export function bundleInOrder(bundle: JsonObject): Json {
  return inOrder(bundle, BUNDLE_SCHEMA);
}

/** An in-toto statement. */
export function statementInOrder(statement: Json): Json {
  return inOrder(statement, STATEMENT);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.assign(Object.create(null), Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)])));
}

function inOrder(value: Json, shape: Shape): Json {
  if (shape === 'value') return value;
  if (shape === 'sorted') return sorted(value);
  if (Array.isArray(shape)) return Array.isArray(value) ? value.map((item) => inOrder(item, (shape as readonly [Shape])[0])) : value;
  if (!isJsonObject(value)) return value;
  const members = Object.entries(shape).flatMap(([name, of]): [string, Json][] => {
    const member = value[name];
    return member === undefined || isEmpty(member) ? [] : [[name, inOrder(member, of)]];
  });
  return Object.fromEntries(members);
}

function isEmpty(value: Json): boolean {
  return value === null || value === '' || value === '0' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}

const DESCRIPTOR: Shape = {
  name: 'value',
  uri: 'value',
  digest: 'sorted',
  content: 'value',
  downloadLocation: 'value',
  mediaType: 'value',
  annotations: 'sorted',
};
const STATEMENT: Shape = { _type: 'value', subject: [DESCRIPTOR], predicateType: 'value', predicate: 'sorted' };
