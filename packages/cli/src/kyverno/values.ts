/** Values that stand in for what a cluster would say: variables of rules, labels of namespaces, the operation, and who asks. */
import { described, isJsonObject, type Json, type JsonObject, quote } from '@assay/core';
import type { Operation, ReviewUser } from '@assay/policy/kyverno';
import { CommandError } from '../cobra/failure.ts';
import { readDocuments } from './files.ts';

export interface Values {
  /** Of the variables of a rule, for one resource. */
  of(policy: string, rule: string, resource: string): Readonly<Record<string, Json>>;
  labelsOf(namespace: string): Readonly<Record<string, string>>;
  /** Unless the values say otherwise, objects are created. */
  readonly operation: Operation;
}

/** Throws `CommandError`. */
export function loadValues(file: string): JsonObject {
  return soleDocument(file, 'values');
}

export function valuesOf(document: JsonObject, set: Readonly<Record<string, string>> = {}): Values {
  const globals = { ...objectAt(document, 'globalValues'), ...set };
  const policies = listAt(document, 'policies');
  const operation = scalarText(globals['request.operation'] ?? 'CREATE').toUpperCase();
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE' && operation !== 'CONNECT')
    throw new CommandError(`invalid operation ${quote(operation)}, expected CREATE, UPDATE or DELETE`);
  return {
    operation,
    of(policy, rule, resource) {
      const own = policies.filter(({ name }) => name === policy);
      const values = own.flatMap((one) => [
        ...listAt(one, 'rules').filter(({ name }) => name === rule),
        ...listAt(one, 'resources').filter(({ name }) => name === resource),
      ]);
      return Object.assign({}, globals, ...values.map((one) => objectAt(one, 'values')));
    },
    labelsOf(namespace) {
      const selected = listAt(document, 'namespaceSelector').find(({ name }) => name === namespace);
      const listed = listAt(document, 'namespaces').find((one) => objectAt(one, 'metadata')['name'] === namespace);
      const labels = selected === undefined ? objectAt(objectAt(listed ?? {}, 'metadata'), 'labels') : objectAt(selected, 'labels');
      return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, scalarText(value)]));
    },
  };
}

/** `k=v` of `--set`. Throws `CommandError`. */
export function setValues(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 0) throw new CommandError(`failed to decode yaml (invalid variable ${quote(pair)}, expected key=value)`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

/** Throws `CommandError`. */
export function loadUser(file: string): ReviewUser {
  const document = soleDocument(file, 'request info');
  const { username, groups } = objectAt(document, 'userInfo');
  const texts = (value: Json | undefined) => (Array.isArray(value) ? value.map(scalarText) : []);
  return {
    username: typeof username === 'string' ? username : '',
    groups: texts(groups),
    roles: texts(document['roles']),
    clusterRoles: texts(document['clusterRoles']),
  };
}

function soleDocument(file: string, what: string): JsonObject {
  const [read] = readDocuments([file], what);
  const [document] = read?.documents ?? [];
  if (!isJsonObject(document)) throw new CommandError(`failed to load ${what} (${quote(file)}: the document is no object)`);
  return document;
}

export function objectAt(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

/** Of a list or an object, what it is: nothing is named so. */
export function scalarText(value: Json): string {
  return typeof value === 'object' ? described(value) : String(value);
}

export function listAt(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
