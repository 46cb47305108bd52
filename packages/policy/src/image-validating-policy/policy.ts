/**
 * Image validating policies and their exceptions, as they are written: documents of YAML or JSON.
 *
 * What is refused here is what the API server refuses by the schema, in its words; what expressions say comes after (compile.ts).
 */
import { described, type JsonObject, quote, TrustError } from '@assay/core';
import type { z } from 'zod';
import { parseDocuments } from '../cluster-image-policy/document.ts';
import { metadataOf, objectsOf } from '../kyverno/documents.ts';
import { type Action, type ExceptionSpec, exceptionSchema, type Spec, specSchema } from './types.ts';

export interface ImageValidatingPolicy {
  readonly kind: 'ImageValidatingPolicy' | 'NamespacedImageValidatingPolicy';
  readonly apiVersion: string;
  readonly name: string;
  /** '' for one that is cluster-wide. */
  readonly namespace: string;
  /** '' for one of a file. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
}

export interface PolicyException {
  readonly name: string;
  readonly namespace: string;
  readonly spec: ExceptionSpec;
}

export interface ParsedPolicies {
  readonly policies: readonly ImageValidatingPolicy[];
  readonly exceptions: readonly PolicyException[];
  /** Documents of other kinds. */
  readonly others: readonly JsonObject[];
}

/** Errors: `POLICY_PARSE`, `POLICY_INVALID`. */
export function parseImageValidatingPolicies(input: string | Uint8Array): ParsedPolicies {
  const policies: ImageValidatingPolicy[] = [];
  const exceptions: PolicyException[] = [];
  const others: JsonObject[] = [];
  for (const document of objectsOf(parseDocuments(input))) {
    if (isImageValidatingPolicy(document)) policies.push(imageValidatingPolicyOf(document));
    else if (isCelException(document)) exceptions.push(celExceptionOf(document));
    else others.push(document);
  }
  return { policies, exceptions, others };
}

export function isImageValidatingPolicy(document: JsonObject): boolean {
  return ofGroup(document) && (document['kind'] === 'ImageValidatingPolicy' || document['kind'] === 'NamespacedImageValidatingPolicy');
}

/** PolicyExceptions of this group are for policies that are written in CEL. */
export function isCelException(document: JsonObject): boolean {
  return ofGroup(document) && document['kind'] === 'PolicyException';
}

