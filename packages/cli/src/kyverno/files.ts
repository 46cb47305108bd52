/** Files of policies, resources, exceptions and values: what they hold, and what is wrong with them in Kyverno's words. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { described, isJsonObject, type Json, type JsonObject, quote, tryParseJsonObject } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import {
  celExceptionOf,
  imageValidatingPolicyOf,
  imageValidatingRulePolicy,
  isCelException,
  isImageValidatingPolicy,
  type PolicyException,
} from '@assay/policy/image-validating-policy';
import {
  clusterPolicy,
  isPolicy,
  type KyvernoException,
  type KyvernoPolicy,
  parseDocuments,
  policyOf,
  type RulePolicy,
  sortDocuments,
  validateKyverno,
} from '@assay/policy/kyverno';
import { CommandError, messageOf } from '../cobra/failure.ts';

export interface LoadedPolicy {
  readonly policy: RulePolicy;
  /** Undefined for policies of other kinds than ClusterPolicy and Policy. */
  readonly source: KyvernoPolicy | undefined;
}

export interface LoadedPolicies {
  readonly policies: readonly LoadedPolicy[];
  /** By name, why: they are not applied. */
  readonly invalid: ReadonlyMap<string, string>;
  /** Of all of them. */
  readonly ruleCount: number;
  readonly warnings: readonly string[];
}

/** The documents of files; of a folder, those of the YAML and JSON files in it. Throws `CommandError`. */
export function readDocuments(paths: readonly string[], what: string): readonly { readonly path: string; readonly documents: readonly Json[] }[] {
  const read: { path: string; documents: Json[] }[] = [];
  for (const path of paths.flatMap((one) => filesIn(one, what))) {
    try {
      read.push({ path, documents: parseDocuments(readFileCapped(path, MAX_BYTES)) });
    } catch (error) {
      throw new CommandError(`failed to load ${what} (${quote(path)}: ${messageOf(error)})`, 1, { cause: error });
    }
  }
  return read;
}

const MAX_BYTES = 8 * 1024 * 1024;

function filesIn(path: string, what: string): string[] {
  if (!existsSync(path)) throw new CommandError(`failed to load ${what} (stat ${quote(path)}: no such file or directory)`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** Throws `CommandError`: upstream leaves out without a word what it cannot read, and a policy that is left out lets everything in. */
export function loadPolicies(paths: readonly string[], exceptions: LoadedExceptions): LoadedPolicies {
  const policies: LoadedPolicy[] = [];
  const invalid = new Map<string, string>();
  const warnings: string[] = [];
  let ruleCount = 0;
  for (const { path, documents } of readDocuments(paths, 'policies')) {
    for (const document of documents) {
      if (!isJsonObject(document)) throw new CommandError(`failed to load policies (${quote(path)}: a document is no object)`);
      try {
        const loaded = loadPolicy(document, path, exceptions, warnings);
        if (loaded === undefined) continue;
        ruleCount += loaded.policy.ruleCount;
        const [problem] = loaded.source === undefined ? [] : validateKyverno(loaded.source).errors;
        if (problem === undefined) policies.push(loaded);
        else invalid.set(loaded.policy.name, problem);
      } catch (error) {
        throw new CommandError(`failed to load policies (${quote(path)}: ${messageOf(error)})`, 1, { cause: error });
      }
    }
  }
  return { policies, invalid, ruleCount, warnings };
}

function loadPolicy(document: JsonObject, path: string, exceptions: LoadedExceptions, warnings: string[]): LoadedPolicy | undefined {
  if (isPolicy(document)) {
    const source = policyOf(document);
    warnings.push(`${path}: ${textAt(document, 'apiVersion')} ${source.kind} is deprecated and will be removed in a future release; ${MIGRATE}`);
    const policy = clusterPolicy(source, { exceptions: exceptions.ofRules });
    for (const rule of policy.unhandled) warnings.push(`${path}: rule ${rule} of ${source.name} is not evaluated: only rules that verify images are`);
    return { policy, source };
  }
  if (isImageValidatingPolicy(document)) return { policy: imageValidatingRulePolicy(imageValidatingPolicyOf(document), exceptions.inCel), source: undefined };
  // What stands beside policies in a file, such as the ConfigMap that they read.
  warnings.push(`${path}: ${described(document['kind'])} is no policy over images, and not applied`);
  return undefined;
}

const MIGRATE =
  'migrate to ValidatingPolicy, MutatingPolicy, GeneratingPolicy or ImageValidatingPolicy (policies.kyverno.io), see https://kyverno.io/docs/guides/migration-to-cel/';

export interface LoadedExceptions {
  /** From rules of ClusterPolicies and Policies. */
  readonly ofRules: readonly KyvernoException[];
  /** From policies in CEL. */
  readonly inCel: readonly PolicyException[];
  readonly count: number;
}

export function loadExceptions(paths: readonly string[]): LoadedExceptions {
  const documents = readDocuments(paths, 'exceptions').flatMap((read) => read.documents);
  try {
    const { exceptions: ofRules, others } = sortDocuments(documents);
    const inCel = others.filter(isCelException).map(celExceptionOf);
    return { ofRules, inCel, count: ofRules.length + inCel.length };
  } catch (error) {
    throw new CommandError(`failed to load exceptions (${messageOf(error)})`, 1, { cause: error });
  }
}

/** Objects, each in a namespace where its kind has one. */
export function loadResources(paths: readonly string[]): readonly JsonObject[] {
  const read = readDocuments(paths, 'resources');
  return read.flatMap(({ documents, path }) =>
    documents.flatMap((document) => {
      if (!isJsonObject(document)) throw new CommandError(`failed to load resources (${quote(path)}: a document is no object)`);
      const items = Array.isArray(document['items']) && textAt(document, 'kind').endsWith('List') ? document['items'].filter(isJsonObject) : [document];
      return items.map(inNamespace);
    }),
  );
}

function inNamespace(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (typeof metadata['namespace'] === 'string' || CLUSTER_WIDE.has(object['kind'])) return object;
  return { ...object, metadata: { ...metadata, namespace: 'default' } };
}

const CLUSTER_WIDE: ReadonlySet<unknown> = new Set([
  'Namespace',
  'Node',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PersistentVolume',
  'StorageClass',
  'ClusterPolicy',
]);

/** Throws `CommandError`. */
export function loadPayload(path: string): JsonObject {
  const payload = tryParseJsonObject(readFileCapped(path, MAX_PAYLOAD));
  if (payload !== undefined) return payload;
  throw new CommandError(`failed to load JSON payload ${quote(path)}: must be a top-level object (map)`);
}

const MAX_PAYLOAD = 8 * 1024 * 1024;

/** Empty when it is absent, or not text. */
function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
