/** Whether a policy is about a request: `matchConstraints`, as the API server reads those of its own admission policies. */
import { isJsonObject, type JsonObject, TrustError } from '@assay/core';
import { parseGroupVersion, resourceOf, selects } from '../cluster-image-policy/match.ts';
import type { Operation, Review } from '../kyverno/rule-policy.ts';
import type { LabelSelector, MatchConstraints, ResourceRule } from './types.ts';

/** What is asked of the API server, as far as policies look at it. */
export interface RequestFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural. */
  readonly resource: string;
  readonly subresource: string;
  readonly operation: Operation;
  readonly name: string;
  readonly namespace: string;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** Errors: `POLICY_MATCH` for an object without kind or version. */
export function requestFacts({ operation, object, oldObject, subresource = '', namespaceLabels }: Review): RequestFacts {
  const subject = object ?? oldObject ?? {};
  const { apiVersion, kind, metadata } = subject;
  const groupVersion = typeof apiVersion === 'string' ? parseGroupVersion(apiVersion) : undefined;
  if (typeof kind !== 'string' || groupVersion === undefined) throw new TrustError('POLICY_MATCH', 'the object has no kind or no version');
  const text = (name: string) => (isJsonObject(metadata) && typeof metadata[name] === 'string' ? metadata[name] : '');
  return {
    ...groupVersion,
    kind,
    resource: resourceOf(kind),
    subresource,
    operation,
    name: text('name'),
    namespace: text('namespace'),
    object,
    oldObject,
    namespaceLabels,
  };
}

/** Errors: `POLICY_MATCH` for a selector that cannot be read, of a policy that would else apply. */
export function matchesConstraints(constraints: MatchConstraints | undefined, request: RequestFacts): boolean {
  const { resourceRules = [], excludeResourceRules = [], namespaceSelector, objectSelector } = constraints ?? {};
  const inNamespace = selectsNamespace(namespaceSelector, request);
  const isObject = selectsObject(objectSelector, request);
  if (inNamespace === false || isObject === false) return false;
  if (excludeResourceRules.some((rule) => matchesRule(rule, request))) return false;
  if (resourceRules.length > 0 && !resourceRules.some((rule) => matchesRule(rule, request))) return false;
  if (inNamespace === 'malformed' || isObject === 'malformed') throw new TrustError('POLICY_MATCH', 'a label selector of the policy cannot be read');
  return true;
}

function matchesRule(
  { apiGroups = [], apiVersions = [], operations = [], resources = [], resourceNames = [], scope = '*' }: ResourceRule,
  request: RequestFacts,
): boolean {
  const matches =
    matchesScope(scope, request) &&
    holds(operations, request.operation) &&
    holds(apiGroups, request.group) &&
    holds(apiVersions, request.version) &&
    resources.some((resource) => matchesResource(resource, request));
  return matches && (resourceNames.length === 0 || matchesName(resourceNames, request));
}

function holds(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

function matchesScope(scope: string, { group, version, resource, namespace }: RequestFacts): boolean {
  const isClusterWide = namespace === '' || (group === '' && version === 'v1' && resource === 'namespaces');
  return scope === '*' || (scope === 'Cluster' ? isClusterWide : scope === 'Namespaced' && !isClusterWide);
}

/** `pods/ephemeralcontainers`, `pods/*`, `*`. Without a slash no subresource is meant. */
function matchesResource(pattern: string, { resource, subresource }: RequestFacts): boolean {
  const slash = pattern.indexOf('/');
  const [main, sub] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
}

function matchesName(names: readonly string[], { name, object }: RequestFacts): boolean {
  if (name !== '') return names.includes(name);
  const generated = isJsonObject(object?.['metadata']) ? object['metadata']['generateName'] : undefined;
  return typeof generated === 'string' && names.some((one) => generated.startsWith(one));
}

function selectsNamespace(selector: LabelSelector | undefined, request: RequestFacts): boolean | 'malformed' {
  const isNamespace = request.resource === 'namespaces';
  if (selector === undefined || (request.namespace === '' && !isNamespace)) return true;
  if (isNamespace && request.subresource === '' && request.operation !== 'DELETE') return selectsLabels(selector, labelsOf(request.object));
  return selectsLabels(selector, new Map([['kubernetes.io/metadata.name', request.namespace], ...Object.entries(request.namespaceLabels)]));
}

/** The object as it is, or as it was. */
function selectsObject(selector: LabelSelector | undefined, { object, oldObject }: RequestFacts): boolean | 'malformed' {
  if (selector === undefined) return true;
  const results = [object, oldObject].flatMap((one) => (one === undefined ? [] : [selectsLabels(selector, labelsOf(one))]));
  return results.includes('malformed') ? 'malformed' : results.includes(true);
}

function selectsLabels({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: ReadonlyMap<string, string>): boolean | 'malformed' {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values }));
  return selects({ matchLabels: new Map(Object.entries(matchLabels)), matchExpressions: expressions }, labels);
}

function labelsOf(object: JsonObject | undefined): ReadonlyMap<string, string> {
  const { labels } = isJsonObject(object?.['metadata']) ? object['metadata'] : {};
  return new Map(isJsonObject(labels) ? Object.entries(labels).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])) : []);
}