function ofGroup({ apiVersion }: JsonObject): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${GROUP}/`);
}

const GROUP = 'policies.kyverno.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];

/** Errors: `POLICY_INVALID`, with all problems in its message. */
export function imageValidatingPolicyOf(document: JsonObject): ImageValidatingPolicy {
  const apiVersion = servedVersion(document);
  const { name, namespace, ...metadata } = metadataOf(document);
  const kind = document['kind'] === 'NamespacedImageValidatingPolicy' ? 'NamespacedImageValidatingPolicy' : 'ImageValidatingPolicy';
  const spec = readAs(specSchema, document['spec'] ?? {}, { kind, name });
  return { kind, apiVersion, name, namespace: kind === 'ImageValidatingPolicy' ? '' : namespace === '' ? 'default' : namespace, ...metadata, spec };
}

/** Errors: `POLICY_INVALID`. */
export function celExceptionOf(document: JsonObject): PolicyException {
  servedVersion(document);
  const { name, namespace } = metadataOf(document);
  const spec = readAs(exceptionSchema, document['spec'] ?? {}, { kind: 'PolicyException', name });
  if (spec.expiresAt !== undefined && Number.isNaN(Date.parse(spec.expiresAt)))
    throw invalid('PolicyException', name, [`spec.expiresAt: Invalid value: "${quote(spec.expiresAt)}": spec.expiresAt in body must be of type date-time`]);
  return { name, namespace, spec };
}

/** Errors: `POLICY_INVALID`. */
function servedVersion({ apiVersion, kind }: JsonObject): string {
  if (typeof apiVersion === 'string' && VERSIONS.includes(apiVersion.slice(GROUP.length + 1))) return apiVersion;
  throw new TrustError('POLICY_INVALID', `no matches for kind ${described(kind)} in version ${described(apiVersion)}`);
}

interface Whose {
  readonly kind: string;
  readonly name: string;
}

function readAs<S extends z.ZodType>(schema: S, value: unknown, { kind, name }: Whose): z.output<S> {
  const result = schema.safeParse(withoutBigints(value), { reportInput: true });
  if (!result.success) throw invalid(kind, name, result.error.issues.map(issueText));
  const problems = kind === 'PolicyException' ? [] : exclusiveProblems(result.data as Spec);
  if (problems.length > 0) throw invalid(kind, name, problems);
  return result.data;
}

/** As kubectl prints what the API server refuses. */
function invalid(kind: string, name: string, problems: readonly string[]): TrustError {
  const list = problems.length === 1 ? problems[0] : `\n* ${problems.join('\n* ')}`;
  return new TrustError('POLICY_INVALID', `The ${kind} "${quote(name)}" is invalid: ${list}`, { data: { problems: problems.length } });
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = pathText(issue.path);
  switch (issue.code) {
    case 'invalid_value':
      return `${path}: Unsupported value: ${shown(issue.input)}: supported values: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${path}: unknown field "${quote(`${path}.${key}`)}"`).join(', ');
    case 'invalid_type':
      if (issue.input === undefined) return `${path}: Required value`;
      return `${path}: Invalid value: "${typeName(issue.input)}": ${path} in body must be of type ${TYPES[issue.expected] ?? issue.expected}: "${typeName(issue.input)}"`;
    default:
      return `${path}: Invalid value: ${quote(issue.message)}`;
  }
}

const TYPES: Readonly<Record<string, string>> = { record: 'object', int: 'integer' };

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(quote(value)) : quote(JSON.stringify(value) ?? 'null');
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((all, part) => (typeof part === 'number' ? `${all}[${part}]` : `${all}.${quote(String(part))}`), 'spec');
}

/** Fields of which the schema wants exactly one. */
function exclusiveProblems(spec: Spec): string[] {
  const problems: string[] = [];
  const oneOf = (path: string, values: readonly unknown[]) => {
    const there = values.filter((value) => value !== undefined).length;
    const found = there === 0 ? 'Found none valid' : 'Found more than one';
    if (there !== 1) problems.push(`${path}: Invalid value: "object": ${path} must validate one and only one schema (oneOf). ${found}`);
  };
  const either = (path: string, value: { readonly value?: string | undefined; readonly expression?: string | undefined } | undefined) => {
    if (value !== undefined) oneOf(path, [value.value, value.expression]);
  };
  spec.matchImageReferences.forEach(({ glob, expression }, i) => {
    oneOf(`spec.matchImageReferences[${i}]`, [glob, expression]);
  });
  spec.attestors.forEach(({ cosign, notary }, i) => {
    const path = `spec.attestors[${i}]`;
    oneOf(path, [cosign, notary]);
    either(`${path}.cosign.certificate.cert`, cosign?.certificate?.cert);
    either(`${path}.cosign.certificate.certChain`, cosign?.certificate?.certChain);
    either(`${path}.cosign.trustedRoot`, cosign?.trustedRoot);
    either(`${path}.notary.certs`, notary?.certs);
    either(`${path}.notary.tsaCerts`, notary?.tsaCerts);
  });
  const seen = new Set<Action>();
  spec.validationActions.forEach((action, i) => {
    if (seen.has(action)) problems.push(`spec.validationActions[${i}]: Duplicate value: "${action}"`);
    seen.add(action);
  });
  return problems;
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withoutBigints);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutBigints(one)]));
}

/** Deny where nothing is said. */
export function actionsOf({ validationActions }: Spec): readonly Action[] {
  return validationActions.length === 0 ? ['Deny'] : validationActions;
}

export function judgesJson({ evaluation }: Spec): boolean {
  return evaluation?.mode === 'JSON';
}
