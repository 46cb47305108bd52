/**
 * Policies as they are written: documents of YAML or JSON, some of them ClusterPolicies and Policies of Kyverno.
 *
 *   document ─► KyvernoPolicy ─► rules over images          read in full, or the policy is refused
 *                           └─► rules of other kinds        named: they are not handled here
 */
import { described, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { parseDocuments } from '../cluster-image-policy/document.ts';
import { metadataOf, objectsOf } from './documents.ts';
import { readAs } from './read.ts';
import { type ExceptionSpec, exceptionSchema, type Rule, ruleSchema, type Spec, specSchema } from './types.ts';

export interface KyvernoPolicy {
  readonly kind: 'ClusterPolicy' | 'Policy';
  readonly name: string;
  /** '' for a ClusterPolicy. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
  /** All of them, in order. */
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly kind: 'verifyImages' | 'validate' | 'mutate' | 'generate';
  readonly name: string;
  /** As far as matching and naming go; bodies of rules of other kinds are not read. */
  readonly rule: Rule;
}

export interface KyvernoException {
  readonly name: string;
  readonly namespace: string;
  readonly spec: ExceptionSpec;
}

export interface ParsedDocuments {
  readonly policies: readonly KyvernoPolicy[];
  readonly exceptions: readonly KyvernoException[];
  /** Documents that are neither. */
  readonly others: readonly JsonObject[];
}

/** Errors: `POLICY_PARSE`, `POLICY_INVALID`. */
export function parseKyverno(input: string | Uint8Array): ParsedDocuments {
  return sortDocuments(parseDocuments(input));
}

/** Of objects that were read already. Lists are taken apart. Errors: `POLICY_INVALID`. */
export function sortDocuments(documents: readonly Json[]): ParsedDocuments {
  const policies: KyvernoPolicy[] = [];
  const exceptions: KyvernoException[] = [];
  const others: JsonObject[] = [];
  for (const document of objectsOf(documents)) {
    if (isPolicy(document)) policies.push(policyOf(document));
    else if (isException(document)) exceptions.push(exceptionOf(document));
    else others.push(document);
  }
  return { policies, exceptions, others };
}

export function isPolicy({ apiVersion, kind }: JsonObject): boolean {
  return (kind === 'ClusterPolicy' || kind === 'Policy') && typeof apiVersion === 'string' && apiVersion.startsWith('kyverno.io/');
}

function isException({ apiVersion, kind }: JsonObject): boolean {
  return kind === 'PolicyException' && typeof apiVersion === 'string' && apiVersion.startsWith('kyverno.io/');
}

/** Errors: `POLICY_INVALID`. */
export function policyOf(document: JsonObject): KyvernoPolicy {
  const { apiVersion, kind, spec: body } = document;
  if (apiVersion !== 'kyverno.io/v1' && apiVersion !== 'kyverno.io/v2beta1')
    throw new TrustError('POLICY_INVALID', `version ${described(apiVersion)} of ${described(kind)} is not supported`, {
      expected: 'kyverno.io/v1 or kyverno.io/v2beta1',
    });
  const spec = readAs(specSchema, body ?? {}, 'spec');
  const rules = (spec.rules ?? []).map((rule, i) => ruleOf(rule, `spec.rules[${i}]`));
  const { namespace, ...metadata } = metadataOf(document);
  if (kind !== 'Policy') return { ...metadata, kind: 'ClusterPolicy', namespace: '', spec, rules };
  return { ...metadata, kind: 'Policy', namespace: namespace === '' ? 'default' : namespace, spec, rules };
}

function ruleOf(value: unknown, path: string): PolicyRule {
  const rule = readAs(ruleSchema, value, path);
  const kinds = (['verifyImages', 'validate', 'mutate', 'generate'] as const).filter((kind) => isThere(rule[kind]));
  const [kind] = kinds;
  const supported = 'mutate,validate,generate,verifyImages';
  if (kind === undefined) throw refused(path, value, `No operation defined in the rule '${quote(rule.name)}'.(supported operations: ${supported})`);
  if (kinds.length > 1)
    throw refused(path, value, `Multiple operations defined in the rule '${quote(rule.name)}', only one operation (${supported}) is allowed per rule`);
  if (kind !== 'verifyImages' && isThere(rule.imageExtractors))
    throw refused(
      `${path}.imageExtractors`,
      value,
      `Invalid rule spec for rule '${quote(rule.name)}', imageExtractors can only be defined for verifyImages rule`,
    );
  return { kind, name: rule.name, rule };
}

function isThere(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function refused(path: string, value: unknown, says: string): TrustError {
  return new TrustError('POLICY_INVALID', `${path}: Invalid value: ${quote(JSON.stringify(value), 1000)}: ${says}`);
}

function exceptionOf(document: JsonObject): KyvernoException {
  const { name, namespace } = metadataOf(document);
  return { name, namespace, spec: readAs(exceptionSchema, document['spec'] ?? {}, 'spec') };
}
