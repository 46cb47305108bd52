/**
 * A test file: policies, resources, and what is expected of them (admission.md section 8). Paths are relative to the file.
 *
 *   apiVersion: cli.kyverno.io/v1alpha1
 *   kind: Test
 *   policies: [policy.yaml]
 *   resources: [pod.yaml]
 *   results: [{ policy: require-signature, rule: signed, resources: [app], kind: Pod, result: fail }]
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isJsonObject, isTrustError, type Json, type JsonObject, quote } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { parseDocuments } from '@assay/policy/kyverno';
import { listAt } from './values.ts';

export interface TestFile {
  readonly path: string;
  readonly folder: string;
  readonly policies: readonly string[];
  readonly resources: readonly string[];
  readonly payloads: readonly string[];
  readonly exceptions: readonly string[];
  /** Of variables: within the file, or in one of its own. */
  readonly values: JsonObject | string | undefined;
  readonly userinfo: string | undefined;
  readonly results: readonly ExpectedResult[];
  /** Fields that say something to upstream, and nothing here. */
  readonly unused: readonly string[];
}

export interface ExpectedResult {
  /** `NAME` or `NAMESPACE/NAME`. */
  readonly policy: string;
  readonly rule: string;
  readonly kind: string;
  readonly resources: readonly string[];
  readonly specs: readonly { readonly group: string; readonly version: string; readonly namespace: string; readonly name: string }[];
  readonly result: string;
  readonly operation: string;
  readonly patched: string;
}

export type LoadedTest = TestFile | { readonly path: string; readonly problem: string } | { readonly path: string; readonly deprecated: true };

/** Files of that name in folders and all below them, in order. Throws what the file system throws. */
export function findTests(folders: readonly string[], fileName: string): LoadedTest[] {
  return folders.flatMap((folder) => walk(folder, fileName)).map(loadTest);
}

function walk(path: string, fileName: string): string[] {
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.isDirectory()) return walk(join(path, entry.name), fileName);
    return entry.name === fileName ? [join(path, entry.name)] : [];
  });
}

function loadTest(path: string): LoadedTest {
  try {
    const [document] = parseDocuments(readFileCapped(path, MAX_BYTES));
    if (!isJsonObject(document)) return { path, problem: 'the document is no object' };
    if (typeof document['apiVersion'] !== 'string' || typeof document['kind'] !== 'string' || 'name' in document) return { path, deprecated: true };
    return testOf(path, document);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { path, problem: error.message };
  }
}

function testOf(path: string, document: JsonObject): TestFile | { readonly path: string; readonly problem: string } {
  const unknown = Object.keys(document).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return { path, problem: `strict decoding error: unknown field ${JSON.stringify(quote(unknown))}` };
  const folder = dirname(path);
  const paths = (name: string) => textsAt(document, name).map((one) => join(folder, one));
  const { variables, values, userinfo } = document;
  return {
    path,
    folder,
    policies: paths('policies'),
    resources: paths('resources'),
    payloads: [...paths('jsonPayloads'), ...paths('jsonPayload')],
    exceptions: paths('exceptions'),
    values: isJsonObject(values) ? values : typeof variables === 'string' && variables !== '' ? join(folder, variables) : undefined,
    userinfo: typeof userinfo === 'string' && userinfo !== '' ? join(folder, userinfo) : undefined,
    results: listAt(document, 'results').map(expectedOf),
    unused: UNUSED.filter((name) => document[name] !== undefined),
  };
}

function expectedOf(result: JsonObject): ExpectedResult {
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return {
    policy: text(result['policy']),
    rule: text(result['rule']),
    kind: text(result['kind']),
    resources: [...textsAt(result, 'resources'), ...(text(result['resource']) === '' ? [] : [text(result['resource'])])],
    specs: listAt(result, 'resourceSpecs').map((spec) => ({
      group: text(spec['group']),
      version: text(spec['version']),
      namespace: text(spec['namespace']),
      name: text(spec['name']),
    })),
    result: text(result['result']),
    operation: text(result['operation']),
    patched: text(result['patchedResources']) || text(result['patchedResource']),
  };
}

function textsAt(object: JsonObject, name: string): string[] {
  const value = object[name];
  if (typeof value === 'string') return value === '' ? [] : [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

const KNOWN = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'policies',
  'resources',
  'targetResources',
  'variables',
  'values',
  'userinfo',
  'exceptions',
  'context',
  'jsonPayload',
  'jsonPayloads',
  'clusterResources',
  'checks',
  'results',
  'paramResources',
]);
/** About mutation of other objects, clusters, and contexts of CEL. */
const UNUSED = ['targetResources', 'clusterResources', 'paramResources', 'context', 'checks'] as const;
const MAX_BYTES = 1024 * 1024;
